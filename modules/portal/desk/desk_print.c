/*
 * The page that the help desk prints: see desk_print.h.
 *
 * SECURITY: it is the answer to a POST and kept by nothing (no-store, as all pages are). Sent again, the form finds
 * that it has been carried out, and makes nothing.
 */
#include "portal/desk/desk_print.h"

#include <string.h>

#include <apr_strings.h>

#include "core/context/secret.h"
#include "http/page_headers.h"
#include "portal/desk/desk_page.h"
#include "portal/pages/qr.h"
#include "portal/request/words.h"
#include "portal/response/response.h"

apr_status_t anshin_desk_put_ways(anshin_portal_request_t *request, int mails, int prints)
{
    static const struct {
        const char *id;
        const char *text;
    } all[] = {{"mail", "desk_print.way_mail"}, {"print", "desk_print.way_print"}};
    const char *typed = anshin_portal_request_text(request, "how");
    const int on_paper = strcmp(typed, "print") == 0 || !mails;
    anshin_page_t *page = request->page;
    json_t *ways = json_array();
    const char *id;

    for (int i = 0; mails && prints && i < 2; i++) {
        anshin_page_append(page, ways,
                           json_pack("{s:s, s:s, s:b}", "id", all[i].id, "text", anshin_page_say(page, all[i].text),
                                     "selected", i == on_paper));
    }
    anshin_page_flag(page, "choose_way", mails && prints);
    anshin_page_put(page, page->page, "ways", ways);
    anshin_page_flag(page, "paper", prints);
    anshin_page_flag(page, "paper_alone", prints && !mails);
    if (prints && anshin_secret_name(&request->op, &id) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    anshin_page_text(page, "order", prints ? id : NULL);
    return APR_SUCCESS;
}

static void put_secrets(anshin_portal_request_t *request, const anshin_handout_t *handout)
{
    anshin_page_t *page = request->page;

    if (handout->url != NULL) {
        anshin_page_text(page, "url", handout->url);
        anshin_page_text(page, "qr_svg",
                         anshin_qr_svg(handout->url, anshin_page_say(page, "desk_print.qr_alt"), request->op.pool));
        anshin_page_text(page, "code", handout->code);
        anshin_page_moment(page, page->page, "until", handout->expires_at, ANSHIN_DATE_PLAIN);
    }
    anshin_page_text(page, "download_password", handout->password);
}

int anshin_desk_print(anshin_portal_request_t *request, const anshin_desk_sheet_t *sheet)
{
    const anshin_handout_t *handout = sheet->handout;
    const char *verb = anshin_word_name(anshin_desk_verb_words, sheet->verb, "");
    anshin_page_t *page = request->page;
    int answer;

    anshin_page_alert(page, "success",
                      anshin_page_say(page, apr_pstrcat(request->op.pool, "desk_act.", verb, ".printed", NULL)));
    anshin_response_title(request, "desk_print", handout->url != NULL ? "invitation" : "password");
    anshin_page_text(page, "user_id", sheet->account->user);
    anshin_page_text(page, "contract_title", anshin_contract_title(sheet->contract, page->language));
    anshin_page_long(page, page->page, "name", sheet->account->name);
    if (sheet->terminal != NULL) {
        json_t *row = json_object();

        anshin_words_terminal(page, row, sheet->terminal->number, sheet->terminal->label);
        anshin_page_put(page, page->page, "terminal", row);
    }
    put_secrets(request, handout);
    anshin_page_text(page, "user_url", anshin_desk_url(request, "/desk/user", sheet->account));
    answer = anshin_response_page(request, "desk-print", HTTP_OK);
    anshin_secret_wipe(&request->op, handout->url);
    anshin_secret_wipe(&request->op, handout->code);
    anshin_secret_wipe(&request->op, handout->password);
    return answer;
}

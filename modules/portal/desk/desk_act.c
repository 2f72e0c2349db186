/*
 * What an operator does to a user: asked once more, then done (ROL-2). The user's own page tells what came of it, and
 * what to tell the user.
 *
 * SECURITY: behind the password once more (S12); core asks again who the operator is and what he may (S29).
 */
#include <apr_strings.h>
#include <string.h>

#include "http/page_headers.h"
#include "portal/desk/desk_page.h"
#include "portal/desk/desk_print.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/request/words.h"
#include "portal/response/response.h"

typedef struct asked_t {
    anshin_desk_whom_t whom;
    int verb; /* ANSHIN_DESK_VERBS: none that changes something */
    const char *verb_name;
    apr_int64_t terminal;
} asked_t;

static void read_asked(anshin_portal_request_t *request, asked_t *asked)
{
    const char *verb = anshin_portal_request_value(request, "verb");

    anshin_desk_whom(request, &asked->whom);
    asked->verb_name = verb != NULL ? verb : "";
    asked->verb = anshin_word_value(anshin_desk_verb_words, asked->verb_name, ANSHIN_DESK_VERBS);
    asked->terminal = anshin_member_number(request);
    if (!anshin_desk_verb_changes((anshin_desk_verb_t)asked->verb) ||
        anshin_desk_verb_makes((anshin_desk_verb_t)asked->verb)) {
        asked->verb = ANSHIN_DESK_VERBS;
    }
}

/* The address of this page, and of the user's, about the same. */
static const char *url_of(anshin_portal_request_t *request, const asked_t *asked, const char *path, const char *name,
                          const char *value)
{
    const anshin_account_t account = {
        .contract = asked->whom.contract, .user = asked->whom.user, .number = asked->whom.number};
    const char *url =
        apr_pstrcat(request->op.pool, anshin_desk_url(request, path, &account), "&", name, "=", value, NULL);

    return asked->terminal != 0 ? apr_psprintf(request->op.pool, "%s&n=%" APR_INT64_T_FMT, url, asked->terminal) : url;
}

/* NULL: the device is not the user's. */
static const anshin_terminal_t *terminal_of(const anshin_desk_facts_t *facts, apr_int64_t number)
{
    for (int i = 0; i < facts->user.terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(facts->user.terminals, i, anshin_terminal_facts_t).terminal;

        if (terminal->number == number) {
            return terminal;
        }
    }
    return NULL;
}

/* By the way in which it is given out, where it is something. */
static void put_texts(anshin_portal_request_t *request, const asked_t *asked, const anshin_contract_t *contract)
{
    anshin_page_t *page = request->page;
    const char *key = apr_pstrcat(request->op.pool, "desk_act.", asked->verb_name, NULL);
    const anshin_desk_verb_t verb = (anshin_desk_verb_t)asked->verb;
    const char *by = "";

    if (anshin_desk_verb_gives(verb) == ANSHIN_GIVES_INVITATION && anshin_handout_prints(verb, contract)) {
        by = anshin_handout_mails(verb, contract) ? "_ways" : "_print";
    }
    anshin_page_put(page, page->data, "title",
                    json_string(anshin_page_say(page, apr_pstrcat(request->op.pool, key, ".title", NULL))));
    anshin_page_text(page, "lead", anshin_page_say(page, apr_pstrcat(request->op.pool, key, ".lead", by, NULL)));
    anshin_page_text(page, "submit", anshin_page_say(page, apr_pstrcat(request->op.pool, key, ".submit", by, NULL)));
}

static int put_ways(anshin_portal_request_t *request, const asked_t *asked, const anshin_desk_facts_t *facts)
{
    const anshin_desk_verb_t verb = (anshin_desk_verb_t)asked->verb;

    return anshin_desk_put_ways(request, anshin_handout_mails(verb, facts->contract),
                                anshin_handout_prints(verb, facts->contract)) == APR_SUCCESS;
}

static int draw(anshin_portal_request_t *request, const asked_t *asked, const anshin_desk_facts_t *facts)
{
    const anshin_account_t *account = &facts->user.account;
    const anshin_terminal_t *terminal = terminal_of(facts, asked->terminal);
    anshin_page_t *page = request->page;

    if (!put_ways(request, asked, facts)) {
        return anshin_response_unavailable(request, ANSHIN_EFAULT, "form of the help desk");
    }
    put_texts(request, asked, facts->contract);
    anshin_page_text(page, "user_id", account->user);
    anshin_page_text(page, "contract_title", anshin_contract_title(facts->contract, page->language));
    anshin_page_long(page, page->page, "name", account->name);
    anshin_page_long(page, page->page, "organisation", account->organisation);
    if (terminal != NULL) {
        json_t *row = json_object();

        anshin_words_terminal(page, row, terminal->number, terminal->label);
        anshin_page_put(page, page->page, "terminal", row);
    }
    anshin_page_flag(page, "danger", asked->verb == ANSHIN_DESK_DISABLE || asked->verb == ANSHIN_DESK_REVOKE);
    anshin_page_flag(page, "why", facts->contract->policy.staff_reason);
    anshin_page_text(page, "action_url", url_of(request, asked, "/desk/act", "verb", asked->verb_name));
    anshin_page_text(page, "cancel_url", anshin_desk_url(request, "/desk/user", account));
    if (facts->contract->policy.staff_reason) {
        anshin_page_value(page, "why", anshin_portal_request_text(request, "why"));
    }
    return anshin_response_form(request, "desk-act");
}

/* Whom, and whether: as core will ask. */
static apr_status_t see(anshin_portal_request_t *request, const asked_t *asked, anshin_desk_facts_t *facts)
{
    apr_status_t status = anshin_desk_see(&request->op, &request->staff, &asked->whom, facts);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!anshin_staff_may(&request->staff, (anshin_desk_verb_t)asked->verb, facts->contract, &facts->user.account)) {
        return ANSHIN_EDENIED;
    }
    return anshin_desk_verb_of_device((anshin_desk_verb_t)asked->verb) && terminal_of(facts, asked->terminal) == NULL
               ? ANSHIN_ENOTFOUND
               : APR_SUCCESS;
}

/* What was complained about before is complained about again by what was typed. */
static void complain(anshin_portal_request_t *request, const anshin_desk_facts_t *facts)
{
    const char *why = anshin_portal_request_typed(request, "why");
    const char *error = why != NULL ? anshin_desk_why_error(facts->contract, why, request->op.pool) : NULL;

    if (error != NULL) {
        anshin_page_error(request->page, "why", error);
    }
}

int anshin_page_desk_act_get(anshin_portal_request_t *request)
{
    anshin_desk_facts_t facts;
    asked_t asked;
    apr_status_t status;

    read_asked(request, &asked);
    status = see(request, &asked, &facts);
    if (status != APR_SUCCESS) {
        return anshin_desk_failure(request, status, "page of the help desk");
    }
    complain(request, &facts);
    return draw(request, &asked, &facts);
}

/* Not done for a reason that is no field's: the user's page tells it. */
static int refuse(anshin_portal_request_t *request, const asked_t *asked, const char *error)
{
    const char *which = strrchr(error, '.');

    return anshin_page_redirect(request->r,
                                url_of(request, asked, "/desk/user", "refused", which != NULL ? which + 1 : ""));
}

static int tell(anshin_portal_request_t *request, const asked_t *asked)
{
    const char *stamp;
    apr_status_t status = anshin_desk_stamp(request, &asked->whom, asked->verb_name, &stamp);

    return status == APR_SUCCESS ? anshin_page_redirect(request->r, url_of(request, asked, "/desk/user", "done", stamp))
                                 : anshin_desk_failure(request, status, "act of the help desk");
}

/* Whether it is for paper, as the form says. A way that there is not is told by the user's page. */
static apr_status_t carry_out(anshin_portal_request_t *request, const asked_t *asked, const anshin_desk_facts_t *facts,
                              anshin_handout_t *handout, const char **error)
{
    const anshin_member_t member = anshin_member_of(request);
    anshin_desk_order_t order = {.member = &member,
                                 .verb = (anshin_desk_verb_t)asked->verb,
                                 .whom = asked->whom,
                                 .terminal = asked->terminal,
                                 .why = anshin_form_get(request->form, "why"),
                                 .id = anshin_form_get(request->form, "order")};
    int print;

    *error = anshin_handout_way(order.verb, facts->contract, anshin_form_get(request->form, "how"), &print);
    if (*error != NULL) {
        return APR_SUCCESS;
    }
    order.handout = print ? handout : NULL;
    return anshin_desk_do(&request->op, &order, error);
}

static int print_sheet(anshin_portal_request_t *request, const asked_t *asked, const anshin_desk_facts_t *facts,
                       const anshin_handout_t *handout)
{
    const anshin_desk_sheet_t sheet = {.verb = (anshin_desk_verb_t)asked->verb,
                                       .contract = facts->contract,
                                       .account = &facts->user.account,
                                       .terminal = terminal_of(facts, asked->terminal),
                                       .handout = handout};

    return anshin_desk_print(request, &sheet);
}

int anshin_page_desk_act_post(anshin_portal_request_t *request)
{
    anshin_handout_t handout = {.url = NULL};
    anshin_desk_facts_t facts;
    const char *error;
    asked_t asked;
    apr_status_t status;

    read_asked(request, &asked);
    status = see(request, &asked, &facts);
    status = status == APR_SUCCESS ? carry_out(request, &asked, &facts, &handout, &error) : status;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_EINVALID ? anshin_response_error(request, HTTP_BAD_REQUEST)
                                         : anshin_desk_failure(request, status, "act of the help desk");
    }
    if (error != NULL &&
        anshin_desk_why_error(facts.contract, anshin_portal_request_text(request, "why"), request->op.pool) != NULL) {
        anshin_page_error(request->page, "why", error);
        return draw(request, &asked, &facts);
    }
    if (error == NULL && (handout.url != NULL || handout.password != NULL)) {
        return print_sheet(request, &asked, &facts, &handout);
    }
    return error != NULL ? refuse(request, &asked, error) : tell(request, &asked);
}

/*
 * The help desk's first page: search (ROL-2).
 *
 * What is looked for may be a name or an address: it is sent as a form, and led back to in an address that is sealed
 * (FLO-2), so that no log has it.
 */
#include <string.h>

#include "core/desk/find.h"
#include "core/desk/index.h"
#include "core/login/help_number.h"
#include "http/page_headers.h"
#include "portal/desk/desk_page.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

static void put_user(anshin_portal_request_t *request, json_t *rows, const anshin_found_user_t *user)
{
    const anshin_account_t *account = &user->account;
    json_t *row = json_pack("{s:s, s:s, s:s}", "user", account->user, "contract_title",
                            anshin_contract_title(user->contract, request->page->language), "url",
                            anshin_desk_url(request, "/desk/user", account));

    anshin_page_long(request->page, row, "name", account->name);
    anshin_page_long(request->page, row, "organisation", account->organisation);
    anshin_page_long(request->page, row, "address", user->address);
    anshin_desk_put_state(request, row, account);
    anshin_page_append(request->page, rows, row);
}

/* What the page was about whose number was read to the help desk. */
static void put_number(anshin_portal_request_t *request, const anshin_found_t *found)
{
    static const char *const keys[] = {[ANSHIN_HELP_NONE] = "desk.about_unknown",
                                       [ANSHIN_HELP_ACCOUNT] = "desk.about_account",
                                       [ANSHIN_HELP_STRANGERS] = "desk.about_strangers",
                                       [ANSHIN_HELP_OPERATOR] = "desk.about_operator",
                                       [ANSHIN_HELP_REGISTRATION] = "desk.about_registration",
                                       [ANSHIN_HELP_DOWNLOAD] = "desk.about_download",
                                       [ANSHIN_HELP_LOST_DEVICE] = "desk.about_lost_device",
                                       [ANSHIN_HELP_ADDRESS] = "desk.about_address",
                                       [ANSHIN_HELP_CERTIFICATE] = "desk.about_certificate",
                                       [ANSHIN_HELP_SELF] = "desk.about_self"};
    const anshin_help_number_t *help = &found->help;
    const int known = help->kind > 0 && help->kind < (apr_int64_t)(sizeof(keys) / sizeof(keys[0]));
    json_t *about = json_pack("{s:s, s:s, s:s*, s:s*}", "number", found->number, "text",
                              anshin_page_say(request->page, keys[known ? help->kind : 0]), "typed", help->typed,
                              "client", help->client);

    anshin_page_moment(request->page, about, "at", help->at, ANSHIN_DATE_TABLE);
    anshin_page_moment(request->page, about, "until", help->until, ANSHIN_DATE_PLAIN);
    anshin_page_long(request->page, about, "address", help->address);
    anshin_page_put(request->page, request->page->page, "about", about);
}

/* One that was named whole is what was looked for. */
static int is_the_one(const anshin_found_t *found)
{
    return found->users->nelts == 1 && (found->by == ANSHIN_FOUND_BY_ID || found->by == ANSHIN_FOUND_BY_SERIAL);
}

static int show(anshin_portal_request_t *request, anshin_find_how_t how)
{
    const char *typed = anshin_portal_request_typed(request, "q");
    json_t *rows = json_array();
    anshin_found_t found;
    apr_status_t status = anshin_desk_find(&request->op, &request->staff, typed != NULL ? typed : "", how, &found);

    if (status != APR_SUCCESS) {
        json_decref(rows);
        return anshin_response_unavailable(request, status, "search");
    }
    if (how == ANSHIN_FIND_WHOLE && is_the_one(&found)) {
        json_decref(rows);
        return anshin_page_redirect(
            request->r,
            anshin_desk_url(request, "/desk/user", &APR_ARRAY_IDX(found.users, 0, anshin_found_user_t).account));
    }
    for (int i = 0; i < found.users->nelts; i++) {
        put_user(request, rows, &APR_ARRAY_IDX(found.users, i, anshin_found_user_t));
    }
    if (found.number != NULL) {
        put_number(request, &found);
    }
    if (anshin_role_may(request->staff.role, ANSHIN_DESK_INVITE)) {
        anshin_page_text(request->page, "invite_url", anshin_portal_request_link(request, "/desk/invite"));
    }
    anshin_page_flag(request->page, "search_first", 1);
    anshin_page_flag(request->page, "asked", typed != NULL && *typed != '\0');
    anshin_page_flag(request->page, "nothing", found.users->nelts == 0 && found.number == NULL);
    anshin_page_text(request->page, "count_text",
                     anshin_page_say_number(request->page, found.more ? "desk.count_more" : "desk.count", "number",
                                            found.users->nelts));
    anshin_page_put(request->page, request->page->page, "users", rows);
    anshin_page_value(request->page, "q", typed);
    return anshin_response_page(request, "desk", HTTP_OK);
}

int anshin_page_desk_get(anshin_portal_request_t *request)
{
    anshin_desk_index_want(request->op.env->desk_index);
    return show(request, ANSHIN_FIND_WHOLE);
}

/* What the page's script asks while somebody types (search.js) is answered at once: the address stays as it is. */
int anshin_page_desk_post(anshin_portal_request_t *request)
{
    const char *path;
    apr_status_t status;

    if (strlen(anshin_portal_request_text(request, "q")) > ANSHIN_FIND_TEXT_MAX) {
        return anshin_response_error(request, HTTP_REQUEST_ENTITY_TOO_LARGE);
    }
    if (strcmp(anshin_portal_request_text(request, "typing"), "1") == 0) {
        return show(request, ANSHIN_FIND_TYPING);
    }
    status = anshin_portal_request_typed_path(request, request->kept, 0, &path);
    return status == APR_SUCCESS ? anshin_response_redirect(request, path)
                                 : anshin_response_unavailable(request, status, "search");
}

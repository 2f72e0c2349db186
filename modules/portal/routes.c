/*
 * Routes: the table of the portal's pages. The checks that all pages share are in dispatch.c.
 */
#include "portal/routes.h"

#include <string.h>

/* What pages show again after an error, or a login that came between, none of it a secret. Whatever else takes a form
 * asks for a password, an answer or a code, or has nothing to type. */
static const char *const asked[] = {"user", "address", NULL};
static const char *const located[] = {"address", NULL};
static const char *const edited[] = {"label", "address", "address_confirm", "kind", NULL};
static const char *const chosen[] = {"method", NULL};
static const char *const lost[] = {"device", NULL};
static const char *const questions[] = {"question", NULL};
static const char *const sought[] = {"q", NULL};
static const char *const why[] = {"why", NULL};
static const char *const acted[] = {"why", "how", NULL};
static const char *const invited[] = {"contract", "user", "address", "name", "organisation", "why", "how", NULL};

/* clang-format off */
#define NO_FLOW ANSHIN_FLOW_NONE, 0, 0
#define FLOW(kind, from, to) ANSHIN_FLOW_##kind, ANSHIN_STAGE_##from, ANSHIN_STAGE_##to
#define MEMBER ANSHIN_ROUTE_SESSION
#define FRESH (ANSHIN_ROUTE_SESSION | ANSHIN_ROUTE_FRESH)
#define DESK (ANSHIN_ROUTE_SESSION | ANSHIN_ROUTE_STAFF | ANSHIN_ROUTE_QUERY)
#define TERMINALS                                                                                                      \
    (ANSHIN_SWITCH(TERMINAL_ADD) | ANSHIN_SWITCH(TERMINAL_CHANGE) | ANSHIN_SWITCH(TERMINAL_DELETE) |                   \
     ANSHIN_SWITCH(LOST_DEVICE))

static const anshin_route_t routes[] = {
    {"/", anshin_page_home_get, NULL, MEMBER, NO_FLOW, 0, NULL},
    {"/login", anshin_page_login_get, anshin_page_login_post, 0, NO_FLOW, 0, NULL},
    {"/login/on", anshin_page_login_on_get, NULL, MEMBER, NO_FLOW, 0, NULL},
    {"/login/code", anshin_page_login_code_get, anshin_page_login_code_post, 0, FLOW(LOGIN, OPENED, OPENED), 0, NULL},
    {"/login/change", anshin_page_login_change_get, anshin_page_login_change_post, 0, FLOW(LOGIN, CODE_OK, CODE_OK), 0,
     NULL},
    {"/logout", anshin_page_logout_get, anshin_page_logout_post, 0, NO_FLOW, 0, NULL},
    {"/reauthenticate", anshin_page_reauthenticate_get, anshin_page_reauthenticate_post, MEMBER, NO_FLOW, 0, NULL},

    {"/register", anshin_page_register_get, anshin_page_register_post, ANSHIN_ROUTE_LINK,
     FLOW(REGISTER, OPENED, OPENED), 0, NULL},
    {"/register/credentials", anshin_page_register_credentials_get, anshin_page_register_credentials_post, 0,
     FLOW(REGISTER, CODE_OK, CODE_OK), 0, NULL},
    {"/register/done", anshin_page_register_done_get, anshin_page_seen_post, 0, FLOW(REGISTER, RESULT, ENDED), 0, NULL},
    {"/code", anshin_page_code_get, anshin_page_code_post, ANSHIN_ROUTE_CODED, NO_FLOW, 0, NULL},
    {"/download", anshin_page_download_get, anshin_page_download_post, ANSHIN_ROUTE_LINK,
     FLOW(DOWNLOAD, OPENED, FETCHED), 0, NULL},
    {"/download/file", anshin_page_download_file_get, NULL, 0, FLOW(DOWNLOAD, FETCHED, FETCHED), 0, NULL},
    {"/download/done", anshin_page_download_done_get, anshin_page_download_done_post, 0,
     FLOW(DOWNLOAD, FETCHED, RESULT), 0, NULL},

    {"/download/phone", anshin_page_download_phone_get, anshin_page_download_phone_post, 0,
     FLOW(DOWNLOAD, OPENED, FETCHED), ANSHIN_SWITCH(PHONE), NULL},
    {"/phone", anshin_page_phone_get, NULL, 0, FLOW(PHONE, OPENED, OPENED), ANSHIN_SWITCH(PHONE), NULL},
    {"/resend", anshin_page_reissue_get, anshin_page_reissue_post, 0, NO_FLOW, ANSHIN_SWITCH(RESEND), asked},
    {"/resend/sent", anshin_page_reissue_sent_get, NULL, 0, NO_FLOW, ANSHIN_SWITCH(RESEND), NULL},
    {"/user-id", anshin_page_reissue_get, anshin_page_reissue_post, 0, NO_FLOW, ANSHIN_SWITCH(USER_ID), located},
    {"/user-id/sent", anshin_page_reissue_sent_get, NULL, 0, NO_FLOW, ANSHIN_SWITCH(USER_ID), NULL},

    {"/reissue/password", anshin_page_reissue_get, anshin_page_reissue_post, 0, NO_FLOW,
     ANSHIN_SWITCH(PASSWORD_REISSUE), asked},
    {"/reissue/password/sent", anshin_page_reissue_sent_get, NULL, ANSHIN_ROUTE_LINKED, NO_FLOW,
     ANSHIN_SWITCH(PASSWORD_REISSUE), NULL},
    {"/reissue/password/code", anshin_page_reissue_code_get, anshin_page_reissue_code_post, ANSHIN_ROUTE_CODED,
     FLOW(REISSUE_PASSWORD, OPENED, OPENED), ANSHIN_SWITCH(PASSWORD_REISSUE), NULL},
    {"/reissue/password/prove", anshin_page_reissue_prove_get, anshin_page_reissue_prove_post, ANSHIN_ROUTE_LINK,
     FLOW(REISSUE_PASSWORD, OPENED, OPENED), ANSHIN_SWITCH(PASSWORD_REISSUE), NULL},
    {"/reissue/password/done", anshin_page_reissue_done_get, anshin_page_seen_post, 0,
     FLOW(REISSUE_PASSWORD, RESULT, ENDED), ANSHIN_SWITCH(PASSWORD_REISSUE), NULL},
    {"/reissue/certificate", anshin_page_reissue_get, anshin_page_reissue_post, 0, NO_FLOW,
     ANSHIN_SWITCH(CERTIFICATE_REISSUE), asked},
    {"/reissue/certificate/sent", anshin_page_reissue_sent_get, NULL, ANSHIN_ROUTE_LINKED, NO_FLOW,
     ANSHIN_SWITCH(CERTIFICATE_REISSUE), NULL},
    {"/reissue/certificate/code", anshin_page_reissue_code_get, anshin_page_reissue_code_post, ANSHIN_ROUTE_CODED,
     FLOW(REISSUE_CERTIFICATE, OPENED, OPENED), ANSHIN_SWITCH(CERTIFICATE_REISSUE), NULL},
    {"/reissue/certificate/prove", anshin_page_reissue_prove_get, anshin_page_reissue_prove_post, ANSHIN_ROUTE_LINK,
     FLOW(REISSUE_CERTIFICATE, OPENED, OPENED), ANSHIN_SWITCH(CERTIFICATE_REISSUE), NULL},
    {"/reissue/certificate/done", anshin_page_reissue_done_get, anshin_page_seen_post, 0,
     FLOW(REISSUE_CERTIFICATE, RESULT, ENDED), ANSHIN_SWITCH(CERTIFICATE_REISSUE), NULL},

    {"/lost", anshin_page_reissue_get, anshin_page_reissue_post, 0, NO_FLOW, ANSHIN_SWITCH(LOST_DEVICE), asked},
    {"/lost/sent", anshin_page_reissue_sent_get, NULL, ANSHIN_ROUTE_LINKED, NO_FLOW,
     ANSHIN_SWITCH(LOST_DEVICE), NULL},
    {"/lost/code", anshin_page_reissue_code_get, anshin_page_reissue_code_post, ANSHIN_ROUTE_CODED,
     FLOW(LOST_DEVICE, OPENED, OPENED), ANSHIN_SWITCH(LOST_DEVICE), NULL},
    {"/lost/prove", anshin_page_reissue_prove_get, anshin_page_reissue_prove_post, ANSHIN_ROUTE_LINK,
     FLOW(LOST_DEVICE, OPENED, OPENED), ANSHIN_SWITCH(LOST_DEVICE), NULL},
    {"/lost/choose", anshin_page_lost_choose_get, anshin_page_lost_choose_post, 0, FLOW(LOST_DEVICE, CODE_OK, CODE_OK),
     ANSHIN_SWITCH(LOST_DEVICE), lost},
    {"/lost/done", anshin_page_lost_done_get, NULL, 0, FLOW(LOST_DEVICE, RESULT, ENDED), ANSHIN_SWITCH(LOST_DEVICE),
     NULL},

    {"/account", anshin_page_account_get, NULL, MEMBER, NO_FLOW, ANSHIN_SWITCH(ACCOUNT), NULL},
    {"/account/resend", anshin_page_account_resend_get, anshin_page_account_resend_post, MEMBER, NO_FLOW,
     ANSHIN_SWITCH(RESEND), NULL},
    {"/account/phone", anshin_page_account_phone_get, anshin_page_account_phone_post, FRESH, NO_FLOW,
     ANSHIN_SWITCH(PHONE), NULL},
    {"/account/authenticator", anshin_page_account_authenticator_get, anshin_page_account_authenticator_post,
     FRESH | ANSHIN_ROUTE_BEGINS, FLOW(AUTHENTICATOR, OPENED, RESULT), ANSHIN_SWITCH(ACCOUNT), NULL},
    {"/password", anshin_page_password_get, anshin_page_password_post, MEMBER, NO_FLOW, ANSHIN_SWITCH(PASSWORD), NULL},
    {"/question", anshin_page_question_get, anshin_page_question_post, MEMBER | ANSHIN_ROUTE_DIRECT, NO_FLOW,
     ANSHIN_SWITCH(QUESTION), questions},
    {"/history", anshin_page_history_get, NULL, MEMBER | ANSHIN_ROUTE_QUERY, NO_FLOW, ANSHIN_SWITCH(HISTORY), NULL},
    {"/history/unknown", anshin_page_history_unknown_get, NULL, MEMBER | ANSHIN_ROUTE_QUERY, NO_FLOW,
     ANSHIN_SWITCH(HISTORY), NULL},
    {"/history/lock", anshin_page_lock_get, NULL, FRESH, NO_FLOW, ANSHIN_SWITCH(LOCK), NULL},
    {"/history/lock/confirm", anshin_page_lock_confirm_get, anshin_page_lock_confirm_post, FRESH,
     FLOW(SELF_LOCK, OPENED, OPENED), ANSHIN_SWITCH(LOCK), NULL},
    {"/history/lock/done", anshin_page_lock_done_get, NULL, 0, FLOW(SELF_LOCK, RESULT, RESULT), ANSHIN_SWITCH(LOCK),
     NULL},
    {"/sessions", anshin_page_sessions_get, anshin_page_sessions_post, FRESH, NO_FLOW, 0, NULL},
    {"/session", anshin_page_session_get, anshin_page_session_post, MEMBER | ANSHIN_ROUTE_WATCH, NO_FLOW, 0, NULL},
    {"/terminal/add", anshin_page_terminal_add_get, anshin_page_terminal_add_post, FRESH, NO_FLOW,
     ANSHIN_SWITCH(TERMINAL_ADD), edited},
    {"/terminal/change", anshin_page_terminal_change_get, anshin_page_terminal_change_post, FRESH | ANSHIN_ROUTE_QUERY,
     NO_FLOW, ANSHIN_SWITCH(TERMINAL_CHANGE), edited},
    {"/terminal/delete", anshin_page_terminal_delete_get, NULL, FRESH | ANSHIN_ROUTE_QUERY, NO_FLOW,
     ANSHIN_SWITCH(TERMINAL_DELETE), NULL},
    {"/terminal/lost", anshin_page_terminal_lost_get, NULL, FRESH | ANSHIN_ROUTE_QUERY, NO_FLOW,
     ANSHIN_SWITCH(LOST_DEVICE), NULL},
    {"/terminal/confirm", anshin_page_terminal_confirm_get, anshin_page_terminal_confirm_post, FRESH,
     FLOW(TERMINAL, OPENED, OPENED), TERMINALS, NULL},
    {"/terminal/code", anshin_page_terminal_code_get, anshin_page_terminal_code_post, FRESH,
     FLOW(TERMINAL, OPENED, OPENED), TERMINALS, NULL},
    {"/terminal/done", anshin_page_terminal_done_get, anshin_page_seen_post, MEMBER, FLOW(TERMINAL, RESULT, ENDED),
     TERMINALS, NULL},
    {"/renewal", anshin_page_renewal_get, NULL, FRESH | ANSHIN_ROUTE_QUERY, NO_FLOW, ANSHIN_SWITCH(RENEWAL), NULL},
    {"/renewal/confirm", anshin_page_renewal_confirm_get, anshin_page_renewal_confirm_post, FRESH,
     FLOW(RENEWAL, OPENED, OPENED), ANSHIN_SWITCH(RENEWAL), NULL},
    {"/renewal/done", anshin_page_renewal_done_get, anshin_page_seen_post, MEMBER, FLOW(RENEWAL, RESULT, ENDED),
     ANSHIN_SWITCH(RENEWAL), NULL},
    {"/renewal/ended", anshin_page_renewal_ended_get, anshin_page_renewal_ended_post, 0, NO_FLOW,
     ANSHIN_SWITCH(RENEWAL), NULL},
    {"/renewal/ended/done", anshin_page_renewal_done_get, anshin_page_seen_post, 0, FLOW(RENEWAL_ENDED, RESULT, ENDED),
     ANSHIN_SWITCH(RENEWAL), NULL},
    {"/method", anshin_page_method_get, anshin_page_method_post, FRESH, NO_FLOW, ANSHIN_SWITCH(METHOD), chosen},
    {"/method/confirm", anshin_page_method_confirm_get, anshin_page_method_confirm_post, FRESH,
     FLOW(METHOD, OPENED, OPENED), ANSHIN_SWITCH(METHOD), NULL},
    {"/method/done", anshin_page_method_done_get, anshin_page_seen_post, 0, FLOW(METHOD, RESULT, ENDED),
     ANSHIN_SWITCH(METHOD), NULL},

    {"/desk", anshin_page_desk_get, anshin_page_desk_post, DESK, NO_FLOW, 0, sought},
    {"/desk/user", anshin_page_desk_user_get, NULL, DESK, NO_FLOW, 0, NULL},
    {"/desk/list", anshin_page_desk_list_get, anshin_page_desk_list_post, DESK | ANSHIN_ROUTE_ROWS, NO_FLOW, 0,
     NULL},
    {"/desk/list/csv", anshin_page_desk_list_csv_get, NULL, DESK | ANSHIN_ROUTE_FRESH, NO_FLOW, 0, NULL},
    {"/desk/list/act", anshin_page_desk_bulk_get, anshin_page_desk_bulk_post, DESK | ANSHIN_ROUTE_FRESH, NO_FLOW, 0,
     why},
    {"/desk/list/done", anshin_page_desk_bulk_done_get, NULL, DESK, NO_FLOW, 0, NULL},
    {"/desk/waiting", anshin_page_desk_waiting_get, NULL, DESK, NO_FLOW, 0, NULL},
    {"/desk/waiting/decide", anshin_page_desk_decide_get, anshin_page_desk_decide_post, DESK | ANSHIN_ROUTE_FRESH,
     NO_FLOW, 0, NULL},
    {"/desk/act", anshin_page_desk_act_get, anshin_page_desk_act_post, DESK | ANSHIN_ROUTE_FRESH, NO_FLOW, 0, acted},
    {"/desk/invite", anshin_page_desk_invite_get, anshin_page_desk_invite_post, DESK | ANSHIN_ROUTE_FRESH, NO_FLOW, 0,
     invited},

    {"/help", anshin_page_help_get, NULL, 0, NO_FLOW, 0, NULL},
    {"/help/import", anshin_page_help_import_get, NULL, 0, NO_FLOW, 0, NULL},
    {"/help/certificate", anshin_page_help_certificate_get, NULL, 0, NO_FLOW, 0, NULL},
    {"/help/trouble", anshin_page_help_trouble_get, NULL, ANSHIN_ROUTE_QUERY, NO_FLOW, 0, NULL},
};
/* clang-format on */

const anshin_route_t *anshin_route_find(const char *path)
{
    apr_size_t i;

    for (i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(routes[i].path, path) == 0) {
            return &routes[i];
        }
    }
    return NULL;
}

int anshin_route_on(const anshin_route_t *route, const anshin_policy_t *policy)
{
    const unsigned other = policy->mail_links ? ANSHIN_ROUTE_CODED : ANSHIN_ROUTE_LINKED;

    return !(route->flags & other) && (policy->staff || !(route->flags & ANSHIN_ROUTE_STAFF)) &&
           (route->function == 0 || ((unsigned)policy->functions & route->function) != 0);
}

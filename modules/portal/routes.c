/*
 * Routes: the table of the portal's pages, and where a flow stands. The checks that all pages share are in dispatch.c.
 */
#include "portal/route.h"

#include <string.h>

/* clang-format off */
#define NO_FLOW ANSHIN_FLOW_NONE, 0, 0
#define FLOW(kind, from, to) ANSHIN_FLOW_##kind, ANSHIN_STAGE_##from, ANSHIN_STAGE_##to
#define MEMBER ANSHIN_ROUTE_SESSION
#define FRESH (ANSHIN_ROUTE_SESSION | ANSHIN_ROUTE_FRESH)
#define TERMINALS (ANSHIN_SWITCH(TERMINAL_ADD) | ANSHIN_SWITCH(TERMINAL_CHANGE) | ANSHIN_SWITCH(TERMINAL_DELETE))

static const anshin_route_t routes[] = {
    {"/", anshin_home_get, NULL, MEMBER, NO_FLOW, 0},
    {"/login", anshin_login_get, anshin_login_post, 0, NO_FLOW, 0},
    {"/login/on", anshin_login_on_get, NULL, MEMBER, NO_FLOW, 0},
    {"/login/code", anshin_login_code_get, anshin_login_code_post, 0, FLOW(LOGIN, OPENED, OPENED), 0},
    {"/login/change", anshin_login_change_get, anshin_login_change_post, 0, FLOW(LOGIN, CODE_OK, CODE_OK), 0},
    {"/logout", anshin_logout_get, anshin_logout_post, 0, NO_FLOW, 0},
    {"/reauthenticate", anshin_reauthenticate_get, anshin_reauthenticate_post, MEMBER, NO_FLOW, 0},

    {"/register", anshin_register_get, anshin_register_post, ANSHIN_ROUTE_LINK, FLOW(REGISTER, OPENED, OPENED), 0},
    {"/register/credentials", anshin_credentials_get, anshin_credentials_post, 0, FLOW(REGISTER, CODE_OK, CODE_OK), 0},
    {"/register/done", anshin_registered_get, anshin_seen_post, 0, FLOW(REGISTER, RESULT, ENDED), 0},
    {"/download", anshin_download_get, anshin_download_post, ANSHIN_ROUTE_LINK, FLOW(DOWNLOAD, OPENED, FETCHED), 0},
    {"/download/done", anshin_downloaded_get, anshin_downloaded_post, 0, FLOW(DOWNLOAD, FETCHED, RESULT), 0},

    {"/reissue/password", anshin_reissue_get, anshin_reissue_post, 0, NO_FLOW, ANSHIN_SWITCH(PASSWORD_REISSUE)},
    {"/reissue/password/sent", anshin_reissue_sent_get, NULL, 0, NO_FLOW, ANSHIN_SWITCH(PASSWORD_REISSUE)},
    {"/reissue/password/prove", anshin_reissue_prove_get, anshin_reissue_prove_post, ANSHIN_ROUTE_LINK,
     FLOW(REISSUE_PASSWORD, OPENED, OPENED), ANSHIN_SWITCH(PASSWORD_REISSUE)},
    {"/reissue/password/done", anshin_reissue_done_get, anshin_seen_post, 0, FLOW(REISSUE_PASSWORD, RESULT, ENDED),
     ANSHIN_SWITCH(PASSWORD_REISSUE)},
    {"/reissue/certificate", anshin_reissue_get, anshin_reissue_post, 0, NO_FLOW, ANSHIN_SWITCH(CERTIFICATE_REISSUE)},
    {"/reissue/certificate/sent", anshin_reissue_sent_get, NULL, 0, NO_FLOW, ANSHIN_SWITCH(CERTIFICATE_REISSUE)},
    {"/reissue/certificate/prove", anshin_reissue_prove_get, anshin_reissue_prove_post, ANSHIN_ROUTE_LINK,
     FLOW(REISSUE_CERTIFICATE, OPENED, OPENED), ANSHIN_SWITCH(CERTIFICATE_REISSUE)},
    {"/reissue/certificate/done", anshin_reissue_done_get, anshin_seen_post, 0,
     FLOW(REISSUE_CERTIFICATE, RESULT, ENDED), ANSHIN_SWITCH(CERTIFICATE_REISSUE)},

    {"/account", anshin_account_page_get, NULL, MEMBER, NO_FLOW, ANSHIN_SWITCH(ACCOUNT)},
    {"/account/authenticator", anshin_authenticator_get, anshin_authenticator_post, FRESH | ANSHIN_ROUTE_BEGINS,
     FLOW(AUTHENTICATOR, OPENED, RESULT), ANSHIN_SWITCH(ACCOUNT)},
    {"/password", anshin_password_get, anshin_password_post, MEMBER, NO_FLOW, ANSHIN_SWITCH(PASSWORD)},
    {"/question", anshin_question_get, anshin_question_post, MEMBER, NO_FLOW, ANSHIN_SWITCH(QUESTION)},
    {"/history", anshin_history_get, NULL, MEMBER | ANSHIN_ROUTE_QUERY, NO_FLOW, ANSHIN_SWITCH(HISTORY)},
    {"/sessions", anshin_sessions_get, anshin_sessions_post, MEMBER, NO_FLOW, 0},
    {"/terminal/add", anshin_terminal_add_get, anshin_terminal_add_post, FRESH, NO_FLOW, ANSHIN_SWITCH(TERMINAL_ADD)},
    {"/terminal/change", anshin_terminal_change_get, anshin_terminal_change_post, FRESH | ANSHIN_ROUTE_QUERY, NO_FLOW,
     ANSHIN_SWITCH(TERMINAL_CHANGE)},
    {"/terminal/delete", anshin_terminal_delete_get, NULL, FRESH | ANSHIN_ROUTE_QUERY, NO_FLOW,
     ANSHIN_SWITCH(TERMINAL_DELETE)},
    {"/terminal/confirm", anshin_terminal_confirm_get, anshin_terminal_confirm_post, FRESH,
     FLOW(TERMINAL, OPENED, OPENED), TERMINALS},
    {"/terminal/code", anshin_terminal_code_get, anshin_terminal_code_post, FRESH, FLOW(TERMINAL, OPENED, OPENED),
     TERMINALS},
    {"/terminal/done", anshin_terminal_done_get, anshin_seen_post, MEMBER, FLOW(TERMINAL, RESULT, ENDED), TERMINALS},
    {"/method", anshin_method_get, anshin_method_post, FRESH, NO_FLOW, ANSHIN_SWITCH(METHOD)},
    {"/method/confirm", anshin_method_confirm_get, anshin_method_confirm_post, FRESH, FLOW(METHOD, OPENED, OPENED),
     ANSHIN_SWITCH(METHOD)},
    {"/method/done", anshin_method_done_get, anshin_seen_post, 0, FLOW(METHOD, RESULT, ENDED), ANSHIN_SWITCH(METHOD)},

    {"/help", anshin_help_get, NULL, 0, NO_FLOW, 0},
    {"/help/import", anshin_help_import_get, NULL, 0, NO_FLOW, 0},
    {"/help/certificate", anshin_help_certificate_get, NULL, 0, NO_FLOW, 0},
};
/* clang-format on */

/* Where a flow stands. */
static const struct {
    anshin_flow_kind_t kind;
    anshin_flow_stage_t stage;
    const char *path;
} places[] = {
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_OPENED, "/register"},
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_CODE_OK, "/register/credentials"},
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_RESULT, "/register/done"},
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_ENDED, "/register/done"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_OPENED, "/download"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_FETCHED, "/download"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_RESULT, "/download/done"},
    {ANSHIN_FLOW_LOGIN, ANSHIN_STAGE_OPENED, "/login/code"},
    {ANSHIN_FLOW_LOGIN, ANSHIN_STAGE_CODE_OK, "/login/change"},
    {ANSHIN_FLOW_LOGIN, ANSHIN_STAGE_RESULT, "/login"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_STAGE_OPENED, "/reissue/password/prove"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_STAGE_RESULT, "/reissue/password/done"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_STAGE_ENDED, "/reissue/password/done"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_STAGE_OPENED, "/reissue/certificate/prove"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_STAGE_RESULT, "/reissue/certificate/done"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_STAGE_ENDED, "/reissue/certificate/done"},
    {ANSHIN_FLOW_TERMINAL, ANSHIN_STAGE_OPENED, "/terminal/confirm"},
    {ANSHIN_FLOW_TERMINAL, ANSHIN_STAGE_RESULT, "/terminal/done"},
    {ANSHIN_FLOW_TERMINAL, ANSHIN_STAGE_ENDED, "/terminal/done"},
    {ANSHIN_FLOW_METHOD, ANSHIN_STAGE_OPENED, "/method/confirm"},
    {ANSHIN_FLOW_METHOD, ANSHIN_STAGE_RESULT, "/method/done"},
    {ANSHIN_FLOW_METHOD, ANSHIN_STAGE_ENDED, "/method/done"},
};

/* What pages show again after an error, none of it a secret. Whatever else takes a form asks for a password, an answer
 * or a code, or has nothing to type. */
static const char *const asked[] = {"user", "address", NULL};
static const char *const edited[] = {"address", "address_confirm", "kind", NULL};
static const char *const chosen[] = {"method", NULL};

static const struct {
    const char *path;
    const char *const *fields;
} kept[] = {
    {"/reissue/password", asked}, {"/reissue/certificate", asked},
    {"/terminal/add", edited},    {"/terminal/change", edited},
    {"/method", chosen},
};

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

int anshin_route_takes_token(const char *path)
{
    const anshin_route_t *route = anshin_route_find(path);

    return route != NULL && (route->flags & ANSHIN_ROUTE_LINK);
}

const char *const *anshin_route_kept(const char *path)
{
    for (apr_size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (strcmp(kept[i].path, path) == 0) {
            return kept[i].fields;
        }
    }
    return NULL;
}

const char *anshin_route_of_flow(const anshin_flow_t *flow)
{
    apr_size_t i;

    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].kind == flow->kind && places[i].stage == flow->stage) {
            return places[i].path;
        }
    }
    return NULL;
}

/*
 * The portal's routes: one table. A new page costs a template, a handler, and a row.
 */
#ifndef ANSHIN_PORTAL_ROUTE_H
#define ANSHIN_PORTAL_ROUTE_H

#include "portal/exchange.h"

enum {
    ANSHIN_ROUTE_SESSION = 1, /* only for those who are logged in; others go to the login and come back */
    ANSHIN_ROUTE_LINK = 2,    /* links lead here: ?t=TOKEN begins its flow */
    ANSHIN_ROUTE_FRESH = 4,   /* with SESSION: the password must have been checked recently (S12) */
    ANSHIN_ROUTE_BEGINS = 16, /* the page may be opened without its flow, and its handler begins one */
    ANSHIN_ROUTE_QUERY = 8    /* the way back from login or re-authentication keeps the query */
};

/* A page that goes with one of several functions is there as long as one of them is on. */
#define ANSHIN_SWITCH(name) (1u << ANSHIN_FUNCTION_##name)

typedef struct anshin_route_t {
    const char *path;         /* behind the portal's base */
    anshin_exchange_fn *get;  /* GET and HEAD; changes nothing (S10) */
    anshin_exchange_fn *post; /* NULL: 405 */
    unsigned flags;
    anshin_flow_kind_t flow;        /* ANSHIN_FLOW_NONE, or the flow that the page belongs to and the */
    anshin_flow_stage_t stage_from; /* first and last stage in which it may be used (S29): whoever is */
    anshin_flow_stage_t stage_to;   /* elsewhere in it is led to where he is */
    unsigned function;              /* ANSHIN_SWITCH() of what the contract may switch off (CON-2); 0: always on */
} anshin_route_t;

/* The handlers, one file a page or family of pages. */
anshin_exchange_fn anshin_login_get, anshin_login_post;                 /* login.c */
anshin_exchange_fn anshin_login_on_get;                                 /* login.c */
anshin_exchange_fn anshin_logout_get, anshin_logout_post;               /* logout.c */
anshin_exchange_fn anshin_home_get;                                     /* home.c */
anshin_exchange_fn anshin_register_get, anshin_register_post;           /* register.c */
anshin_exchange_fn anshin_credentials_get, anshin_credentials_post;     /* credentials.c */
anshin_exchange_fn anshin_registered_get;                               /* register.c */
anshin_exchange_fn anshin_download_get, anshin_download_post;           /* download.c */
anshin_exchange_fn anshin_downloaded_get, anshin_downloaded_post;       /* download.c */
anshin_exchange_fn anshin_help_import_get, anshin_help_certificate_get; /* help.c */
anshin_exchange_fn anshin_help_get;                                     /* help.c */
anshin_exchange_fn anshin_login_code_get, anshin_login_code_post;       /* login_step.c */
anshin_exchange_fn anshin_login_change_get, anshin_login_change_post;   /* login_step.c */
anshin_exchange_fn anshin_account_page_get;                             /* account.c */
anshin_exchange_fn anshin_sessions_get, anshin_sessions_post;           /* account.c */
anshin_exchange_fn anshin_authenticator_get, anshin_authenticator_post; /* authenticator.c */
anshin_exchange_fn anshin_password_get, anshin_password_post;           /* password.c */
anshin_exchange_fn anshin_question_get, anshin_question_post;           /* password.c */
anshin_exchange_fn anshin_reauthenticate_get;                           /* password.c */
anshin_exchange_fn anshin_reauthenticate_post;
anshin_exchange_fn anshin_history_get;                                /* history.c */
anshin_exchange_fn anshin_terminal_add_get, anshin_terminal_add_post; /* terminal.c */
anshin_exchange_fn anshin_terminal_change_get, anshin_terminal_change_post;
anshin_exchange_fn anshin_terminal_delete_get;
anshin_exchange_fn anshin_terminal_confirm_get, anshin_terminal_confirm_post;
anshin_exchange_fn anshin_terminal_code_get, anshin_terminal_code_post;
anshin_exchange_fn anshin_terminal_done_get;
anshin_exchange_fn anshin_method_get, anshin_method_post; /* method.c */
anshin_exchange_fn anshin_method_confirm_get, anshin_method_confirm_post;
anshin_exchange_fn anshin_method_done_get;
anshin_exchange_fn anshin_reissue_get, anshin_reissue_post; /* reissue.c */
anshin_exchange_fn anshin_reissue_sent_get, anshin_reissue_done_get;
anshin_exchange_fn anshin_reissue_prove_get, anshin_reissue_prove_post;
anshin_exchange_fn anshin_seen_post; /* seen.c */

/* The row of a path behind a portal's base, NULL: none. routes.c */
const anshin_route_t *anshin_route_find(const char *path);

/* The fields that a page shows again after an error, about which its GET complains once more (FLO-2); NULL: it answers
 * its POST directly. routes.c */
const char *const *anshin_route_kept(const char *path);

/* Where a flow stands: the path of its page. NULL: nowhere. routes.c */
const char *anshin_route_of_flow(const anshin_flow_t *flow);

/* 1 when mailed links lead to this path behind a portal's base. routes.c */
int anshin_route_takes_token(const char *path);

/* The help of LOG-3 as an answer of this status, when the contract admits certificates alone and this connection's
 * is not good: closes the connection. DECLINED: all is well, go on. Otherwise it has been answered (OK). help.c */
int anshin_help_gate(anshin_exchange_t *x);

/* The login page once more, for a form of it that cannot be taken: 403, with the ID and the place to return to as they
 * were sent. login.c */
int anshin_login_again(anshin_exchange_t *x);

/* The page for a frame of the site that needs a login: it leads out of the frame. login.c */
int anshin_login_framed(anshin_exchange_t *x, int status);

/* The help page for whatever this connection's certificate is, with this status. help.c */
int anshin_help_certificate_answer(anshin_exchange_t *x, int status);

/* GET or HEAD of a file below share_dir/static; name: behind "/static/". Answers like an httpd handler. static.c */
int anshin_static_get(request_rec *r, const char *share_dir, const char *name);

#endif

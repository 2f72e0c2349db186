/*
 * Events: the one way to tell what was done. Who acts calls anshin_event() inside the write transaction of the change,
 * and by the row of its act (core/audit/act.def) it stands in the user's history, the user gets a notice of it, and
 * the trail hears of it. Nothing else writes to these.
 */
#ifndef ANSHIN_CORE_MAIL_EVENT_H
#define ANSHIN_CORE_MAIL_EVENT_H

#include <jansson.h>

#include "core/account/account.h"
#include "core/audit/act.h"

/* Never a secret, sealed or not. What is left out is NULL or 0; an account is looked up where user alone is given. */
typedef struct anshin_event_t {
    anshin_act_t act;
    const anshin_account_t *account; /* whom it is about, as the change has left it */
    const char *user;                /* without an account: the canonical ID; NULL: nobody who is known */
    const char *number;              /* with user: of the account, where it is known */
    const char *typed;               /* of nobody who is known: what stood in place of an ID */
    apr_int64_t terminal;
    const char *serial;
    const char *mail;
    const char *reason;
    const char *before;              /* where a value was changed: what it was, */
    const char *after;               /* and is */
    const anshin_terminal_t *former; /* a terminal as it was before, whose address gets the notice as well */
    int erases;                      /* 1: the history goes as well, and hears nothing any more (IDN-2) */
    int quietly;                     /* 1: who it is about is no user, and gets no notice */
    json_t *data;                    /* what the notice may name; stays the caller's */
} anshin_event_t;

/* Answers of anshin_history_add() and anshin_notice_add(), and those of the trail; ANSHIN_EDENIED as well: who acts at
 * the help desk may not do that to this account, and nothing of the change must be kept. */
apr_status_t anshin_event(anshin_op_t *op, anshin_txn_t *txn, const anshin_event_t *event);

#endif

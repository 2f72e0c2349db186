/*
 * Terminals of a user who is logged in: add, change, delete (ACC-5), or lost (LST-2).
 *
 * Each verb wants a session whose password was checked recently (anshin_member_fresh(), S12), does all it does in one
 * durable transaction, and tells the user by mail. Common answers: APR_SUCCESS (look at *result); ANSHIN_EDENIED (the
 * session has ended or is not fresh, or the contract has the function switched off); ANSHIN_ENOTFOUND (no such
 * terminal); ANSHIN_EBUSY, ANSHIN_EFAULT.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_TERMINAL_H
#define ANSHIN_CORE_SELFSERVICE_TERMINAL_H

#include "core/certificate/course.h"
#include "core/selfservice/change.h"

typedef struct anshin_terminal_result_t {
    const char *address_error; /* keys of texts; all NULL: done */
    const char *kind_error;
    const char *label_error;
    const char *error;      /* of the whole: "errors.terminal_max", "errors.terminal_first" for instance */
    const char *code_error; /* of the code that the address needs */
    int needs_code;         /* the address counts only with one (AnshinConfirmAddress); without it nothing is done */
    apr_int64_t number;
    const char *download_password; /* for a certificate user's new terminal, shown once */
} anshin_terminal_result_t;

/* What is typed of a terminal. */
typedef struct anshin_terminal_typed_t {
    apr_int64_t number; /* 0: a new one */
    const char *address;
    int kind;
    const char *label;   /* NULL: none */
    const char *confirm; /* the address once more; for the check alone */
    const char *code;    /* that was mailed to the address; NULL: nothing yet */
} anshin_terminal_typed_t;

/* So many terminals of a user are added or changed in a day, since each mails whom the user likes (ADR-1). Deleting
 * one, which a lost device needs, is never refused. */
#define ANSHIN_TERMINAL_CHANGES 10

/* The rules alone, for the page before the confirmation. APR_SUCCESS with *result. */
apr_status_t anshin_terminal_check(anshin_op_t *op, const anshin_member_t *member, const anshin_terminal_typed_t *typed,
                                   anshin_terminal_result_t *result);

/* Mail a code to the address, where the rules hold: *result tells, in error as well what speaks against another code
 * today. Also ANSHIN_ECONFLICT: one was mailed a moment ago. anshin_terminal_code_sent(): ANSHIN_ENOTFOUND when none
 * was. */
apr_status_t anshin_terminal_code_send(anshin_op_t *op, const anshin_member_t *member,
                                       const anshin_terminal_typed_t *typed, anshin_terminal_result_t *result);
apr_status_t anshin_terminal_code_sent(anshin_op_t *op, const anshin_member_t *member, const char *address);

/* Add one, whatever the number. A certificate user gets a download password, and a mail to the new address follows
 * (CRT-1). */
apr_status_t anshin_terminal_add(anshin_op_t *op, const anshin_member_t *member, const anshin_terminal_typed_t *typed,
                                 anshin_terminal_result_t *result);

/* Change address, kind and label, with a code where the address is another one; the old and the new address are told
 * (S13). */
apr_status_t anshin_terminal_change(anshin_op_t *op, const anshin_member_t *member,
                                    const anshin_terminal_typed_t *typed, anshin_terminal_result_t *result);

/* What follows from a change, inside the write transaction of whoever may make it, who has looked at the rules: the
 * terminal is written, its certificates and sessions have its label and kind, both addresses are told.
 * ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_terminal_change_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                       const anshin_terminal_t *terminal, const anshin_terminal_t *former);

/* Delete one that is not the first: its certificate is revoked, its sessions end (S16). */
apr_status_t anshin_terminal_delete(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    anshin_terminal_result_t *result);

/* One that is lost: its certificate is revoked, its sessions end, the terminal stays. result->error:
 * "errors.terminal_nothing", it has nothing to revoke. */
apr_status_t anshin_terminal_lost(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                  anshin_terminal_result_t *result);

/* What the account page shows of a terminal (ACC-2). */
typedef struct anshin_terminal_view_t {
    anshin_terminal_t terminal;
    apr_time_t expires_at;         /* of its certificate, 0: none */
    const char *name;              /* of that, NULL: none */
    int days_left;                 /* until then, -1: nothing to tell (REN-1) */
    const char *download_password; /* while a download waits, NULL otherwise */
    int renewable;                 /* its certificate can be renewed now (REN-2) */
    int renewing;                  /* another one is to follow it, made already or not */
    int has_course;                /* the next one tells something */
    anshin_course_t course;        /* how far its newest certificate has come */
} anshin_terminal_view_t;

/* *views: array of anshin_terminal_view_t, in the order of the account. */
apr_status_t anshin_terminals_view(anshin_op_t *op, const anshin_member_t *member, apr_array_header_t **views);

#endif

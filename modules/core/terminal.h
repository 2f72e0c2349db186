/*
 * Terminals of a user who is logged in: add, change, delete (ACC-5).
 *
 * Each verb wants a session whose password was checked recently (anshin_member_fresh(), S12), does all it does in one
 * durable transaction, and tells the user by mail. Common answers: APR_SUCCESS (look at *result); ANSHIN_EDENIED (the
 * session has ended or is not fresh, or the contract has the function switched off); ANSHIN_ENOTFOUND (no such
 * terminal); ANSHIN_EBUSY, ANSHIN_EFAULT.
 */
#ifndef ANSHIN_CORE_TERMINAL_H
#define ANSHIN_CORE_TERMINAL_H

#include "core/change.h"

typedef struct anshin_terminal_result_t {
    const char *address_error; /* keys of texts; all NULL: done */
    const char *kind_error;
    const char *error;      /* of the whole: "errors.terminal_max", "errors.terminal_first" for instance */
    const char *code_error; /* of the code that the address needs */
    int needs_code;         /* the address counts only with one (AnshinConfirmAddress); without it nothing is done */
    apr_int64_t number;
    const char *download_password; /* for a certificate user's new terminal, shown once */
} anshin_terminal_result_t;

/* So many terminals of a user are added or changed in a day, since each mails whom the user likes (ADR-1). Deleting
 * one, which a lost device needs, is never refused. */
#define ANSHIN_TERMINAL_CHANGES 10

/* The rules alone, for the page before the confirmation. number 0: a new one. APR_SUCCESS with *result. */
apr_status_t anshin_terminal_check(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                   const char *address, const char *confirm, int kind,
                                   anshin_terminal_result_t *result);

/* Mail a code to the address, where the rules hold: *result tells, in error as well what speaks against another code
 * today. Also ANSHIN_ECONFLICT: one was mailed a moment ago. anshin_terminal_code_sent(): ANSHIN_ENOTFOUND when none
 * was. */
apr_status_t anshin_terminal_code_send(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                       const char *address, int kind, anshin_terminal_result_t *result);
apr_status_t anshin_terminal_code_sent(anshin_op_t *op, const anshin_member_t *member, const char *address);

/* Add one; code: what was typed of the one mailed to the address, NULL: nothing yet. A certificate user gets a download
 * password, and a mail to the new address follows (CRT-1). */
apr_status_t anshin_terminal_add(anshin_op_t *op, const anshin_member_t *member, const char *address, int kind,
                                 const char *code, anshin_terminal_result_t *result);

/* Change address and kind, with a code where the address is another one; the old and the new address are told (S13). */
apr_status_t anshin_terminal_change(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    const char *address, int kind, const char *code, anshin_terminal_result_t *result);

/* Delete one that is not the first: its certificate is revoked, its sessions end (S16). */
apr_status_t anshin_terminal_delete(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    anshin_terminal_result_t *result);

/* What the account page shows of a terminal (ACC-2). */
typedef struct anshin_terminal_view_t {
    anshin_terminal_t terminal;
    apr_time_t expires_at;         /* of its certificate, 0: none */
    const char *download_password; /* while a download waits, NULL otherwise */
} anshin_terminal_view_t;

/* *views: array of anshin_terminal_view_t, in the order of the account. */
apr_status_t anshin_terminals_view(anshin_op_t *op, const anshin_member_t *member, apr_array_header_t **views);

#endif

/*
 * What an operator changes of a user (ADM-1, ATT-1): by the rules of the user's own pages, and with what follows there.
 */
#ifndef ANSHIN_CORE_ADMIN_AMEND_H
#define ANSHIN_CORE_ADMIN_AMEND_H

#include "core/account/attributes.h"
#include "core/account/imported.h"

/* What is to be otherwise. */
typedef struct anshin_amend_t {
    const char *user;                  /* as typed */
    apr_int64_t terminal;              /* that address, kind and label are of; 0: the first one */
    const char *address;               /* NULL: stays */
    int kind;                          /* anshin_terminal_kind_t; -1: stays */
    const char *label;                 /* as typed; NULL: stays, "": none */
    int method;                        /* anshin_method_t; -1: stays */
    const char *language;              /* NULL: stays */
    const anshin_imported_t *imported; /* of who can still be adopted (adopt.h); NULL: what there is stays */
    anshin_attributes_t attributes;
} anshin_amend_t;

/* What came of it. */
typedef struct anshin_amended_t {
    apr_array_header_t *what;   /* const char *: what is otherwise now, "address" for instance; empty: nothing is */
    apr_array_header_t *issues; /* anshin_method_issue_t: download passwords, shown once, of the certificates that the
                                 * method needs */
    int sessions_end;           /* 1: the user must log in anew */
} anshin_amended_t;

/* Change it all, or nothing, durably. An address counts as confirmed; the former and the new one are told. A method of
 * who has registered is changed as the user's own page does: sessions end, certificates are revoked or made. Attributes
 * count from the next request on; where the account is not valid now, its sessions end. ANSHIN_ENOTFOUND: no such user;
 * ANSHIN_EINVALID (names field and rule); ANSHIN_ECONFLICT: the terminal is not there, another one has the address, or
 * the method of an account that is not in force, or a hash for one that has set a password; ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_account_amend(anshin_op_t *op, const anshin_amend_t *amend, anshin_amended_t *amended);

#endif

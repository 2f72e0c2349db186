/*
 * Search at the help desk (ROL-2): by user ID, name, organisation, mail address, serial number of a certificate, or
 * the number that a page has shown (core/login/help_number.h).
 *
 * What is typed whole is found by its key; else, or where '*' stands behind it, users and addresses that have it in
 * them are looked for: in the index of the process (index.h), or, where there is none, by a walk. Both find the same.
 * Width, case, kinds of spaces and hyphens make no difference (people.h). Only those on whom the operator may look are
 * among the answers, and count among them.
 */
#ifndef ANSHIN_CORE_DESK_FIND_H
#define ANSHIN_CORE_DESK_FIND_H

#include "core/desk/staff.h"

#define ANSHIN_FOUND_MAX 50
#define ANSHIN_FIND_TEXT_MAX 254 /* octets that are looked for */

typedef enum anshin_found_by_t {
    ANSHIN_FOUND_NOT,
    ANSHIN_FOUND_BY_NUMBER, /* help->number is set */
    ANSHIN_FOUND_BY_SERIAL,
    ANSHIN_FOUND_BY_ID,
    ANSHIN_FOUND_BY_TEXT
} anshin_found_by_t;

typedef struct anshin_found_user_t {
    const anshin_contract_t *contract;
    anshin_account_t account;
    const char *address; /* that was found, or that of the first terminal; NULL: none */
} anshin_found_user_t;

typedef struct anshin_found_t {
    anshin_found_by_t by;
    apr_array_header_t *users; /* of anshin_found_user_t, in the order of contract and ID, at most ANSHIN_FOUND_MAX */
    int more;                  /* 1: there are others */
    const char *number;        /* a page's that was typed and found; NULL: none */
    anshin_help_number_t help; /* with number: what that page was about */
} anshin_found_t;

typedef enum anshin_find_how_t {
    ANSHIN_FIND_WHOLE, /* what was typed is all */
    ANSHIN_FIND_TYPING /* more may follow: an ID is a part like others */
} anshin_find_how_t;

/* In op's pool, op being of the operator's own contract. APR_SUCCESS, whatever is found; ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_desk_find(anshin_op_t *op, const anshin_staff_t *staff, const char *typed, anshin_find_how_t how,
                              anshin_found_t *found);

#endif

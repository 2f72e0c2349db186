/*
 * What opens something, given out at the help desk: the form's choice between mail and paper, and the one page that is
 * made for printing (core/desk/handout.h).
 */
#ifndef ANSHIN_PORTAL_DESK_DESK_PRINT_H
#define ANSHIN_PORTAL_DESK_DESK_PRINT_H

#include "core/desk/handout.h"
#include "portal/request/portal_request.h"

/* The ways that there are, into the page of a form: page.ways where there are two, page.paper where one of them is
 * paper, page.order: its id. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_desk_put_ways(anshin_portal_request_t *request, int mails, int prints);

/* For whom it was made, and what. */
typedef struct anshin_desk_sheet_t {
    anshin_desk_verb_t verb;
    const anshin_contract_t *contract;
    const anshin_account_t *account;   /* contract, user, number; name where it is known */
    const anshin_terminal_t *terminal; /* whose certificate it is about; NULL: none */
    const anshin_handout_t *handout;
} anshin_desk_sheet_t;

/* The page itself, as the answer to the form: it has no address under which it could be had again. Its secrets are
 * wiped behind it. OK. */
int anshin_desk_print(anshin_portal_request_t *request, const anshin_desk_sheet_t *sheet);

#endif

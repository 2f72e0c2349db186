/*
 * What the pages of the help desk share (ROL-2): whom an address names, and what is answered where nobody is, or the
 * role may not.
 */
#ifndef ANSHIN_PORTAL_DESK_DESK_PAGE_H
#define ANSHIN_PORTAL_DESK_DESK_PAGE_H

#include "core/desk/desk_user.h"
#include "portal/request/portal_request.h"

/* The address of a page about a user: PATH?who=... with contract, ID and number of the account,
 * which nobody else can read there (core/desk/sealed_whom.h). */
const char *anshin_desk_url(anshin_portal_request_t *request, const char *path, const anshin_account_t *account);

/* Whom this request's form or address names; where they name nobody, its number is NULL. */
void anshin_desk_whom(anshin_portal_request_t *request, anshin_desk_whom_t *whom);

/* What was done, for the address of the user's page: sealed for this operator and this user, as of now, so that no
 * address from elsewhere says of something that it was done. *stamp: APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_desk_stamp(anshin_portal_request_t *request, const anshin_desk_whom_t *whom, const char *verb,
                               const char **stamp);

/* The verb of a stamp that was made so and not long ago; NULL: it was not, or stamp is. */
const char *anshin_desk_stamped(anshin_portal_request_t *request, const anshin_desk_whom_t *whom, const char *stamp);

/* State and, where there is one, validity of an account in words: state_text, state_bad of object. */
void anshin_desk_put_state(anshin_portal_request_t *request, json_t *object, const anshin_account_t *account);

/* A user of the answers: ANSHIN_ENOTFOUND 404, the same whoever is not there for this operator; ANSHIN_EDENIED 403:
 * the role may not, or nobody has one; else 503. */
int anshin_desk_failure(anshin_portal_request_t *request, apr_status_t status, const char *what);

#endif

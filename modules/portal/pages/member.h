/*
 * What the pages of somebody who is logged in share: account, re-authentication, results.
 */
#ifndef ANSHIN_PORTAL_MEMBER_H
#define ANSHIN_PORTAL_MEMBER_H

#include "core/account/history.h"
#include "core/selfservice/change.h"
#include "portal/request/portal_request.h"

/* The session as the core's verbs want it. */
anshin_member_t anshin_member_of(const anshin_portal_request_t *request);

/* The number of a terminal in the address; 0: none, or nonsense. */
apr_int64_t anshin_member_number(const anshin_portal_request_t *request);

/* A failure behind the login: ended sessions go to the login, faults to 503. */
int anshin_member_failure(anshin_portal_request_t *request, apr_status_t status, const char *what);

/* The new id of a session into its cookie. */
void anshin_member_cookie(anshin_portal_request_t *request, const char *session_id);

/* The session of this browser has ended: it drops what it holds of the site's pages, those behind its Back button among
 * them (S34; AnshinClearCache). Of caches alone: what the site has stored there is not ours. */
void anshin_member_leaves(anshin_portal_request_t *request);

/* Complain about a wrong current password beside field, with what is left; 0: it was right. Locked accounts are
 * answered by the caller (anshin_response_locked). */
int anshin_member_complain(anshin_portal_request_t *request, const char *field, const anshin_reauthentication_t *proof);

/* Say so where certificates of the contract wait because the CA issues nothing (CAS-4). APR_SUCCESS, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_member_show_stopped(anshin_portal_request_t *request);

/* What the flow has done, for the page at its end and for paper (U29, U37): page.outcome, with whose it was, when, and
 * of which terminal; NULL or number 0: of none. Its address is whole for who is logged in, and masked for others. */
void anshin_member_show_outcome(anshin_portal_request_t *request, const anshin_terminal_t *terminal);

/* What the flow's result shows until the person has confirmed that it was seen (SEC-1): page.issues, with
 * page.download_password when there is one of them; page.seen afterwards; its outcome, with the terminal as it is.
 * *method: the account's; may be NULL. Answers of anshin_download_issues(). */
apr_status_t anshin_member_show_result(anshin_portal_request_t *request, int *method);

#endif

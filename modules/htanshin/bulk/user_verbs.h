/*
 * What can be done to many users. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BULK_USER_VERBS_H
#define ANSHIN_HTANSHIN_BULK_USER_VERBS_H

#include "core/admin/amend.h"
#include "htanshin/bulk/bulk.h"

/* As every command runs (command.h). */
apr_status_t anshin_bulk_lock(anshin_call_t *call);
apr_status_t anshin_bulk_unlock(anshin_call_t *call);
apr_status_t anshin_bulk_disable(anshin_call_t *call);
apr_status_t anshin_bulk_must_change(anshin_call_t *call);
apr_status_t anshin_bulk_reset(anshin_call_t *call);
apr_status_t anshin_bulk_reinvite(anshin_call_t *call);
apr_status_t anshin_bulk_delete(anshin_call_t *call);

/* The same change of each; its user is not looked at. */
apr_status_t anshin_bulk_set(anshin_call_t *call, const anshin_amend_t *amend);

/* "1: abcd; 2: efgh": download passwords by device (of anshin_method_issue_t); NULL: none. In pool. */
const char *anshin_bulk_passwords(const apr_array_header_t *issues, apr_pool_t *pool);

#endif

/*
 * What stands in a form's way, for a page that says so before anybody fills it in (U18). It decides nothing: the form
 * that is sent all the same meets lockout.h.
 */
#ifndef ANSHIN_CORE_ACCOUNT_LOCKOUT_LOOK_H
#define ANSHIN_CORE_ACCOUNT_LOCKOUT_LOOK_H

#include "core/account/lockout.h"

/* anshin_lock_get() in a read transaction of its own. */
apr_status_t anshin_lock_find(anshin_op_t *op, anshin_counter_kind_t kind, const char *subject, anshin_lock_t *lock);

/* anshin_address_check() in a read transaction of its own. */
apr_status_t anshin_address_find(anshin_op_t *op);

#endif

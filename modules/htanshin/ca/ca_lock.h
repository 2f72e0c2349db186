/*
 * One at a time changes the CAs.
 */
#ifndef ANSHIN_HTANSHIN_CA_LOCK_H
#define ANSHIN_HTANSHIN_CA_LOCK_H

#include "htanshin/command.h"

/* Keep others from it until the process ends; does not wait. APR_SUCCESS; ANSHIN_EBUSY: another command is at it,
 * call->op.error says which and whose; ANSHIN_EFAULT. */
apr_status_t anshin_ca_lock(anshin_call_t *call);

#endif

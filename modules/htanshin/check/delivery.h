/*
 * htanshin check --mail: a test mail, and what becomes of it.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_DELIVERY_H
#define ANSHIN_HTANSHIN_CHECK_DELIVERY_H

#include "htanshin/command.h"

/* Send one to address by the way that all mail goes, and wait for what becomes of it, a minute at most; that stands in
 * call's answer as "mail". APR_SUCCESS, whatever that is: what failed is a finding. ANSHIN_EINVALID (address,
 * contract), ANSHIN_EDENIED, ANSHIN_EBUSY, ANSHIN_EFAULT: none was sent. */
apr_status_t anshin_check_delivery(anshin_call_t *call, const char *address);

#endif

/*
 * What can be done to many certificates, and to those of many users. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BULK_CERT_VERBS_H
#define ANSHIN_HTANSHIN_BULK_CERT_VERBS_H

#include "htanshin/bulk/bulk.h"

/* As every command runs (command.h). */
apr_status_t anshin_bulk_renew(anshin_call_t *call);
apr_status_t anshin_bulk_reissue(anshin_call_t *call);
apr_status_t anshin_bulk_resend(anshin_call_t *call);

/* reason: CRLReason. */
apr_status_t anshin_bulk_revoke(anshin_call_t *call, int reason);

#endif

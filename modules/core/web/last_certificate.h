/*
 * What a browser remembers of the certificate that it last logged in with, so that a page which sees none can say what
 * has become of it: until when it is good, and what its terminal is called. Neither user ID nor name nor serial.
 */
#ifndef ANSHIN_CORE_WEB_LAST_CERTIFICATE_H
#define ANSHIN_CORE_WEB_LAST_CERTIFICATE_H

#include "core/context/op.h"

#define ANSHIN_LAST_CERTIFICATE_LABEL 200 /* bytes of a label; a longer one is left out */

typedef struct anshin_last_certificate_t {
    apr_time_t not_after; /* whole seconds */
    const char *label;    /* "" where it has none */
} anshin_last_certificate_t;

/* Seal for op->contract: base64url text for a cookie. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_last_certificate_seal(anshin_op_t *op, const anshin_last_certificate_t *last, const char **text);

/* The reverse. APR_SUCCESS; ANSHIN_EDENIED (not ours, changed, or of another contract), which is an answer and leaves
 * no cause in op->error; ANSHIN_EFAULT. text may be NULL: denied. */
apr_status_t anshin_last_certificate_unseal(anshin_op_t *op, const char *text, anshin_last_certificate_t *last);

#endif

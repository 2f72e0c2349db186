/*
 * What the signer answers, as the worker reads it.
 */
#ifndef ANSHIN_CA_ANSWER_H
#define ANSHIN_CA_ANSWER_H

#include "ca/wire.h"

#define ANSHIN_ANSWER_CERTIFICATE_MAX 8192 /* octets */

typedef struct anshin_answer_issued_t {
    anshin_bytes_t certificate; /* DER, in the message */
    const char *fingerprint;    /* in pool */
    apr_time_t not_before;
    apr_time_t not_after;
} anshin_answer_issued_t;

/* Each reads what is behind the head of an answer of its type. APR_SUCCESS, and nothing is left over in the message;
 * ANSHIN_EFAULT: it is not what a signer says, and no conversation can go on from there. */

/* ca: the CA's certificate, in the message. */
apr_status_t anshin_answer_welcome(anshin_wire_t *wire, anshin_bytes_t *ca);

apr_status_t anshin_answer_issued(anshin_wire_t *wire, anshin_answer_issued_t *issued, apr_pool_t *pool);

/* A refusal, as our failure: ANSHIN_EINVALID, ANSHIN_EDENIED, ANSHIN_EBUSY (the fault is the signer's) with its words
 * in err; or ANSHIN_EFAULT as above, without. */
apr_status_t anshin_answer_refused(anshin_wire_t *wire, anshin_error_t *err, apr_pool_t *pool);

#endif

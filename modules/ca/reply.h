/*
 * What the signer answers, as the worker reads it.
 */
#ifndef ANSHIN_CA_REPLY_H
#define ANSHIN_CA_REPLY_H

#include "ca/wire.h"
#include "core/base/ocsp.h"
#include "core/config/ca_line.h"

#define ANSHIN_REPLY_CERTIFICATE_MAX 8192 /* octets */
#define ANSHIN_REPLY_ISSUER 64            /* hexadecimal digits */
#define ANSHIN_REPLY_WHY 255              /* octets of what an error says */

/* A CA that the signer was started with. */
typedef struct anshin_reply_ca_t {
    char id[ANSHIN_CA_ID_LENGTH + 1];         /* "": it could not be opened */
    apr_time_t end;                           /* of its certificate */
    char issuers[2][ANSHIN_REPLY_ISSUER + 1]; /* how OCSP requests name it (core/base/ocsp.h): by SHA-1, by SHA-256 */
    char why[ANSHIN_REPLY_WHY + 1];           /* it could not be opened; "": it could */
} anshin_reply_ca_t;

typedef struct anshin_reply_issued_t {
    anshin_bytes_t certificate; /* DER, in the message, as the next one */
    anshin_bytes_t ca;          /* the CA's certificate */
    const char *fingerprint;    /* in pool */
    apr_time_t not_before;
    apr_time_t not_after;
} anshin_reply_issued_t;

/* Each reads what is behind the head of an answer of its type. APR_SUCCESS, and nothing is left over in the message;
 * ANSHIN_EFAULT: it is not what a signer says, and no conversation can go on from there. */

/* cas: as many as the signer was started with. apple: why no Apple profiles can be signed; "": they can, or none are
 * wanted. */
apr_status_t anshin_reply_welcome(anshin_wire_t *wire, anshin_reply_ca_t *cas, int count,
                                  char apple[ANSHIN_REPLY_WHY + 1], apr_pool_t *pool);

/* fingerprint: 64 hexadecimal digits; not_after lies behind not_before. */
apr_status_t anshin_reply_issued(anshin_wire_t *wire, anshin_reply_issued_t *issued, apr_pool_t *pool);

/* *profile: in the message; of length 0: there is none. */
apr_status_t anshin_reply_apple(anshin_wire_t *wire, anshin_bytes_t *profile);

/* A refusal, as our failure: ANSHIN_EINVALID, ANSHIN_EDENIED, ANSHIN_EBUSY (the fault is the signer's) with its words
 * in err; or ANSHIN_EFAULT as above, without. */
apr_status_t anshin_reply_refused(anshin_wire_t *wire, anshin_error_t *err, apr_pool_t *pool);

#endif

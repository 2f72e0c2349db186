/*
 * The CA certificates that client certificates are judged by, and the judgement (RFC 5280 section 6; no CRL: what was
 * revoked the store knows).
 */
#ifndef ANSHIN_CRYPTO_X509_H
#define ANSHIN_CRYPTO_X509_H

#include "core/peer.h"

struct x509_st;

typedef struct anshin_trust_t anshin_trust_t;

/* Load CA certificates from a PEM file, to be used by all threads of the process and, read only, by its forked
 * children; pool's cleanup frees. A CA in it needs no root above it: it is trusted by itself, with all that it signed.
 * APR_SUCCESS; ANSHIN_EINVALID (no certificate in the file, one that cannot be read or is no CA certificate);
 * ANSHIN_ENOTFOUND (no file); ANSHIN_EFAULT. */
apr_status_t anshin_trust_load(anshin_trust_t **trust, const char *file, anshin_error_t *err, apr_pool_t *pool);

/* The same from a descriptor, which is closed; file: its name, for messages. */
apr_status_t anshin_trust_read(anshin_trust_t **trust, int fd, const char *file, anshin_error_t *err, apr_pool_t *pool);

/* When the last of these CAs ends, and with it all that they issued. */
apr_time_t anshin_trust_end(const anshin_trust_t *trust);

/* An end that is nearer than this is told of. */
#define ANSHIN_TRUST_ENDS_SOON apr_time_from_sec((apr_time_t)60 * 86400)

/* Judge a certificate in DER at the time `now`; the result is facts->state, its texts are in pool. Intermediate
 * certificates come from trust alone, so the judgement is the same for new and resumed connections.
 * APR_SUCCESS, also for octets that are no certificate (state ANSHIN_PEER_FOREIGN, other members empty);
 * ANSHIN_EFAULT with state ANSHIN_PEER_FAULT. */
apr_status_t anshin_x509_check(anshin_peer_t *facts, const void *der, apr_size_t length, const anshin_trust_t *trust,
                               apr_time_t now, anshin_error_t *err, apr_pool_t *pool);

/* The same for a certificate that OpenSSL has read; it is borrowed. verify_result: what OpenSSL calls the outcome
 * (X509_V_OK for a good one only). For modules/crypto. */
apr_status_t anshin_x509_judge(anshin_peer_t *facts, int *verify_result, struct x509_st *certificate,
                               const anshin_trust_t *trust, apr_time_t now, anshin_error_t *err, apr_pool_t *pool);

#endif

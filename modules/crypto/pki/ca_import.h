/*
 * A CA that hangs below a company's own (CAS-3): the request for its certificate, and what came of it. For the command.
 */
#ifndef ANSHIN_CRYPTO_CA_IMPORT_H
#define ANSHIN_CRYPTO_CA_IMPORT_H

#include "crypto/pki/ca.h"

/* Write a PKCS#10 request (RFC 2986) for a CA certificate of path length 0 with keyCertSign and cRLSign. wanted's dates
 * do not matter. The key is made where there is none yet, as by anshin_ca_create(), and used where it is there. A
 * request that is there already is replaced. APR_SUCCESS; ANSHIN_EINVALID (a text breaks a rule); the answers of
 * anshin_ca_try_key(). */
apr_status_t anshin_ca_request(const char *request_file, const anshin_ca_key_source_t *key,
                               const anshin_ca_wanted_t *wanted, anshin_error_t *err, apr_pool_t *pool);

typedef struct anshin_ca_imported_t {
    const char *subject; /* RFC 2253 */
    const char *issuer;
    apr_time_t not_after;
    int chain; /* certificates above it */
} anshin_ca_imported_t;

/* Take the certificate of this key out of a text in PEM, which holds those above it as well, in any order, and put it
 * and them in their files, each in one step, the chain first. A former certificate of the same key and subject is
 * replaced. APR_SUCCESS; ANSHIN_EINVALID (no certificate of the key; not one of a CA that may sign certificates for
 * clients and CRLs; not valid now; its issuer is missing, or the chain does not hold; err says which);
 * ANSHIN_ECONFLICT (the CA that is there has another subject: what it issued would lose its issuer); the answers of
 * anshin_ca_try_key(). */
apr_status_t anshin_ca_import(anshin_ca_imported_t *imported, const char *certificate_file,
                              const anshin_ca_key_source_t *key, const anshin_bytes_t *pem, anshin_error_t *err,
                              apr_pool_t *pool);

#endif

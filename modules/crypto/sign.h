/*
 * The CA: its key, and what it signs: users' certificates and the list of those revoked (RFC 5280), OCSP answers
 * (RFC 6960). Linked into the signer alone (CRT-7).
 *
 * There is no function that signs octets of the caller's: everything is built here, field by field, after one profile.
 */
#ifndef ANSHIN_CRYPTO_SIGN_H
#define ANSHIN_CRYPTO_SIGN_H

#include "core/anshin.h"

typedef struct anshin_ca_t anshin_ca_t;

/* Open the CA: certificate and key in PEM. The key file must be a regular file of mode 0600 or narrower. An encrypted
 * key is opened with the first line of what passphrase_program (absolute path, no arguments; NULL: none) prints. pool's
 * cleanup wipes the key. Used by several threads at once afterwards. APR_SUCCESS; ANSHIN_ENOTFOUND (no certificate or
 * key file); ANSHIN_EINVALID (not a CA certificate, a key that is wider than 0600, does not belong to the certificate
 * or does not open); ANSHIN_EFAULT. */
apr_status_t anshin_ca_open(anshin_ca_t **ca, const char *certificate_file, const char *key_file,
                            const char *passphrase_program, anshin_error_t *err, apr_pool_t *pool);

/* The CA's certificate in DER, owned by ca. */
anshin_bytes_t anshin_ca_certificate(const anshin_ca_t *ca);

/* What a certificate shall say. Texts are UTF-8 without control characters; NULL or "": left out. */
typedef struct anshin_issue_t {
    anshin_bytes_t public_key; /* SubjectPublicKeyInfo in DER: P-256, P-384, RSA of 2,048 to 4,096 bits, Ed25519 */
    anshin_bytes_t serial;   /* big-endian, 1 to 20 octets, not zero, of 20 the first bit is 0; random, by the caller */
    const char *common_name; /* required; 64 characters at most, like the next three */
    const char *organization;
    const char *organizational_unit;
    const char *subject_serial; /* attribute serialNumber; PrintableString: letters, digits and '()+,-./:=? */
    const char *country;        /* two letters */
    apr_time_t not_before;      /* whole seconds count */
    apr_time_t not_after;       /* cut to the CA's own end */
    const char *mail;           /* subjectAltName rfc822Name; ASCII */
    const char *crl_url;        /* CRL distribution point; http, https or ldap URL in ASCII */
    const char *ocsp_url;       /* authority information access; http or https */
} anshin_issue_t;

typedef struct anshin_issued_t {
    anshin_bytes_t certificate; /* DER */
    const char *serial;         /* lower-case hexadecimal, as in the certificate record */
    const char *fingerprint;    /* SHA-256 of the DER, lower-case hexadecimal */
    apr_time_t not_before;      /* as they stand in the certificate */
    apr_time_t not_after;
} anshin_issued_t;

/* Issue. Thread safe. The same request gives a certificate of the same content, though with ECDSA not the same octets.
 * APR_SUCCESS; ANSHIN_EINVALID (the request breaks a rule above; the text names the field); ANSHIN_EDENIED (the CA's
 * certificate is not valid in that time); ANSHIN_EFAULT. */
apr_status_t anshin_ca_issue(anshin_issued_t *issued, const anshin_ca_t *ca, const anshin_issue_t *wanted,
                             anshin_error_t *err, apr_pool_t *pool);

/* CRLReason (RFC 5280 5.3.1): 0 unspecified (not written), 1 to 6, 8 to 10. */

/* A CRL (version 2, with AKI and CRL number), in steps, since it may be long: begin, add each revoked certificate in
 * any order, finish. It belongs to pool. number: grows with each CRL. next_update: when the next one is out at the
 * latest.
 * begin: APR_SUCCESS; ANSHIN_EINVALID (number below 0, next_update not behind this_update); ANSHIN_EFAULT.
 * add: APR_SUCCESS; ANSHIN_EINVALID (serial as above, reason, time); ANSHIN_EFAULT. A serial twice is the caller's
 * mistake.
 * finish: APR_SUCCESS with the DER in pool; ANSHIN_EINVALID (the CA may not sign CRLs); ANSHIN_EFAULT. Then it is over.
 */
typedef struct anshin_crl_t anshin_crl_t;
apr_status_t anshin_crl_begin(anshin_crl_t **crl, const anshin_ca_t *ca, apr_int64_t number, apr_time_t this_update,
                              apr_time_t next_update, anshin_error_t *err, apr_pool_t *pool);
apr_status_t anshin_crl_add(anshin_crl_t *crl, const anshin_bytes_t *serial, apr_time_t revoked_at, int reason,
                            anshin_error_t *err);
apr_status_t anshin_crl_finish(anshin_bytes_t *der, anshin_crl_t *crl, anshin_error_t *err);

/* What is said of one certificate. */
typedef enum anshin_ocsp_status_t { ANSHIN_OCSP_GOOD, ANSHIN_OCSP_REVOKED, ANSHIN_OCSP_UNKNOWN } anshin_ocsp_status_t;

typedef struct anshin_ocsp_single_t {
    anshin_bytes_t serial;
    anshin_ocsp_status_t status;
    apr_time_t revoked_at; /* ANSHIN_OCSP_REVOKED only, like reason */
    int reason;
} anshin_ocsp_single_t;

/* An OCSP answer of the CA itself (RFC 6960; no delegated responder). sha256: the certificates are named by SHA-256, as
 * the request did; 0: by SHA-1. nonce: of the request, 1 to 32 octets (RFC 8954); length 0: without.
 * APR_SUCCESS with the whole OCSPResponse in DER; ANSHIN_EINVALID (1 to ANSHIN_OCSP_SINGLES_MAX certificates, serials,
 * nonce, times); ANSHIN_EFAULT. Thread safe. */
#define ANSHIN_OCSP_SINGLES_MAX 8
apr_status_t anshin_ca_ocsp(anshin_bytes_t *response, const anshin_ca_t *ca, const anshin_ocsp_single_t *singles,
                            apr_size_t count, int sha256, const anshin_bytes_t *nonce, apr_time_t this_update,
                            apr_time_t next_update, anshin_error_t *err, apr_pool_t *pool);

#endif

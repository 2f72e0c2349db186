/*
 * The CA: its key, and the certificates that it signs for users (RFC 5280). What else it signs stands in sign_crl.h and
 * sign_ocsp.h. Linked into the signer alone (CRT-7).
 *
 * There is no function that signs octets of the caller's: everything is built here, field by field, and looked at
 * once more before it is signed (sign_profile.h).
 */
#ifndef ANSHIN_CRYPTO_SIGN_H
#define ANSHIN_CRYPTO_SIGN_H

#include "core/base/anshin.h"

typedef struct anshin_ca_t anshin_ca_t;

/* Open the CA: its certificate in PEM, and its key by what AnshinCAKey and AnshinCAPassphrase (NULL: none) say, see
 * ca_key.h. pool's cleanup wipes the key. Used by several threads at once afterwards. APR_SUCCESS; ANSHIN_ENOTFOUND (no
 * certificate or key file); ANSHIN_EINVALID (not a CA certificate, a key that does not belong to it, and the reasons of
 * ca_key.h); ANSHIN_EDENIED (a token does not take the PIN: to try again would use up its tries); ANSHIN_EFAULT. */
apr_status_t anshin_ca_open(anshin_ca_t **ca, const char *certificate_file, const char *key,
                            const char *passphrase_program, anshin_error_t *err, apr_pool_t *pool);

/* 1 when its key is on a token: then a fault of what it signs may mean that the token is gone, and only opening it anew
 * helps. */
int anshin_ca_is_on_token(const anshin_ca_t *ca);

/* Sign something that is no certificate, and verify it: whether the key works under what the process may still do.
 * APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_ca_try(const anshin_ca_t *ca, anshin_error_t *err);

/* The CA's certificate in DER, its id (core/config/ca_line.h) and when it ends; owned by ca. */
anshin_bytes_t anshin_ca_certificate(const anshin_ca_t *ca);
const char *anshin_ca_opened_id(const anshin_ca_t *ca);
apr_time_t anshin_ca_end(const anshin_ca_t *ca);

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
    int uses;                   /* extended key usages: a bit per anshin_certificate_use_t, client among them */
    const char *mail;           /* subjectAltName rfc822Name; as anshin_address_valid() has it */
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

#endif

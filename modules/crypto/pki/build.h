/*
 * The parts of a certificate that sign.c and ca.c both make. Private to modules/crypto.
 *
 * Values go in as structures, never as text in OpenSSL's configuration language, which would let a URL say more than
 * one thing. Those that answer int say 1, or 0 with OpenSSL's reason in its queue.
 */
#ifndef ANSHIN_CRYPTO_BUILD_H
#define ANSHIN_CRYPTO_BUILD_H

#include <openssl/x509v3.h>

#include "core/base/anshin.h"

typedef struct anshin_attribute_t {
    int nid;
    const char *text;  /* NULL or "": left out */
    const char *field; /* what a refusal calls it */
} anshin_attribute_t;

/* Add attributes to a name, each checked against the bounds of RFC 5280 appendix A (64 characters, PrintableString
 * where it must be, UTF8String elsewhere). Refused: control characters, text that is not UTF-8. NULL, or the field of
 * the first that is refused. */
const char *anshin_build_name(X509_NAME *name, const anshin_attribute_t *attributes, apr_size_t count);

/* 1 when it is a serial as RFC 5280 4.1.2.2 wants it: positive, not zero, at most 20 octets with the sign. */
#define ANSHIN_SERIAL_BYTES_MAX 20
int anshin_build_serial_valid(const anshin_bytes_t *serial);

/* Validity, in whole seconds. */
int anshin_build_dates(X509 *certificate, apr_time_t not_before, apr_time_t not_after);

/* The caller frees; NULL: failed. */
ASN1_INTEGER *anshin_build_integer(const unsigned char *octets, apr_size_t length);
AUTHORITY_KEYID *anshin_build_key_id(X509 *issuer); /* its SKI, or what would be its SKI */

int anshin_build_reason_valid(int reason); /* CRLReason, RFC 5280 5.3.1 */

/* octets: such a serial. */
int anshin_build_serial(X509 *certificate, const unsigned char *octets, apr_size_t length);

/* Extensions of RFC 5280 4.2.1, in its order. */
int anshin_build_authority_key(X509 *certificate, X509 *issuer);  /* issuer: certificate itself for a root */
int anshin_build_subject_key(X509 *certificate);                  /* after its public key was set */
int anshin_build_key_usage(X509 *certificate, unsigned int bits); /* KU_... of x509v3.h, below 0x100 */
int anshin_build_mail(X509 *certificate, const char *mail);
int anshin_build_constraints(X509 *certificate, int is_ca); /* a CA's path length is 0 */
int anshin_build_ocsp_signing(X509 *certificate); /* and nobody asks whether it is revoked (RFC 6960 4.2.2.2.1) */
int anshin_build_crl(X509 *certificate, const char *url);
int anshin_build_ocsp(X509 *certificate, const char *url);

/* The digest to sign with: as strong as the key; NULL where the key brings its own (Ed25519). */
const EVP_MD *anshin_build_digest(EVP_PKEY *key);

#endif

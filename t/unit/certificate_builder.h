/*
 * Certificates for tests, good and bad: what no CA of ours would issue can be made here.
 */
#ifndef ANSHIN_UNIT_CERTIFICATE_BUILDER_H
#define ANSHIN_UNIT_CERTIFICATE_BUILDER_H

#include <apr_time.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* Extensions in the notation of openssl's configuration, NULL: without. What is zero gets a default. */
typedef struct build_t {
    const char *cn; /* UTF-8 as it stands, control characters and all */
    int cn_length;  /* 0: up to its NUL */
    EVP_PKEY *key;  /* the subject's; NULL: the public key of the issuer's key */
    X509 *issuer;   /* NULL: self-signed */
    EVP_PKEY *issuer_key;
    apr_time_t not_before;
    apr_time_t not_after;
    const char *serial;      /* hexadecimal, "-" in front makes it negative; NULL: "01" */
    const char *constraints; /* basicConstraints */
    const char *usage;       /* keyUsage */
    const char *extended;    /* extendedKeyUsage */
    const EVP_MD *digest;    /* NULL: SHA-256 */
} build_t;

/* The caller frees. They end the program when OpenSSL fails. */
X509 *build_certificate(const build_t *wanted);
EVP_PKEY *build_key(const char *type, int bits); /* "EC" (P-256) or "RSA" */

/* A CA from 1970 to 2100. */
X509 *build_ca(const char *cn, EVP_PKEY *key);

#endif

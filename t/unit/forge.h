/*
 * Certificates for tests, good and bad: what no CA of ours would issue can be made here.
 */
#ifndef ANSHIN_UNIT_FORGE_H
#define ANSHIN_UNIT_FORGE_H

#include <apr_time.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* Extensions in the notation of openssl's configuration, NULL: without. What is zero gets a default. */
typedef struct forge_t {
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
} forge_t;

/* The caller frees. They end the program when OpenSSL fails. */
X509 *forge_certificate(const forge_t *wanted);
EVP_PKEY *forge_key(const char *type, int bits); /* "EC" (P-256) or "RSA" */

/* A CA from 1970 to 2100. */
X509 *forge_ca(const char *cn, EVP_PKEY *key);

#endif

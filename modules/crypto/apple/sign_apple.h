/*
 * Configuration profiles for iPhone, iPad and Mac (CRT-3): Apple's Configuration Profile Reference, as CMS SignedData
 * (RFC 5652) with the profile in it. Linked into the signer alone.
 *
 * A profile holds one payload, com.apple.security.pkcs12, and not its password: the person types the download password
 * on the device. It brings no CA (com.apple.security.root): with a root the device would trust whatever that CA
 * certifies, servers too, and a login needs none. It has no end of its own (PayloadExpirationDate), since the
 * certificate in it has one.
 *
 * There is no function that signs octets of the caller's: the profile is built here, of texts that are shown and of one
 * PKCS#12 file.
 */
#ifndef ANSHIN_CRYPTO_SIGN_APPLE_H
#define ANSHIN_CRYPTO_SIGN_APPLE_H

#include "core/base/anshin.h"
#include "crypto/pki/ca_key_source.h"

#define ANSHIN_APPLE_MAX 32000 /* octets of a profile */

typedef struct anshin_apple_signer_t anshin_apple_signer_t;

/* Open the certificate and its key. pool's cleanup wipes the key. APR_SUCCESS; ANSHIN_ENOTFOUND; ANSHIN_EINVALID (the
 * reasons of apple_certificate.h and ca_key.h; a key that is another certificate's); ANSHIN_EDENIED (a token does not
 * take the PIN); ANSHIN_EFAULT. */
apr_status_t anshin_apple_signer_open(anshin_apple_signer_t **signer, const char *certificate_file,
                                      const anshin_ca_key_source_t *key, anshin_error_t *err, apr_pool_t *pool);

/* 1 when its key is on a token. */
int anshin_apple_is_on_token(const anshin_apple_signer_t *signer);

/* Sign something that is no profile, and verify it. APR_SUCCESS, ANSHIN_EINVALID. */
apr_status_t anshin_apple_signer_try(const anshin_apple_signer_t *signer, anshin_error_t *err);

/* What a profile shall say. Texts are UTF-8 without control characters, and shown on the device. */
typedef struct anshin_apple_facts_t {
    const char *portal; /* with terminal: whose profile it is, and so which one it takes the place of; neither is in */
    const char *terminal; /* the profile, nor can another be named so by who chooses them */
    const char *title;    /* of the service */
    const char *organization;
    const char *description; /* NULL or "": left out */
    const char *name;        /* of the certificate */
    anshin_bytes_t serial;   /* of the same, random: the profile's UUIDs are made of it */
    anshin_bytes_t pkcs12;
} anshin_apple_facts_t;

/* Build and sign. *profile: in DER, in pool; it holds a user's key under a password, and pool's cleanup wipes it. The
 * same facts give the same profile, though not the same signature. APR_SUCCESS; ANSHIN_EDENIED (the certificate has not
 * begun, or ends soon); ANSHIN_EINVALID (texts break a rule above; pkcs12 is not one PFX in DER with a MAC, RFC 7292;
 * the profile is too long, or could not be signed). */
apr_status_t anshin_apple_sign(anshin_bytes_t *profile, const anshin_apple_signer_t *signer,
                               const anshin_apple_facts_t *facts, apr_time_t now, anshin_error_t *err,
                               apr_pool_t *pool);

#endif

/*
 * The profile of a user's certificate (RFC 5280 4.2.1): what it may be used for, and the last look at it before it is
 * signed. Private to modules/crypto.
 *
 * An operator chooses within the profile, contract by contract (CAS-1); nobody chooses beyond it, the worker included.
 */
#ifndef ANSHIN_CRYPTO_SIGN_PROFILE_H
#define ANSHIN_CRYPTO_SIGN_PROFILE_H

#include <openssl/x509v3.h>

#include "core/config/config.h" /* anshin_certificate_use_t */

/* 1 when uses, a bit per anshin_certificate_use_t, are known ones with client authentication among them. */
int anshin_profile_uses_valid(int uses);

/* Add extendedKeyUsage with such uses, in the order of the list. 1, or 0 with OpenSSL's reason in its queue. */
int anshin_profile_add_uses(X509 *certificate, int uses);

/* Read a certificate as it is going to be signed, whoever has built it: version 3, extensions of the list alone, each
 * once and critical only where the profile has it so, no CA, key usage digitalSignature, uses as above, mail addresses
 * and nothing else for alternative names. NULL, or the rule that it breaks; static. OpenSSL's queue is left empty. */
const char *anshin_profile_broken(const X509 *certificate);

#endif

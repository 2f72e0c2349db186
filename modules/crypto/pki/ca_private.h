/*
 * What ca.c and ca_import.c share. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_CA_PRIVATE_H
#define ANSHIN_CRYPTO_CA_PRIVATE_H

#include <openssl/x509.h>

#include "crypto/pki/ca.h"

/* The name that is wanted for a CA, into an empty one. APR_SUCCESS, ANSHIN_EINVALID. */
apr_status_t anshin_ca_fill_name(X509_NAME *name, const anshin_ca_wanted_t *wanted, anshin_error_t *err);

#endif

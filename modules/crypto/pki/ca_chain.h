/*
 * The certificates above a CA that hangs below a company's own (CAS-3), which users get with theirs.
 */
#ifndef ANSHIN_CRYPTO_CA_CHAIN_H
#define ANSHIN_CRYPTO_CA_CHAIN_H

#include "core/base/anshin.h"

/* The certificates above a CA lie beside its own, in a file of its name with this behind it. */
#define ANSHIN_CA_CHAIN_SUFFIX ".chain"
#define ANSHIN_CA_CHAIN_MAX 8 /* certificates in it */

/* Read the chain of a CA: DER in pool, the issuer first, without what is signed by itself, which whoever trusts it has.
 * No file: none. APR_SUCCESS, ANSHIN_EINVALID, ANSHIN_EFAULT. */
apr_status_t anshin_ca_chain(anshin_bytes_t chain[ANSHIN_CA_CHAIN_MAX], apr_size_t *count, const char *certificate_file,
                             anshin_error_t *err, apr_pool_t *pool);

#endif

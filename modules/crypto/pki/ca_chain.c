/*
 * The certificates above a CA: see ca_chain.h.
 */
#include "crypto/pki/ca_chain.h"

#include <apr_strings.h>

#include "crypto/cause.h"
#include "crypto/file.h"
#include "crypto/pki/ca_file.h"

apr_status_t anshin_ca_chain(anshin_bytes_t chain[ANSHIN_CA_CHAIN_MAX], apr_size_t *count, const char *certificate_file,
                             anshin_error_t *err, apr_pool_t *pool)
{
    const char *file = apr_pstrcat(pool, certificate_file, ANSHIN_CA_CHAIN_SUFFIX, NULL);
    char *text = apr_palloc(pool, ANSHIN_PEM_MAX);
    apr_size_t length = 0;
    STACK_OF(X509) *all = NULL;
    apr_status_t status = anshin_file_load(text, &length, ANSHIN_PEM_MAX, file, 0777, err);

    *count = 0;
    if (status == ANSHIN_ENOTFOUND) {
        anshin_error_clear(err);
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS && !anshin_ca_file_parse(&all, text, length, ANSHIN_CA_CHAIN_MAX)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1266", "%s does not hold certificates in PEM", file);
    }
    for (int i = 0; i < sk_X509_num(all); i++) {
        unsigned char *der = NULL;
        int octets = X509_self_signed(sk_X509_value(all, i), 0) == 1 ? 0 : i2d_X509(sk_X509_value(all, i), &der);

        if (octets > 0) {
            chain[(*count)++] = (anshin_bytes_t){apr_pmemdup(pool, der, (apr_size_t)octets), (apr_size_t)octets};
        }
        OPENSSL_free(der);
    }
    sk_X509_pop_free(all, X509_free);
    return status;
}

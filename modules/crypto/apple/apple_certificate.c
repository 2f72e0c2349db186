/*
 * The certificate that Apple profiles are signed with: see apple_certificate.h.
 */
#include "crypto/apple/apple_certificate_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "crypto/cause.h"
#include "crypto/file.h"
#include "crypto/pki/ca_chain.h"
#include "crypto/pki/ca_file.h"

#define RSA_BITS_MIN 2048
#define CHAIN_MAX (1 + ANSHIN_CA_CHAIN_MAX)

static apr_status_t free_chain(void *data)
{
    anshin_apple_chain_t *chain = data;

    X509_free(chain->own);
    sk_X509_pop_free(chain->above, X509_free);
    return APR_SUCCESS;
}

/* Apple's systems know no others. */
static int is_usable_key(EVP_PKEY *key)
{
    static const char *const curves[] = {SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1};
    char name[32] = "";

    if (key == NULL || EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        return key != NULL && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
    }
    for (size_t i = 0; EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) && i < sizeof(curves) / sizeof(*curves);
         i++) {
        if (strcmp(name, curves[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static int narrow(anshin_apple_validity_t *validity, const X509 *certificate)
{
    struct tm from;
    struct tm to;
    apr_time_t begin;
    apr_time_t end;

    if (!ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &from) ||
        !ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &to)) {
        return 0;
    }
    begin = apr_time_from_sec((apr_time_t)timegm(&from));
    end = apr_time_from_sec((apr_time_t)timegm(&to));
    validity->begin = begin > validity->begin ? begin : validity->begin;
    validity->end = validity->end == 0 || end < validity->end ? end : validity->end;
    return 1;
}

/* NULL, or what is wrong with it. */
static const char *look(anshin_apple_chain_t *chain)
{
    if ((X509_get_key_usage(chain->own) & KU_DIGITAL_SIGNATURE) == 0) { /* all bits where it has no key usage */
        return "is not for digital signatures";
    }
    if (!is_usable_key(X509_get0_pubkey(chain->own))) {
        return "must have a key that Apple's systems know: RSA of 2048 bits or more, P-256, P-384 or P-521";
    }
    if (!narrow(&chain->validity, chain->own)) {
        return "has dates that cannot be read";
    }
    for (int i = sk_X509_num(chain->above) - 1; i >= 0; i--) {
        if (X509_self_signed(sk_X509_value(chain->above, i), 0) == 1) { /* whoever trusts it has it */
            X509_free(sk_X509_delete(chain->above, i));
        } else if (!narrow(&chain->validity, sk_X509_value(chain->above, i))) {
            return "has dates that cannot be read";
        }
    }
    return NULL;
}

static apr_status_t parse(anshin_apple_chain_t *chain, const char *text, apr_size_t length, const char *file,
                          anshin_error_t *err)
{
    const char *wrong = "does not hold certificates in PEM";

    if (anshin_ca_file_parse(&chain->above, text, length, CHAIN_MAX)) {
        chain->own = sk_X509_shift(chain->above);
        wrong = look(chain);
    }
    if (wrong != NULL) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1247", "AnshinAppleProfileCertificate %s: %s", file, wrong);
        return anshin_openssl_forget(ANSHIN_EINVALID);
    }
    return APR_SUCCESS;
}

static void begin(anshin_apple_chain_t *chain, apr_pool_t *pool)
{
    memset(chain, 0, sizeof(*chain));
    apr_pool_cleanup_register(pool, chain, free_chain, apr_pool_cleanup_null);
}

apr_status_t anshin_apple_chain_read(anshin_apple_chain_t *chain, const char *file, anshin_error_t *err,
                                     apr_pool_t *pool)
{
    char *text = apr_palloc(pool, ANSHIN_PEM_MAX);
    apr_size_t length = 0;
    apr_status_t status = anshin_file_load(text, &length, ANSHIN_PEM_MAX, file, 0777, err);

    begin(chain, pool);
    return status == APR_SUCCESS ? parse(chain, text, length, file, err) : status;
}

apr_status_t anshin_apple_validity(anshin_apple_validity_t *validity, int fd, const char *file, anshin_error_t *err,
                                   apr_pool_t *pool)
{
    anshin_apple_chain_t *chain = apr_palloc(pool, sizeof(*chain));
    char *text = apr_palloc(pool, ANSHIN_PEM_MAX);
    FILE *stream = fdopen(fd, "r");
    apr_size_t length = stream != NULL ? fread(text, 1, ANSHIN_PEM_MAX, stream) : 0;
    apr_status_t status;

    if (stream != NULL) {
        (void)fclose(stream);
    } else {
        (void)close(fd);
    }
    begin(chain, pool);
    status = parse(chain, text, length, file, err);
    *validity = chain->validity;
    return status;
}

apr_status_t anshin_apple_in_time(const anshin_apple_validity_t *validity, apr_time_t now,
                                  apr_interval_time_t long_enough, anshin_error_t *err, apr_pool_t *pool)
{
    int begun = validity->begin <= now;

    if (begun && validity->end > now + long_enough) {
        return APR_SUCCESS;
    }
    return anshin_fail(err, ANSHIN_EDENIED, "AN1251",
                       "AnshinAppleProfileCertificate: it, or one above it, %s on %s; put the new one there, and "
                       "reload httpd",
                       !begun                 ? "begins"
                       : validity->end <= now ? "ended"
                                              : "ends",
                       anshin_time_text(begun ? validity->end : validity->begin, pool));
}

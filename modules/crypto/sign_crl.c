/*
 * The list of revoked certificates: see sign.h. Linked into the signer alone.
 *
 * SECURITY: what is on the list, the worker says; a wrong list can deny service, but it lets nobody in, since the site
 * itself looks at the store.
 */
#include "crypto/sign_private.h"

#include <apr_strings.h>
#include <openssl/x509v3.h>

#include "crypto/build.h"
#include "crypto/cause.h"

struct anshin_crl_t {
    const anshin_ca_t *ca;
    X509_CRL *list;
    apr_time_t this_update;
    apr_pool_t *pool;
};

static apr_status_t free_crl(void *data)
{
    anshin_crl_t *crl = data;

    X509_CRL_free(crl->list);
    return APR_SUCCESS;
}

static int set_time(int (*set)(X509_CRL *, const ASN1_TIME *), X509_CRL *list, apr_time_t when)
{
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)apr_time_sec(when));
    int done = time != NULL && set(list, time);

    ASN1_TIME_free(time);
    return done;
}

static int add_number(X509_CRL *list, apr_int64_t number)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    int added = value != NULL && ASN1_INTEGER_set_int64(value, number) &&
                X509_CRL_add1_ext_i2d(list, NID_crl_number, value, 0, X509V3_ADD_DEFAULT) == 1;

    ASN1_INTEGER_free(value);
    return added;
}

static int add_authority_key(X509_CRL *list, X509 *issuer)
{
    AUTHORITY_KEYID *authority = anshin_build_key_id(issuer);
    int added = authority != NULL &&
                X509_CRL_add1_ext_i2d(list, NID_authority_key_identifier, authority, 0, X509V3_ADD_DEFAULT) == 1;

    AUTHORITY_KEYID_free(authority);
    return added;
}

apr_status_t anshin_crl_begin(anshin_crl_t **crl, const anshin_ca_t *ca, apr_int64_t number, apr_time_t this_update,
                              apr_time_t next_update, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_crl_t *begun;

    if (number < 0 || this_update < 0 || next_update <= this_update) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0475", "CRL: its number or dates are not acceptable");
    }
    begun = apr_pcalloc(pool, sizeof(*begun));
    begun->ca = ca;
    begun->pool = pool;
    begun->this_update = this_update;
    begun->list = X509_CRL_new();
    apr_pool_cleanup_register(pool, begun, free_crl, apr_pool_cleanup_null);
    if (begun->list == NULL || !X509_CRL_set_version(begun->list, X509_CRL_VERSION_2) ||
        !X509_CRL_set_issuer_name(begun->list, X509_get_subject_name(ca->certificate)) ||
        !set_time(X509_CRL_set1_lastUpdate, begun->list, this_update) ||
        !set_time(X509_CRL_set1_nextUpdate, begun->list, next_update) ||
        !add_authority_key(begun->list, ca->certificate) || !add_number(begun->list, number)) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0476", "a CRL could not be begun");
    }
    *crl = begun;
    return APR_SUCCESS;
}

static int add_reason(X509_REVOKED *revoked, int reason)
{
    ASN1_ENUMERATED *value;
    int added;

    if (reason == CRL_REASON_UNSPECIFIED) {
        return 1; /* RFC 5280 5.3.1: should be absent then */
    }
    value = ASN1_ENUMERATED_new();
    added = value != NULL && ASN1_ENUMERATED_set(value, reason) &&
            X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, value, 0, X509V3_ADD_DEFAULT) == 1;
    ASN1_ENUMERATED_free(value);
    return added;
}

apr_status_t anshin_crl_add(anshin_crl_t *crl, const anshin_bytes_t *serial, apr_time_t revoked_at, int reason,
                            anshin_error_t *err)
{
    X509_REVOKED *revoked;
    ASN1_INTEGER *number;
    ASN1_TIME *when;
    int added;

    if (!anshin_build_serial_valid(serial) || !anshin_build_reason_valid(reason) || revoked_at < 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0477", "CRL: a serial, reason or time is not acceptable");
    }
    revoked = X509_REVOKED_new();
    number = anshin_build_integer(serial->data, serial->length);
    when = ASN1_TIME_set(NULL, (time_t)apr_time_sec(revoked_at));
    added = revoked != NULL && number != NULL && when != NULL && X509_REVOKED_set_serialNumber(revoked, number) &&
            X509_REVOKED_set_revocationDate(revoked, when) && add_reason(revoked, reason) &&
            X509_CRL_add0_revoked(crl->list, revoked);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(when);
    if (!added) {
        X509_REVOKED_free(revoked);
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0478", "a CRL could not be filled");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_crl_finish(anshin_bytes_t *der, anshin_crl_t *crl, anshin_error_t *err)
{
    unsigned char *octets = NULL;
    int length;

    if ((X509_get_key_usage(crl->ca->certificate) & KU_CRL_SIGN) == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0479", "the CA's certificate does not allow it to sign CRLs");
    }
    if (!X509_CRL_sort(crl->list) || X509_CRL_sign(crl->list, crl->ca->key, crl->ca->digest) <= 0) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0453", "a CRL could not be signed");
    }
    length = i2d_X509_CRL(crl->list, &octets);
    if (length <= 0) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0454", "a CRL could not be written");
    }
    der->data = apr_pmemdup(crl->pool, octets, (apr_size_t)length);
    der->length = (apr_size_t)length;
    OPENSSL_free(octets);
    return APR_SUCCESS;
}

/*
 * The list of revoked certificates: see sign_crl.h. Linked into the signer alone.
 *
 * SECURITY: what is on the list, the worker says; a wrong list can deny service, but it lets nobody in, since the site
 * itself looks at the store.
 *
 * OpenSSL encodes each part, we put them together: its own way goes several times through the whole list, and holds up
 * issuing for a second when 100,000 are on it (CRT-6).
 */
#include "crypto/pki/sign_crl.h"

#include <apr_strings.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/pki/build.h"
#include "crypto/cause.h"
#include "crypto/pki/sign_private.h"

#define HEAD_MAX 16  /* octets of tag and length */
#define ENTRY_MAX 64 /* octets of one: serial of 20, time of 15, reason of 10, and what frames them */

struct anshin_crl_t {
    const anshin_ca_t *ca;
    X509_CRL *frame; /* the list without entries */
    BIO *entries;    /* each encoded */
    apr_pool_t *pool;
};

static apr_status_t free_crl(void *data)
{
    anshin_crl_t *crl = data;

    X509_CRL_free(crl->frame);
    BIO_free(crl->entries);
    crl->frame = NULL;
    crl->entries = NULL;
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

apr_status_t anshin_crl_begin(anshin_crl_t **crl, const anshin_ca_t *ca, const anshin_crl_facts_t *facts,
                              anshin_error_t *err, apr_pool_t *pool)
{
    anshin_crl_t *begun;

    if (facts->number < 0 || facts->this_update < 0 || facts->next_update <= facts->this_update) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0475", "CRL: its number or dates are not acceptable");
    }
    begun = apr_pcalloc(pool, sizeof(*begun));
    begun->ca = ca;
    begun->pool = pool;
    begun->frame = X509_CRL_new();
    begun->entries = BIO_new(BIO_s_mem());
    apr_pool_cleanup_register(pool, begun, free_crl, apr_pool_cleanup_null);
    if (begun->frame == NULL || begun->entries == NULL || !X509_CRL_set_version(begun->frame, X509_CRL_VERSION_2) ||
        !X509_CRL_set_issuer_name(begun->frame, X509_get_subject_name(ca->certificate)) ||
        !set_time(X509_CRL_set1_lastUpdate, begun->frame, facts->this_update) ||
        !set_time(X509_CRL_set1_nextUpdate, begun->frame, facts->next_update) ||
        !add_authority_key(begun->frame, ca->certificate) || !add_number(begun->frame, facts->number)) {
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

static int append(BIO *entries, const X509_REVOKED *revoked)
{
    unsigned char octets[ENTRY_MAX];
    unsigned char *at = octets;
    int length = i2d_X509_REVOKED(revoked, NULL);

    return length > 0 && length <= ENTRY_MAX && i2d_X509_REVOKED(revoked, &at) == length &&
           BIO_write(entries, octets, length) == length;
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
            append(crl->entries, revoked);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(when);
    X509_REVOKED_free(revoked);
    return added ? APR_SUCCESS : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0478", "a CRL could not be filled");
}

/* --- its end ---------------------------------------------------------------------------------------------------- */

/* What stands before the contents of a DER element: tag and length. Its own length. */
static int head_of(unsigned char head[HEAD_MAX], int tag, int xclass, apr_size_t length)
{
    unsigned char *at = head;

    ASN1_put_object(&at, 1, (int)length, tag, xclass);
    return (int)(at - head);
}

static void write_element(BIO *out, const unsigned char *contents, apr_size_t length)
{
    unsigned char head[HEAD_MAX];

    (void)BIO_write(out, head, head_of(head, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, length));
    (void)BIO_write(out, contents, (int)length);
}

static anshin_bytes_t bytes_of(BIO *memory)
{
    char *data;
    long length = BIO_get_mem_data(memory, &data);

    return (anshin_bytes_t){(unsigned char *)data, length > 0 ? (apr_size_t)length : 0};
}

/* TBSCertList (RFC 5280 5.1.2): that of the frame, which has been signed and names its algorithm, with the entries
 * before the extensions, which are its last part. */
static int write_body(BIO *body, X509_CRL *frame, const anshin_bytes_t *entries)
{
    unsigned char *octets = NULL, *extensions = NULL;
    const unsigned char *at;
    int length = i2d_re_X509_CRL_tbs(frame, &octets);
    int last = i2d_X509_EXTENSIONS(X509_CRL_get0_extensions(frame), &extensions);
    BIO *parts = BIO_new(BIO_s_mem());
    unsigned char head[HEAD_MAX];
    long contents = 0;
    int tag, xclass, done = 0;

    at = octets;
    if (parts != NULL && length > 0 && last > 0 &&
        ASN1_get_object(&at, &contents, &tag, &xclass, length) == V_ASN1_CONSTRUCTED) {
        last += head_of(head, 0, V_ASN1_CONTEXT_SPECIFIC, (apr_size_t)last);
        (void)BIO_write(parts, at, (int)contents - last);
        if (entries->length > 0) { /* an empty list must not stand there */
            write_element(parts, entries->data, entries->length);
        }
        (void)BIO_write(parts, at + contents - last, last);
        write_element(body, bytes_of(parts).data, bytes_of(parts).length);
        done = 1;
    }
    BIO_free(parts);
    OPENSSL_free(octets);
    OPENSSL_free(extensions);
    return done;
}

static int write_signature(BIO *out, const anshin_ca_t *ca, const anshin_bytes_t *body)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    unsigned char *octets = NULL, *signature = NULL;
    apr_size_t size = 0;
    int length, done = 0;

    if (context != NULL && bits != NULL && EVP_DigestSignInit(context, NULL, ca->digest, NULL, ca->key) == 1 &&
        EVP_DigestSign(context, NULL, &size, body->data, body->length) == 1 &&
        (signature = OPENSSL_malloc(size)) != NULL &&
        EVP_DigestSign(context, signature, &size, body->data, body->length) == 1) {
        ASN1_STRING_set0(bits, signature, (int)size);
        bits->flags =
            (bits->flags & ~0x07L) | ASN1_STRING_FLAG_BITS_LEFT; /* no unused bits, whatever the last ones are */
        signature = NULL;
        length = i2d_ASN1_BIT_STRING(bits, &octets);
        done = length > 0 && BIO_write(out, octets, length) == length;
    }
    OPENSSL_free(signature);
    OPENSSL_free(octets);
    ASN1_BIT_STRING_free(bits);
    EVP_MD_CTX_free(context);
    return done;
}

static int write_algorithm(BIO *out, const X509_CRL *frame)
{
    const X509_ALGOR *algorithm;
    unsigned char *octets = NULL;
    int length, done;

    X509_CRL_get0_signature(frame, NULL, &algorithm);
    length = i2d_X509_ALGOR(algorithm, &octets);
    done = length > 0 && BIO_write(out, octets, length) == length;
    OPENSSL_free(octets);
    return done;
}

/* The list in the pool; data NULL: OpenSSL says why not. */
static anshin_bytes_t write_list(const anshin_crl_t *crl)
{
    BIO *body = BIO_new(BIO_s_mem());
    BIO *end = BIO_new(BIO_s_mem());
    const anshin_bytes_t entries = bytes_of(crl->entries);
    anshin_bytes_t signed_part, rest, der = {NULL, 0};
    unsigned char head[HEAD_MAX], *at;

    if (body != NULL && end != NULL && write_body(body, crl->frame, &entries)) {
        signed_part = bytes_of(body);
        if (write_algorithm(end, crl->frame) && write_signature(end, crl->ca, &signed_part)) {
            rest = bytes_of(end);
            der.length = (apr_size_t)head_of(head, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, signed_part.length + rest.length);
            at = apr_palloc(crl->pool, der.length + signed_part.length + rest.length);
            der.data = at;
            memcpy(at, head, der.length);
            memcpy(at + der.length, signed_part.data, signed_part.length);
            memcpy(at + der.length + signed_part.length, rest.data, rest.length);
            der.length += signed_part.length + rest.length;
        }
    }
    BIO_free(body);
    BIO_free(end);
    return der;
}

apr_status_t anshin_crl_finish(anshin_bytes_t *der, anshin_crl_t *crl, anshin_error_t *err)
{
    if ((X509_get_key_usage(crl->ca->certificate) & KU_CRL_SIGN) == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0479", "the CA's certificate does not allow it to sign CRLs");
    }
    if (X509_CRL_sign(crl->frame, crl->ca->key, crl->ca->digest) <= 0) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0453", "a CRL could not be signed");
    }
    *der = write_list(crl);
    (void)free_crl(crl); /* a long one takes much more than its length */
    return der->data != NULL ? APR_SUCCESS
                             : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0454", "a CRL could not be written");
}

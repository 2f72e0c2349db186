/*
 * Files of the operator in PEM, with NUL between: CA certificates that clients are judged by, a CA's certificate, its
 * key. After a first octet 'd' the first one is DER, which is put into PEM here. A file is taken or refused with a
 * cause; what is taken can be worked with.
 */
#include "fuzz.h"

#include <apr_encode.h>

#include "crypto/pki/sign.h"
#include "crypto/pki/x509.h"
#include "fuzz_ca.h"

static const char *to_pem(const uint8_t *data, size_t size, apr_pool_t *pool)
{
    const char *text = apr_pencode_base64_binary(pool, data, (apr_ssize_t)size, APR_ENCODE_NONE, NULL);
    const char *pem = "-----BEGIN CERTIFICATE-----\n";

    for (; *text != '\0'; text += strnlen(text, 64)) {
        pem = apr_pstrcat(pool, pem, apr_pstrmemdup(pool, text, strnlen(text, 64)), "\n", NULL);
    }
    return apr_pstrcat(pool, pem, "-----END CERTIFICATE-----\n", NULL);
}

static void check_trust(const char *pem, apr_pool_t *pool)
{
    anshin_trust_t *trust;
    anshin_presented_t facts;
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_trust_load(&trust, fuzz_file("trust.pem", pem, strlen(pem)), NULL, &err, pool);
    require(status == APR_SUCCESS || (status == ANSHIN_EINVALID && err.text[0] != '\0'));
    if (status == APR_SUCCESS) {
        require(strstr(pem, "-----BEGIN") != NULL);
        require(anshin_x509_check(&facts, (anshin_bytes_t){fuzz_ca, sizeof(fuzz_ca)}, trust, FUZZ_NOW, &err, pool) ==
                APR_SUCCESS);
        require(facts.state != ANSHIN_PRESENTED_GOOD); /* a CA's certificate is nobody's login */
    }
}

static void check_ca(const char *certificate, const char *key, apr_pool_t *pool)
{
    const unsigned char serial[] = {1, 2, 3};
    anshin_issue_t wanted = {.serial = {serial, sizeof(serial)},
                             .common_name = "a",
                             .uses = 1 << ANSHIN_USE_CLIENT,
                             .not_before = FUZZ_NOW,
                             .not_after = FUZZ_NOW + apr_time_from_sec(86400)};
    const char *certificate_file = apr_pstrdup(pool, fuzz_file("ca.crt", certificate, strlen(certificate)));
    anshin_issued_t issued;
    anshin_error_t err;
    anshin_ca_t *ca;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_ca_open(&ca, certificate_file, fuzz_file("ca.key", key, strlen(key)), NULL, &err, pool);
    require(status == APR_SUCCESS || (status == ANSHIN_EINVALID && err.text[0] != '\0'));
    if (status == APR_SUCCESS) {
        wanted.public_key = (anshin_bytes_t){fuzz_ca, sizeof(fuzz_ca)}; /* no public key */
        require(anshin_ca_certificate(ca).length > 0);
        require(anshin_ca_issue(&issued, ca, &wanted, &err, pool) != APR_SUCCESS && err.text[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    char *texts[3];

    if (size > 0 && data[0] == 'd') {
        const char *pem = to_pem(data + 1, size - 1, pool);

        check_trust(pem, pool);
        check_ca(pem, "", pool);
        return 0;
    }
    fuzz_split(texts, 3, data, size, '\0');
    check_trust(texts[0], pool);
    check_ca(texts[1], texts[2], pool);
    return 0;
}

/*
 * Requests to the signer, octet by octet: each is answered, with what was asked for or a refusal that can be read,
 * and what it issues is for client authentication and nothing else.
 */
#include "fuzz.h"

#include "ca/signer/request.h"
#include "crypto/file.h"
#include "crypto/pki/ca.h"
#include "crypto/pki/x509.h"

static anshin_ca_t *ca;
static anshin_signer_ca_t only;
static apr_array_header_t cas = {.elt_size = sizeof(only), .nelts = 1, .nalloc = 1, .elts = (char *)&only};
static anshin_signer_t signer = {.cas = &cas};
static anshin_trust_t *trust;

/* A certificate for Apple profiles, and its key: of nobody. */
/* clang-format off */
static const char apple[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBhDCCASqgAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1GdXp6IHBy\n"
    "b2ZpbGVzMCAXDTI2MTEyOTE5NDUxMVoYDzIxMDAxMTAxMTk0NTExWjAYMRYwFAYD\n"
    "VQQDDA1GdXp6IHByb2ZpbGVzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3Gpe\n"
    "QP8SQ7CHPy7wTER6GiF5BCzUVm2eWA0xpHU8AqGXWEjBelsBdBnoDyhwNp9iLBT1\n"
    "khJbpf33rfgFsqHzmKNjMGEwHQYDVR0OBBYEFNOUEB62MnM903f0MDok6hFoOJ3t\n"
    "MB8GA1UdIwQYMBaAFNOUEB62MnM903f0MDok6hFoOJ3tMA8GA1UdEwEB/wQFMAMB\n"
    "Af8wDgYDVR0PAQH/BAQDAgeAMAoGCCqGSM49BAMCA0gAMEUCIBZfz1zR3PmDXMCF\n"
    "esJcDNVegxchGuUrierOtmIZGKkGAiEA76sxmjkaykQUoKYtwUkn+SKakF+lMVtb\n"
    "PAUjxw8HpnI=\n"
    "-----END CERTIFICATE-----\n"
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCWWmyZK8wUtTlB3C\n"
    "zPFAAEStWxDQoAcqK9Aw0ej5/N2hRANCAATcal5A/xJDsIc/LvBMRHoaIXkELNRW\n"
    "bZ5YDTGkdTwCoZdYSMF6WwF0GegPKHA2n2IsFPWSElul/fet+AWyofOY\n"
    "-----END PRIVATE KEY-----\n";
/* clang-format on */

/* What the signer holds from one request to the next, in pools of its own. */
static void let_go(void)
{
    if (only.ocsp.pool != NULL) {
        apr_pool_destroy(only.ocsp.pool);
    }
    if (signer.crl_pool != NULL) {
        apr_pool_destroy(signer.crl_pool);
    }
}

static void open_apple(void)
{
    const char *file = apr_pstrcat(fuzz_root(), fuzz_directory(), "/apple.pem", NULL);
    anshin_apple_signer_t *opened;

    require(anshin_file_create(file, apple, sizeof(apple) - 1, 0600, NULL) == APR_SUCCESS);
    require(anshin_apple_signer_open(&opened, file, &(anshin_ca_key_source_t){.key = file}, NULL, fuzz_root()) ==
            APR_SUCCESS);
    signer.apple.signer = opened;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const anshin_ca_wanted_t wanted = {.key_type = ANSHIN_KEY_P256,
                                       .common_name = "Fuzz CA",
                                       .not_before = FUZZ_NOW - apr_time_from_sec(86400),
                                       .not_after = FUZZ_NOW + apr_time_from_sec(3650 * 86400LL)};
    const char *certificate = apr_pstrcat(fuzz_root(), fuzz_directory(), "/ca.crt", NULL);
    const char *key = apr_pstrcat(fuzz_root(), fuzz_directory(), "/ca.key", NULL);

    (void)argc;
    (void)argv;
    require(anshin_ca_create(certificate, &(anshin_ca_key_source_t){.key = key}, &wanted, NULL, fuzz_root()) ==
            APR_SUCCESS);
    require(anshin_ca_open(&ca, certificate, key, NULL, NULL, fuzz_root()) == APR_SUCCESS);
    require(anshin_trust_load(&trust, certificate, NULL, NULL, fuzz_root()) == APR_SUCCESS);
    only.ca = ca;
    open_apple();
    require(atexit(let_go) == 0);
    return 0;
}

/* Whatever a profile shows, it holds one PKCS#12 file: an answer of another shape is none. */
static void check_apple(anshin_wire_t *answer)
{
    anshin_bytes_t profile;

    require(anshin_wire_get_string(answer, &profile, 0, ANSHIN_APPLE_MAX) == APR_SUCCESS);
    require(anshin_wire_get_end(answer) == APR_SUCCESS && (profile.length == 0 || profile.data[0] == 0x30));
}

static void check_issued(anshin_wire_t *answer, apr_pool_t *pool)
{
    anshin_bytes_t certificate;
    anshin_presented_t facts;

    require(anshin_wire_get_string(answer, &certificate, 1, ANSHIN_WIRE_MAX) == APR_SUCCESS);
    require(anshin_x509_check(&facts, certificate, trust, FUZZ_NOW, NULL, pool) == APR_SUCCESS);
    require(facts.state == ANSHIN_PRESENTED_GOOD && facts.not_after - facts.not_before <= ANSHIN_SIGNER_LIFETIME_MAX);
}

/* The CA's key is another one in each run: sixteen stars stand for its id. */
static void name_ca(unsigned char *data, size_t size)
{
    static const char stars[] = "\0\0\0\020****************";
    const size_t head = 5;

    if (size >= head + sizeof(stars) - 1 && memcmp(data + head, stars, sizeof(stars) - 1) == 0) {
        memcpy(data + head + 4, anshin_ca_opened_id(ca), ANSHIN_CA_ID_LENGTH);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static anshin_wire_t answer;
    static anshin_wire_t request;
    apr_pool_t *pool = fuzz_pool();
    anshin_error_t err;
    unsigned char type;
    apr_uint32_t id;
    apr_status_t status;

    if (size > ANSHIN_WIRE_MAX) {
        return 0;
    }
    if (size > 0) {
        memcpy(request.data, data, size);
    }
    name_ca(request.data, size);
    request.length = size;
    request.offset = 0;
    anshin_error_clear(&err);
    status = anshin_signer_answer(&answer, &request, &signer, FUZZ_NOW, &err, pool);
    require(anshin_wire_get_head(&answer, &type, &id) == APR_SUCCESS);
    require((status == APR_SUCCESS) == (type != ANSHIN_WIRE_REFUSED));
    require(status == APR_SUCCESS || err.text[0] != '\0');
    if (type == ANSHIN_WIRE_ISSUED) {
        check_issued(&answer, pool);
    } else if (type == ANSHIN_WIRE_APPLE_SIGNED) {
        check_apple(&answer);
    }
    return 0;
}

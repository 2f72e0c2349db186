/*
 * Requests to the signer, octet by octet: each is answered, with what was asked for or a refusal that can be read,
 * and what it issues is for client authentication and nothing else.
 */
#include "fuzz.h"

#include "ca/signer_request.h"
#include "crypto/ca.h"
#include "crypto/x509.h"

static anshin_ca_t *ca;
static anshin_trust_t *trust;

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
    require(anshin_ca_create(certificate, key, &wanted, NULL, fuzz_root()) == APR_SUCCESS);
    require(anshin_ca_open(&ca, certificate, key, NULL, NULL, fuzz_root()) == APR_SUCCESS);
    require(anshin_trust_load(&trust, certificate, NULL, fuzz_root()) == APR_SUCCESS);
    return 0;
}

static void check_issued(anshin_wire_t *answer, apr_pool_t *pool)
{
    anshin_bytes_t certificate;
    anshin_peer_t facts;

    require(anshin_wire_get_string(answer, &certificate, 1, ANSHIN_WIRE_MAX) == APR_SUCCESS);
    require(anshin_x509_check(&facts, certificate.data, certificate.length, trust, FUZZ_NOW, NULL, pool) ==
            APR_SUCCESS);
    require(facts.state == ANSHIN_PEER_GOOD && facts.not_after - facts.not_before <= ANSHIN_SIGNER_LIFETIME_MAX);
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
    request.length = size;
    request.offset = 0;
    anshin_error_clear(&err);
    status = anshin_signer_answer(&answer, &request, ca, FUZZ_NOW, &err, pool);
    require(anshin_wire_get_head(&answer, &type, &id) == APR_SUCCESS);
    require((status == APR_SUCCESS) == (type != ANSHIN_WIRE_REFUSED));
    require(status == APR_SUCCESS || err.text[0] != '\0');
    if (type == ANSHIN_WIRE_ISSUED) {
        check_issued(&answer, pool);
    }
    return 0;
}

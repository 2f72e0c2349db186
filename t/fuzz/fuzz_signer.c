/*
 * Requests to the signer, octet by octet: each is answered, with what was asked for or a refusal that can be read,
 * and what it issues is for client authentication and nothing else.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ca/signer_request.h"
#include "crypto/ca.h"
#include "crypto/x509.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW apr_time_from_sec(1800000000)

static apr_pool_t *root;
static apr_pool_t *pool;
static anshin_ca_t *ca;
static anshin_trust_t *trust;

/* APR maps its pools, where the leak checker does not look for pointers. */
static void end(void)
{
    apr_pool_destroy(root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char directory[] = P_tmpdir "/anshin-fuzz-XXXXXX";
    const anshin_ca_wanted_t wanted = {.key_type = ANSHIN_KEY_P256,
                                       .common_name = "Fuzz CA",
                                       .not_before = NOW - apr_time_from_sec(86400),
                                       .not_after = NOW + apr_time_from_sec(3650 * 86400LL)};
    const char *certificate;
    const char *key;

    (void)argc;
    (void)argv;
    apr_initialize();
    apr_pool_create(&root, NULL);
    atexit(end);
    if (mkdtemp(directory) == NULL) {
        abort();
    }
    certificate = apr_pstrcat(root, directory, "/ca.crt", NULL);
    key = apr_pstrcat(root, directory, "/ca.key", NULL);
    if (anshin_ca_create(certificate, key, &wanted, NULL, root) != APR_SUCCESS ||
        anshin_ca_open(&ca, certificate, key, NULL, NULL, root) != APR_SUCCESS ||
        anshin_trust_load(&trust, certificate, NULL, root) != APR_SUCCESS) {
        abort();
    }
    unlink(certificate);
    unlink(key);
    rmdir(directory);
    apr_pool_create(&pool, root);
    return 0;
}

static void check_issued(anshin_wire_t *answer)
{
    anshin_bytes_t certificate;
    anshin_peer_t facts;

    if (anshin_wire_get_string(answer, &certificate, 1, ANSHIN_WIRE_MAX) != APR_SUCCESS ||
        anshin_x509_check(&facts, certificate.data, certificate.length, trust, NOW, NULL, pool) != APR_SUCCESS ||
        facts.state != ANSHIN_PEER_GOOD || facts.not_after - facts.not_before > ANSHIN_SIGNER_LIFETIME_MAX) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static anshin_wire_t answer;
    anshin_wire_t *request;
    anshin_error_t err;
    unsigned char type;
    apr_uint32_t id;
    apr_status_t status;

    if (size > ANSHIN_WIRE_MAX) {
        return 0;
    }
    request = malloc(sizeof(*request));
    memcpy(request->data, data, size);
    request->length = size;
    request->offset = 0;
    anshin_error_clear(&err);
    status = anshin_signer_answer(&answer, request, ca, NOW, &err, pool);
    if (anshin_wire_get_head(&answer, &type, &id) != APR_SUCCESS ||
        (status == APR_SUCCESS) != (type != ANSHIN_WIRE_REFUSED) || (status != APR_SUCCESS && err.text[0] == '\0')) {
        abort();
    }
    if (type == ANSHIN_WIRE_ISSUED) {
        check_issued(&answer);
    }
    free(request);
    apr_pool_clear(pool);
    return 0;
}

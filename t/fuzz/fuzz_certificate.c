/*
 * Client certificates in DER: judged without harm, and what is said of them is fit for a log line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/pem.h>

#include "crypto/x509.h"

#include "fuzz_ca.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static apr_pool_t *root;
static apr_pool_t *pool;
static anshin_trust_t *trust;

/* APR maps its pools, where the leak checker does not look for pointers. */
static void end(void)
{
    apr_pool_destroy(root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char path[] = P_tmpdir "/anshin-fuzz-XXXXXX";
    const unsigned char *at = fuzz_ca;
    X509 *ca = d2i_X509(NULL, &at, sizeof(fuzz_ca));
    FILE *file = fdopen(mkstemp(path), "w");

    (void)argc;
    (void)argv;
    apr_initialize();
    apr_pool_create(&root, NULL);
    atexit(end);
    if (file == NULL || !PEM_write_X509(file, ca) || fclose(file) != 0 ||
        anshin_trust_load(&trust, path, NULL, root) != APR_SUCCESS) {
        abort();
    }
    unlink(path);
    X509_free(ca);
    apr_pool_create(&pool, root);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    anshin_peer_t facts;

    if (anshin_x509_check(&facts, data, size, trust, apr_time_from_sec(1800000000), NULL, pool) != APR_SUCCESS) {
        abort(); /* nothing that is in a certificate may be a fault of ours */
    }
    if (strlen(facts.name) > 256 || strlen(facts.serial) > 40 || strlen(facts.serial) % 2 != 0 ||
        (facts.state == ANSHIN_PEER_GOOD && facts.serial[0] == '\0')) {
        abort();
    }
    for (const char *c = facts.name; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            abort();
        }
    }
    apr_pool_clear(pool);
    return 0;
}

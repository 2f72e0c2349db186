/*
 * Client certificates in DER: judged without harm, and what is said of them is fit for a log line.
 */
#include "fuzz.h"

#include <stdio.h>

#include <openssl/pem.h>

#include "crypto/pki/x509.h"

#include "fuzz_ca.h"

static anshin_trust_t *trust;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *path = fuzz_file("ca.pem", "", 0);
    const unsigned char *at = fuzz_ca;
    X509 *ca = d2i_X509(NULL, &at, sizeof(fuzz_ca));
    FILE *file = fopen(path, "wb");

    (void)argc;
    (void)argv;
    require(file != NULL && PEM_write_X509(file, ca) && fclose(file) == 0);
    require(anshin_trust_load(&trust, path, NULL, NULL, fuzz_root()) == APR_SUCCESS);
    X509_free(ca);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    anshin_presented_t facts;

    /* Nothing that is in a certificate may be a fault of ours. */
    require(anshin_x509_check(&facts, (anshin_bytes_t){data, size}, trust, FUZZ_NOW, NULL, pool) == APR_SUCCESS);
    require(strlen(facts.name) <= 256 && strlen(facts.serial) <= 40 && strlen(facts.serial) % 2 == 0);
    require(facts.state != ANSHIN_PRESENTED_GOOD || facts.serial[0] != '\0');
    for (const char *c = facts.name; *c != '\0'; c++) {
        require((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    return 0;
}

/*
 * The reader of stored password hashes: what it takes is bounded, and writing it again gives the same string where our
 * own lengths are used.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/phc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char again[ANSHIN_PHC_MAX];
    anshin_phc_t phc;

    memcpy(text, data, size);
    text[size] = '\0';
    if (anshin_phc_read(&phc, text) == APR_SUCCESS) {
        if (!anshin_phc_bounded(phc.memory, phc.passes, phc.lanes) || phc.salt_length < 8 ||
            phc.salt_length > ANSHIN_PHC_BYTES_MAX || phc.hash_length < 16 || phc.hash_length > ANSHIN_PHC_BYTES_MAX) {
            abort();
        }
        if (phc.salt_length == ANSHIN_SALT_BYTES && phc.hash_length == ANSHIN_HASH_BYTES) {
            anshin_phc_write(again, &phc);
            if (strcmp(again, text) != 0) {
                abort();
            }
        }
    }
    free(text);
    return 0;
}

/*
 * The reader of stored password hashes: what it takes is bounded, and writing it again gives the same string where our
 * own lengths are used.
 */
#include "fuzz.h"

#include "crypto/phc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = fuzz_text(data, size);
    char again[ANSHIN_PHC_MAX];
    anshin_phc_t phc;

    if (anshin_phc_read(&phc, text) != APR_SUCCESS) {
        return 0;
    }
    require(anshin_phc_bounded(phc.memory, phc.passes, phc.lanes));
    require(phc.salt_length >= 8 && phc.salt_length <= ANSHIN_PHC_BYTES_MAX);
    require(phc.hash_length >= 16 && phc.hash_length <= ANSHIN_PHC_BYTES_MAX);
    if (phc.salt_length == ANSHIN_SALT_BYTES && phc.hash_length == ANSHIN_HASH_BYTES) {
        anshin_phc_write(again, &phc);
        require(strcmp(again, text) == 0);
    }
    return 0;
}

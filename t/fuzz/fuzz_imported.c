/*
 * The reader of password hashes that other systems made (IMP-2): what it takes is bounded, and takes the same way once
 * more from what it keeps.
 */
#include "fuzz.h"

#include "crypto/imported_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const anshin_crypto_t *crypto = fuzz_crypto();
    const char *text = fuzz_text(data, size);
    anshin_imported_hash_t hash;
    anshin_imported_t imported, again;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_imported_hash_read(&hash, text, &err) != APR_SUCCESS) {
        require(err.id[0] != '\0' && strlen(err.text) < sizeof(err.text) - 1);
        return 0;
    }
    require(hash.scheme < ANSHIN_SCHEMES && hash.work > 0);
    require(hash.work <= ANSHIN_PBKDF2_MAX);
    require(hash.scheme != ANSHIN_SCHEME_BCRYPT || hash.work <= 1U << ANSHIN_BCRYPT_MAX);
    require(hash.phc.salt_length <= ANSHIN_PHC_BYTES_MAX && hash.phc.hash_length <= ANSHIN_PHC_BYTES_MAX);
    require(hash.phc.memory <= ANSHIN_IMPORTED_MEMORY_MAX);
    require(crypto->imported_read(crypto->ctx, &imported, text, &err, fuzz_pool()) == APR_SUCCESS);
    require(strlen(imported.text) < ANSHIN_IMPORTED_MAX);
    require(crypto->imported_read(crypto->ctx, &again, imported.text, &err, fuzz_root()) == APR_SUCCESS);
    require(again.scheme == imported.scheme && again.work == imported.work);
    return 0;
}

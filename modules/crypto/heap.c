/*
 * A heap that keeps nothing of what was freed: see heap.h.
 */
#include "crypto/heap.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

static void wipe_and_free(void *block)
{
    if (block != NULL) {
        OPENSSL_cleanse(block, malloc_usable_size(block));
        free(block);
    }
}

static void *get(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size > 0 ? malloc(size) : NULL;
}

static void drop(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    wipe_and_free(block);
}

static void *resize(void *block, size_t size, const char *file, int line)
{
    size_t had = block != NULL ? malloc_usable_size(block) : 0;
    void *grown = get(size, file, line);

    if (grown != NULL && block != NULL) {
        memcpy(grown, block, had < size ? had : size);
    }
    if (grown != NULL || size == 0) {
        wipe_and_free(block);
    }
    return grown;
}

int anshin_heap_wipes(void)
{
    json_set_alloc_funcs(malloc, wipe_and_free);
    return CRYPTO_set_mem_functions(get, resize, drop);
}

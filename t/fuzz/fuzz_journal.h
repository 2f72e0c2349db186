/*
 * Journals made of anything, for the targets journal and store; and their slow reader, which knows of the format what
 * store/files/journal.h says.
 */
#ifndef ANSHIN_FUZZ_FUZZ_JOURNAL_H
#define ANSHIN_FUZZ_FUZZ_JOURNAL_H

#include "fuzz.h"

#include "store/files/checksum.h"
#include "store/files/journal.h"

/* An octet that says how much of the rest is made right, and the octets of a journal: */
enum {
    FUZZ_JOURNAL_HEADER = 1, /* header written as it should be, over what stands there */
    FUZZ_JOURNAL_CHAIN = 2,  /* chains as well, of all batches whose lengths lead on: only their contents are strange */
};

/* The journal that data stands for, of a length in *size, in pool. */
static inline unsigned char *fuzz_journal_make(const uint8_t *data, size_t *size, apr_pool_t *pool)
{
    int right = *size > 0 ? data[0] : 0;
    size_t length = *size > 0 ? *size - 1 : 0;
    unsigned char *octets = apr_pcalloc(pool, length + ANSHIN_JOURNAL_HEADER);
    apr_uint32_t chain;

    if (length > 0) {
        memcpy(octets, data + 1, length);
    }
    if ((right & FUZZ_JOURNAL_HEADER) != 0) {
        memset(octets, 0, ANSHIN_JOURNAL_HEADER);
        memcpy(octets, "ANSHINJ1", 8);
        anshin_put_u32(octets + 8, 1);
        memcpy(octets + 28, "db", 2);
        anshin_put_u32(octets + 60, anshin_crc32c(0, octets, 60));
        length = length < ANSHIN_JOURNAL_HEADER ? ANSHIN_JOURNAL_HEADER : length;
    }
    *size = length;
    if ((right & FUZZ_JOURNAL_CHAIN) == 0 || *size < ANSHIN_JOURNAL_HEADER) {
        return octets;
    }
    chain = anshin_get_u32(octets + 60);
    for (size_t at = ANSHIN_JOURNAL_HEADER; *size - at >= ANSHIN_BATCH_HEADER;) {
        apr_uint32_t inside = anshin_get_u32(octets + at);

        if (inside == 0 || inside > *size - at - ANSHIN_BATCH_HEADER) {
            break;
        }
        chain = anshin_crc32c(chain, octets + at, 4);
        chain = anshin_crc32c(chain, octets + at + ANSHIN_BATCH_HEADER, inside);
        anshin_put_u32(octets + at + 4, chain);
        at += ANSHIN_BATCH_HEADER + inside;
    }
    return octets;
}

/* Is there a header that counts? */
static inline int fuzz_journal_begins(const unsigned char *octets, size_t size)
{
    return size >= ANSHIN_JOURNAL_HEADER && memcmp(octets, "ANSHINJ1", 8) == 0 && anshin_get_u32(octets + 8) == 1 &&
           anshin_get_u32(octets + 60) == anshin_crc32c(0, octets, 60);
}

/* The change at `at` of a batch that ends at `end`; where the next one begins, 0 when it is not whole. */
static inline size_t fuzz_journal_change(anshin_change_t *change, const unsigned char *octets, size_t at, size_t end)
{
    apr_uint64_t value;

    if (end - at < 6) {
        return 0;
    }
    value = anshin_get_u32(octets + at + 2);
    change->type = octets[at];
    change->key_length = octets[at + 1];
    change->key = (const char *)octets + at + 6;
    change->value = value > 0 ? octets + at + 6 + change->key_length : NULL;
    change->value_length = value > 0 ? (apr_size_t)value - 1 : 0;
    at += 6;
    return end - at >= change->key_length + (apr_uint64_t)change->value_length
               ? at + change->key_length + change->value_length
               : 0;
}

/* The end of the batch at `at`, 0 when it is not whole: chain, lengths and every change in it. *chain goes on. */
static inline size_t fuzz_journal_batch(apr_uint32_t *chain, const unsigned char *octets, size_t at, size_t size)
{
    anshin_change_t change;
    apr_uint32_t next;
    size_t end;

    if (size - at < ANSHIN_BATCH_HEADER || anshin_get_u32(octets + at) == 0 ||
        anshin_get_u32(octets + at) > size - at - ANSHIN_BATCH_HEADER) {
        return 0;
    }
    end = at + ANSHIN_BATCH_HEADER + anshin_get_u32(octets + at);
    next = anshin_crc32c(*chain, octets + at, 4);
    next = anshin_crc32c(next, octets + at + ANSHIN_BATCH_HEADER, end - at - ANSHIN_BATCH_HEADER);
    if (next != anshin_get_u32(octets + at + 4)) {
        return 0;
    }
    for (size_t inside = at + ANSHIN_BATCH_HEADER; inside < end;) {
        inside = fuzz_journal_change(&change, octets, inside, end);
        if (inside == 0) {
            return 0;
        }
    }
    *chain = next;
    return end;
}

#endif

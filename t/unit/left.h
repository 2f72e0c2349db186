/*
 * What is left of octets when their pool ends, for tests of what is wiped with it: looked at by the pool's first
 * cleanup, which runs last, while there is its memory.
 */
#ifndef ANSHIN_UNIT_LEFT_H
#define ANSHIN_UNIT_LEFT_H

#include "core/base/anshin.h"

typedef struct left_t {
    anshin_bytes_t octets;
    apr_size_t count; /* of those that are not zero, once the pool has ended */
} left_t;

/* A cleanup of a pool; baton: a left_t. */
static inline apr_status_t left_count(void *baton)
{
    left_t *left = baton;

    left->count = 0;
    for (apr_size_t i = 0; i < left->octets.length; i++) {
        left->count += ((const unsigned char *)left->octets.data)[i] != 0;
    }
    return APR_SUCCESS;
}

#endif

/*
 * Where pools are looked at piece by piece (t/tools/memory/pieces.c): in sanitized programs. Elsewhere the function is
 * NULL, and a pool's memory is in blocks.
 */
#ifndef ANSHIN_UNIT_PIECES_H
#define ANSHIN_UNIT_PIECES_H

#include <apr_pools.h>

/* Does one of the pieces that the pool has handed out, and not taken back, hold this text? */
int pieces_have(apr_pool_t *pool, const char *text);
#pragma weak pieces_have

#endif

/*
 * The first of many keys that come in no order, as a walk over a store hands them out: so that any number of records is
 * gone through in order, in as many walks as there are parts, and in bounded memory.
 */
#ifndef ANSHIN_CORE_BASE_FIRST_KEYS_H
#define ANSHIN_CORE_BASE_FIRST_KEYS_H

#include "core/base/anshin.h"

typedef struct anshin_first_keys_t anshin_first_keys_t;

/* To keep the first `limit` (1 or more) of those after `after` (NULL: of all), in the order of their octets. Memory is
 * that of twice as many keys. */
anshin_first_keys_t *anshin_first_keys_create(apr_pool_t *pool, int limit, const char *after);

/* One more; it is copied where it is kept. */
void anshin_first_keys_add(anshin_first_keys_t *keys, const char *key);

/* Those that are kept, of const char *, in order; at most limit. Fewer than limit: there are no more. */
const apr_array_header_t *anshin_first_keys_take(anshin_first_keys_t *keys);

#endif

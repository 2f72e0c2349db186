/*
 * A memory store, a cryptography and an allocator for JSON. One call of them fails, the one that the test has chosen (or
 * some in a row); every other call works. Code that does not look at an answer goes on as if nothing were, and is found
 * out by that.
 */
#ifndef ANSHIN_UNIT_FAULT_STORE_H
#define ANSHIN_UNIT_FAULT_STORE_H

#include "core/base/crypto.h"
#include "core/store/store_provider.h"

typedef enum fault_source_t { FAULT_NONE, FAULT_STORE, FAULT_CRYPTO, FAULT_MEMORY } fault_source_t;

extern fault_source_t fault_source;
extern int fault_fired;        /* so many have failed */
extern const char *fault_name; /* which it was */
extern int fault_early_blobs;  /* blobs that were put before their transaction read anything, */
extern int fault_late_blobs;   /* and after it */

extern anshin_store_driver_t fault_store;
extern void *fault_self;                     /* of the memory store that was opened last */
extern anshin_durability_t fault_durability; /* of the commit that was made last */

/* Fill fault_store in, and let jansson ask us for memory. */
void fault_make_store(void);

/* The same cryptography, but for the call that fails. */
const anshin_crypto_t *fault_make_crypto(const anshin_crypto_t *real);

/* After so many calls of a source, one fails with this answer. */
void fault_arm(fault_source_t source, int calls, apr_status_t answer);

/* The first so many calls of the store of one name fail. */
void fault_arm_first(const char *name, int times, apr_status_t answer);

/* The sum over every record of the types that hold what was decided. */
apr_uint64_t fault_sum(apr_pool_t *pool);

#endif

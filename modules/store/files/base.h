/*
 * Bases: base.N is a table with all that journals before journal.N say. Once it has its name nobody writes to it, so a
 * handle can stay open for as long as somebody reads, and never goes stale.
 *
 * Whoever reads base.N holds the shared lock ANSHIN_LOCK_BASE + N. A table is changed into another base, or removed,
 * only under the exclusive lock.
 *
 * A base also holds one record about itself, under a type that no record has: its number, how many records it has and
 * the sum of hashes of their keys.
 */
#ifndef ANSHIN_STORE_BASE_H
#define ANSHIN_STORE_BASE_H

#include "core/store/record.h"
#include "store/files/directory.h"
#include "store/files/overlay.h"
#include "store/files/dbm_file.h"

typedef struct anshin_base_t anshin_base_t;

/* "base.N", in pool. */
char *anshin_base_name(apr_uint32_t number, apr_pool_t *pool);

/* A table's key of a record; answers its length. */
apr_size_t anshin_base_key(char key[ANSHIN_DBM_FILE_KEY_MAX], unsigned char type, const char *name, apr_size_t length);

/* Open for reading, by all threads of the process, and take the shared lock on lock_fd. ANSHIN_ENOTFOUND: it is gone
 * (no error recorded); somebody may have moved on to the next. Close it. */
apr_status_t anshin_base_open(anshin_base_t **base, const anshin_directory_t *directory, apr_uint32_t number,
                              const char *type, int lock_fd, anshin_error_t *err);
void anshin_base_close(anshin_base_t *base);

/* The N of its name. */
apr_uint32_t anshin_base_number(const anshin_base_t *base);

/* key: made by anshin_base_key(). ANSHIN_ENOTFOUND (no error recorded). */
apr_status_t anshin_base_get(anshin_base_t *base, const char *key, apr_size_t length, anshin_bytes_t *value,
                             anshin_error_t *err, apr_pool_t *pool);

/* Call visit for every record, without a lock held. */
apr_status_t anshin_base_each(anshin_base_t *base, anshin_overlay_visit_fn *visit, void *baton, anshin_error_t *err);

/* --- making the next one (checkpoint.c) --- */

/* The name of a base in the making. */
#define ANSHIN_BASE_WORK "base.work"

/* What a base says of itself. */
typedef struct anshin_census_t {
    apr_uint32_t number;
    apr_uint64_t records;
    apr_uint64_t sum;
} anshin_census_t;

/* Make an empty base.work that says it is this base. */
apr_status_t anshin_base_make_empty(const anshin_directory_t *directory, apr_uint32_t number, const char *type,
                                    anshin_error_t *err);

/* Make base.work of the records of base `number` that the overlay says nothing about, in a table that never held any
 * other. Read through when this returns APR_SUCCESS. */
apr_status_t anshin_base_rebuild(const anshin_directory_t *directory, apr_uint32_t number, const char *type,
                                 const anshin_overlay_t *overlay, anshin_error_t *err);

/* Bring base.work, a copy of an older base that nobody else uses, up to date with what the overlay holds, and let it
 * say that it is base `number`. Durable and checked when this returns APR_SUCCESS; after anything else its content is
 * worthless. */
apr_status_t anshin_base_update(const anshin_directory_t *directory, apr_uint32_t number, const char *type,
                                const anshin_overlay_t *overlay, anshin_error_t *err);

#endif

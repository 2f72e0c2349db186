/*
 * Blobs of the dbm store: files DIR/blobs/NN/NAME, NN the first two digits of NAME. See core/store/store.h for the
 * contract. Names have been checked by core/store/store_checks.c.
 */
#ifndef ANSHIN_STORE_BLOBS_H
#define ANSHIN_STORE_BLOBS_H

#include <stdatomic.h>

#include "core/store/store.h"
#include "store/files/directory.h"

#define ANSHIN_SHELVES 256

/* The directories NN that this process knows to be on the disk; none when it is all zeros. */
typedef struct anshin_shelves_t {
    atomic_uchar durable[ANSHIN_SHELVES];
} anshin_shelves_t;

/* Put it, in place of one of that name, which is wiped; durable when it returns. shelves: what this process knows, and
 * learns. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_blobs_put(const anshin_directory_t *directory, anshin_shelves_t *shelves, const char *name,
                              const void *data, apr_size_t length, anshin_error_t *err);

/* The same where there is one; ANSHIN_ENOTFOUND: there is none, or it was wiped meanwhile. */
apr_status_t anshin_blobs_replace(const anshin_directory_t *directory, const char *name, const void *data,
                                  apr_size_t length, anshin_error_t *err);

/* A copy in pool. ANSHIN_ENOTFOUND; ANSHIN_EFAULT: it cannot be read whole. */
apr_status_t anshin_blobs_get(const anshin_directory_t *directory, const char *name, anshin_bytes_t *data,
                              anshin_error_t *err, apr_pool_t *pool);

/* Overwrite and remove it, durably. What is not there is no failure. */
apr_status_t anshin_blobs_wipe(const anshin_directory_t *directory, const char *name, anshin_error_t *err);

/* Also wipes what a put that was killed an hour ago or more has left behind. */
apr_status_t anshin_blobs_each(const anshin_directory_t *directory, anshin_blob_visit_fn *visit, void *baton,
                               anshin_error_t *err, apr_pool_t *pool);

#endif

/*
 * Blobs of the workload: see blobs.h.
 */
#include "blobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#define NAME_DIGITS 32
#define SHELVES 256
#define ON_A_SHELF 2 /* so that new shelves are wanted all the time */
#define LOOK_BACK 40 /* wiped blobs that are looked for */

typedef enum found_t { FOUND_NONE, FOUND_DRAFT, FOUND_WHOLE, FOUND_HALF } found_t;

static int shelf_of(int64_t blob)
{
    return (int)(blob / ON_A_SHELF % SHELVES);
}

static const char *name_of(int writer, int64_t blob, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%02x%06x%024lx", (unsigned)shelf_of(blob), (unsigned)writer, (unsigned long)blob);
}

int blob_of_name(int *writer, int64_t *blob, const char *name)
{
    const char *digits = name + strlen("blobs/00/");
    char number[7] = "";

    if (strncmp(name, "blobs/", strlen("blobs/")) != 0 || strlen(name) != strlen("blobs/00/") + NAME_DIGITS ||
        strspn(digits, "0123456789abcdef") != NAME_DIGITS) {
        return 0;
    }
    memcpy(number, digits + 2, 6);
    *writer = (int)strtoul(number, NULL, 16);
    *blob = (int64_t)strtoul(digits + 8, NULL, 16);
    return *writer < WRITERS;
}

static const char *content(int writer, int64_t blob, int draft, apr_pool_t *pool)
{
    return workload_payload(writer + (draft ? 2 * WRITERS : WRITERS), blob, pool);
}

static apr_status_t put(anshin_txn_t *txn, int writer, int64_t blob, int draft, apr_pool_t *pool)
{
    const char *text = content(writer, blob, draft, pool);

    return anshin_txn_blob_put(txn, name_of(writer, blob, pool), text, strlen(text));
}

/* As the product makes it, but for the syncs. */
static apr_status_t leave_shelf(const char *directory, int64_t blob, apr_pool_t *pool)
{
    const char *const paths[] = {apr_pstrcat(pool, directory, "/blobs", NULL),
                                 apr_psprintf(pool, "%s/blobs/%02x", directory, (unsigned)shelf_of(blob))};

    for (int i = 0; i < 2; i++) {
        if ((mkdir(paths[i], 0770) != 0 || chmod(paths[i], 02770) != 0) && errno != EEXIST) {
            return errno;
        }
    }
    return APR_SUCCESS;
}

apr_status_t blobs_fill(anshin_txn_t *txn, int writer, int64_t number, const char *directory, apr_pool_t *pool)
{
    int64_t blob = number / BLOB_EVERY;
    apr_status_t status = APR_SUCCESS;

    if (number % BLOB_EVERY != 0) {
        return APR_SUCCESS;
    }
    if (directory != NULL && shelf_of(blob) % 2 == 0) {
        status = leave_shelf(directory, blob, pool);
    }
    if (status == APR_SUCCESS && directory != NULL && blob % 2 == 0) {
        status = put(txn, writer, blob, 1, pool);
    }
    if (status == APR_SUCCESS) {
        status = put(txn, writer, blob, 0, pool);
    }
    if (blobs_wiped_by(number)) {
        anshin_txn_wipe(txn, name_of(writer, blob - BLOBS_NAMED, pool));
    }
    return status;
}

int blobs_wiped_by(int64_t number)
{
    return number % BLOB_EVERY == 0 && number / BLOB_EVERY > BLOBS_NAMED;
}

typedef struct tidy_t {
    anshin_store_t *store;
    int writer;
    int64_t unnamed; /* the last of them */
    anshin_error_t *err;
    apr_pool_t *pool;
} tidy_t;

static apr_status_t tidy_one(void *baton, const char *name, apr_time_t written_at)
{
    tidy_t *tidy = baton;
    int writer;
    int64_t blob;

    (void)written_at;
    if (blob_of_name(&writer, &blob, apr_psprintf(tidy->pool, "blobs/%.2s/%s", name, name)) && writer == tidy->writer &&
        blob <= tidy->unnamed) {
        return anshin_blob_wipe(tidy->store, name, tidy->err);
    }
    return APR_SUCCESS;
}

apr_status_t blobs_tidy(anshin_store_t *store, int writer, int64_t number, anshin_error_t *err, apr_pool_t *pool)
{
    tidy_t tidy = {store, writer, number / BLOB_EVERY - BLOBS_NAMED, err, pool};

    return anshin_blob_each(store, tidy_one, &tidy, err, pool);
}

/* --- checking ------------------------------------------------------------------------------------------------------
 */

static int is(const anshin_bytes_t *data, const char *text)
{
    return data->length == strlen(text) && memcmp(data->data, text, data->length) == 0;
}

static found_t look(anshin_txn_t *txn, int writer, int64_t blob, apr_pool_t *pool)
{
    anshin_bytes_t data;
    apr_status_t status = anshin_txn_blob_get(txn, name_of(writer, blob, pool), &data);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? FOUND_NONE : FOUND_HALF;
    }
    if (is(&data, content(writer, blob, 0, pool))) {
        return FOUND_WHOLE;
    }
    return is(&data, content(writer, blob, 1, pool)) ? FOUND_DRAFT : FOUND_HALF;
}

const char *blobs_check(anshin_txn_t *txn, int writer, int64_t number, int64_t acknowledged, int alone,
                        apr_pool_t *pool)
{
    int64_t last = number / BLOB_EVERY;
    int64_t wiped = acknowledged / BLOB_EVERY - BLOBS_NAMED;

    for (int64_t blob = last > BLOBS_NAMED ? last - BLOBS_NAMED + 1 : 1; blob <= last; blob++) {
        if (look(txn, writer, blob, pool) != FOUND_WHOLE) {
            return "a blob that a record names is lost or not whole";
        }
    }
    if (alone && look(txn, writer, last + 1, pool) == FOUND_HALF) {
        return "a blob in the making is shown by half";
    }
    for (int64_t blob = wiped; blob > 0 && blob > wiped - LOOK_BACK; blob--) {
        if (look(txn, writer, blob, pool) != FOUND_NONE) {
            return "a blob that was wiped is there";
        }
    }
    return NULL;
}

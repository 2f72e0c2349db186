/*
 * Scrubbing: see scrub.h.
 */
#include "store/dbm/scrub.h"

#include <unistd.h>

#include <apr_strings.h>

#include "core/base/waiting.h"
#include "store/dbm/checkpoint.h"

#define PAUSE apr_time_from_msec(20)
#define FOLD_WAIT apr_time_from_sec(3600) /* two walks over the store, and a neighbour's checkpoint before */
#define GONE_WAIT apr_time_from_sec(60)   /* a checkpointer looks twice a second; a transaction may be under way */

typedef struct scrub_t {
    const anshin_store_place_t *place;
    anshin_control_t *control;
    anshin_writer_t *writer;
    anshin_snapshots_t *snapshots;
    int lock_fd;
    anshin_error_t *err;
} scrub_t;

/* Until no base waits to be made; whoever makes it. */
static apr_status_t wait_checkpoint(const scrub_t *scrub)
{
    apr_time_t deadline = anshin_uptime_now() + FOLD_WAIT;

    while (anshin_state_checkpointing(anshin_control_state(scrub->control))) {
        apr_status_t status = anshin_checkpoint_run(scrub->place, scrub->control, scrub->lock_fd, scrub->err);

        if (status != APR_SUCCESS) {
            return status;
        }
        if (anshin_uptime_now() > deadline) {
            return anshin_fail(scrub->err, ANSHIN_EBUSY, "AN1001", "store: another process's checkpoint does not end");
        }
        apr_sleep(PAUSE);
    }
    return APR_SUCCESS;
}

/* From here on the bases up to this one are made anew. */
static apr_status_t announce(const scrub_t *scrub, apr_uint32_t number, apr_pool_t *pool)
{
    const anshin_directory_t *directory = scrub->place->directory;
    apr_status_t status;
    int fd;

    status = anshin_directory_create(&fd, directory, apr_psprintf(pool, ANSHIN_SCRUB_STEM "%u", number), scrub->err);
    if (status == APR_SUCCESS) {
        close(fd);
        status = anshin_directory_sync(directory, scrub->err);
    }
    return status;
}

/* Begin a journal, and so ask for a base. Somebody may be faster: then that is the one. */
static apr_status_t begin_journal(const scrub_t *scrub)
{
    anshin_position_t position;
    anshin_snapshot_t *snapshot;
    anshin_mark_t end;
    apr_status_t status = anshin_writer_lock(scrub->writer, scrub->err);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!anshin_state_checkpointing(anshin_control_state(scrub->control))) {
        status = anshin_snapshots_take(&snapshot, &position, &end, scrub->snapshots, scrub->err);
        if (status == APR_SUCCESS) {
            status = anshin_writer_begin_next(scrub->writer, anshin_snapshot_journal(snapshot), end, scrub->err);
            anshin_snapshots_give_back(scrub->snapshots, snapshot);
        }
    }
    anshin_writer_unlock(scrub->writer);
    return status;
}

/* How many bases and journals are there from before these. */
static apr_status_t count_older(const scrub_t *scrub, apr_uint32_t oldest, int *count, apr_pool_t *pool)
{
    apr_array_header_t *names;
    apr_status_t status = anshin_directory_list(&names, scrub->place->directory, scrub->err, pool);

    *count = 0;
    for (int i = 0; status == APR_SUCCESS && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        apr_uint32_t base = anshin_checkpoint_number(name, "base.");
        apr_uint32_t journal = anshin_checkpoint_number(name, "journal.");

        *count += (base > 0 && base < oldest) || (journal > 0 && journal < oldest);
    }
    return status;
}

static apr_status_t wait_gone(const scrub_t *scrub, apr_pool_t *pool)
{
    apr_time_t deadline = anshin_uptime_now() + GONE_WAIT;
    int count = 1;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && count > 0) {
        apr_uint32_t oldest = anshin_state_base(anshin_control_state(scrub->control)) - 1;

        anshin_snapshots_let_go(scrub->snapshots);
        status = anshin_checkpoint_clean(scrub->place->directory, oldest, scrub->lock_fd, scrub->err);
        if (status == APR_SUCCESS) {
            status = count_older(scrub, oldest, &count, pool);
        }
        if (status == APR_SUCCESS && count > 0 && anshin_uptime_now() > deadline) {
            return anshin_fail(scrub->err, ANSHIN_EBUSY, "AN1002",
                               "store: %d files from before are still read by another process; try again", count);
        }
        apr_sleep(count > 0 ? PAUSE : 0);
    }
    return status;
}

static apr_status_t run(const scrub_t *scrub, apr_pool_t *pool)
{
    apr_status_t status = wait_checkpoint(scrub);

    for (int round = 0; status == APR_SUCCESS && round < 2; round++) {
        if (round == 0) {
            status = announce(scrub, anshin_state_generation(anshin_control_state(scrub->control)) + 3, pool);
        }
        if (status == APR_SUCCESS) {
            status = begin_journal(scrub);
        }
        if (status == APR_SUCCESS) {
            status = wait_checkpoint(scrub);
        }
    }
    return status == APR_SUCCESS ? wait_gone(scrub, pool) : status;
}

apr_status_t anshin_scrub_run(const anshin_store_place_t *place, anshin_control_t *control, anshin_writer_t *writer,
                              anshin_snapshots_t *snapshots, anshin_error_t *err)
{
    scrub_t scrub = {place, control, writer, snapshots, -1, err};
    apr_pool_t *pool;
    apr_status_t status = anshin_control_reopen(&scrub.lock_fd, place->directory, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (apr_pool_create_unmanaged(&pool) == APR_SUCCESS) {
        status = run(&scrub, pool);
        apr_pool_destroy(pool);
    } else {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1003", "store: no memory to scrub it");
    }
    close(scrub.lock_fd);
    return status;
}

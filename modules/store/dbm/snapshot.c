/*
 * A snapshot: see snapshot.h.
 */
#include "store/dbm/snapshot.h"

#include <string.h>

anshin_journal_t *anshin_snapshot_journal(anshin_snapshot_t *snapshot)
{
    return &snapshot->journals[snapshot->journal_count - 1];
}

static void add_change(void *baton, const anshin_change_t *change, apr_uint32_t end)
{
    anshin_snapshot_t *snapshot = baton;

    anshin_overlay_add(snapshot->overlay, change, anshin_state_make(anshin_snapshot_journal(snapshot)->number, end, 0));
}

static apr_status_t read_on(anshin_snapshot_t *snapshot, apr_uint32_t to, anshin_error_t *err)
{
    return anshin_journal_read(anshin_snapshot_journal(snapshot), &snapshot->mark, to,
                               &(anshin_change_visitor_t){add_change, snapshot}, err, &snapshot->room);
}

static apr_status_t open_journal(anshin_snapshot_t *snapshot, const anshin_store_place_t *place, apr_uint32_t number,
                                 anshin_error_t *err)
{
    anshin_journal_t *journal = &snapshot->journals[snapshot->journal_count];
    apr_status_t status = anshin_journal_open(journal, place->directory, number, err, snapshot->pool);

    if (status == ANSHIN_EINVALID) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0354", "store: the header of journal %u is damaged", number);
    }
    return status;
}

/* The next journal tells where the one before it ends. */
static apr_status_t begin_next_journal(anshin_snapshot_t *snapshot, const anshin_store_place_t *place,
                                       anshin_error_t *err)
{
    anshin_journal_t *next = &snapshot->journals[1];
    apr_status_t status = open_journal(snapshot, place, snapshot->journals[0].number + 1, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = read_on(snapshot, next->previous.length, err);
    if (status == APR_SUCCESS && snapshot->mark.chain != next->previous.chain) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0355", "store: journal %u does not follow on journal %u",
                             next->number, snapshot->journals[0].number);
    }
    if (status != APR_SUCCESS) {
        anshin_journal_close(next);
        return status;
    }
    snapshot->journal_count = 2;
    snapshot->mark = next->start;
    return APR_SUCCESS;
}

apr_status_t anshin_snapshot_advance(anshin_snapshot_t *snapshot, const anshin_store_place_t *place,
                                     anshin_state_t state, anshin_error_t *err)
{
    apr_status_t status = APR_SUCCESS;

    if (anshin_state_generation(state) > snapshot->journals[0].number && snapshot->journal_count == 1) {
        status = begin_next_journal(snapshot, place, err);
    }
    if (status == APR_SUCCESS) {
        status = read_on(snapshot, anshin_state_length(state), err);
    }
    if (status == APR_SUCCESS) {
        snapshot->position = anshin_state_position(state);
    }
    return status;
}

apr_status_t anshin_snapshot_open(anshin_snapshot_t **snapshot, const anshin_store_place_t *place, anshin_state_t state,
                                  anshin_error_t *err)
{
    anshin_snapshot_t *self;
    apr_pool_t *pool;
    apr_status_t status;

    *snapshot = NULL;
    if (apr_pool_create_unmanaged(&pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0356", "store: no memory to read the journal");
    }
    self = apr_pcalloc(pool, sizeof(*self));
    self->pool = self->room.pool = pool;
    self->overlay = anshin_overlay_make(place->hash_key, anshin_state_length(state), pool);
    status = anshin_base_open(&self->base, place->directory, anshin_state_base(state), place->base_type, place->lock_fd,
                              err);
    if (status == APR_SUCCESS) {
        status = open_journal(self, place, anshin_state_base(state), err);
    }
    if (status == APR_SUCCESS) {
        self->journal_count = 1;
        self->mark = self->journals[0].start;
        status = anshin_snapshot_advance(self, place, state, err);
    }
    if (status != APR_SUCCESS) {
        anshin_snapshot_close(self);
        return status;
    }
    *snapshot = self;
    return APR_SUCCESS;
}

void anshin_snapshot_close(anshin_snapshot_t *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    for (int i = 0; i < snapshot->journal_count; i++) {
        anshin_journal_close(&snapshot->journals[i]);
    }
    anshin_base_close(snapshot->base);
    apr_pool_destroy(snapshot->pool);
}

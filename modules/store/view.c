/*
 * A view: see view.h.
 */
#include "store/view.h"

#include <string.h>

anshin_journal_t *anshin_view_journal(anshin_view_t *view)
{
    return &view->journals[view->journal_count - 1];
}

static void add_change(void *baton, const anshin_change_t *change, apr_uint32_t end)
{
    anshin_view_t *view = baton;

    anshin_overlay_add(view->overlay, change, anshin_state_make(anshin_view_journal(view)->number, end, 0));
}

static apr_status_t read_on(anshin_view_t *view, apr_uint32_t to, anshin_error_t *err)
{
    return anshin_journal_read(anshin_view_journal(view), &view->mark, to, add_change, view, err, view->pool);
}

static apr_status_t open_journal(anshin_view_t *view, const anshin_hash_place_t *place, apr_uint32_t number,
                                 anshin_error_t *err)
{
    anshin_journal_t *journal = &view->journals[view->journal_count];
    apr_status_t status = anshin_journal_open(journal, place->folder, number, err, view->pool);

    if (status == ANSHIN_EINVALID) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0354", "store: the header of journal %u is damaged", number);
    }
    return status;
}

/* The next journal tells where the one before it ends. */
static apr_status_t begin_next_journal(anshin_view_t *view, const anshin_hash_place_t *place, anshin_error_t *err)
{
    anshin_journal_t *next = &view->journals[1];
    apr_status_t status = open_journal(view, place, view->journals[0].number + 1, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = read_on(view, next->previous.length, err);
    if (status == APR_SUCCESS && view->mark.chain != next->previous.chain) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0355", "store: journal %u does not follow on journal %u",
                             next->number, view->journals[0].number);
    }
    if (status != APR_SUCCESS) {
        anshin_journal_close(next);
        return status;
    }
    view->journal_count = 2;
    view->mark = next->start;
    return APR_SUCCESS;
}

apr_status_t anshin_view_advance(anshin_view_t *view, const anshin_hash_place_t *place, anshin_state_t state,
                                 anshin_error_t *err)
{
    apr_status_t status = APR_SUCCESS;

    if (anshin_state_generation(state) > view->journals[0].number && view->journal_count == 1) {
        status = begin_next_journal(view, place, err);
    }
    if (status == APR_SUCCESS) {
        status = read_on(view, anshin_state_length(state), err);
    }
    if (status == APR_SUCCESS) {
        view->position = anshin_state_position(state);
    }
    return status;
}

apr_status_t anshin_view_open(anshin_view_t **view, const anshin_hash_place_t *place, anshin_state_t state,
                              anshin_error_t *err)
{
    anshin_view_t *self;
    apr_pool_t *pool;
    apr_status_t status;

    *view = NULL;
    if (apr_pool_create_unmanaged(&pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0356", "store: no memory to read the journal");
    }
    self = apr_pcalloc(pool, sizeof(*self));
    self->pool = pool;
    self->overlay = anshin_overlay_make(place->hash_key, anshin_state_length(state), pool);
    status =
        anshin_base_open(&self->base, place->folder, anshin_state_base(state), place->base_type, place->lock_fd, err);
    if (status == APR_SUCCESS) {
        status = open_journal(self, place, anshin_state_base(state), err);
    }
    if (status == APR_SUCCESS) {
        self->journal_count = 1;
        self->mark = self->journals[0].start;
        status = anshin_view_advance(self, place, state, err);
    }
    if (status != APR_SUCCESS) {
        anshin_view_close(self);
        return status;
    }
    *view = self;
    return APR_SUCCESS;
}

void anshin_view_close(anshin_view_t *view)
{
    if (view == NULL) {
        return;
    }
    for (int i = 0; i < view->journal_count; i++) {
        anshin_journal_close(&view->journals[i]);
    }
    anshin_base_close(view->base);
    apr_pool_destroy(view->pool);
}

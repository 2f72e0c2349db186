/*
 * Recovery: see recovery.h.
 *
 * What is committed: the newest base.N; journal.N up to its end; and, when journal.N+1 exists and goes on where
 * journal.N ends, journal.N+1 up to its end. As long as the machine has not been restarted the control page knows the
 * end, and a journal that does not check up to there is damaged. After a restart the end is where the first batch does
 * not check: what was acknowledged as durable lies before it, for it was synced with all that precedes it.
 */
#include "store/dbm/recovery.h"

#include <string.h>

#include <apr_strings.h>

#include "store/dbm/checkpoint.h"

typedef struct recovery_t {
    const anshin_store_place_t *place;
    anshin_control_t *control;
    anshin_error_t *err;
    apr_pool_t *pool;
    apr_uint32_t base;    /* the newest, 0: none */
    apr_uint32_t journal; /* the newest, 0: none */
    anshin_state_t known; /* what the control page says; 0: nothing */
} recovery_t;

static apr_status_t take_stock(recovery_t *recovery)
{
    apr_array_header_t *names;
    apr_status_t status = anshin_directory_list(&names, recovery->place->directory, recovery->err, recovery->pool);

    for (int i = 0; status == APR_SUCCESS && i < names->nelts; i++) {
        apr_uint32_t base = anshin_checkpoint_number(APR_ARRAY_IDX(names, i, const char *), "base.");
        apr_uint32_t journal = anshin_checkpoint_number(APR_ARRAY_IDX(names, i, const char *), "journal.");

        recovery->base = base > recovery->base ? base : recovery->base;
        recovery->journal = journal > recovery->journal ? journal : recovery->journal;
    }
    return status;
}

/* A store gets its first journal, then its first base, then its first batch. So without a base it was never finished
 * and may be made anew, unless something has been written: then the base is lost. */
static apr_status_t check_unfinished(const recovery_t *recovery)
{
    int lost = recovery->journal > 1 || recovery->known != 0;
    anshin_journal_t journal;
    apr_status_t status;

    if (!lost && recovery->journal == 1) {
        status = anshin_journal_open(&journal, recovery->place->directory, 1, recovery->err, recovery->pool);
        if (status == APR_SUCCESS) {
            anshin_mark_t end = journal.start;

            status = anshin_journal_scan(&journal, &end, recovery->err, recovery->pool);
            lost = end.length > journal.start.length;
            anshin_journal_close(&journal);
        }
        if (status == ANSHIN_EFAULT) {
            return status;
        }
    }
    if (lost) {
        return anshin_fail(recovery->err, ANSHIN_EFAULT, "AN0363",
                           "store: %s has journals but no base; restore it from a backup",
                           recovery->place->directory->path);
    }
    return APR_SUCCESS;
}

static apr_status_t make_store(const recovery_t *recovery)
{
    const anshin_store_place_t *place = recovery->place;
    anshin_mark_t nothing = {0, 0};
    apr_status_t status = check_unfinished(recovery);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_journal_create(place->directory, 1, nothing, place->base_type, recovery->err, recovery->pool);
    if (status == APR_SUCCESS) {
        status = anshin_base_make_empty(place->directory, 1, place->base_type, recovery->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_base_update(place->directory, 1, place->base_type,
                                    anshin_overlay_make(place->hash_key, 0, recovery->pool), recovery->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_directory_rename(place->directory, ANSHIN_BASE_WORK, anshin_base_name(1, recovery->pool),
                                         recovery->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_directory_sync(place->directory, recovery->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_control_begin(recovery->control, anshin_state_make(1, ANSHIN_JOURNAL_HEADER, 0), recovery->err);
    }
    return status;
}

static apr_status_t open_journal(anshin_journal_t *journal, const recovery_t *recovery, apr_uint32_t number)
{
    apr_status_t status =
        anshin_journal_open(journal, recovery->place->directory, number, recovery->err, recovery->pool);

    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EINVALID) {
        return anshin_fail(recovery->err, ANSHIN_EFAULT, "AN0364",
                           "store: journal %u of %s is %s; restore the store from a backup", number,
                           recovery->place->directory->path, status == ANSHIN_ENOTFOUND ? "missing" : "damaged");
    }
    if (status == APR_SUCCESS && strcmp(journal->base_type, recovery->place->base_type) != 0) {
        anshin_journal_close(journal);
        return anshin_fail(recovery->err, ANSHIN_EINVALID, "AN0365", "store: %s was made with type=%s",
                           recovery->place->directory->path, journal->base_type);
    }
    return status;
}

/* Up to where is this journal committed? */
static apr_status_t find_end(anshin_mark_t *end, const recovery_t *recovery, const anshin_journal_t *journal)
{
    *end = journal->start;
    if (recovery->known != 0 && anshin_state_generation(recovery->known) == journal->number) {
        return anshin_journal_read(journal, end, anshin_state_length(recovery->known), NULL, recovery->err,
                                   &(anshin_room_t){.pool = recovery->pool});
    }
    return anshin_journal_scan(journal, end, recovery->err, recovery->pool);
}

/* Was journal `next` written, so that it counts? If not it is a leftover: its maker was killed before anybody was told
 * of it, and the journal before it was written on. */
static apr_status_t was_begun(int *answer, const recovery_t *recovery, const anshin_journal_t *next,
                              anshin_mark_t previous_end)
{
    anshin_mark_t end = next->start;
    apr_status_t status = APR_SUCCESS;

    *answer = recovery->known != 0 || memcmp(&next->previous, &previous_end, sizeof(previous_end)) == 0;
    if (!*answer) {
        status = anshin_journal_scan(next, &end, recovery->err, recovery->pool);
        *answer = end.length > next->start.length || next->previous.length > previous_end.length;
    }
    return status;
}

/* The journal before must be whole up to where `next` says it ends. What is behind that was never committed. */
static apr_status_t check_seal(const recovery_t *recovery, const anshin_journal_t *journal,
                               const anshin_journal_t *next)
{
    anshin_mark_t end = journal->start;
    apr_status_t status = anshin_journal_read(journal, &end, next->previous.length, NULL, recovery->err,
                                              &(anshin_room_t){.pool = recovery->pool});

    if (status == APR_SUCCESS && end.chain != next->previous.chain) {
        status = anshin_fail(recovery->err, ANSHIN_EFAULT, "AN0366",
                             "store: journal %u does not follow on journal %u; restore the store from a backup",
                             next->number, journal->number);
    }
    return status;
}

/* If the journal after *current was begun, it takes its place. */
static apr_status_t go_on(anshin_journal_t *current, anshin_mark_t *end, const recovery_t *recovery)
{
    anshin_journal_t next;
    int begun = 0;
    apr_status_t status = open_journal(&next, recovery, current->number + 1);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = was_begun(&begun, recovery, &next, *end);
    if (status == APR_SUCCESS && begun) {
        status = check_seal(recovery, current, &next);
    }
    if (status != APR_SUCCESS || !begun) {
        anshin_journal_close(&next);
        return status;
    }
    anshin_journal_close(current);
    *current = next;
    return find_end(end, recovery, current);
}

/* The journal that is written on: the base's, or the one after it. */
static apr_status_t find_current(anshin_journal_t *current, anshin_mark_t *end, const recovery_t *recovery)
{
    apr_uint32_t known = recovery->known != 0 ? anshin_state_generation(recovery->known) : recovery->journal;
    apr_status_t status;

    if (known > recovery->base + 1 || recovery->journal > recovery->base + 1 ||
        anshin_state_base(recovery->known) > recovery->base) {
        return anshin_fail(recovery->err, ANSHIN_EFAULT, "AN0368",
                           "store: base %u of %s is missing; restore the store from a backup", recovery->base + 1,
                           recovery->place->directory->path);
    }
    if (known < recovery->base && recovery->known != 0) {
        return anshin_fail(recovery->err, ANSHIN_EFAULT, "AN0395",
                           "store: the control file of %s knows of journal %u alone, and there is a base %u; with no "
                           "program using the store it may be removed",
                           recovery->place->directory->path, known, recovery->base);
    }
    status = open_journal(current, recovery, recovery->base);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = find_end(end, recovery, current);
    if (status == APR_SUCCESS && known > recovery->base) {
        status = go_on(current, end, recovery);
    }
    if (status != APR_SUCCESS) {
        anshin_journal_close(current);
    }
    return status;
}

static apr_status_t settle(recovery_t *recovery, anshin_journal_t *current, anshin_mark_t end)
{
    const anshin_directory_t *directory = recovery->place->directory;
    apr_status_t status = anshin_journal_cut(current, end, recovery->err);

    if (status == APR_SUCCESS && recovery->known != 0 && anshin_control_fault(recovery->control) != 0) {
        status = anshin_journal_rewrite(current, end, recovery->err, recovery->pool);
    }
    if (status == APR_SUCCESS && recovery->journal > current->number) {
        status =
            anshin_directory_remove(directory, anshin_journal_name(current->number + 1, recovery->pool), recovery->err);
    }
    /* who made the base may have died before its name was on disk: the last one is kept until then */
    if (status == APR_SUCCESS) {
        status = anshin_directory_sync(directory, recovery->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_checkpoint_clean(directory, recovery->base, recovery->place->lock_fd, recovery->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_directory_sync(directory, recovery->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_control_begin(recovery->control,
                                      anshin_state_make(current->number, end.length, current->number > recovery->base),
                                      recovery->err);
    }
    return status;
}

static apr_status_t recover(recovery_t *recovery)
{
    anshin_journal_t current;
    anshin_mark_t end;
    apr_status_t status = take_stock(recovery);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (recovery->base == 0) {
        return make_store(recovery);
    }
    status = find_current(&current, &end, recovery);
    if (status == APR_SUCCESS) {
        status = settle(recovery, &current, end);
        anshin_journal_close(&current);
    }
    return status;
}

apr_status_t anshin_recovery_run(const anshin_store_place_t *place, anshin_control_t *control, anshin_error_t *err)
{
    recovery_t recovery = {.place = place, .control = control, .err = err};
    apr_status_t status;

    if (apr_pool_create_unmanaged(&recovery.pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0367", "store: no memory to open it");
    }
    if (anshin_control_valid(control)) {
        recovery.known = anshin_control_state(control);
    }
    status = recover(&recovery);
    apr_pool_destroy(recovery.pool);
    return status;
}

/*
 * A copy of the store: see copy.h.
 */
#include "store/dbm/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "store/files/blobs.h"

#define STEP 262144
#define ROUNDS 50 /* a round that fails means: a blob came and went within milliseconds */
#define ID 16     /* octets of a blob's name */

typedef struct copy_t {
    const anshin_store_place_t *place;
    const anshin_control_t *control;
    anshin_snapshots_t *snapshots;
    const anshin_store_sink_t *sink;
    anshin_error_t *err;
    apr_pool_t *pool;
    apr_pool_t *scratch; /* of one blob, or one record */
    unsigned char (*ids)[ID];
    apr_size_t count, sorted, room;
    apr_hash_t *lost; /* names of blobs that a snapshot names, and that were not there */
    int missing;      /* the snapshot at hand names another one */
} copy_t;

/* --- blobs -------------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, ID);
}

static void id_of(unsigned char id[ID], const char *name)
{
    for (int i = 0; i < ID; i++) {
        const char digits[] = {name[2 * i], name[2 * i + 1], '\0'};

        id[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
}

static int has(const copy_t *copy, const char *name)
{
    unsigned char id[ID];

    id_of(id, name);
    return copy->sorted > 0 && bsearch(id, copy->ids, copy->sorted, ID, compare) != NULL;
}

static apr_status_t note(copy_t *copy, const char *name)
{
    if (copy->count == copy->room) {
        apr_size_t room = copy->room > 0 ? 2 * copy->room : 1024;
        void *larger = realloc(copy->ids, room * ID);

        if (larger == NULL) {
            return anshin_fail(copy->err, ANSHIN_EFAULT, "AN1701", "store: no memory to copy %zu blobs", room);
        }
        copy->ids = larger;
        copy->room = room;
    }
    id_of(copy->ids[copy->count++], name);
    return APR_SUCCESS;
}

static apr_status_t put_file(const copy_t *copy, const char *name, const void *data, apr_size_t length)
{
    apr_status_t status = copy->sink->begin(copy->sink->baton, name, (apr_off_t)length);

    return status == APR_SUCCESS && length > 0 ? copy->sink->put(copy->sink->baton, data, length) : status;
}

static int is_whole(const anshin_bytes_t *first, const anshin_bytes_t *again)
{
    return first->length == again->length && memcmp(first->data, again->data, first->length) == 0 &&
           (again->length == 0 || again->data[0] != 0);
}

/* One that is wiped is overwritten with zeros from its beginning, and then goes; a sealed text begins with its version,
 * which is none. So what is the same when it is read once more, and begins then as it should, was whole when it was
 * read first; two times zeros are one that is just about to go. */
static apr_status_t copy_blob(void *baton, const char *name, apr_time_t written_at)
{
    copy_t *copy = baton;
    anshin_bytes_t first;
    anshin_bytes_t again;
    apr_status_t status;

    (void)written_at;
    if (has(copy, name)) {
        return APR_SUCCESS;
    }
    apr_pool_clear(copy->scratch);
    status = anshin_blobs_get(copy->place->directory, name, &first, copy->err, copy->scratch);
    if (status == APR_SUCCESS) {
        status = anshin_blobs_get(copy->place->directory, name, &again, copy->err, copy->scratch);
    }
    if (status == ANSHIN_ENOTFOUND || (status == APR_SUCCESS && !is_whole(&first, &again))) {
        return APR_SUCCESS; /* gone */
    }
    if (status == APR_SUCCESS) {
        status = put_file(copy, apr_psprintf(copy->scratch, "blobs/%.2s/%s", name, name), first.data, first.length);
    }
    return status == APR_SUCCESS ? note(copy, name) : status;
}

static apr_status_t copy_blobs(copy_t *copy)
{
    apr_status_t status = anshin_blobs_each(copy->place->directory, copy_blob, copy, copy->err, copy->pool);

    if (copy->count > 0) {
        qsort(copy->ids, copy->count, ID, compare);
    }
    copy->sorted = copy->count;
    return status;
}

/* --- what the snapshot names -------------------------------------------------------------------------------------- */

/* A record that cannot be read is no hindrance to a backup of it; nor is a blob that a later snapshot still names
 * although it is gone: it was not wiped by its owner, but lost. */
static apr_status_t look_at(void *baton, const anshin_change_t *change)
{
    copy_t *copy = baton;
    const anshin_record_type_t *type = anshin_record_type(change->type);
    void *record;

    if (type == NULL || change->value == NULL) {
        return APR_SUCCESS;
    }
    apr_pool_clear(copy->scratch);
    record = apr_palloc(copy->scratch, type->size);
    if (anshin_record_decode(record, type, change->value, change->value_length, copy->scratch) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    for (apr_size_t i = 0; i < type->field_count; i++) {
        const char *name =
            anshin_field_names_blob(&type->fields[i]) ? anshin_record_text(type, record, type->fields[i].name) : NULL;

        if (name != NULL && strlen(name) == 2 * (apr_size_t)ID && !has(copy, name) &&
            apr_hash_get(copy->lost, name, APR_HASH_KEY_STRING) == NULL) {
            apr_hash_set(copy->lost, apr_pstrdup(copy->pool, name), APR_HASH_KEY_STRING, copy);
            copy->missing = 1;
        }
    }
    return APR_SUCCESS;
}

/* A snapshot, and every blob that it names handed out. What its base names was there when the round began, as long as
 * that was the base then too; the rest stands in the journals. */
static apr_status_t take(copy_t *copy, anshin_snapshot_t **snapshot, anshin_position_t *position, anshin_mark_t *mark)
{
    for (int round = 0; round < ROUNDS; round++) {
        apr_uint32_t base = anshin_state_base(anshin_control_state(copy->control));
        apr_status_t status = copy_blobs(copy);

        if (status == APR_SUCCESS) {
            status = anshin_snapshots_take(snapshot, position, mark, copy->snapshots, copy->err);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        copy->missing = anshin_base_number((*snapshot)->base) != base;
        status = copy_blobs(copy);
        if (status == APR_SUCCESS && !copy->missing) {
            (void)anshin_overlay_each((*snapshot)->overlay, *position, look_at, copy);
        }
        if (status == APR_SUCCESS && !copy->missing) {
            return APR_SUCCESS;
        }
        anshin_snapshots_give_back(copy->snapshots, *snapshot);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return anshin_fail(copy->err, ANSHIN_EBUSY, "AN1702",
                       "store: blobs were wiped faster than they could be read, %d times; try again", ROUNDS);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static apr_status_t copy_octets(const copy_t *copy, int fd, const char *name, apr_off_t octets)
{
    char *step = apr_palloc(copy->scratch, STEP);
    apr_status_t status = copy->sink->begin(copy->sink->baton, name, octets);

    for (apr_off_t at = 0; status == APR_SUCCESS && at < octets;) {
        apr_size_t length = octets - at < STEP ? (apr_size_t)(octets - at) : STEP;

        status = anshin_file_read(fd, step, length, at);
        if (status != APR_SUCCESS) {
            return anshin_fail(copy->err, ANSHIN_EFAULT, "AN1703", "store: cannot read %s: %s", name,
                               status == APR_EOF ? "it became shorter" : strerror(status));
        }
        status = copy->sink->put(copy->sink->baton, step, length);
        at += (apr_off_t)length;
    }
    return status;
}

/* Nobody changes or removes it while the snapshot is held. */
static apr_status_t copy_base(const copy_t *copy, apr_uint32_t number)
{
    const char *name = anshin_base_name(number, copy->pool);
    struct stat facts;
    int fd;
    apr_status_t status = anshin_directory_open_file(&fd, copy->place->directory, name, O_RDONLY, copy->err);

    if (status != APR_SUCCESS || fstat(fd, &facts) != 0) {
        status = anshin_fail(copy->err, ANSHIN_EFAULT, "AN1704", "store: %s is missing", name);
    } else {
        status = copy_octets(copy, fd, name, facts.st_size);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

static apr_status_t copy_files(const copy_t *copy, const anshin_snapshot_t *snapshot, anshin_position_t position,
                               anshin_mark_t mark)
{
    apr_uint32_t base = anshin_base_number(snapshot->base);
    const anshin_journal_t *journals = snapshot->journals;
    int count = anshin_state_generation(position) == base ? 1 : 2;
    apr_status_t status = copy_base(copy, base);

    for (int i = 0; status == APR_SUCCESS && i < count; i++) {
        apr_uint32_t length = i + 1 < count ? journals[i + 1].previous.length : mark.length;

        status =
            copy_octets(copy, journals[i].fd, anshin_journal_name(journals[i].number, copy->pool), (apr_off_t)length);
    }
    return status;
}

static apr_status_t run(copy_t *copy)
{
    anshin_snapshot_t *snapshot;
    anshin_position_t position;
    anshin_mark_t mark;
    apr_status_t status = take(copy, &snapshot, &position, &mark);

    if (status == APR_SUCCESS) {
        status = copy_files(copy, snapshot, position, mark);
        anshin_snapshots_give_back(copy->snapshots, snapshot);
    }
    return status;
}

apr_status_t anshin_copy_run(const anshin_store_place_t *place, const anshin_control_t *control,
                             anshin_snapshots_t *snapshots, const anshin_store_sink_t *sink, anshin_error_t *err)
{
    copy_t copy = {.place = place, .control = control, .snapshots = snapshots, .sink = sink, .err = err};
    apr_status_t status;

    if (apr_pool_create_unmanaged(&copy.pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1706", "store: no memory to copy it");
    }
    apr_pool_create(&copy.scratch, copy.pool);
    copy.lost = apr_hash_make(copy.pool);
    status = run(&copy);
    free(copy.ids);
    apr_pool_destroy(copy.pool);
    return status;
}

/*
 * Bases: see base.h.
 *
 * apr_dbm does not tell whether the last pages could be written when a table is closed (for example on a full disk). So
 * a new base is opened again before it gets its name, and every changed record must be as it should be. Where it is not
 * sure that all was written, and now and then in any case, it is read through as well: as many records, the same sum of
 * keys. That takes a second for a million records, which is too much for each four megabytes of journal.
 */
#include "store/files/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "store/files/checksum.h"
#include "store/files/lock.h"

#define LOCK_WAIT apr_time_from_sec(5)

/* The record about the base itself: type 0, which no record has. */
#define CENSUS_KEY "\0base"
#define CENSUS_KEY_LENGTH 5
#define CENSUS_LENGTH 20
#define WHOLE_EVERY 64 /* one base in so many is read through without need */

struct anshin_base_t {
    apr_pool_t *pool;
    const anshin_directory_t *directory;
    const char *type;
    const char *name;
    apr_uint32_t number;
    int lock_fd;
    anshin_dbm_file_t *table;
    apr_thread_mutex_t *mutex; /* around table: neither db nor gdbm take two threads at once */
};

char *anshin_base_name(apr_uint32_t number, apr_pool_t *pool)
{
    return apr_psprintf(pool, "base.%u", number);
}

apr_size_t anshin_base_key(char key[ANSHIN_DBM_FILE_KEY_MAX], unsigned char type, const char *name, apr_size_t length)
{
    key[0] = (char)type;
    memcpy(key + 1, name, length);
    return length + 1;
}

/* --- census --------------------------------------------------------------------------------------------------------
 */

static apr_status_t read_census(anshin_census_t *census, anshin_dbm_file_t *table, anshin_error_t *err,
                                apr_pool_t *pool)
{
    anshin_bytes_t value;
    apr_status_t status = anshin_dbm_file_get(table, CENSUS_KEY, CENSUS_KEY_LENGTH, &value, err, pool);

    if (status == ANSHIN_ENOTFOUND || (status == APR_SUCCESS && value.length != CENSUS_LENGTH)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0345", "store: a base does not tell its number");
    }
    if (status == APR_SUCCESS) {
        census->number = anshin_get_u32(value.data);
        census->records = anshin_get_u64(value.data + 4);
        census->sum = anshin_get_u64(value.data + 12);
    }
    return status;
}

static apr_status_t write_census(anshin_dbm_file_t *table, const anshin_census_t *census, anshin_error_t *err)
{
    unsigned char value[CENSUS_LENGTH];

    anshin_put_u32(value, census->number);
    anshin_put_u64(value + 4, census->records);
    anshin_put_u64(value + 12, census->sum);
    return anshin_dbm_file_put(table, CENSUS_KEY, CENSUS_KEY_LENGTH, value, sizeof(value), err);
}

/* +1 or -1 record. A sum, so that it does not depend on the order. The hash need not be secret here. */
static void count(anshin_census_t *census, int records, const void *key, apr_size_t length)
{
    static const apr_uint64_t hash_key[2] = {0, 0};
    apr_uint64_t hash = anshin_siphash(hash_key, key, length);

    census->records += (apr_uint64_t)(apr_int64_t)records;
    census->sum += records > 0 ? hash : 0 - hash;
}

/* --- reading -------------------------------------------------------------------------------------------------------
 */

static apr_status_t open_locked(anshin_base_t *base, anshin_error_t *err)
{
    anshin_census_t census;
    apr_status_t status =
        anshin_dbm_file_open(&base->table, base->directory, base->name, base->type, ANSHIN_DBM_FILE_READ, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = read_census(&census, base->table, err, base->pool);
    if (status == APR_SUCCESS && census.number != base->number) {
        status =
            anshin_fail(err, ANSHIN_EFAULT, "AN0346", "store: %s says that it is base %u", base->name, census.number);
    }
    if (status == APR_SUCCESS) {
        status = apr_thread_mutex_create(&base->mutex, APR_THREAD_MUTEX_DEFAULT, base->pool);
    }
    if (status != APR_SUCCESS) {
        anshin_dbm_file_close(base->table);
    }
    return status;
}

apr_status_t anshin_base_open(anshin_base_t **base, const anshin_directory_t *directory, apr_uint32_t number,
                              const char *type, int lock_fd, anshin_error_t *err)
{
    anshin_base_t *self;
    apr_pool_t *pool;
    apr_status_t status;

    *base = NULL;
    status = anshin_lock_wait(lock_fd, ANSHIN_LOCK_BASE + number, ANSHIN_LOCK_SHARED, LOCK_WAIT, err);
    if (status != APR_SUCCESS) {
        return status == ANSHIN_EBUSY ? ANSHIN_ENOTFOUND : status; /* being changed into another: it is gone */
    }
    if (apr_pool_create_unmanaged(&pool) != APR_SUCCESS) {
        anshin_lock_release(lock_fd, ANSHIN_LOCK_BASE + number);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0347", "store: no memory to open base %u", number);
    }
    self = apr_pcalloc(pool, sizeof(*self));
    self->pool = pool;
    self->directory = directory;
    self->type = type;
    self->name = anshin_base_name(number, pool);
    self->number = number;
    self->lock_fd = lock_fd;
    status = open_locked(self, err);
    if (status != APR_SUCCESS) {
        anshin_lock_release(lock_fd, ANSHIN_LOCK_BASE + number);
        apr_pool_destroy(pool);
        return status;
    }
    *base = self;
    return APR_SUCCESS;
}

void anshin_base_close(anshin_base_t *base)
{
    if (base != NULL) {
        anshin_dbm_file_close(base->table);
        anshin_lock_release(base->lock_fd, ANSHIN_LOCK_BASE + base->number);
        apr_pool_destroy(base->pool);
    }
}

apr_uint32_t anshin_base_number(const anshin_base_t *base)
{
    return base->number;
}

apr_status_t anshin_base_get(anshin_base_t *base, const char *key, apr_size_t length, anshin_bytes_t *value,
                             anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status;

    apr_thread_mutex_lock(base->mutex);
    status = anshin_dbm_file_get(base->table, key, length, value, err, pool);
    apr_thread_mutex_unlock(base->mutex);
    return status;
}

typedef struct walk_t {
    anshin_overlay_visit_fn *visit;
    void *baton;
} walk_t;

static apr_status_t visit_record(void *baton, const void *key, apr_size_t key_length, const void *value,
                                 apr_size_t length)
{
    walk_t *walk = baton;
    const char *name = key;
    anshin_change_t record;

    if (key_length == 0 || name[0] == '\0') {
        return APR_SUCCESS; /* the census */
    }
    record = (anshin_change_t){.type = (unsigned char)name[0],
                               .key_length = (unsigned char)(key_length - 1),
                               .key = name + 1,
                               .value = value,
                               .value_length = length};
    return walk->visit(walk->baton, &record);
}

/* With a handle of its own: a walk takes long, and gets by other threads must not disturb its place. */
apr_status_t anshin_base_each(anshin_base_t *base, anshin_overlay_visit_fn *visit, void *baton, anshin_error_t *err)
{
    walk_t walk = {visit, baton};
    anshin_dbm_file_t *table;
    apr_status_t status =
        anshin_dbm_file_open(&table, base->directory, base->name, base->type, ANSHIN_DBM_FILE_READ, err);

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0348", "store: %s was removed while in use", base->name);
    }
    if (status == APR_SUCCESS) {
        status = anshin_dbm_file_each(table, 1, visit_record, &walk, err);
        anshin_dbm_file_close(table);
    }
    return status;
}

/* --- making the next one -------------------------------------------------------------------------------------------
 */

apr_status_t anshin_base_make_empty(const anshin_directory_t *directory, apr_uint32_t number, const char *type,
                                    anshin_error_t *err)
{
    anshin_census_t census = {.number = number};
    anshin_dbm_file_t *table;
    apr_status_t status = anshin_dbm_file_open(&table, directory, ANSHIN_BASE_WORK, type, ANSHIN_DBM_FILE_CREATE, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = write_census(table, &census, err);
    anshin_dbm_file_close(table);
    return status;
}

/* The changes, in the order in which db has its pages, as far as can be told from outside: its cache is small (apr_dbm
 * gives no way to make it larger), and in the order of the overlay each change would read a page and write another.
 * Sorted, a page is read and written once, which takes a half to a sixth of the time. */
typedef struct placed_t {
    apr_uint32_t place;
    anshin_change_t change;
} placed_t;

typedef struct changes_t {
    placed_t *placed;
    apr_size_t count;
} changes_t;

/* db's hash of a key (FNV-1, 32 bits, from 0), mirrored: a bucket is told by as many of its low bits as the table needs
 * by now, so that keys of one bucket are neighbours however many these are. Where it is another one, as with gdbm, only
 * the time is lost. */
static apr_uint32_t place_of(const anshin_change_t *change)
{
    char key[ANSHIN_DBM_FILE_KEY_MAX];
    apr_size_t length = anshin_base_key(key, change->type, change->key, change->key_length);
    apr_uint32_t hash = 0;
    apr_uint32_t mirrored = 0;

    for (apr_size_t i = 0; i < length; i++) {
        hash = hash * 16777619u ^ (unsigned char)key[i];
    }
    for (int bit = 0; bit < 32; bit++) {
        mirrored = mirrored << 1 | (hash >> bit & 1);
    }
    return mirrored;
}

static int by_place(const void *a, const void *b)
{
    apr_uint32_t x = ((const placed_t *)a)->place;
    apr_uint32_t y = ((const placed_t *)b)->place;

    return (x > y) - (x < y);
}

static apr_status_t count_change(void *baton, const anshin_change_t *change)
{
    (void)change;
    ((changes_t *)baton)->count++;
    return APR_SUCCESS;
}

static apr_status_t place_change(void *baton, const anshin_change_t *change)
{
    changes_t *changes = baton;

    changes->placed[changes->count++] = (placed_t){place_of(change), *change};
    return APR_SUCCESS;
}

static void sort_changes(changes_t *changes, const anshin_overlay_t *overlay, apr_pool_t *pool)
{
    changes->count = 0;
    (void)anshin_overlay_each(overlay, ANSHIN_POSITION_LAST, count_change, changes);
    changes->placed = apr_palloc(pool, (changes->count + 1) * sizeof(placed_t));
    changes->count = 0;
    (void)anshin_overlay_each(overlay, ANSHIN_POSITION_LAST, place_change, changes);
    qsort(changes->placed, changes->count, sizeof(placed_t), by_place);
}

static apr_status_t each_change(const changes_t *changes, anshin_overlay_visit_fn *visit, void *baton)
{
    apr_status_t status = APR_SUCCESS;

    for (apr_size_t i = 0; status == APR_SUCCESS && i < changes->count; i++) {
        status = visit(baton, &changes->placed[i].change);
    }
    return status;
}

/* base.work in the making. */
typedef struct update_t {
    const anshin_directory_t *directory;
    const char *type;
    const changes_t *changes;
    anshin_dbm_file_t *table; /* while it is open */
    anshin_census_t census;   /* what must be in it */
    anshin_error_t *err;
    apr_pool_t *scratch; /* cleared after every record */
} update_t;

static apr_status_t apply(void *baton, const anshin_change_t *change)
{
    update_t *update = baton;
    char key[ANSHIN_DBM_FILE_KEY_MAX];
    apr_size_t length = anshin_base_key(key, change->type, change->key, change->key_length);
    apr_status_t status = anshin_dbm_file_has(update->table, key, length, update->err);

    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    if (change->value == NULL && status == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (change->value == NULL) {
        count(&update->census, -1, key, length);
        return anshin_dbm_file_erase(update->table, key, length, update->err);
    }
    if (status == ANSHIN_ENOTFOUND) {
        count(&update->census, 1, key, length);
    }
    return anshin_dbm_file_put(update->table, key, length, change->value, change->value_length, update->err);
}

static apr_status_t open_work(update_t *update, anshin_dbm_file_mode_t mode)
{
    return anshin_dbm_file_open(&update->table, update->directory, ANSHIN_BASE_WORK, update->type, mode, update->err);
}

/* Apply and close; *sure is 1 when all of it was written. */
static apr_status_t apply_all(update_t *update, apr_uint32_t number, int *sure)
{
    apr_status_t status = open_work(update, ANSHIN_DBM_FILE_WRITE);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = read_census(&update->census, update->table, update->err, update->scratch);
    if (status == APR_SUCCESS) {
        status = each_change(update->changes, apply, update);
    }
    if (status == APR_SUCCESS) {
        update->census.number = number;
        status = write_census(update->table, &update->census, update->err);
    }
    *sure = anshin_dbm_file_finish(update->table);
    return status;
}

static apr_status_t compare(void *baton, const anshin_change_t *change)
{
    update_t *update = baton;
    char key[ANSHIN_DBM_FILE_KEY_MAX];
    apr_size_t length = anshin_base_key(key, change->type, change->key, change->key_length);
    anshin_bytes_t found = {NULL, 0};
    apr_status_t status = anshin_dbm_file_get(update->table, key, length, &found, update->err, update->scratch);
    int same = change->value == NULL ? status == ANSHIN_ENOTFOUND
                                     : status == APR_SUCCESS && found.length == change->value_length &&
                                           memcmp(found.data, change->value, found.length) == 0;

    apr_pool_clear(update->scratch);
    if (!same) {
        return anshin_fail(update->err, ANSHIN_EFAULT, "AN0349",
                           "store: a new base does not hold what was written to it; is the disk full?");
    }
    return APR_SUCCESS;
}

static apr_status_t count_key(void *baton, const void *key, apr_size_t key_length, const void *value, apr_size_t length)
{
    (void)value;
    (void)length;
    if (key_length > 0 && *(const char *)key != '\0') {
        count(baton, 1, key, key_length);
    }
    return APR_SUCCESS;
}

static int same_census(const anshin_census_t *a, const anshin_census_t *b)
{
    return a->number == b->number && a->records == b->records && a->sum == b->sum;
}

/* whole: read it through. */
static apr_status_t verify(update_t *update, int whole)
{
    const anshin_census_t *expected = &update->census;
    anshin_census_t written;
    anshin_census_t found = *expected;
    apr_status_t status = open_work(update, ANSHIN_DBM_FILE_READ);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = read_census(&written, update->table, update->err, update->scratch);
    if (status == APR_SUCCESS && whole) {
        found = (anshin_census_t){.number = expected->number};
        status = anshin_dbm_file_each(update->table, 0, count_key, &found, update->err);
    }
    if (status == APR_SUCCESS) {
        status = each_change(update->changes, compare, update);
    }
    if (status == APR_SUCCESS && (!same_census(&found, expected) || !same_census(&written, expected))) {
        status = anshin_fail(update->err, ANSHIN_EFAULT, "AN0350",
                             "store: a new base should hold %lu records and holds %lu; is the disk full?",
                             (unsigned long)expected->records, (unsigned long)found.records);
    }
    anshin_dbm_file_close(update->table);
    return status;
}

/* The descriptor is opened before anything is written: a sync tells of the failures since. */
apr_status_t anshin_base_update(const anshin_directory_t *directory, apr_uint32_t number, const char *type,
                                const anshin_overlay_t *overlay, anshin_error_t *err)
{
    changes_t changes;
    update_t update = {.directory = directory, .type = type, .changes = &changes, .err = err};
    apr_pool_t *pool;
    apr_status_t status;
    int sure = 0;
    int fd;

    status = anshin_directory_open_file(&fd, directory, ANSHIN_BASE_WORK, O_RDWR, err);
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0351", "store: the base in the making was removed");
    }
    if (apr_pool_create_unmanaged(&pool) != APR_SUCCESS) {
        close(fd);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0352", "store: no memory to make base %u", number);
    }
    apr_pool_create(&update.scratch, pool);
    sort_changes(&changes, overlay, pool);
    status = apply_all(&update, number, &sure);
    if (status == APR_SUCCESS && fsync(fd) != 0) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0353", "store: cannot sync base %u: %s", number, strerror(errno));
    }
    close(fd);
    if (status == APR_SUCCESS) {
        status = verify(&update, !sure || number % WHOLE_EVERY == 0);
    }
    apr_pool_destroy(pool);
    return status;
}

/* --- making one anew ---------------------------------------------------------------------------------------------- */

typedef struct rebuild_t {
    update_t work;
    const anshin_overlay_t *overlay;
} rebuild_t;

static apr_status_t copy_record(void *baton, const void *key, apr_size_t key_length, const void *value,
                                apr_size_t length)
{
    rebuild_t *rebuild = baton;
    const char *name = key;

    if (key_length == 0 || name[0] == '\0' ||
        anshin_overlay_find(rebuild->overlay, (unsigned char)name[0], name + 1, key_length - 1, ANSHIN_POSITION_LAST) !=
            NULL) {
        return APR_SUCCESS; /* the census, or what the changes bring or take away */
    }
    count(&rebuild->work.census, 1, key, key_length);
    return anshin_dbm_file_put(rebuild->work.table, key, key_length, value, length, rebuild->work.err);
}

static apr_status_t copy_records(rebuild_t *rebuild)
{
    char name[32];
    anshin_dbm_file_t *from;
    apr_status_t status;

    apr_snprintf(name, sizeof(name), "base.%u", rebuild->work.census.number);
    status = anshin_dbm_file_open(&from, rebuild->work.directory, name, rebuild->work.type, ANSHIN_DBM_FILE_READ,
                                  rebuild->work.err);
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND
                   ? anshin_fail(rebuild->work.err, ANSHIN_EFAULT, "AN1004", "store: %s is missing", name)
                   : status;
    }
    status = anshin_dbm_file_each(from, 1, copy_record, rebuild, rebuild->work.err);
    anshin_dbm_file_close(from);
    return status;
}

apr_status_t anshin_base_rebuild(const anshin_directory_t *directory, apr_uint32_t number, const char *type,
                                 const anshin_overlay_t *overlay, anshin_error_t *err)
{
    const changes_t none = {NULL, 0};
    rebuild_t rebuild = {
        .work = {.directory = directory, .type = type, .changes = &none, .census = {.number = number}, .err = err},
        .overlay = overlay};
    apr_status_t status = open_work(&rebuild.work, ANSHIN_DBM_FILE_CREATE);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = copy_records(&rebuild);
    if (status == APR_SUCCESS) {
        status = write_census(rebuild.work.table, &rebuild.work.census, err);
    }
    (void)anshin_dbm_file_finish(rebuild.work.table);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (apr_pool_create_unmanaged(&rebuild.work.scratch) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1005", "store: no memory to make base %u anew", number);
    }
    status = verify(&rebuild.work, 1);
    apr_pool_destroy(rebuild.work.scratch);
    return status;
}

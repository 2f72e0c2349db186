/*
 * Bases that hold anything: a table of db or gdbm, in itself as the library makes it, with keys, values and a census of
 * somebody else. (A file that is none of the library's is not tried: the libraries do not stand that, which is why
 * nobody but the store's group may write there.) What opens says that it is this base; what is read is what is there;
 * and a new base made of it holds the changes and nothing else besides.
 *
 * An octet of flags; a census; then records: length of the key, length of the value, both.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

#include <apr_hash.h>

#include "store/files/base.h"
#include "store/files/checksum.h"
#include "store/files/lock.h"

enum {
    FLAG_GDBM = 1,
    FLAG_CENSUS = 2, /* the right one */
    FLAG_NONE = 4,   /* none at all, unless a record is one */
};

#define CENSUS_KEY "\0base"
#define CENSUS_KEY_LENGTH 5
#define CENSUS_LENGTH 20
#define LONG_KEY 250 /* and longer: 64 octets more than it says */

const int fuzz_runs = 300; /* each makes files */

static anshin_directory_t folder;
static int lock_fd;

typedef struct model_t {
    apr_hash_t *records; /* key -> anshin_bytes_t */
    const char *type;
    int longest;
    apr_pool_t *pool;
} model_t;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    folder.path = fuzz_directory();
    folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    lock_fd = open(fuzz_file("control", "", 0), O_RDWR | O_CLOEXEC);
    require(folder.fd >= 0 && lock_fd >= 0);
    require(anshin_dbm_file_load_driver("db", NULL) == APR_SUCCESS);
    require(anshin_dbm_file_load_driver("gdbm", NULL) == APR_SUCCESS);
    return 0;
}

/* --- what is in the table --- */

static void put(model_t *model, anshin_dbm_file_t *table, const void *key, size_t key_length, const void *value,
                size_t length)
{
    anshin_bytes_t *bytes = apr_palloc(model->pool, sizeof(*bytes));

    if (anshin_dbm_file_put(table, key, key_length, value, length, NULL) != APR_SUCCESS) {
        return; /* the library does not take such a key */
    }
    bytes->data = apr_pmemdup(model->pool, value, length + 1);
    bytes->length = length;
    apr_hash_set(model->records, apr_pmemdup(model->pool, key, key_length + 1), (apr_ssize_t)key_length, bytes);
    model->longest = model->longest > (int)key_length ? model->longest : (int)key_length;
}

static void put_records(model_t *model, anshin_dbm_file_t *table, const uint8_t *data, size_t size)
{
    while (size >= 2) {
        size_t key_length = data[0] + (data[0] >= LONG_KEY ? 64u : 0u);
        size_t length = data[1] > 0 ? data[1] : 1;
        unsigned char key[512] = {0};
        unsigned char value[256] = {0};

        data += 2;
        size -= 2;
        memcpy(key, data, key_length < size ? key_length : size);
        data += key_length < size ? key_length : size;
        size -= key_length < size ? key_length : size;
        memcpy(value, data, length < size ? length : size);
        data += length < size ? length : size;
        size -= length < size ? length : size;
        if (key_length > 0) { /* empty keys and values, which apr_dbm shows as none, nobody of ours writes */
            put(model, table, key, key_length, value, length);
        }
    }
}

static int is_record(const void *key, size_t length)
{
    return length > 0 && *(const char *)key != '\0';
}

/* Over all keys, as base.c counts them. */
static void count(anshin_census_t *census, const model_t *model)
{
    static const apr_uint64_t hash_key[2] = {0, 0};

    census->records = census->sum = 0;
    for (apr_hash_index_t *at = apr_hash_first(model->pool, model->records); at != NULL; at = apr_hash_next(at)) {
        const void *key = apr_hash_this_key(at);
        size_t length = (size_t)apr_hash_this_key_len(at);

        census->records += (unsigned)is_record(key, length);
        census->sum += is_record(key, length) ? anshin_siphash(hash_key, key, length) : 0;
    }
}

static void put_census(model_t *model, anshin_dbm_file_t *table)
{
    unsigned char value[CENSUS_LENGTH + 1];
    anshin_census_t census;

    count(&census, model);
    anshin_put_u32(value, 1);
    anshin_put_u64(value + 4, census.records);
    anshin_put_u64(value + 12, census.sum);
    put(model, table, CENSUS_KEY, CENSUS_KEY_LENGTH, value, CENSUS_LENGTH);
}

static const anshin_bytes_t *census_of(const model_t *model)
{
    const anshin_bytes_t *census = apr_hash_get(model->records, CENSUS_KEY, CENSUS_KEY_LENGTH);

    return census != NULL && census->length == CENSUS_LENGTH ? census : NULL;
}

static int census_is_right(const model_t *model)
{
    const anshin_bytes_t *said = census_of(model);
    anshin_census_t census;

    count(&census, model);
    return said != NULL && anshin_get_u64(said->data + 4) == census.records &&
           anshin_get_u64(said->data + 12) == census.sum;
}

/* --- reading --- */

typedef struct walk_t {
    const model_t *model;
    unsigned seen;
} walk_t;

static apr_status_t visit(void *baton, const anshin_change_t *record)
{
    walk_t *walk = baton;
    char key[ANSHIN_DBM_FILE_KEY_MAX];
    apr_size_t length = anshin_base_key(key, record->type, record->key, record->key_length);
    const anshin_bytes_t *bytes = apr_hash_get(walk->model->records, key, (apr_ssize_t)length);

    require(bytes != NULL && record->value_length == bytes->length);
    require(memcmp(record->value, bytes->data, bytes->length) == 0);
    walk->seen++;
    return APR_SUCCESS;
}

static void check_read(anshin_base_t *base, const model_t *model)
{
    walk_t walk = {model, 0};
    anshin_error_t err;
    anshin_census_t census;
    apr_status_t status;

    anshin_error_clear(&err);
    count(&census, model);
    status = anshin_base_each(base, visit, &walk, &err);
    require(status == (model->longest > ANSHIN_DBM_FILE_KEY_MAX ? ANSHIN_EFAULT : APR_SUCCESS));
    require(status == APR_SUCCESS ? walk.seen == census.records : err.text[0] != '\0');
    for (apr_hash_index_t *at = apr_hash_first(model->pool, model->records); at != NULL; at = apr_hash_next(at)) {
        const anshin_bytes_t *bytes = apr_hash_this_val(at);
        const char *key = apr_hash_this_key(at);
        size_t length = (size_t)apr_hash_this_key_len(at);
        anshin_bytes_t value;

        if (is_record(key, length) && length <= ANSHIN_DBM_FILE_KEY_MAX) {
            status = anshin_base_get(base, key, length, &value, &err, model->pool);
            require(status == APR_SUCCESS && value.length == bytes->length);
            require(memcmp(value.data, bytes->data, value.length) == 0);
        }
    }
}

static void check_open(const model_t *model, apr_uint32_t number)
{
    const anshin_bytes_t *census = census_of(model);
    int mine = census != NULL && anshin_get_u32(census->data) == number;
    anshin_base_t *base;
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_base_open(&base, &folder, number, model->type, lock_fd, &err);
    require(status == (mine ? APR_SUCCESS : ANSHIN_EFAULT) && (mine || err.text[0] != '\0'));
    if (status == APR_SUCCESS) {
        check_read(base, model);
        anshin_base_close(base);
    }
}

/* --- the next base --- */

/* base.1 is made base.2: one record more or changed, and the first of the others gone. */
static void check_update(model_t *model)
{
    anshin_change_t added = {1, 3, "new", "value", 5};
    apr_uint64_t hash_key[2] = {1, 2};
    anshin_overlay_t *overlay = anshin_overlay_make(hash_key, 0, model->pool);
    int right = census_is_right(model) && model->longest <= ANSHIN_DBM_FILE_KEY_MAX;
    anshin_bytes_t value = {(const unsigned char *)"value", 5};
    unsigned char census[CENSUS_LENGTH];
    anshin_census_t now;
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    for (apr_hash_index_t *at = apr_hash_first(model->pool, model->records); at != NULL; at = apr_hash_next(at)) {
        const char *key = apr_hash_this_key(at);
        size_t length = (size_t)apr_hash_this_key_len(at);

        if (is_record(key, length) && length <= ANSHIN_DBM_FILE_KEY_MAX) {
            anshin_change_t gone = {(unsigned char)key[0], (unsigned char)(length - 1), key + 1, NULL, 0};

            anshin_overlay_add(overlay, &gone, 1);
            apr_hash_set(model->records, key, (apr_ssize_t)length, NULL);
            break;
        }
    }
    anshin_overlay_add(overlay, &added, 2);
    apr_hash_set(model->records, "\1new", 4, &value);
    status = anshin_base_update(&folder, 2, model->type, overlay, &err);
    require(status == APR_SUCCESS || (status == ANSHIN_EFAULT && err.text[0] != '\0'));
    require(status == APR_SUCCESS || !right);
    if (status == APR_SUCCESS && right) {
        count(&now, model);
        anshin_put_u32(census, 2);
        anshin_put_u64(census + 4, now.records);
        anshin_put_u64(census + 12, now.sum);
        apr_hash_set(model->records, CENSUS_KEY, CENSUS_KEY_LENGTH, &(anshin_bytes_t){census, CENSUS_LENGTH});
        require(anshin_directory_rename(&folder, ANSHIN_BASE_WORK, "base.2", NULL) == APR_SUCCESS);
        check_open(model, 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    int flags = size > 0 ? data[0] : 0;
    model_t model = {apr_hash_make(pool), (flags & FLAG_GDBM) != 0 ? "gdbm" : "db", 0, pool};
    unsigned char census[CENSUS_LENGTH + 1] = {0};
    anshin_dbm_file_t *table;

    data += size > 0;
    size -= size > 0;
    if (size > 0) {
        memcpy(census, data, size < CENSUS_LENGTH ? size : CENSUS_LENGTH);
    }
    data += size < CENSUS_LENGTH ? size : CENSUS_LENGTH;
    size -= size < CENSUS_LENGTH ? size : CENSUS_LENGTH;
    require(anshin_dbm_file_open(&table, &folder, ANSHIN_BASE_WORK, model.type, ANSHIN_DBM_FILE_CREATE, NULL) ==
            APR_SUCCESS);
    put_records(&model, table, data, size);
    if ((flags & FLAG_CENSUS) != 0) {
        put_census(&model, table);
    } else if ((flags & FLAG_NONE) == 0) {
        put(&model, table, CENSUS_KEY, CENSUS_KEY_LENGTH, census, CENSUS_LENGTH);
    }
    anshin_dbm_file_close(table);
    require(anshin_directory_rename(&folder, ANSHIN_BASE_WORK, "base.1", NULL) == APR_SUCCESS);
    check_open(&model, 1);
    require(anshin_directory_rename(&folder, "base.1", ANSHIN_BASE_WORK, NULL) == APR_SUCCESS);
    check_update(&model);
    return 0;
}

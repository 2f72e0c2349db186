/*
 * The control page of a store, which every member of the group may write: found so by recovery, or written over while
 * the store is open. Whatever it says, what is read is a store that is whole, of all batches up to one of them, or the
 * answer is that it is damaged. Recovery finds the very batches that the page says, where files bear it out, and lets
 * none go that it does not deny; of another boot's it believes nothing. What it opens can be written.
 *
 * An octet of flags, then the page from its state word on.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz_journal.h"
#include "store/files/control.h"
#include "store/dbm/store_dbm.h"

enum {
    FLAG_FILES = 3,   /* which of the stores below */
    FLAG_OPEN = 4,    /* written while it is open */
    FLAG_BOOT_ID = 8, /* another machine's, or of another day */
    FLAG_MAGIC = 16   /* of another layout */
};

/* As in control.c. */
#define PAGE_SIZE 4096
#define AT_BOOT_ID 16
#define AT_STATE 64

const int fuzz_runs = 150; /* each opens a store, twice or more often */

typedef struct file_t {
    const char *name;
    unsigned char *data;
    size_t size;
} file_t;

/* Three batches: two in journal.1, one in journal.2, and what they became of the first in base.2. */
enum { BASE_1, JOURNAL_1, JOURNAL_2, BASE_2, CONTROL, FILES };
static file_t files[FILES] = {
    {"base.1", NULL, 0}, {"journal.1", NULL, 0}, {"journal.2", NULL, 0}, {"base.2", NULL, 0}, {"control", NULL, 0}};
static const unsigned stores[] = {1u << BASE_1 | 1u << JOURNAL_1, 1u << BASE_1 | 1u << JOURNAL_1 | 1u << JOURNAL_2,
                                  1u << BASE_2 | 1u << JOURNAL_2, 1u << BASE_1 | 1u << BASE_2 | 1u << JOURNAL_2};

/* Of these stores: the newest base, and the newest journal. */
static const struct {
    apr_uint32_t base;
    apr_uint32_t journal;
} newest[] = {{1, 1}, {1, 2}, {2, 2}, {2, 2}};

static const char *directory;
static int directory_fd;

/* --- a store of three batches --- */

static apr_status_t put_number(anshin_txn_t *txn, const char *key, int64_t number)
{
    anshin_sequence_t sequence = {.first = 1, .next = number};

    return anshin_txn_put(txn, &anshin_record_sequence, key, &sequence);
}

static void commit(anshin_store_t *store, int number, apr_pool_t *pool)
{
    anshin_error_t err;
    anshin_txn_t *txn;

    require(anshin_txn_begin(&txn, store, ANSHIN_TXN_WRITE, &err, pool) == APR_SUCCESS);
    require(put_number(txn, "last", number) == APR_SUCCESS);
    require(put_number(txn, apr_psprintf(pool, "batch/%d", number), number) == APR_SUCCESS);
    require(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS);
}

static void keep_file(file_t *file, size_t most)
{
    int fd = openat(directory_fd, file->name, O_RDONLY | O_CLOEXEC);
    struct stat facts;

    require(fd >= 0 && fstat(fd, &facts) == 0);
    file->size = (size_t)facts.st_size < most ? (size_t)facts.st_size : most;
    file->data = apr_palloc(fuzz_root(), file->size);
    require(pread(fd, file->data, file->size, 0) == (ssize_t)file->size);
    close(fd);
}

static anshin_mark_t end_of(const anshin_directory_t *folder, apr_uint32_t number, apr_pool_t *pool)
{
    anshin_journal_t journal;
    anshin_mark_t end;

    require(anshin_journal_open(&journal, folder, number, NULL, pool) == APR_SUCCESS);
    end = journal.start;
    require(anshin_journal_scan(&journal, &end, NULL, pool) == APR_SUCCESS);
    anshin_journal_close(&journal);
    return end;
}

static void make_store(const int *batches, int count)
{
    anshin_store_t *store;
    apr_pool_t *pool;

    apr_pool_create(&pool, fuzz_root());
    require(anshin_store_open(&store, &anshin_store_dbm, directory, NULL, pool) == APR_SUCCESS);
    for (int i = 0; i < count; i++) {
        commit(store, batches[i], pool);
    }
    apr_pool_destroy(pool);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const int batches[] = {1, 2, 3};
    anshin_directory_t folder;
    anshin_mark_t end;

    (void)argc;
    (void)argv;
    directory = apr_pstrcat(fuzz_root(), fuzz_directory(), "/store", NULL);
    make_store(batches, 2);
    require(anshin_directory_open(&folder, directory, NULL) == APR_SUCCESS);
    directory_fd = folder.fd;
    end = end_of(&folder, 1, fuzz_root());
    keep_file(&files[BASE_1], SIZE_MAX);
    keep_file(&files[JOURNAL_1], end.length);
    keep_file(&files[CONTROL], PAGE_SIZE);
    require(files[CONTROL].size == PAGE_SIZE &&
            anshin_get_u64(files[CONTROL].data + AT_STATE) == anshin_state_make(1, end.length, 0));
    require(anshin_journal_create(&folder, 2, end, "db", NULL, fuzz_root()) == APR_SUCCESS);
    require(unlinkat(directory_fd, "control", 0) == 0);
    make_store(batches + 2, 1); /* which folds journal.1 when it is closed */
    keep_file(&files[BASE_2], SIZE_MAX);
    keep_file(&files[JOURNAL_2], end_of(&folder, 2, fuzz_root()).length);
    return 0;
}

/* --- the store of a run --- */

static void put_files(unsigned which)
{
    static const char *const others[] = {"base.work", "base.3", "journal.3", "journal.next"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        (void)unlinkat(directory_fd, others[i], 0);
    }
    for (int i = 0; i < FILES; i++) {
        int fd;

        (void)unlinkat(directory_fd, files[i].name, 0);
        if ((which & 1u << i) == 0) {
            continue;
        }
        fd = openat(directory_fd, files[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0660);
        require(fd >= 0 && write(fd, files[i].data, files[i].size) == (ssize_t)files[i].size && close(fd) == 0);
    }
}

/* The page of this boot, changed as the input says. */
static void put_page(int flags, const uint8_t *data, size_t size)
{
    unsigned char page[PAGE_SIZE];
    int fd = openat(directory_fd, "control", O_WRONLY | O_CREAT | O_CLOEXEC, 0660);

    memcpy(page, files[CONTROL].data, PAGE_SIZE);
    page[0] ^= (flags & FLAG_MAGIC) != 0;
    page[AT_BOOT_ID] ^= (flags & FLAG_BOOT_ID) != 0;
    if (size > 0) {
        memcpy(page + AT_STATE, data, size < PAGE_SIZE - AT_STATE ? size : PAGE_SIZE - AT_STATE);
    }
    require(fd >= 0 && write(fd, page, PAGE_SIZE) == PAGE_SIZE && close(fd) == 0);
}

static apr_status_t get_number(anshin_txn_t *txn, const char *key, int64_t *number)
{
    anshin_sequence_t sequence;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, key, &sequence);

    require(status == APR_SUCCESS || status == ANSHIN_ENOTFOUND);
    *number = status == APR_SUCCESS ? sequence.next : 0;
    return status;
}

static void check_failed(apr_status_t status, const anshin_error_t *err)
{
    require((status == ANSHIN_EFAULT || status == ANSHIN_EINVALID) && err->text[0] != '\0');
}

/* How many batches end where `length` octets of a journal do; -1: that is within one, or behind the last. */
static int batches_of(const file_t *journal, apr_uint32_t length)
{
    apr_uint32_t chain = anshin_get_u32(journal->data + 60);
    size_t at = ANSHIN_JOURNAL_HEADER;
    int count = 0;

    while (at != 0 && at < length) {
        at = fuzz_journal_batch(&chain, journal->data, at, journal->size);
        count++;
    }
    return at == length ? count : -1;
}

/* The last batch that recovery must find, -1 when it must refuse. */
static int expected(int flags, const uint8_t *data, size_t size)
{
    apr_uint32_t base = newest[flags & FLAG_FILES].base;
    apr_uint32_t journal = newest[flags & FLAG_FILES].journal;
    unsigned char word[8];
    anshin_state_t state;
    apr_uint32_t generation;
    int count;

    memcpy(word, files[CONTROL].data + AT_STATE, sizeof(word));
    if (size > 0) {
        memcpy(word, data, size < sizeof(word) ? size : sizeof(word));
    }
    state = anshin_get_u64(word);
    if ((flags & (FLAG_BOOT_ID | FLAG_MAGIC)) != 0 || state == 0) {
        return journal == 2 ? 3 : 2;
    }
    generation = anshin_state_generation(state);
    if (generation < base || generation > base + 1 || generation > journal || anshin_state_base(state) > base) {
        return -1;
    }
    count = batches_of(&files[generation == 1 ? JOURNAL_1 : JOURNAL_2], anshin_state_length(state));
    return count >= 0 && generation == 2 ? 2 + count : count;
}

/* Batch by batch, up to one of them and none behind it. wanted: up to this one; -1: any, or a failure. */
static void check_whole(anshin_store_t *store, int wanted, apr_pool_t *pool)
{
    anshin_error_t err;
    anshin_txn_t *txn;
    apr_status_t status;
    int64_t last;
    int64_t number;

    anshin_error_clear(&err);
    status = anshin_txn_begin(&txn, store, ANSHIN_TXN_READ, &err, pool);
    if (status != APR_SUCCESS) {
        require(wanted < 0);
        check_failed(status, &err);
        return;
    }
    (void)get_number(txn, "last", &last);
    require(last >= 0 && last <= 3 && (wanted < 0 || last == wanted));
    for (int i = 1; i <= 3; i++) {
        status = get_number(txn, apr_psprintf(pool, "batch/%d", i), &number);
        require(status == (i <= last ? APR_SUCCESS : ANSHIN_ENOTFOUND) && (i > last || number == i));
    }
    anshin_txn_abort(txn);
}

/* What is acknowledged is there at once. */
static void check_write(anshin_store_t *store, int must, apr_pool_t *pool)
{
    anshin_error_t err;
    anshin_txn_t *txn;
    int64_t number;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_txn_begin(&txn, store, ANSHIN_TXN_WRITE, &err, pool);
    if (status == APR_SUCCESS) {
        require(put_number(txn, "more", 7) == APR_SUCCESS);
        status = anshin_txn_commit(txn, ANSHIN_DURABLE);
    }
    if (status != APR_SUCCESS) {
        require(!must);
        check_failed(status, &err);
        return;
    }
    if (anshin_txn_begin(&txn, store, ANSHIN_TXN_READ, &err, pool) == APR_SUCCESS) {
        require(get_number(txn, "more", &number) == APR_SUCCESS && number == 7);
        anshin_txn_abort(txn);
    }
}

static anshin_store_t *open_store(apr_pool_t *pool)
{
    anshin_store_t *store = NULL;
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_store_open(&store, &anshin_store_dbm, directory, &err, pool);
    if (status != APR_SUCCESS) {
        check_failed(status, &err);
    }
    return store;
}

/* Found by recovery. */
static void check_found(int flags, const uint8_t *data, size_t size, apr_pool_t *pool)
{
    int wanted = expected(flags, data, size);
    anshin_store_t *store;

    put_page(flags, data, size);
    store = open_store(pool);
    require((store != NULL) == (wanted >= 0));
    for (int i = 0; i < 2 && store != NULL; i++) { /* what it left is looked at once more */
        check_whole(store, wanted, pool);
        check_write(store, 1, pool);
        check_whole(store, wanted, pool);
        apr_pool_clear(pool);
        store = i == 0 ? open_store(pool) : NULL;
        require(store != NULL || i == 1);
    }
}

/* Written while the store is open and has been read. */
static void check_written(int flags, const uint8_t *data, size_t size, apr_pool_t *pool)
{
    int all = newest[flags & FLAG_FILES].journal == 2 ? 3 : 2;
    anshin_store_t *store = open_store(pool);

    require(store != NULL);
    check_whole(store, all, pool);
    put_page(flags, data, size);
    check_whole(store, -1, pool);
    check_write(store, 0, pool);
    check_whole(store, -1, pool);
    apr_pool_clear(pool);
    store = open_store(pool);
    if (store != NULL) {
        check_whole(store, -1, pool);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int flags = size > 0 ? data[0] : 0;
    apr_pool_t *pool;

    data += size > 0;
    size -= size > 0;
    apr_pool_create(&pool, fuzz_pool()); /* not that one itself: the store must be closed before the next input */
    put_files(stores[flags & FLAG_FILES]);
    ((flags & FLAG_OPEN) != 0 ? check_written : check_found)(flags, data, size, pool);
    apr_pool_destroy(pool);
    return 0;
}

/*
 * Journals: see journal.h.
 *
 * SECURITY: lengths read from a file are checked against what is there before they are used; the chain is checked
 * before anything in a batch is believed.
 */
#include "store/files/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "store/files/checksum.h"

#define MAGIC "ANSHINJ1"
#define NEXT_NAME "journal.next"
#define CHANGE_HEADER 6
#define ALLOCATION_STEP 1048576

/* Offsets in the header. */
#define AT_NUMBER 8
#define AT_PREVIOUS_CHAIN 12
#define AT_PREVIOUS_LENGTH 16
#define AT_SALT 20
#define AT_BASE_TYPE 28
#define AT_CRC 60

char *anshin_journal_name(apr_uint32_t number, apr_pool_t *pool)
{
    return apr_psprintf(pool, "journal.%u", number);
}

/* --- header --------------------------------------------------------------------------------------------------------
 */

static apr_status_t make_header(unsigned char header[ANSHIN_JOURNAL_HEADER], apr_uint32_t number,
                                anshin_mark_t previous, const char *base_type, anshin_error_t *err)
{
    memset(header, 0, ANSHIN_JOURNAL_HEADER);
    memcpy(header, MAGIC, sizeof(MAGIC) - 1);
    anshin_put_u32(header + AT_NUMBER, number);
    anshin_put_u32(header + AT_PREVIOUS_CHAIN, previous.chain);
    anshin_put_u32(header + AT_PREVIOUS_LENGTH, previous.length);
    if (getrandom(header + AT_SALT, 8, 0) != 8) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0322", "store: the system gives no random bytes: %s",
                           strerror(errno));
    }
    apr_cpystrn((char *)header + AT_BASE_TYPE, base_type, 8);
    anshin_put_u32(header + AT_CRC, anshin_crc32c(0, header, AT_CRC));
    return APR_SUCCESS;
}

static int take_header(anshin_journal_t *journal, const unsigned char header[ANSHIN_JOURNAL_HEADER])
{
    apr_uint32_t crc = anshin_get_u32(header + AT_CRC);

    if (memcmp(header, MAGIC, sizeof(MAGIC) - 1) != 0 || anshin_get_u32(header + AT_NUMBER) != journal->number ||
        anshin_crc32c(0, header, AT_CRC) != crc) {
        return 0;
    }
    journal->start = (anshin_mark_t){ANSHIN_JOURNAL_HEADER, crc};
    journal->previous.length = anshin_get_u32(header + AT_PREVIOUS_LENGTH);
    journal->previous.chain = anshin_get_u32(header + AT_PREVIOUS_CHAIN);
    apr_cpystrn(journal->base_type, (const char *)header + AT_BASE_TYPE, sizeof(journal->base_type));
    return 1;
}

/* Space in steps, so that a sync seldom has to write the file's size. */
static apr_status_t allocate(anshin_journal_t *journal, apr_off_t needed)
{
    struct stat facts;
    int code;

    if (needed <= journal->allocated) {
        return APR_SUCCESS;
    }
    if (fstat(journal->fd, &facts) != 0) {
        return errno;
    }
    journal->allocated = facts.st_size; /* another process may have been here */
    if (needed <= journal->allocated) {
        return APR_SUCCESS;
    }
    needed = (needed / ALLOCATION_STEP + 1) * ALLOCATION_STEP;
    do {
        code = posix_fallocate(journal->fd, facts.st_size, needed - facts.st_size);
    } while (code == EINTR);
    if (code == 0) {
        journal->allocated = needed;
    }
    return code;
}

apr_status_t anshin_journal_create(const anshin_directory_t *directory, apr_uint32_t number, anshin_mark_t previous,
                                   const char *base_type, anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char header[ANSHIN_JOURNAL_HEADER];
    anshin_journal_t journal = {.number = number};
    apr_status_t status = make_header(header, number, previous, base_type, err);

    if (status == APR_SUCCESS) {
        status = anshin_directory_create(&journal.fd, directory, NEXT_NAME, err);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    status = allocate(&journal, sizeof(header));
    if (status == APR_SUCCESS) {
        status = anshin_file_write(journal.fd, header, sizeof(header), 0);
    }
    if (status == APR_SUCCESS && fsync(journal.fd) != 0) {
        status = errno;
    }
    close(journal.fd);
    if (status != APR_SUCCESS) {
        (void)anshin_directory_remove(directory, NEXT_NAME, NULL);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0323", "store: cannot write journal %u: %s", number,
                           strerror(status));
    }
    status = anshin_directory_rename(directory, NEXT_NAME, anshin_journal_name(number, pool), err);
    return status == APR_SUCCESS ? anshin_directory_sync(directory, err) : status;
}

apr_status_t anshin_journal_open(anshin_journal_t *journal, const anshin_directory_t *directory, apr_uint32_t number,
                                 anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char header[ANSHIN_JOURNAL_HEADER];
    apr_status_t status;

    memset(journal, 0, sizeof(*journal));
    journal->number = number;
    status = anshin_directory_open_file(&journal->fd, directory, anshin_journal_name(number, pool), O_RDWR, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_file_read(journal->fd, header, sizeof(header), 0);
    if (status == APR_SUCCESS && take_header(journal, header)) {
        return APR_SUCCESS;
    }
    anshin_journal_close(journal);
    if (status == APR_SUCCESS || status == APR_EOF) {
        return ANSHIN_EINVALID;
    }
    return anshin_fail(err, ANSHIN_EFAULT, "AN0324", "store: cannot read journal %u: %s", number, strerror(status));
}

void anshin_journal_close(anshin_journal_t *journal)
{
    if (journal->fd >= 0) {
        close(journal->fd);
        journal->fd = -1;
    }
}

/* --- reading -------------------------------------------------------------------------------------------------------
 */

/* Octets that were read, and how far they are taken. */
typedef struct window_t {
    const unsigned char *data;
    apr_size_t length;
} window_t;

static void pass(window_t *window, apr_size_t length)
{
    window->data += length;
    window->length -= length;
}

/* The next change of a batch. Answers 0 when what is left is not a whole one. */
static int take_change(anshin_change_t *change, window_t *window)
{
    const unsigned char *at = window->data;
    apr_uint32_t value;

    if (window->length < CHANGE_HEADER) {
        return 0;
    }
    change->type = at[0];
    change->key_length = at[1];
    value = anshin_get_u32(at + 2);
    change->value_length = value > 0 ? value - 1 : 0;
    pass(window, CHANGE_HEADER);
    if (window->length < change->key_length || window->length - change->key_length < change->value_length) {
        return 0;
    }
    change->key = (const char *)window->data;
    change->value = value > 0 ? window->data + change->key_length : NULL;
    pass(window, change->key_length + change->value_length);
    return 1;
}

/* Does it hold whole changes and nothing else? Looked at before any of them is believed, or half a batch would be. */
static int is_whole(window_t changes)
{
    anshin_change_t change;

    while (changes.length > 0) {
        if (!take_change(&change, &changes)) {
            return 0;
        }
    }
    return 1;
}

/* The batch at the window's start: checked, visited, passed. Answers 0 when there is none that checks. */
static int take_batch(window_t *window, anshin_mark_t *mark, const anshin_change_visitor_t *visitor)
{
    window_t changes;
    anshin_change_t change;
    apr_uint32_t length;
    apr_uint32_t chain;

    if (window->length < ANSHIN_BATCH_HEADER) {
        return 0;
    }
    length = anshin_get_u32(window->data);
    if (length == 0 || length > window->length - ANSHIN_BATCH_HEADER) {
        return 0;
    }
    changes = (window_t){window->data + ANSHIN_BATCH_HEADER, length};
    chain = anshin_crc32c(mark->chain, window->data, 4);
    chain = anshin_crc32c(chain, changes.data, changes.length);
    if (chain != anshin_get_u32(window->data + 4)) {
        return 0;
    }
    if (!is_whole(changes)) {
        return 0;
    }
    while (visitor != NULL && changes.length > 0 && take_change(&change, &changes)) {
        visitor->visit(visitor->baton, &change, mark->length + ANSHIN_BATCH_HEADER + length);
    }
    mark->chain = chain;
    mark->length += ANSHIN_BATCH_HEADER + length;
    pass(window, ANSHIN_BATCH_HEADER + length);
    return 1;
}

static apr_status_t load(window_t *window, const anshin_journal_t *journal, apr_uint32_t from, apr_uint32_t to,
                         anshin_room_t *room)
{
    unsigned char *data = anshin_room_take(room, to - from + 1);

    window->data = data;
    window->length = to - from;
    return anshin_file_read(journal->fd, data, to - from, from);
}

apr_status_t anshin_journal_read(const anshin_journal_t *journal, anshin_mark_t *mark, apr_uint32_t to,
                                 const anshin_change_visitor_t *visitor, anshin_error_t *err, anshin_room_t *room)
{
    window_t window;
    apr_status_t status;

    if (to < mark->length || to > ANSHIN_JOURNAL_LIMIT) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0325", "store: journal %u cannot be %u octets long", journal->number,
                           to);
    }
    status = load(&window, journal, mark->length, to, room);
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0326", "store: cannot read journal %u up to octet %u: %s",
                           journal->number, to, status == APR_EOF ? "it is shorter" : strerror(status));
    }
    while (window.length > 0) {
        if (!take_batch(&window, mark, visitor)) {
            return anshin_fail(err, ANSHIN_EFAULT, "AN0327",
                               "store: journal %u is damaged at octet %u, before its end at %u", journal->number,
                               mark->length, to);
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_journal_scan(const anshin_journal_t *journal, anshin_mark_t *mark, anshin_error_t *err,
                                 apr_pool_t *pool)
{
    window_t window;
    struct stat facts;
    apr_status_t status;

    if (fstat(journal->fd, &facts) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0328", "store: cannot read journal %u: %s", journal->number,
                           strerror(errno));
    }
    if (facts.st_size > (apr_off_t)ANSHIN_JOURNAL_LIMIT + ALLOCATION_STEP || facts.st_size < mark->length) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0329", "store: journal %u has an impossible length of %ld octets",
                           journal->number, (long)facts.st_size);
    }
    status = load(&window, journal, mark->length, (apr_uint32_t)facts.st_size, &(anshin_room_t){.pool = pool});
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0330", "store: cannot read journal %u: %s", journal->number,
                           status == APR_EOF ? "it became shorter" : strerror(status));
    }
    while (take_batch(&window, mark, NULL)) {
        /* on to the next */
    }
    return APR_SUCCESS;
}

/* --- writing -------------------------------------------------------------------------------------------------------
 */

apr_status_t anshin_batch_make(anshin_batch_t *batch, const anshin_change_t *changes, apr_size_t count,
                               anshin_error_t *err, apr_pool_t *pool)
{
    apr_size_t length = ANSHIN_BATCH_HEADER;
    unsigned char *at;

    for (apr_size_t i = 0; i < count; i++) {
        length += CHANGE_HEADER + changes[i].key_length + changes[i].value_length;
        if (length > ANSHIN_BATCH_LIMIT) {
            return anshin_fail(err, ANSHIN_EFAULT, "AN0331", "store: a transaction may not change more than %u octets",
                               ANSHIN_BATCH_LIMIT);
        }
    }
    batch->length = length;
    batch->data = at = apr_pcalloc(pool, length + ANSHIN_BATCH_HEADER); /* the zeros behind are the journal's end */
    anshin_put_u32(at, (apr_uint32_t)(length - ANSHIN_BATCH_HEADER));
    at += ANSHIN_BATCH_HEADER;
    for (apr_size_t i = 0; i < count; i++) {
        const anshin_change_t *change = &changes[i];

        at[0] = change->type;
        at[1] = change->key_length;
        anshin_put_u32(at + 2, change->value != NULL ? (apr_uint32_t)change->value_length + 1 : 0);
        at += CHANGE_HEADER;
        memcpy(at, change->key, change->key_length);
        at += change->key_length;
        if (change->value != NULL) {
            memcpy(at, change->value, change->value_length);
            at += change->value_length;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_journal_append(anshin_journal_t *journal, anshin_mark_t *mark, anshin_batch_t *batch,
                                   anshin_error_t *err)
{
    apr_size_t octets = batch->length + ANSHIN_BATCH_HEADER;
    apr_uint32_t chain = anshin_crc32c(mark->chain, batch->data, 4);
    apr_status_t status;

    chain = anshin_crc32c(chain, batch->data + ANSHIN_BATCH_HEADER, batch->length - ANSHIN_BATCH_HEADER);
    anshin_put_u32(batch->data + 4, chain);
    status = allocate(journal, (apr_off_t)(mark->length + octets));
    if (status == APR_SUCCESS) {
        status = anshin_file_write(journal->fd, batch->data, octets, mark->length);
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0333", "store: cannot write to journal %u: %s", journal->number,
                           strerror(status));
    }
    mark->length += (apr_uint32_t)batch->length;
    mark->chain = chain;
    return APR_SUCCESS;
}

apr_status_t anshin_journal_sync(const anshin_journal_t *journal)
{
    while (fdatasync(journal->fd) != 0) {
        if (errno != EINTR) {
            return errno;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_journal_cut(anshin_journal_t *journal, anshin_mark_t mark, anshin_error_t *err)
{
    if (ftruncate(journal->fd, mark.length) != 0 || fsync(journal->fd) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0334", "store: cannot cut journal %u at octet %u: %s",
                           journal->number, mark.length, strerror(errno));
    }
    journal->allocated = mark.length;
    return APR_SUCCESS;
}

apr_status_t anshin_journal_rewrite(anshin_journal_t *journal, anshin_mark_t mark, anshin_error_t *err,
                                    apr_pool_t *pool)
{
    window_t window;
    apr_status_t status = load(&window, journal, 0, mark.length, &(anshin_room_t){.pool = pool});

    if (status == APR_SUCCESS) {
        status = anshin_file_write(journal->fd, window.data, window.length, 0);
    }
    if (status == APR_SUCCESS && fsync(journal->fd) != 0) {
        status = errno;
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0335", "store: cannot write journal %u anew: %s", journal->number,
                           status == APR_EOF ? "it became shorter" : strerror(status));
    }
    return APR_SUCCESS;
}

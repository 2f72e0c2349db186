/*
 * A journal of anything (fuzz_journal.h), read as the store reads it: what is scanned is what is read, and both are the
 * whole batches that a slow reader finds, up to the first that is not.
 */
#include "fuzz_journal.h"

#include <fcntl.h>
#include <unistd.h>

typedef struct seen_t {
    const unsigned char *octets;
    size_t at;  /* behind the last change */
    size_t end; /* of its batch */
} seen_t;

static anshin_directory_t folder;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    folder.path = fuzz_directory();
    folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(folder.fd >= 0);
    return 0;
}

/* Each change as it stands in the file, in order, none left out. */
static void visit(void *baton, const anshin_change_t *change, apr_uint32_t end)
{
    seen_t *seen = baton;
    anshin_change_t expected;

    if (seen->at == seen->end) { /* a batch begins */
        seen->end = end;
        seen->at += ANSHIN_BATCH_HEADER;
    }
    require(end == seen->end);
    seen->at = fuzz_journal_change(&expected, seen->octets, seen->at, seen->end);
    require(seen->at != 0 && change->type == expected.type && change->key_length == expected.key_length &&
            memcmp(change->key, expected.key, expected.key_length) == 0);
    require((change->value == NULL) == (expected.value == NULL) && change->value_length == expected.value_length);
    require(change->value == NULL || memcmp(change->value, expected.value, expected.value_length) == 0);
}

static void check_read(const anshin_journal_t *journal, const unsigned char *octets, size_t size, apr_pool_t *pool)
{
    seen_t seen = {octets, ANSHIN_JOURNAL_HEADER, ANSHIN_JOURNAL_HEADER};
    const anshin_change_visitor_t visitor = {visit, &seen};
    anshin_mark_t scanned = journal->start;
    anshin_mark_t read = journal->start;
    anshin_room_t room = {.pool = pool};
    apr_uint32_t chain = journal->start.chain;
    size_t end = ANSHIN_JOURNAL_HEADER;
    size_t next;

    require(anshin_journal_scan(journal, &scanned, NULL, pool) == APR_SUCCESS);
    while ((next = fuzz_journal_batch(&chain, octets, end, size)) != 0) {
        end = next;
    }
    require(scanned.length == end && scanned.chain == chain);
    require(anshin_journal_read(journal, &read, scanned.length, &visitor, NULL, &room) == APR_SUCCESS);
    require(seen.at == end && read.length == end && read.chain == chain);
    /* Who believes that more is committed than is there hears of it, and sees none of the batch that is damaged. */
    if (size > end) {
        seen = (seen_t){octets, ANSHIN_JOURNAL_HEADER, ANSHIN_JOURNAL_HEADER};
        read = journal->start;
        require(anshin_journal_read(journal, &read, (apr_uint32_t)size, &visitor, NULL, &room) == ANSHIN_EFAULT);
        require(seen.at == end && read.length == end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    unsigned char *octets = fuzz_journal_make(data, &size, pool);
    anshin_journal_t journal;
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    fuzz_file("journal.1", octets, size);
    status = anshin_journal_open(&journal, &folder, 1, &err, pool);
    require(status == (fuzz_journal_begins(octets, size) ? APR_SUCCESS : ANSHIN_EINVALID));
    if (status == APR_SUCCESS) {
        check_read(&journal, octets, size, pool);
        anshin_journal_close(&journal);
    }
    return 0;
}

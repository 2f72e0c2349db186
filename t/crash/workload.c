/*
 * What the processes under test do: see crash.h.
 *
 * Writer W's commit N is one batch: three records "W/a", "W/b", "W/c" that say N, a payload of up to 40,000 octets made
 * of W and N, and a record "total", shared by all writers, that counts commits. So half a batch shows as three numbers
 * that differ, and a lost update as a total that is not the sum. Some commits name a blob: see blobs.h.
 */
#include "blobs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "store/dbm/store_dbm.h"

#define SLOTS 20
#define PAYLOAD_MAX 40000

typedef struct session_t {
    anshin_store_t *store;
    anshin_error_t err;
    apr_pool_t *pool;
    apr_pool_t *scratch; /* of a transaction */
} session_t;

static void nap(int microseconds)
{
    struct timespec pause = {0, microseconds * 1000L};

    nanosleep(&pause, NULL);
}

static int complain(const session_t *session, const char *what)
{
    printf("# %ld: %s: %s %s\n", (long)getpid(), what, session->err.id != NULL ? session->err.id : "",
           session->err.text);
    fflush(stdout);
    return CHECK_BROKEN;
}

static int open_session(session_t *session, const char *where)
{
    memset(session, 0, sizeof(*session));
    apr_initialize();
    apr_pool_create(&session->pool, NULL);
    apr_pool_create(&session->scratch, session->pool);
    if (anshin_store_open(&session->store, &anshin_store_dbm, where, &session->err, session->pool) != APR_SUCCESS) {
        return complain(session, "open");
    }
    return 0;
}

static void close_session(session_t *session)
{
    apr_pool_destroy(session->pool);
}

/* A number, 0 when there is none yet; -1 after a failure. */
static int64_t get_number(anshin_txn_t *txn, const char *key)
{
    anshin_sequence_t sequence;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, key, &sequence);

    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? sequence.next : -1;
}

static apr_status_t put_number(anshin_txn_t *txn, const char *key, int64_t number)
{
    anshin_sequence_t sequence = {.first = 1, .next = number};

    return anshin_txn_put(txn, &anshin_record_sequence, key, &sequence);
}

static const char *part_key(int writer, char part, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%d/%c", writer, part);
}

static const char *payload_key(int writer, int64_t number, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%d/%d", writer, (int)(number % SLOTS));
}

const char *workload_payload(int writer, int64_t number, apr_pool_t *pool)
{
    uint64_t state = (uint64_t)number * 2654435761u + (uint64_t)writer;
    size_t length = (size_t)((number * 7919 + writer) % PAYLOAD_MAX) + 1;
    char *text = apr_palloc(pool, length + 1);

    for (size_t i = 0; i < length; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        text[i] = (char)('a' + (state >> 59));
    }
    text[length] = '\0';
    return text;
}

/* --- writing and reading -------------------------------------------------------------------------------------------
 */

static void acknowledge(const workload_t *workload, int64_t number, int durable)
{
    ack_t ack = {workload->writer, durable, number};

    if (write(workload->ack_fd, &ack, sizeof(ack)) != (ssize_t)sizeof(ack)) {
        _exit(CHECK_BROKEN);
    }
}

static apr_status_t fill_batch(anshin_txn_t *txn, int writer, int64_t number, apr_pool_t *pool)
{
    anshin_fact_t fact = {.value = workload_payload(writer, number, pool), .at = number};
    int64_t total = get_number(txn, "total");
    apr_status_t status = total < 0 ? ANSHIN_EFAULT : put_number(txn, "total", total + 1);

    for (const char *part = "abc"; *part != '\0' && status == APR_SUCCESS; part++) {
        status = put_number(txn, part_key(writer, *part, pool), number);
    }
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_fact, payload_key(writer, number, pool), &fact)
                                 : status;
}

/* The directory of an address, for a workload that is traced; NULL for another. */
static const char *traced_directory(const workload_t *workload, apr_pool_t *pool)
{
    return workload->commits > 0 ? apr_pstrmemdup(pool, workload->where, strcspn(workload->where, "?")) : NULL;
}

static int commit_one(session_t *session, const workload_t *workload, int64_t *number, int durable)
{
    apr_pool_t *pool = session->scratch;
    anshin_txn_t *txn;
    int promised;

    apr_pool_clear(pool);
    anshin_error_clear(&session->err);
    if (anshin_txn_begin(&txn, session->store, ANSHIN_TXN_WRITE, &session->err, pool) != APR_SUCCESS) {
        return complain(session, "begin");
    }
    *number = get_number(txn, part_key(workload->writer, 'a', pool)) + 1;
    promised = durable || blobs_wiped_by(*number);
    if (workload->early) {
        acknowledge(workload, *number, promised);
    }
    if (*number == 0 || fill_batch(txn, workload->writer, *number, pool) != APR_SUCCESS) {
        return complain(session, "batch");
    }
    if (blobs_fill(txn, workload->writer, *number, traced_directory(workload, pool), pool) != APR_SUCCESS) {
        return complain(session, "blob");
    }
    if (anshin_txn_commit(txn, durable ? ANSHIN_DURABLE : ANSHIN_LAZY) != APR_SUCCESS) {
        return complain(session, "commit");
    }
    if (!workload->early) {
        acknowledge(workload, *number, promised);
    }
    return 0;
}

static int tidy(session_t *session, int writer)
{
    anshin_txn_t *txn;
    int64_t number;

    if (anshin_txn_begin(&txn, session->store, ANSHIN_TXN_READ, &session->err, session->scratch) != APR_SUCCESS) {
        return complain(session, "begin");
    }
    number = get_number(txn, part_key(writer, 'a', session->scratch));
    anshin_txn_abort(txn);
    return blobs_tidy(session->store, writer, number, &session->err, session->scratch) == APR_SUCCESS
               ? 0
               : complain(session, "tidy");
}

int workload_write(const workload_t *workload)
{
    unsigned seed = workload->seed;
    session_t session;
    int64_t number;
    int code = open_session(&session, workload->where);

    if (code == 0) {
        code = tidy(&session, workload->writer);
    }
    for (int64_t i = 0; code == 0 && (workload->commits == 0 || i < workload->commits); i++) {
        code = commit_one(&session, workload, &number, rand_r(&seed) % 3 != 0);
    }
    close_session(&session);
    return code;
}

/* What stands in the store for a writer: its number, or -1 when its parts differ. */
static int64_t writer_number(anshin_txn_t *txn, int writer, apr_pool_t *pool)
{
    int64_t number = get_number(txn, part_key(writer, 'a', pool));
    anshin_fact_t fact;

    for (const char *part = "bc"; *part != '\0'; part++) {
        if (get_number(txn, part_key(writer, *part, pool)) != number) {
            return -1;
        }
    }
    if (number > 0 &&
        (anshin_txn_get(txn, &anshin_record_fact, payload_key(writer, number, pool), &fact) != APR_SUCCESS ||
         strcmp(fact.value, workload_payload(writer, number, pool)) != 0)) {
        return -1;
    }
    return number;
}

/* All writers' numbers in one transaction. 0, or CHECK_BROKEN. */
static int read_all(session_t *session, int64_t numbers[WRITERS])
{
    anshin_txn_t *txn;
    int64_t sum = 0;
    int whole = 1;

    apr_pool_clear(session->scratch);
    if (anshin_txn_begin(&txn, session->store, ANSHIN_TXN_READ, &session->err, session->scratch) != APR_SUCCESS) {
        return complain(session, "begin");
    }
    for (int i = 0; i < WRITERS; i++) {
        numbers[i] = writer_number(txn, i, session->scratch);
        whole = whole && numbers[i] >= 0;
        sum += numbers[i];
    }
    whole = whole && sum == get_number(txn, "total");
    anshin_txn_abort(txn);
    return whole ? 0 : complain(session, "half a batch");
}

int workload_read(const char *where)
{
    int64_t before[WRITERS] = {0};
    int64_t numbers[WRITERS];
    session_t session;
    int code = open_session(&session, where);

    while (code == 0) {
        code = read_all(&session, numbers);
        for (int i = 0; i < WRITERS && code == 0; i++) {
            if (numbers[i] < before[i]) {
                code = complain(&session, "the store went back");
            }
            before[i] = numbers[i];
        }
        nap(200); /* leave the processors to the writers */
    }
    return code;
}

/* --- checking ------------------------------------------------------------------------------------------------------
 */

/* Blobs are not part of a snapshot: where writers are at work, those of one that has gone on meanwhile may have
 * changed under the look. */
static int check_blobs(session_t *session, const int64_t numbers[WRITERS], const int64_t acknowledged[WRITERS],
                       int alone)
{
    const char *wrong[WRITERS];
    int64_t after[WRITERS];
    anshin_txn_t *txn;
    apr_pool_t *pool;
    int code;

    apr_pool_create(&pool, session->pool);
    if (anshin_txn_begin(&txn, session->store, ANSHIN_TXN_READ, &session->err, pool) != APR_SUCCESS) {
        return complain(session, "begin");
    }
    for (int i = 0; i < WRITERS; i++) {
        wrong[i] = blobs_check(txn, i, numbers[i], acknowledged[i], alone, pool);
    }
    apr_pool_destroy(pool);
    code = read_all(session, after);
    for (int i = 0; code == 0 && i < WRITERS; i++) {
        if (wrong[i] != NULL && numbers[i] / BLOB_EVERY == after[i] / BLOB_EVERY) {
            printf("# writer %d, commit %ld of %ld\n", i, (long)acknowledged[i], (long)numbers[i]);
            code = complain(session, wrong[i]);
        }
    }
    return code;
}

static int write_more(session_t *session, const char *where)
{
    workload_t one = {.where = where, .writer = 0, .ack_fd = -1, .early = 0};
    int64_t number;
    int pipes[2];

    if (pipe(pipes) != 0) {
        return CHECK_BROKEN;
    }
    one.ack_fd = pipes[1];
    return commit_one(session, &one, &number, 1);
}

int workload_check(const char *where, const int64_t acknowledged[WRITERS], int how)
{
    int64_t numbers[WRITERS];
    session_t session;
    int code = open_session(&session, where);

    if (code == 0) {
        code = read_all(&session, numbers);
    }
    for (int i = 0; code == 0 && i < WRITERS; i++) {
        if (numbers[i] < acknowledged[i]) {
            printf("# writer %d: %ld acknowledged, %ld found\n", i, (long)acknowledged[i], (long)numbers[i]);
            code = CHECK_LOST;
        }
    }
    if (code == 0 && (how & CHECK_RECORDS) == 0) {
        code = check_blobs(&session, numbers, acknowledged, (how & CHECK_ALONE) != 0);
    }
    if (code == 0) {
        code = write_more(&session, where);
    }
    close_session(&session);
    return code;
}

int workload_wait(pid_t pid, int seconds)
{
    time_t deadline = time(NULL) + seconds + 1;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (time(NULL) >= deadline) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
        nap(500);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

int workload_check_apart(const char *where, const int64_t acknowledged[WRITERS], int how, int seconds)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if ((how & CHECK_QUIET) != 0 && freopen("/dev/null", "w", stdout) == NULL) {
            _exit(CHECK_BROKEN);
        }
        int code = workload_check(where, acknowledged, how);

        fflush(stdout);
        _exit(code);
    }
    return workload_wait(pid, seconds);
}

/*
 * reader STATE_DIR CRL CA: what there is, for the checks of the simulated year (Anshin::Year): by plain listings of the
 * store and by OpenSSL, never by a verb that makes or judges anything. Each line of standard input is a question.
 *
 *   due           how much there is to do by now: jobs and revocations, what ends, a list that is six hours old
 *   waits USER    when a download was prepared, in microseconds, and whether of a renewal; "-"
 *   list          lines until ".", times in seconds, "-" for what is not there:
 *                   c SERIAL USER STATE NOT-AFTER ISSUED REVOKED NAME
 *                   t USER CERTIFICATE RENEWING
 *                   a USER STATE
 *                   d SERIAL, that waits for download
 *                   l NUMBER THIS-UPDATE NEXT-UPDATE, where the CA's signature is right
 *                   r SERIAL, of the list
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/admin/housekeeping.h"
#include "runtime/config_file.h"
#include "runtime/open.h"

#define LIST_AGE 21600

typedef struct reader_t {
    anshin_store_t *store;
    const char *crl;
    X509 *ca;
    anshin_error_t err;
    apr_pool_t *pool; /* of a question */
} reader_t;

__attribute__((noreturn)) static void die(const reader_t *reader, const char *what)
{
    fprintf(stderr, "reader: %s: %s %s\n", what, reader->err.id, reader->err.text);
    exit(1);
}

static anshin_txn_t *begin(reader_t *reader)
{
    anshin_txn_t *txn;

    if (anshin_txn_begin(&txn, reader->store, ANSHIN_TXN_READ, &reader->err, reader->pool) != APR_SUCCESS) {
        die(reader, "read");
    }
    return txn;
}

static void each(reader_t *reader, anshin_txn_t *txn, const anshin_record_type_t *type,
                 apr_status_t (*visit)(void *baton, const char *key, const void *record), void *baton)
{
    if (anshin_txn_each(txn, type, "", visit, baton) != APR_SUCCESS) {
        die(reader, "list");
    }
}

static const char *text(const char *value)
{
    return value != NULL && value[0] != '\0' ? value : "-";
}

static long long seconds(apr_time_t time)
{
    return (long long)apr_time_sec(time);
}

/* --- the list of revoked certificates ------------------------------------------------------------------------------ */

static long long seconds_of(const ASN1_TIME *time)
{
    struct tm parts;

    return time != NULL && ASN1_TIME_to_tm(time, &parts) == 1 ? (long long)timegm(&parts) : 0;
}

/* NULL: there is none, or the CA has not signed it. */
static X509_CRL *read_crl(const reader_t *reader)
{
    FILE *file = fopen(reader->crl, "rb");
    X509_CRL *crl = file != NULL ? d2i_X509_CRL_fp(file, NULL) : NULL;

    if (file != NULL) {
        fclose(file);
    }
    if (crl != NULL && X509_CRL_verify(crl, X509_get0_pubkey(reader->ca)) != 1) {
        X509_CRL_free(crl);
        return NULL;
    }
    return crl;
}

static void print_crl(const reader_t *reader)
{
    X509_CRL *crl = read_crl(reader);
    ASN1_INTEGER *number = crl != NULL ? X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL) : NULL;
    STACK_OF(X509_REVOKED) *revoked = crl != NULL ? X509_CRL_get_REVOKED(crl) : NULL;

    if (number != NULL) {
        printf("l %ld %lld %lld\n", ASN1_INTEGER_get(number), seconds_of(X509_CRL_get0_lastUpdate(crl)),
               seconds_of(X509_CRL_get0_nextUpdate(crl)));
    }
    for (int i = 0; revoked != NULL && i < sk_X509_REVOKED_num(revoked); i++) {
        const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i));

        printf("r %s\n",
               anshin_hex(ASN1_STRING_get0_data(serial), (apr_size_t)ASN1_STRING_length(serial), reader->pool));
    }
    ASN1_INTEGER_free(number);
    X509_CRL_free(crl);
}

/* --- the store ----------------------------------------------------------------------------------------------------- */

static apr_status_t print_certificate(void *unused, const char *key, const void *record)
{
    const anshin_certificate_t *certificate = record;

    (void)unused;
    printf("c %s %s %d %lld %lld %lld %s\n", key, text(certificate->user), (int)certificate->state,
           seconds(certificate->not_after), seconds(certificate->issued_at), seconds(certificate->revoked_at),
           text(certificate->name));
    return APR_SUCCESS;
}

static apr_status_t print_terminal(void *unused, const char *key, const void *record)
{
    const anshin_terminal_t *terminal = record;

    (void)unused;
    (void)key;
    printf("t %s %s %s\n", text(terminal->user), text(terminal->certificate), text(terminal->renewing));
    return APR_SUCCESS;
}

static apr_status_t print_account(void *unused, const char *key, const void *record)
{
    const anshin_account_t *account = record;

    (void)unused;
    (void)key;
    printf("a %s %d\n", text(account->user), (int)account->state);
    return APR_SUCCESS;
}

static apr_status_t print_download(void *unused, const char *key, const void *record)
{
    (void)unused;
    (void)key;
    printf("d %s\n", text(((const anshin_download_t *)record)->serial));
    return APR_SUCCESS;
}

static void answer_list(reader_t *reader, const char *unused)
{
    anshin_txn_t *txn = begin(reader);

    (void)unused;
    each(reader, txn, &anshin_record_certificate, print_certificate, NULL);
    each(reader, txn, &anshin_record_terminal, print_terminal, NULL);
    each(reader, txn, &anshin_record_account, print_account, NULL);
    each(reader, txn, &anshin_record_download, print_download, NULL);
    anshin_txn_abort(txn);
    print_crl(reader);
    printf(".\n");
}

static void answer_waits(reader_t *reader, const char *user)
{
    anshin_txn_t *txn = begin(reader);
    anshin_download_t download;
    apr_status_t status =
        anshin_txn_get(txn, &anshin_record_download, apr_psprintf(reader->pool, "p-01/%s/1", user), &download);

    if (status == APR_SUCCESS) {
        printf("%" APR_TIME_T_FMT " %d\n", download.created_at, (int)download.renewal);
    } else {
        printf("-\n");
    }
    anshin_txn_abort(txn);
}

/* --- what there is to do ------------------------------------------------------------------------------------------- */

/* Those of a type, or of a lane of its queue, that are due by a time. */
static int count_due(reader_t *reader, anshin_txn_t *txn, const anshin_due_queue_t *queue, apr_time_t by)
{
    apr_array_header_t *entries;
    int count = 0;

    if (anshin_txn_list_due(txn, queue, 1000, &entries) != APR_SUCCESS) {
        die(reader, "due");
    }
    while (count < entries->nelts && APR_ARRAY_IDX(entries, count, anshin_due_entry_t).when <= by) {
        count++;
    }
    return count;
}

/* "late": it has ended, or the worker is still at it, which notes last what time the files have. "old": it is to be
 * written anew about now. */
static const char *state_of_list(reader_t *reader, anshin_txn_t *txn)
{
    const char *state = "late";
    anshin_fact_t fact;
    struct stat facts;
    X509_CRL *crl = NULL;

    if (stat(reader->crl, &facts) == 0 && (crl = read_crl(reader)) != NULL &&
        anshin_txn_get(txn, &anshin_record_fact, "crl/ca", &fact) == APR_SUCCESS &&
        seconds(fact.at) == (long long)facts.st_mtime &&
        seconds_of(X509_CRL_get0_nextUpdate(crl)) > seconds(apr_time_now())) {
        state = seconds_of(X509_CRL_get0_lastUpdate(crl)) + LIST_AGE > seconds(apr_time_now()) ? "fresh" : "old";
    }
    X509_CRL_free(crl);
    return state;
}

static void answer_due(reader_t *reader, const char *unused)
{
    static const anshin_due_queue_t queues[] = {{&anshin_record_job, "ours"},
                                                {&anshin_record_job, "strangers"},
                                                {&anshin_record_job, "many"},
                                                {&anshin_record_revoked, "ca"}};
    anshin_txn_t *txn = begin(reader);
    const apr_time_t soon = apr_time_now() + apr_time_from_sec(60); /* the store files a look by the whole minute */
    int waiting = 0;
    int ended = 0;

    (void)unused;
    for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        waiting += count_due(reader, txn, &queues[i], APR_INT64_MAX);
    }
    for (int i = 0; anshin_expiry_rules[i] != NULL; i++) {
        ended += count_due(reader, txn, &(anshin_due_queue_t){anshin_expiry_rules[i]->type, NULL}, soon);
    }
    printf("%d in queues, %d ended, list %s\n", waiting, ended, state_of_list(reader, txn));
    anshin_txn_abort(txn);
}

static const struct {
    const char *name;
    void (*answer)(reader_t *reader, const char *word);
} questions[] = {{"due", answer_due}, {"waits", answer_waits}, {"list", answer_list}};

static void answer(reader_t *reader, char *line)
{
    char *rest = NULL;
    const char *name = strtok_r(line, " \n", &rest);
    const char *word = strtok_r(NULL, " \n", &rest);

    for (size_t i = 0; name != NULL && i < sizeof(questions) / sizeof(questions[0]); i++) {
        if (strcmp(name, questions[i].name) == 0) {
            questions[i].answer(reader, word != NULL ? word : "");
        }
    }
    fflush(stdout);
}

static X509 *read_ca(const char *path)
{
    FILE *file = fopen(path, "r");
    X509 *ca = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file != NULL) {
        fclose(file);
    }
    return ca;
}

int main(int argc, char **argv)
{
    reader_t reader = {.store = NULL};
    anshin_config_t *config;
    char line[256];
    apr_pool_t *pool;

    if (argc != 4) {
        fprintf(stderr, "usage: reader STATE_DIR CRL CA\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&reader.err);
    (void)umask(S_IRWXO);
    reader.crl = argv[2];
    reader.ca = read_ca(argv[3]);
    if (reader.ca == NULL || anshin_config_file_read(&config, argv[1], &reader.err, pool) != APR_SUCCESS ||
        anshin_open_store(&reader.store, &config->server, &reader.err, pool) != APR_SUCCESS) {
        die(&reader, argv[1]);
    }
    apr_pool_create(&reader.pool, pool);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        answer(&reader, line);
        apr_pool_clear(reader.pool);
    }
    X509_free(reader.ca);
    apr_pool_destroy(pool);
    return 0;
}

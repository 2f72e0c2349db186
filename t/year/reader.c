/*
 * reader STATE_DIR CRL CA: what there is, for the checks of the simulated year (Anshin::Year): by plain listings of the
 * store and by OpenSSL, never by a verb that makes or judges anything. Each line of standard input is a question.
 *
 *   due           how much there is to do by now: jobs and revocations, what ends, a list that is six hours old
 *   waits USER    when a download was prepared, in microseconds, and whether of a renewal; "-"
 *   news          lines until ".", of what was written since the last answer of this kind; times in seconds, "-" for what
 *                 is not there:
 *                   c SERIAL USER STATE NOT-AFTER ISSUED REVOKED NAME
 *                   t KEY USER CERTIFICATE RENEWING
 *                   a KEY USER STATE
 *                   d KEY SERIAL, that waits for download
 *                   l NUMBER THIS-UPDATE NEXT-UPDATE, where the CA's signature is right
 *                   r SERIAL, of the list
 *                   x WHAT KEY, of what has gone; WHAT is c, t, a, d or r
 *                   lost: the store does not know any more what was written since; "all" follows
 *                   all: what follows is all that there is
 *   list          the same, and then "all" and all that there is
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
#define MOST 1000

typedef struct reader_t {
    anshin_store_t *store;
    anshin_store_point_t point; /* of the store, up to which it was told */
    const char *crl;
    X509 *ca;
    struct stat file;                /* of the list that was read last */
    X509_CRL *list;                  /* NULL: there is none, or the CA has not signed it */
    STACK_OF(OPENSSL_STRING) * told; /* its serials, in order, as they were told */
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

/* The list as it lies there now, read anew whenever it is another file; its time of change is the kernel's own. */
static X509_CRL *list_of(reader_t *reader)
{
    struct stat file;

    if (stat(reader->crl, &file) != 0) {
        file = (struct stat){.st_ino = 0};
    }
    if (file.st_ino != reader->file.st_ino || file.st_size != reader->file.st_size ||
        file.st_ctim.tv_sec != reader->file.st_ctim.tv_sec || file.st_ctim.tv_nsec != reader->file.st_ctim.tv_nsec) {
        X509_CRL_free(reader->list);
        reader->list = file.st_ino != 0 ? read_crl(reader) : NULL;
    }
    reader->file = file;
    return reader->list;
}

static int by_text(const char *const *one, const char *const *other)
{
    return strcmp(*one, *other);
}

static STACK_OF(OPENSSL_STRING) * serials_of(X509_CRL *crl, apr_pool_t *pool)
{
    STACK_OF(OPENSSL_STRING) *serials = sk_OPENSSL_STRING_new(by_text);
    STACK_OF(X509_REVOKED) *revoked = crl != NULL ? X509_CRL_get_REVOKED(crl) : NULL;

    for (int i = 0; revoked != NULL && i < sk_X509_REVOKED_num(revoked); i++) {
        const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i));

        sk_OPENSSL_STRING_push(serials, OPENSSL_strdup(anshin_hex(ASN1_STRING_get0_data(serial),
                                                                  (apr_size_t)ASN1_STRING_length(serial), pool)));
    }
    sk_OPENSSL_STRING_sort(serials);
    return serials;
}

static void free_text(char *text)
{
    OPENSSL_free(text);
}

/* Both in order: what came, and what has gone. */
static void print_serials(STACK_OF(OPENSSL_STRING) * before, STACK_OF(OPENSSL_STRING) * now)
{
    int i = 0;
    int j = 0;

    while (i < sk_OPENSSL_STRING_num(before) || j < sk_OPENSSL_STRING_num(now)) {
        const char *old = sk_OPENSSL_STRING_value(before, i); /* NULL: no more */
        const char *new = sk_OPENSSL_STRING_value(now, j);
        int order = old == NULL ? 1 : new == NULL ? -1 : strcmp(old, new);

        if (order != 0) {
            printf("%s %s\n", order < 0 ? "x r" : "r", order < 0 ? old : new);
        }
        i += order <= 0;
        j += order >= 0;
    }
}

static void print_list(reader_t *reader, STACK_OF(OPENSSL_STRING) * before, STACK_OF(OPENSSL_STRING) * now)
{
    X509_CRL *crl = reader->list;
    ASN1_INTEGER *number = crl != NULL ? X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL) : NULL;

    if (number != NULL) {
        printf("l %ld %lld %lld\n", ASN1_INTEGER_get(number), seconds_of(X509_CRL_get0_lastUpdate(crl)),
               seconds_of(X509_CRL_get0_nextUpdate(crl)));
    }
    print_serials(before, now);
    ASN1_INTEGER_free(number);
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
    printf("t %s %s %s %s\n", key, text(terminal->user), text(terminal->certificate), text(terminal->renewing));
    return APR_SUCCESS;
}

static apr_status_t print_account(void *unused, const char *key, const void *record)
{
    const anshin_account_t *account = record;

    (void)unused;
    printf("a %s %s %d\n", key, text(account->user), (int)account->state);
    return APR_SUCCESS;
}

static apr_status_t print_download(void *unused, const char *key, const void *record)
{
    (void)unused;
    printf("d %s %s\n", key, text(((const anshin_download_t *)record)->serial));
    return APR_SUCCESS;
}

static const struct {
    const anshin_record_type_t *type;
    char what;
    anshin_visit_fn *print;
} kinds[] = {{&anshin_record_certificate, 'c', print_certificate},
             {&anshin_record_terminal, 't', print_terminal},
             {&anshin_record_account, 'a', print_account},
             {&anshin_record_download, 'd', print_download}};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static apr_status_t print_change(void *unused, const anshin_record_type_t *type, const char *key, const void *record)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].type == type && record != NULL) {
            return kinds[i].print(unused, key, record);
        }
        if (kinds[i].type == type) {
            printf("x %c %s\n", kinds[i].what, key);
        }
    }
    return APR_SUCCESS;
}

static void print_all(reader_t *reader, anshin_txn_t *txn, STACK_OF(OPENSSL_STRING) * serials)
{
    STACK_OF(OPENSSL_STRING) *none = sk_OPENSSL_STRING_new_null();

    printf("all\n");
    for (size_t i = 0; i < KINDS; i++) {
        each(reader, txn, kinds[i].type, kinds[i].print, NULL);
    }
    print_list(reader, none, serials);
    sk_OPENSSL_STRING_free(none);
}

static void print_store(reader_t *reader, int all)
{
    STACK_OF(OPENSSL_STRING) *serials = serials_of(list_of(reader), reader->pool);
    const anshin_record_type_t *types[KINDS + 1] = {NULL};
    anshin_txn_t *txn = begin(reader);
    apr_status_t status;

    for (size_t i = 0; i < KINDS; i++) {
        types[i] = kinds[i].type;
    }
    status = anshin_txn_changes(txn, &reader->point, types, print_change, NULL);
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        die(reader, "changes");
    }
    if (status == ANSHIN_ENOTFOUND) {
        printf("lost\n");
    }
    print_list(reader, reader->told, serials);
    if (all || status == ANSHIN_ENOTFOUND) {
        print_all(reader, txn, serials);
    }
    anshin_txn_abort(txn);
    sk_OPENSSL_STRING_pop_free(reader->told, free_text);
    reader->told = serials;
    printf(".\n");
}

static void answer_list(reader_t *reader, const char *unused)
{
    (void)unused;
    print_store(reader, 1);
}

static void answer_news(reader_t *reader, const char *unused)
{
    (void)unused;
    print_store(reader, 0);
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

/* Those of a type, or of a lane of its queue, that are due by a time, as far as MOST. What is due comes first in a
 * list, and each costs the store a look: so the first one alone as long as none is. */
static int count_due(reader_t *reader, anshin_txn_t *txn, const anshin_due_queue_t *queue, apr_time_t by)
{
    int count = 0;

    for (int limit = 1; count == limit / 10 && limit <= MOST; limit *= 10) {
        apr_array_header_t *entries;

        if (anshin_txn_list_due(txn, queue, limit, &entries) != APR_SUCCESS) {
            die(reader, "due");
        }
        for (count = 0; count < entries->nelts && APR_ARRAY_IDX(entries, count, anshin_due_entry_t).when <= by;) {
            count++;
        }
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
    X509_CRL *crl = list_of(reader);

    if (crl != NULL && stat(reader->crl, &facts) == 0 &&
        anshin_txn_get(txn, &anshin_record_fact, "crl/ca", &fact) == APR_SUCCESS &&
        seconds(fact.at) == (long long)facts.st_mtime &&
        seconds_of(X509_CRL_get0_nextUpdate(crl)) > seconds(apr_time_now())) {
        state = seconds_of(X509_CRL_get0_lastUpdate(crl)) + LIST_AGE > seconds(apr_time_now()) ? "fresh" : "old";
    }
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
} questions[] = {{"due", answer_due}, {"waits", answer_waits}, {"list", answer_list}, {"news", answer_news}};

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
    X509_CRL_free(reader.list);
    sk_OPENSSL_STRING_pop_free(reader.told, free_text);
    X509_free(reader.ca);
    apr_pool_destroy(pool);
    return 0;
}

/*
 * The list of revoked certificates in its time (ca/publisher.h): it is written anew before it ends, however long its
 * writing took, and what was told stands in it though the signer was lost (CRT-6). The end of the CA is reminded of,
 * and what the signer cannot use is noted. The signer is this program itself; the machine runs by a clock that the test
 * puts on.
 */
#include "ca/publisher.h"

#include <dlfcn.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "ca/log.h"
#include "core/base/waiting.h"
#include "core/certificate/unusable.h"
#include "core/config/ca_files.h"
#include "unit/fixture.h"
#include "unit/tap.h"

#define HOUR apr_time_from_sec(3600)
#define CA_ID "0123456789abcdef"
#define SOON (1800000000 + 80 * 86400) /* the end of the CA, seen from the fixture's time */
#define LAST_ENTRIES "entries"         /* file: how many the signer was told for the last list */

static const char fingerprint[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static fixture_t fixture;
static anshin_work_t work;
static apr_time_t passed;              /* the machine has run for so much longer */
static apr_interval_time_t at_writing; /* so much passes while a file is written */
static int files;                      /* that were written */

/* --- time ------------------------------------------------------------------------------------------------------- */

typedef int gettime_t(clockid_t, struct timespec *);
typedef int utimens_t(int, const struct timespec *);

/* In the place of libc's, which know no other time than the machine's. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    gettime_t *get = (gettime_t *)dlsym(RTLD_NEXT, "clock_gettime");
    int answer = get(clock, now);

    now->tv_sec += clock == CLOCK_BOOTTIME ? apr_time_sec(passed) : 0;
    return answer;
}

/* Once for each file. */
__attribute__((visibility("default"))) int futimens(int fd, const struct timespec times[2])
{
    utimens_t *set = (utimens_t *)dlsym(RTLD_NEXT, "futimens");

    files++;
    passed += at_writing;
    return set(fd, times);
}

/* --- the signer ------------------------------------------------------------------------------------------------- */

/* One message holds all that a test has. */
static void note_entries(anshin_wire_t *request)
{
    anshin_bytes_t serial;
    apr_uint64_t number;
    FILE *out = fopen(LAST_ENTRIES, "w");
    int entries = 0;

    while (anshin_wire_get_string(request, &serial, 1, ANSHIN_WIRE_SERIAL_MAX) == APR_SUCCESS &&
           anshin_wire_get_number(request, &number) == APR_SUCCESS &&
           anshin_wire_get_number(request, &number) == APR_SUCCESS) {
        entries++;
    }
    if (out != NULL) {
        (void)fprintf(out, "%d", entries);
        (void)fclose(out);
    }
}

static void say_welcome(anshin_wire_t *reply, apr_uint32_t id)
{
    anshin_wire_begin(reply, ANSHIN_WIRE_WELCOME, id);
    (void)anshin_wire_put_number(reply, ANSHIN_WIRE_VERSION);
    (void)anshin_wire_put_text(reply, CA_ID);
    (void)anshin_wire_put_number(reply, access("ends", F_OK) == 0 ? SOON : 4000000000);
    (void)anshin_wire_put_text(reply, fingerprint);
    (void)anshin_wire_put_text(reply, fingerprint);
    (void)anshin_wire_put_text(reply, "");
    (void)anshin_wire_put_text(reply, access("apple", F_OK) == 0 ? "another's key" : "");
}

static int be_signer(void)
{
    static const unsigned char answers[] = {[ANSHIN_WIRE_CRL_BEGIN] = ANSHIN_WIRE_CRL_BEGUN,
                                            [ANSHIN_WIRE_CRL_ADD] = ANSHIN_WIRE_CRL_ADDED,
                                            [ANSHIN_WIRE_CRL_END] = ANSHIN_WIRE_CRL_ENDED,
                                            [ANSHIN_WIRE_CRL_READ] = ANSHIN_WIRE_CRL_PART};
    anshin_wire_t request;
    anshin_wire_t reply;
    unsigned char type;
    apr_uint32_t id;

    while (anshin_wire_receive(STDIN_FILENO, &request, -1) == APR_SUCCESS &&
           anshin_wire_get_head(&request, &type, &id) == APR_SUCCESS) {
        while (access("mute", F_OK) == 0) {
            apr_sleep(apr_time_from_msec(5));
        }
        if (type == ANSHIN_WIRE_HELLO) {
            say_welcome(&reply, id);
        } else {
            anshin_wire_begin(&reply, type < sizeof(answers) ? answers[type] : ANSHIN_WIRE_REFUSED, id);
        }
        if (type == ANSHIN_WIRE_CRL_ADD) {
            note_entries(&request);
        } else if (type == ANSHIN_WIRE_CRL_END) {
            (void)anshin_wire_put_number(&reply, 4);
        } else if (type == ANSHIN_WIRE_CRL_READ) {
            (void)anshin_wire_put_string(&reply, "list", 4);
        }
        (void)anshin_wire_send(STDIN_FILENO, &reply, -1);
        if (type == ANSHIN_WIRE_CRL_BEGIN && access("die", F_OK) == 0) {
            (void)unlink("die");
            (void)raise(SIGKILL);
        }
    }
    return 0;
}

static void start_signer(const char *program)
{
    static anshin_signer_client_settings_t settings;
    anshin_error_t err;

    anshin_error_clear(&err);
    settings = (anshin_signer_client_settings_t){.program = program};
    settings.cas = anshin_ca_all(&fixture.config, fixture.pool);
    if (anshin_signer_client_start(&work.signer_client, &settings, &err, fixture.pool) != APR_SUCCESS) {
        printf("# signer: %s %s\n", err.id, err.text);
        exit(1);
    }
}

/* Until it is there, or there again: the time that it stays away passes at once. */
static void wait_ready(void)
{
    anshin_error_t err;

    anshin_error_clear(&err);
    do {
        anshin_signer_client_tend(work.signer_client);
        passed += apr_time_from_sec(1);
    } while (anshin_signer_client_wait(work.signer_client, apr_time_from_msec(10), &err) != APR_SUCCESS);
}

/* --- lists ------------------------------------------------------------------------------------------------------ */

static int entries_of_list(void)
{
    FILE *in = fopen(LAST_ENTRIES, "r");
    char text[16];
    int entries = -1;

    if (in != NULL) {
        entries = fgets(text, sizeof(text), in) != NULL ? (int)strtol(text, NULL, 10) : -1;
        (void)fclose(in);
    }
    return entries;
}

static void tell_of(const char *serial)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;

    fixture_put(&fixture, &anshin_record_certificate, serial,
                &(anshin_certificate_t){.contract = "p-01",
                                        .user = "u",
                                        .state = ANSHIN_CERTIFICATE_REVOKED,
                                        .ca = CA_ID,
                                        .revoked_at = fixture.now,
                                        .not_after = fixture.now + 1000 * HOUR});
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_revoked_tell(op, txn, serial);
    (void)anshin_txn_commit(txn, ANSHIN_DURABLE);
}

/* How many files a step wrote: two for a list. */
static int step(anshin_publisher_t *publisher)
{
    apr_time_t sleep;
    int before = files;

    anshin_publisher_step(publisher, &sleep);
    return files - before;
}

static void pass(apr_interval_time_t time)
{
    passed += time;
    fixture.now += time;
}

static void test_times(void)
{
    anshin_publisher_t publisher;

    anshin_publisher_init(&publisher, &work, fixture.pool);
    ok(step(&publisher) == 2 && step(&publisher) == 0, "a list is written at the start, and not again at once (CRT-6)");
    pass(ANSHIN_CRL_INTERVAL - HOUR);
    ok(step(&publisher) == 0, "nor before its time");
    pass(HOUR);
    at_writing = ANSHIN_CRL_LIFE / 2;
    ok(step(&publisher) == 2, "then it is; the machine sleeps while it is written");
    at_writing = 0;
    ok(step(&publisher) == 2, "what came late is written anew at once: it counts from when it was begun (CRT-6)");
    ok(step(&publisher) == 0, "and not once more");
}

static void test_lost(void)
{
    anshin_publisher_t publisher;
    anshin_publisher_t next;

    anshin_publisher_init(&publisher, &work, fixture.pool);
    (void)step(&publisher);
    tell_of("4101");
    (void)fclose(fopen("die", "w"));
    ok(step(&publisher) == 0, "a signer that dies in the midst of a list leaves none");
    wait_ready();
    ok(step(&publisher) == 2 && entries_of_list() == 1, "when it is back the list has who was told of (CRT-6)");
    tell_of("4102");
    (void)fclose(fopen("die", "w"));
    (void)step(&publisher);
    wait_ready();
    anshin_publisher_init(&next, &work, fixture.pool);
    ok(step(&next) == 2 && entries_of_list() == 2, "and so it has when the worker went with the signer (CRT-6)");
}

/* Of a machine that shares the store, whose list is in a directory of its own. */
static int step_at(anshin_publisher_t *publisher, const char *node)
{
    int written;

    (void)unlink(LAST_ENTRIES);
    fixture.env.node = node;
    fixture.config.server.crl_dir = apr_pstrcat(fixture.pool, fixture.directory, "/", node, NULL);
    written = step(publisher);
    fixture.env.node = NULL;
    fixture.config.server.crl_dir = fixture.directory;
    return written;
}

static time_t time_of_list(const char *node)
{
    struct stat seen;

    return stat(apr_pstrcat(fixture.pool, node, "/ca.crl", NULL), &seen) == 0 ? seen.st_mtime : 0;
}

static apr_int64_t number_out(void)
{
    anshin_crl_out_t out;

    return anshin_crl_look(fixture_op(&fixture), "ca", 0, &out, NULL) == APR_SUCCESS ? out.number : -1;
}

/* As a copy does that keeps no times. */
static int put_back(const char *file, const char *content, const struct utimbuf *times)
{
    FILE *out = fopen(file, "w");

    return out != NULL && fputs(content, out) >= 0 && fclose(out) == 0 && utime(file, times) == 0;
}

static int holds_list(const char *file)
{
    char content[8] = "";
    FILE *in = fopen(file, "r");
    size_t length = in != NULL ? fread(content, 1, sizeof(content) - 1, in) : 0;

    return in != NULL && fclose(in) == 0 && length == 4 && strcmp(content, "list") == 0;
}

/* Two machines, one list (CLU-1). */
static void test_shared(void)
{
    anshin_publisher_t one;
    anshin_publisher_t two;
    struct utimbuf later;
    apr_int64_t number;

    (void)mkdir("one", 0700);
    (void)mkdir("two", 0700);
    anshin_publisher_init(&one, &work, fixture.pool);
    anshin_publisher_init(&two, &work, fixture.pool);
    ok(step_at(&one, "one") == 2 && entries_of_list() == 2, "a machine makes the list");
    number = number_out();
    ok(step_at(&two, "two") == 2 && entries_of_list() == -1 && number_out() == number &&
           time_of_list("two") == time_of_list("one"),
       "another one writes the same, and makes none");
    ok(step_at(&one, "one") == 0 && step_at(&two, "two") == 0, "neither does so again");
    tell_of("4151");
    ok(step_at(&two, "two") == 2 && entries_of_list() == 3 && number_out() > number,
       "what is revoked the first to hear of it lists");
    number = number_out();
    ok(step_at(&one, "one") == 2 && entries_of_list() == -1 && step_at(&one, "one") == 0 && number_out() == number,
       "and the others write that");
    tell_of("4152");
    (void)fclose(fopen("die", "w"));
    ok(step_at(&one, "one") == 0, "a machine whose signer dies in the midst of a list puts none out,");
    wait_ready();
    ok(step_at(&two, "two") == 2 && entries_of_list() == 4, "and keeps no other one waiting");
    ok(step_at(&one, "one") == 2 && entries_of_list() == -1, "nor itself");
    pass(ANSHIN_CRL_INTERVAL);
    number = number_out();
    ok(step_at(&one, "one") == 2 && step_at(&two, "two") == 2 && entries_of_list() == -1 && number_out() > number,
       "in time one of them makes the next");
    number = number_out();
    anshin_publisher_init(&two, &work, fixture.pool);
    ok(step_at(&two, "two") == 2 && entries_of_list() == -1 && number_out() == number,
       "a worker that begins anew writes what is out");
    for (apr_interval_time_t passed_by = 0; passed_by < ANSHIN_CRL_INTERVAL; passed_by += HOUR) {
        pass(HOUR);
        (void)step_at(&one, "one");
    }
    number = number_out();
    ok(step_at(&two, "two") == 2 && entries_of_list() == -1 && number_out() == number,
       "one that slept for long does, too");
    pass(apr_time_from_sec(120));
    later = (struct utimbuf){.actime = time_of_list("two") + 60, .modtime = time_of_list("two") + 60};
    anshin_publisher_init(&two, &work, fixture.pool);
    ok(put_back("two/ca.crl", "old", &later) && step_at(&two, "two") == 2 && entries_of_list() >= 0 &&
           number_out() > number && holds_list("two/ca.crl"),
       "a file newer than the list that is out is written over by the next one, made at once: it may be an old one that "
       "was put back (CLU-4, CRT-6)");
    number = number_out();
    ok(step_at(&one, "one") == 2 && step_at(&two, "two") == 0 && number_out() == number, "once, and the others follow");
    pass(apr_time_from_sec(120));
    later = (struct utimbuf){.actime = time_of_list("two") + 60, .modtime = time_of_list("two") + 60};
    anshin_publisher_init(&two, &work, fixture.pool);
    (void)fclose(fopen("die", "w"));
    ok(put_back("two/ca.crl", "late", &later) && step_at(&two, "two") == 0 && time_of_list("two") == later.modtime &&
           number_out() == number,
       "none writes the one that is out over it, when the store was put back (CLU-4)");
    wait_ready();
    ok(step_at(&two, "two") == 2 && number_out() > number && holds_list("two/ca.crl"),
       "but the next one, as soon as there is a signer");
}

/* In the midst of a list. */
static void end_signer(anshin_publisher_t *publisher)
{
    (void)fclose(fopen("die", "w"));
    tell_of("4103");
    (void)step(publisher);
}

/* What a step writes into the log. */
static const char *logged(anshin_publisher_t *publisher)
{
    static char text[4096];
    FILE *log = tmpfile();
    int kept = dup(STDERR_FILENO);
    size_t length;

    (void)dup2(fileno(log), STDERR_FILENO);
    (void)step(publisher);
    (void)dup2(kept, STDERR_FILENO);
    (void)close(kept);
    rewind(log);
    length = fread(text, 1, sizeof(text) - 1, log);
    text[length] = '\0';
    (void)fclose(log);
    return text;
}

static void test_end(void)
{
    anshin_publisher_t publisher;
    const char *said;

    anshin_publisher_init(&publisher, &work, fixture.pool);
    (void)fclose(fopen("ends", "w"));
    end_signer(&publisher);
    wait_ready();
    said = logged(&publisher);
    ok(strstr(said, "AN1238") != NULL && strstr(said, "the CA ca ends on ") != NULL &&
           strstr(said, "in 80 days") != NULL && strstr(said, "htanshin ca create --next") != NULL,
       "the log reminds of the CA's own end, with what to do (CAS-2)");
    pass(ANSHIN_CRL_INTERVAL);
    ok(strstr(logged(&publisher), "AN1238") == NULL, "once, however often a list is written");
    (void)unlink("ends");
}

/* What htanshin check is told. */
static const char *noted(const char *ca)
{
    const char *why = NULL;

    return anshin_unusable_noted(fixture_op(&fixture), ca, &why) == APR_SUCCESS ? why : NULL;
}

static int facts(void)
{
    return fixture_count(&fixture, &anshin_record_fact);
}

static void test_unusable(void)
{
    anshin_publisher_t publisher;
    int before;

    anshin_publisher_init(&publisher, &work, fixture.pool);
    (void)step(&publisher);
    before = facts();
    ok(same_text(noted(NULL), "") && same_text(noted("ca"), ""), "a signer that can use all leaves no note");
    (void)fclose(fopen("apple", "w"));
    end_signer(&publisher);
    (void)step(&publisher);
    ok(strstr(noted("ca"), "the signer has ended") != NULL && facts() == before + 1,
       "of one that has ended it is noted that its CA cannot be used (CRT-7: %s)", noted("ca"));
    wait_ready();
    (void)step(&publisher);
    ok(same_text(noted(NULL), "another's key") && same_text(noted("ca"), "") && facts() == before + 1,
       "what one has said of the key for Apple profiles is noted, and its CA is well (CRT-3)");
    (void)unlink("apple");
    end_signer(&publisher);
    wait_ready();
    (void)step(&publisher);
    ok(same_text(noted(NULL), "") && facts() == before, "and no longer when it can be used");
}

/* As one does whose token has refused the PIN. */
static void test_mute(void)
{
    anshin_publisher_t publisher;

    anshin_publisher_init(&publisher, &work, fixture.pool);
    end_signer(&publisher);
    (void)fclose(fopen("mute", "w"));
    pass(HOUR);
    anshin_signer_client_tend(work.signer_client);
    (void)step(&publisher);
    ok(same_text(noted("ca"), ""), "of a signer that was started just now nothing is noted");
    pass(HOUR);
    (void)step(&publisher);
    ok(strstr(noted("ca"), "does not begin") != NULL, "of one that does not begin it is (CAS-3)");
    (void)unlink("mute");
    wait_ready();
    (void)step(&publisher);
    ok(same_text(noted("ca"), ""), "until it does");
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    char *program;

    apr_initialize();
    if (argc > 1) {
        return be_signer();
    }
    apr_pool_create(&pool, NULL);
    program = realpath(argv[0], NULL);
    anshin_log_open("test", ANSHIN_LOG_WARNING);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    fixture.config.server.crl_dir = fixture.directory;
    fixture.config.server.ca_certificate = "/ca.crt";
    fixture.config.server.ca_key = "/ca.key";
    work.env = &fixture.env;
    if (program == NULL || chdir(fixture.directory) != 0) {
        return 1;
    }
    start_signer(program);
    wait_ready();
    test_times();
    test_lost();
    test_shared();
    test_end();
    test_unusable();
    test_mute();
    free(program);
    apr_pool_destroy(pool);
    return done();
}

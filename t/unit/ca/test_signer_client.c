/*
 * The worker's end of the socket to the signer (ca/signer_client.h): whoever issues goes before OCSP answers (CRT-6).
 * The signer is this program itself, which answers slowly.
 */
#include "ca/signer_client.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "core/base/waiting.h"
#include "core/config/ca_files.h"
#include "unit/tap.h"

#define SLOW apr_time_from_msec(20)
#define HANDS 3

static const char fingerprint[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static apr_pool_t *pool;
static anshin_signer_client_t *client;

/* --- the signer ------------------------------------------------------------------------------------------------- */

static void answer_issue(anshin_wire_t *reply, apr_uint32_t id)
{
    apr_sleep(SLOW);
    anshin_wire_begin(reply, ANSHIN_WIRE_ISSUED, id);
    (void)anshin_wire_put_string(reply, "certificate", 11);
    (void)anshin_wire_put_text(reply, fingerprint);
    (void)anshin_wire_put_number(reply, 1);
    (void)anshin_wire_put_number(reply, 2);
    (void)anshin_wire_put_string(reply, "the CA", 6);
}

static int be_signer(void)
{
    anshin_wire_t request;
    anshin_wire_t reply;
    unsigned char type;
    apr_uint32_t id;

    while (anshin_wire_receive(STDIN_FILENO, &request, -1) == APR_SUCCESS &&
           anshin_wire_get_head(&request, &type, &id) == APR_SUCCESS) {
        anshin_wire_begin(&reply, ANSHIN_WIRE_OCSP_SIGNED, id);
        if (type == ANSHIN_WIRE_HELLO) {
            anshin_wire_begin(&reply, ANSHIN_WIRE_WELCOME, id);
            (void)anshin_wire_put_number(&reply, ANSHIN_WIRE_VERSION);
            (void)anshin_wire_put_text(&reply, "0123456789abcdef");
            (void)anshin_wire_put_number(&reply, 3);
            (void)anshin_wire_put_text(&reply, fingerprint);
            (void)anshin_wire_put_text(&reply, fingerprint);
            (void)anshin_wire_put_text(&reply, "");
            (void)anshin_wire_put_text(&reply, "another's key");
        } else if (type == ANSHIN_WIRE_ISSUE) {
            answer_issue(&reply, id);
        }
        (void)anshin_wire_send(STDIN_FILENO, &reply, -1);
    }
    return 0;
}

/* --- the worker ------------------------------------------------------------------------------------------------- */

static volatile int is_over;

static void *APR_THREAD_FUNC issue_on(apr_thread_t *thread, void *issued)
{
    const anshin_issue_order_t order = {.ca = "ca", .serial = "4101", .name = "u", .lifetime = apr_time_from_sec(60)};
    const anshin_bytes_t spki = anshin_bytes_of("key");

    while (!is_over) {
        anshin_signer_client_issued_t made;
        anshin_error_t err;
        apr_pool_t *scratch;

        anshin_error_clear(&err);
        apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
        *(int *)issued += anshin_signer_client_issue(client, &order, &spki, &made, &err, scratch) == APR_SUCCESS;
        apr_pool_destroy(scratch);
    }
    (void)thread;
    return NULL;
}

static apr_status_t nothing(void *baton, anshin_wire_t *wire)
{
    (void)baton;
    (void)wire;
    return APR_SUCCESS;
}

static apr_status_t ask_behind(apr_interval_time_t wait, anshin_error_t *err)
{
    const anshin_signer_ask_t ask = {ANSHIN_WIRE_OCSP, ANSHIN_WIRE_OCSP_SIGNED, nothing, nothing, NULL};

    anshin_error_clear(err);
    return anshin_signer_client_ask_behind(client, &ask, anshin_uptime_now() + wait, err, pool);
}

/* What is told of a CA, or (name NULL) of what Apple profiles are signed with; NULL: nothing yet. */
static const char *unusable(const char *name)
{
    const char *why;

    return anshin_signer_client_unusable(client, name, &why, pool) == APR_SUCCESS ? why : NULL;
}

static void wait_ready(void)
{
    anshin_error_t err;

    anshin_error_clear(&err);
    while (anshin_signer_client_wait(client, apr_time_from_msec(10), &err) != APR_SUCCESS) {
        anshin_signer_client_tend(client);
    }
}

static void test_order(void)
{
    apr_thread_t *threads[HANDS];
    int issued[HANDS] = {0};
    anshin_error_t err;
    apr_status_t ended;
    apr_status_t refused;
    int made = 0;

    for (int i = 0; i < HANDS; i++) {
        (void)apr_thread_create(&threads[i], NULL, issue_on, &issued[i], pool);
    }
    apr_sleep(SLOW); /* until they have begun */
    refused = ask_behind(15 * SLOW, &err);
    ok(refused == ANSHIN_EBUSY && strcmp(err.id, "AN1215") == 0,
       "while certificates are made one behind the other, no OCSP answer gets between (CRT-6: %s)", err.text);
    is_over = 1;
    for (int i = 0; i < HANDS; i++) {
        (void)apr_thread_join(&ended, threads[i]);
        made += issued[i];
    }
    ok(made > 0, "%d certificates were made meanwhile", made);
}

/* A worker that was root cannot start another one: its threads must not wait for what will not come, since the worker
 * ends first when they have (httpd starts the next one then). */
static void test_lost(const anshin_signer_client_settings_t *given)
{
    anshin_signer_client_settings_t settings = *given;
    const apr_interval_time_t patience = apr_time_from_sec(60);
    apr_time_t begun = anshin_uptime_now();
    anshin_signer_client_t *dead;
    const char *why;
    anshin_error_t err;

    anshin_error_clear(&err);
    settings.program = "/bin/false";
    settings.user = "nobody";
    ok(anshin_signer_client_start(&dead, &settings, &err, pool) == APR_SUCCESS, "one is started that dies (%s)",
       err.text);
    while (anshin_signer_client_unusable(dead, "ca", &why, pool) != APR_SUCCESS) {
        apr_sleep(SLOW / 10);
        anshin_signer_client_tend(dead);
    }
    ok(anshin_signer_client_wait(dead, patience, &err) == ANSHIN_EBUSY && anshin_signer_client_is_lost(dead) &&
           anshin_uptime_now() - begun < patience,
       "nobody waits for it longer than until it counts as lost");
}

int main(int argc, char **argv)
{
    anshin_signer_client_settings_t settings = {.for_reader = 0};
    const anshin_ocsp_request_t ours = {.issuer = fingerprint, .sha256 = 1};
    const anshin_ocsp_request_t foreign = {.issuer = fingerprint + 1, .sha256 = 1};
    apr_array_header_t *cas;
    anshin_reply_ca_t ca = {.end = 0};
    const char *name = "";
    anshin_error_t err;

    apr_initialize();
    if (argc > 1) {
        return be_signer();
    }
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&err);
    settings.program = argv[0];
    settings.cas = cas = apr_array_make(pool, 1, sizeof(anshin_ca_files_t));
    APR_ARRAY_PUSH(cas, anshin_ca_files_t) =
        (anshin_ca_files_t){.name = "ca", .certificate = "/certificate", .key = "/key"};
    ok(anshin_signer_client_start(&client, &settings, &err, pool) == APR_SUCCESS, "a signer is started (%s)", err.text);
    ok(anshin_signer_client_ca(client, "ca", &ca, &err) == ANSHIN_EBUSY &&
           anshin_signer_client_issuer(client, &ours, &name, &ca, &err) == ANSHIN_EBUSY &&
           ask_behind(SLOW, &err) == ANSHIN_EBUSY,
       "before it has said who it is, nothing is to be had");
    ok(unusable("ca") == NULL && unusable(NULL) == NULL, "nor is anything known of what it cannot use");
    wait_ready();
    ok(same_text(unusable("ca"), "") && same_text(unusable(NULL), "another's key"),
       "then it has said what it cannot use (CRT-3)");
    ok(anshin_signer_client_ca(client, "ca", &ca, &err) == APR_SUCCESS && same_text(ca.id, "0123456789abcdef") &&
           ca.end == apr_time_from_sec(3) && anshin_signer_client_ca(client, "ca-2", &ca, &err) == ANSHIN_EBUSY,
       "then its CA is known, and no other (CAS-1)");
    ok(anshin_signer_client_issuer(client, &ours, &name, &ca, &err) == APR_SUCCESS && same_text(name, "ca") &&
           same_text(ca.id, "0123456789abcdef") &&
           anshin_signer_client_issuer(client, &foreign, &name, &ca, &err) == ANSHIN_ENOTFOUND,
       "an OCSP request finds the CA that it is about");
    ok(ask_behind(apr_time_from_sec(10), &err) == APR_SUCCESS, "and an OCSP answer, when nobody issues (%s)", err.text);
    test_order();
    ok(ask_behind(apr_time_from_sec(10), &err) == APR_SUCCESS, "when nobody issues any more, it gets its turn (%s)",
       err.text);
    test_lost(&settings);
    apr_pool_destroy(pool);
    return done();
}

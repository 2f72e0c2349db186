/*
 * OCSP in the core: what is said of certificates, answers that are kept (core/certificate/ocsp.h), and how httpd asks
 * the worker (core/certificate/responder.h, CRT-6).
 */
#include "core/certificate/responder.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_thread_proc.h>
#include <openssl/ocsp.h>

#include "core/certificate/certificate.h"
#include "core/certificate/revocation.h"
#include "crypto/ocsp.h"
#include "unit/fixture.h"
#include "unit/tap.h"

#define DAY apr_time_from_sec(86400)
#define GOOD "4101"
#define REVOKED "4102"
#define NOBODY "4103"

static const anshin_revoked_ca_t first = {"ca", "1111111111111111"};
static const anshin_revoked_ca_t second = {"ca-2", "2222222222222222"};
static fixture_t fixture;

static void put(const char *serial, apr_int64_t state)
{
    fixture_put(&fixture, &anshin_record_certificate, serial,
                &(anshin_certificate_t){.contract = "p-01",
                                        .user = "u",
                                        .serial = serial,
                                        .state = state,
                                        .not_after = fixture.now + 300 * DAY,
                                        .revoked_at = state == ANSHIN_CERTIFICATE_REVOKED ? fixture.now - DAY : 0,
                                        .reason = state == ANSHIN_CERTIFICATE_REVOKED ? 1 : 0});
}

static anshin_ocsp_request_t about(const char *serial)
{
    return (anshin_ocsp_request_t){.issuer = "aa", .count = 1, .asked = {serial}};
}

static anshin_ocsp_response_t response_of(const char *text)
{
    return (anshin_ocsp_response_t){
        .der = anshin_bytes_of(text), .this_update = fixture.now, .next_update = fixture.now + ANSHIN_OCSP_LIFE};
}

static void keep(const char *serial, const char *text, int asked)
{
    anshin_ocsp_request_t request = about(serial);
    anshin_ocsp_response_t response = response_of(text);
    anshin_ocsp_state_t states[ANSHIN_OCSP_ASKED_MAX];

    (void)anshin_ocsp_look_up(fixture_op(&fixture), &request, &first, states);
    (void)anshin_ocsp_keep(fixture_op(&fixture), &(anshin_ocsp_keep_t){&request, states, &response, asked, 0});
}

/* What is kept about it; "": nothing that counts. */
static const char *kept(const char *serial)
{
    anshin_ocsp_request_t request = about(serial);
    anshin_ocsp_response_t response;
    apr_status_t status = anshin_ocsp_kept(fixture_op(&fixture), &request, &response);

    return status == APR_SUCCESS ? apr_pstrmemdup(fixture.pool, (const char *)response.der.data, response.der.length)
           : status == ANSHIN_ENOTFOUND ? ""
                                        : "fault";
}

static void test_states(void)
{
    anshin_ocsp_request_t request = {.issuer = "aa", .count = 3, .asked = {GOOD, REVOKED, NOBODY}};
    anshin_ocsp_state_t states[ANSHIN_OCSP_ASKED_MAX];

    put(GOOD, ANSHIN_CERTIFICATE_ACTIVE);
    put(REVOKED, ANSHIN_CERTIFICATE_REVOKED);
    ok(anshin_ocsp_look_up(fixture_op(&fixture), &request, &first, states) == APR_SUCCESS &&
           states[0].status == ANSHIN_OCSP_GOOD && states[1].status == ANSHIN_OCSP_REVOKED &&
           states[1].revoked_at == fixture.now - DAY && states[1].reason == 1 &&
           states[2].status == ANSHIN_OCSP_UNKNOWN,
       "good, revoked with time and reason, unknown (CRT-6)");
    ok(anshin_ocsp_look_up(fixture_op(&fixture), &request, &second, states) == APR_SUCCESS &&
           states[0].status == ANSHIN_OCSP_UNKNOWN && states[1].status == ANSHIN_OCSP_UNKNOWN,
       "another CA knows none of them (CAS-1)");
}

static void test_kept(void)
{
    const apr_time_t began = fixture.now;
    apr_array_header_t *found;

    ok(same_text(kept(GOOD), ""), "nothing is kept");
    keep(GOOD, "good", 1);
    keep(REVOKED, "revoked", 1);
    ok(same_text(kept(GOOD), "good") && same_text(kept(REVOKED), "revoked"), "what was made is kept");
    fixture.now = began + ANSHIN_OCSP_LIFE - 1;
    ok(same_text(kept(GOOD), "good"), "until nextUpdate");
    fixture.now = began + ANSHIN_OCSP_LIFE;
    ok(same_text(kept(GOOD), ""), "and no longer");
    fixture.now = began - apr_time_from_sec(1);
    ok(same_text(kept(GOOD), ""), "nor before thisUpdate, where a clock was put back");
    fixture.now = began;
    ok(anshin_certificate_revoke(fixture_op(&fixture), GOOD, ANSHIN_REASON_KEY_COMPROMISE) == APR_SUCCESS &&
           same_text(kept(GOOD), ""),
       "a revocation ends it at once");
    ok(anshin_ocsp_aging(fixture_op(&fixture), &found) == APR_SUCCESS && found->nelts == 1 &&
           same_text(APR_ARRAY_IDX(found, 0, anshin_ocsp_aging_t).request.asked[0], GOOD),
       "CRT-6: and another one is to be made ahead");
    (void)anshin_ocsp_forget(fixture_op(&fixture), &APR_ARRAY_IDX(found, 0, anshin_ocsp_aging_t).request);
    keep(GOOD, "now revoked", 1);
    ok(same_text(kept(GOOD), "now revoked"), "and the next one says so");
    fixture_delete(&fixture, &anshin_record_certificate, GOOD);
    ok(same_text(kept(GOOD), ""), "nothing is said of a certificate that is not there any more");
    put(GOOD, ANSHIN_CERTIFICATE_ACTIVE);
    ok(same_text(kept(GOOD), ""), "nor of one that is another's now");
    keep(GOOD, "good", 1);
}

/* "4101* 4102": those to be made anew; *: somebody has asked. */
static const char *aging(void)
{
    apr_array_header_t *found;
    const char *all = "";

    if (anshin_ocsp_aging(fixture_op(&fixture), &found) != APR_SUCCESS) {
        return "fault";
    }
    for (int i = 0; i < found->nelts; i++) {
        const anshin_ocsp_aging_t *one = &APR_ARRAY_IDX(found, i, anshin_ocsp_aging_t);

        all = apr_pstrcat(
            fixture.pool, all, i > 0 ? " " : "", one->request.asked[0], one->wanted ? "*" : "",
            one->request.issuer != NULL && same_text(one->request.issuer, "aa") && one->request.count == 1 ? "" : "?",
            NULL);
    }
    return all;
}

static void test_aging(void)
{
    const apr_time_t began = fixture.now;
    anshin_ocsp_request_t good = about(GOOD);
    anshin_ocsp_request_t revoked = about(REVOKED);

    ok(same_text(aging(), ""), "nothing is to be made anew");
    fixture.now = began + ANSHIN_OCSP_LIFE / 2;
    ok(same_text(aging(), REVOKED "* " GOOD "*"), "after half of its time it is (%s)", aging());
    keep(GOOD, "good again", 0);
    ok(same_text(aging(), REVOKED "*") && same_text(kept(GOOD), "good again"), "then it counts again (%s)", aging());
    (void)anshin_ocsp_forget(fixture_op(&fixture), &revoked);
    ok(same_text(aging(), "") && same_text(kept(REVOKED), ""), "one that is forgotten is gone");
    fixture.now = began + ANSHIN_OCSP_MEMORY - 1;
    ok(same_text(aging(), GOOD "*"), "one that was asked for is made anew for a week (%s)", aging());
    fixture.now = began + ANSHIN_OCSP_MEMORY;
    ok(same_text(aging(), GOOD), "then nobody wants it any more (%s)", aging());
    (void)anshin_ocsp_forget(fixture_op(&fixture), &good);
    ok(fixture_count(&fixture, &anshin_record_ocsp) == 0 && same_text(aging(), ""), "and nothing is left of it");
    fixture.now = began;
}

static apr_status_t file_ahead(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_ocsp_ahead(op, txn, baton);
}

/* Made before anybody asks: once, and not again where nobody does. */
static void test_ahead(void)
{
    const apr_time_t began = fixture.now;
    anshin_ocsp_request_t request = about(GOOD);
    anshin_ocsp_response_t response = response_of("ahead");
    anshin_ocsp_state_t state = {.status = ANSHIN_OCSP_GOOD};
    apr_array_header_t *found;

    put(GOOD, ANSHIN_CERTIFICATE_ACTIVE);
    (void)anshin_op_write(fixture_op(&fixture), ANSHIN_LAZY, file_ahead, (void *)(apr_uintptr_t)GOOD);
    (void)anshin_ocsp_aging(fixture_op(&fixture), &found);
    ok(found->nelts == 1 && APR_ARRAY_IDX(found, 0, anshin_ocsp_aging_t).request.issuer == NULL &&
           same_text(aging(), GOOD "*?"),
       "CRT-6: an answer is to be made before anybody asks");
    (void)anshin_ocsp_keep(fixture_op(&fixture), &(anshin_ocsp_keep_t){&request, &state, &response, 0, 1});
    ok(same_text(aging(), "") && same_text(kept(GOOD), "ahead") && fixture_count(&fixture, &anshin_record_ocsp) == 1,
       "then it is there, and nothing is left of the wish");
    fixture.now = began + ANSHIN_OCSP_LIFE / 2;
    ok(same_text(aging(), GOOD), "half of its time later nobody has asked: it is not made anew (%s)", aging());
    (void)anshin_ocsp_forget(fixture_op(&fixture), &request);
    (void)anshin_op_write(fixture_op(&fixture), ANSHIN_LAZY, file_ahead, (void *)(apr_uintptr_t) "4141");
    (void)anshin_ocsp_aging(fixture_op(&fixture), &found);
    ok(found->nelts == 1 && !APR_ARRAY_IDX(found, 0, anshin_ocsp_aging_t).wanted, "of a certificate that is gone none");
    (void)anshin_ocsp_forget(fixture_op(&fixture), &APR_ARRAY_IDX(found, 0, anshin_ocsp_aging_t).request);
    ok(fixture_count(&fixture, &anshin_record_ocsp) == 0, "and the wish is gone with it");
    fixture.now = began;
}

/* --- asking the worker ------------------------------------------------------------------------------------------ */

/* A worker of one answer. */
typedef struct stand_in_t {
    int door;
    const unsigned char *packet;
    apr_size_t length; /* 0: it hangs up; above: of the packet */
    apr_size_t heard;  /* octets of the request */
} stand_in_t;

static void *APR_THREAD_FUNC stand_in(apr_thread_t *thread, void *data)
{
    stand_in_t *worker = data;
    unsigned char request[ANSHIN_OCSP_REQUEST_MAX];
    int fd = accept(worker->door, NULL, NULL);
    ssize_t got = recv(fd, request, sizeof(request), 0);

    (void)thread;
    worker->heard = got > 0 ? (apr_size_t)got : 0;
    if (worker->length > 0) {
        (void)send(fd, worker->packet, worker->length, MSG_NOSIGNAL);
    }
    (void)close(fd);
    return NULL;
}

/* A client's request about serial 0x4101. */
static anshin_bytes_t client_request(int with_nonce)
{
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_BIT_STRING *key = ASN1_BIT_STRING_new();
    X509_NAME *name = X509_NAME_new();
    unsigned char *octets = NULL;
    int length;

    ASN1_INTEGER_set(serial, 0x4101);
    OCSP_request_add0_id(request, OCSP_cert_id_new(EVP_sha1(), name, key, serial));
    if (with_nonce) {
        OCSP_request_add1_nonce(request, NULL, 16);
    }
    length = i2d_OCSP_REQUEST(request, &octets);
    anshin_bytes_t der = {apr_pmemdup(fixture.pool, octets, (apr_size_t)length), (apr_size_t)length};
    OPENSSL_free(octets);
    OCSP_REQUEST_free(request);
    ASN1_INTEGER_free(serial);
    ASN1_BIT_STRING_free(key);
    X509_NAME_free(name);
    return der;
}

static int open_door(void)
{
    struct sockaddr_un address;
    int door = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    (void)mkdir(apr_pstrcat(fixture.pool, fixture.directory, "/run", NULL), 0700);
    (void)anshin_responder_address(&address, fixture.directory);
    (void)unlink(address.sun_path);
    return bind(door, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(door, 1) == 0 ? door : -1;
}

/* The answer's octets as text, or "refused N". */
static const char *answer_to(anshin_bytes_t der, apr_status_t expected, anshin_ocsp_response_t *response)
{
    static const unsigned char refused[] = {0x30, 3, 10, 1};
    anshin_op_t *op = fixture_op(&fixture);
    apr_status_t status = anshin_responder_answer(op, &der, response);

    if (status != expected) {
        return anshin_status_name(status);
    }
    return response->der.length == 5 && memcmp(response->der.data, refused, sizeof(refused)) == 0
               ? apr_psprintf(fixture.pool, "refused %d", response->der.data[4])
               : apr_pstrmemdup(fixture.pool, (const char *)response->der.data, response->der.length);
}

static const char *with_worker(int door, const unsigned char *packet, apr_size_t length, apr_status_t expected,
                               anshin_ocsp_response_t *response)
{
    stand_in_t worker = {door, packet, length, 0};
    anshin_bytes_t der = client_request(1);
    apr_thread_t *thread;
    apr_status_t ended;
    const char *answer;

    (void)apr_thread_create(&thread, NULL, stand_in, &worker, fixture.pool);
    answer = answer_to(der, expected, response);
    (void)apr_thread_join(&ended, thread);
    return worker.heard == der.length ? answer : "not asked";
}

static void test_answer(void)
{
    static unsigned char packet[ANSHIN_RESPONDER_PACKET];
    static unsigned char far[ANSHIN_RESPONDER_HEAD + 1];
    anshin_ocsp_response_t made = response_of("made now");
    anshin_ocsp_response_t response;
    anshin_ocsp_request_t request;
    anshin_bytes_t plain = client_request(0);
    anshin_ocsp_state_t state = {.status = ANSHIN_OCSP_GOOD};
    apr_size_t length = anshin_responder_pack(packet, &made);
    int door;

    ok(same_text(answer_to((anshin_bytes_t){(const unsigned char *)"x", 1}, APR_SUCCESS, &response), "refused 1") &&
           response.next_update == 0,
       "what is no request: malformedRequest, for nobody's cache");
    ok(same_text(answer_to(plain, ANSHIN_EBUSY, &response), "refused 3"), "without worker: tryLater");
    door = open_door();
    ok(same_text(with_worker(door, packet, length, APR_SUCCESS, &response), "made now") &&
           response.this_update == fixture.now && response.next_update == fixture.now + ANSHIN_OCSP_LIFE,
       "the worker's answer, with its times");
    ok(same_text(with_worker(door, packet, 0, ANSHIN_EBUSY, &response), "refused 3"), "a worker that dies: tryLater");
    ok(same_text(with_worker(door, packet, ANSHIN_RESPONDER_HEAD, ANSHIN_EBUSY, &response), "refused 3"),
       "an answer without octets is none");
    memset(far, 0xff, sizeof(far));
    ok(same_text(with_worker(door, far, sizeof(far), ANSHIN_EBUSY, &response), "refused 3"), "nor one of no time");
    ok(same_text(answer_to(plain, ANSHIN_EBUSY, &response), "refused 3"), "a worker that hangs: tryLater, in a second");
    (void)close(door);
    (void)fixture.crypto->ocsp_read(fixture.crypto->ctx, &request, plain.data, plain.length, NULL, fixture.pool);
    (void)anshin_ocsp_keep(fixture_op(&fixture), &(anshin_ocsp_keep_t){&request, &state, &made, 1, 0});
    ok(same_text(answer_to(plain, APR_SUCCESS, &response), "made now"), "what is kept needs no worker");
    ok(same_text(answer_to(client_request(1), ANSHIN_EBUSY, &response), "refused 3"), "but not with a nonce");
    made.der.length = ANSHIN_OCSP_RESPONSE_MAX + 1;
    ok(anshin_responder_pack(packet, &made) == 0, "an answer that is too long is packed by nobody");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    test_states();
    test_kept();
    test_aging();
    test_ahead();
    test_answer();
    apr_pool_destroy(pool);
    return done();
}

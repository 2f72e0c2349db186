/*
 * What issuing a certificate costs, without store, mail and sockets: key pair, certificate, both PKCS#12 files, against
 * a plain loop of OpenSSL calls that makes the same. P-256 and Ed25519 (goal: at least 0.7 of its rate), and RSA-2048,
 * which key generation bounds. Ends with 1 where a goal is missed. t/bench/worker measures the same with all around it.
 *
 * And what it costs that the worker wipes all that OpenSSL frees (crypto/heap.h): the same certificates made by two
 * processes, one with such a heap and one without, in turns.
 */
#include <apr_general.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "crypto/pki/ca.h"
#include "crypto/heap.h"
#include "crypto/pki/pack.h"
#include "crypto/pki/sign.h"

#include "unit/scratch.h"
#include "bench.h"

#define ROUNDS 41
#define ROUNDS_RSA 11
#define BATCH 5 /* certificates a round */
#define GOAL 0.7
#define PASSWORD "k7mq-x4fw-9tzr"
#define DAY apr_time_from_sec(86400)

static apr_pool_t *pool;
static apr_pool_t *scratch;
static anshin_ca_t *ca;
static X509 *ca_certificate;
static EVP_PKEY *ca_key;

/* Of the section being measured. */
static anshin_key_type_t key_type;
static int batch;

static void extend(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, ca_certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bench_must(extension != NULL && X509_add_ext(certificate, extension, -1), value);
    X509_EXTENSION_free(extension);
}

static X509 *plain_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    unsigned char serial[16];
    BIGNUM *number;
    X509_NAME *subject = X509_get_subject_name(certificate);

    RAND_bytes(serial, sizeof(serial));
    serial[0] &= 0x7f;
    number = BN_bin2bn(serial, sizeof(serial), NULL);
    X509_set_version(certificate, X509_VERSION_3);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_NAME_add_entry_by_NID(subject, NID_organizationName, MBSTRING_UTF8, (const unsigned char *)"Bench", -1, -1, 0);
    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, (const unsigned char *)"user 01", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(ca_certificate));
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 31536000);
    X509_set_pubkey(certificate, key);
    extend(certificate, NID_basic_constraints, "critical,CA:FALSE");
    extend(certificate, NID_key_usage, "critical,digitalSignature");
    extend(certificate, NID_ext_key_usage, "clientAuth");
    extend(certificate, NID_subject_key_identifier, "hash");
    extend(certificate, NID_authority_key_identifier, "keyid");
    extend(certificate, NID_crl_distribution_points, "URI:http://ca.example.jp/crl");
    bench_must(X509_sign(certificate, ca_key, EVP_sha256()) > 0, "X509_sign");
    return certificate;
}

static void plain_pack(EVP_PKEY *key, X509 *certificate, int nid, int iterations, const EVP_MD *mac)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    unsigned char *der = NULL;
    PKCS12 *p12;

    sk_X509_push(chain, ca_certificate);
    p12 = PKCS12_create(PASSWORD, "user 01", key, certificate, chain, nid, nid, iterations, -1, 0);
    bench_must(p12 != NULL && PKCS12_set_mac(p12, PASSWORD, -1, NULL, 0, iterations, mac) && i2d_PKCS12(p12, &der) > 0,
               "PKCS12_create");
    OPENSSL_free(der);
    PKCS12_free(p12);
    sk_X509_free(chain);
}

static EVP_PKEY *plain_key(void)
{
    switch (key_type) {
    case ANSHIN_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case ANSHIN_KEY_RSA2048:
        return EVP_RSA_gen(2048);
    default:
        return EVP_EC_gen("P-256");
    }
}

static void plain_one(void)
{
    EVP_PKEY *key = plain_key();
    X509 *certificate = plain_certificate(key);

    plain_pack(key, certificate, NID_aes_256_cbc, 10000, EVP_sha256());
    plain_pack(key, certificate, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 2048, EVP_sha1());
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void ours_one(void)
{
    unsigned char serial[16];
    anshin_bytes_t modern;
    anshin_bytes_t compat;
    anshin_bytes_t chain = anshin_ca_certificate(ca);
    anshin_issue_t wanted = {.serial = {serial, sizeof(serial)},
                             .common_name = "user 01",
                             .organization = "Bench",
                             .uses = 1 << ANSHIN_USE_CLIENT,
                             .not_before = apr_time_now(),
                             .not_after = apr_time_now() + 365 * DAY,
                             .crl_url = "http://ca.example.jp/crl"};
    anshin_issued_t issued;
    anshin_error_t err;
    anshin_key_t *key;

    anshin_error_clear(&err);
    RAND_bytes(serial, sizeof(serial));
    serial[0] &= 0x7f;
    bench_must(anshin_key_make(&key, key_type, &err, scratch) == APR_SUCCESS &&
                   anshin_key_public(&wanted.public_key, key, &err, scratch) == APR_SUCCESS &&
                   anshin_ca_issue(&issued, ca, &wanted, &err, scratch) == APR_SUCCESS &&
                   anshin_pack(&modern,
                               &(anshin_pack_facts_t){ANSHIN_PACK_MODERN, PASSWORD, "user 01", key, &issued.certificate,
                                                      &chain, 1},
                               &err, scratch) == APR_SUCCESS &&
                   anshin_pack(&compat,
                               &(anshin_pack_facts_t){ANSHIN_PACK_COMPAT, PASSWORD, "user 01", key, &issued.certificate,
                                                      &chain, 1},
                               &err, scratch) == APR_SUCCESS,
               err.text);
    apr_pool_clear(scratch);
}

static void plain(void)
{
    for (int i = 0; i < batch; i++) {
        plain_one();
    }
}

static void ours(void)
{
    for (int i = 0; i < batch; i++) {
        ours_one();
    }
}

static void prepare(void)
{
    const char *directory = scratch_directory(pool);
    const char *certificate_file = apr_pstrcat(pool, directory, "/ca.crt", NULL);
    const char *key_file = apr_pstrcat(pool, directory, "/ca.key", NULL);
    anshin_ca_wanted_t wanted = {.key_type = ANSHIN_KEY_P256,
                                 .common_name = "Bench CA",
                                 .not_before = apr_time_now() - DAY,
                                 .not_after = apr_time_now() + 3650 * DAY};
    anshin_error_t err;
    FILE *file;

    anshin_error_clear(&err);
    bench_must(anshin_ca_create(certificate_file, &(anshin_ca_key_source_t){.key = key_file}, &wanted, &err, pool) ==
                       APR_SUCCESS &&
                   anshin_ca_open(&ca, certificate_file, key_file, NULL, &err, pool) == APR_SUCCESS,
               err.text);
    file = fopen(certificate_file, "r");
    ca_certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    file = fopen(key_file, "r");
    ca_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    bench_must(ca_certificate != NULL && ca_key != NULL, "reading the CA");
}

static int measure(const char *name, anshin_key_type_t type, int rounds, bench_goal_t kind)
{
    bench_t benches[] = {{.name = apr_pstrcat(pool, name, ", a plain loop of OpenSSL", NULL), .run = plain},
                         {.name = apr_pstrcat(pool, name, ", Anshin", NULL), .run = ours, .kind = kind, .goal = GOAL}};
    bench_section_t section = {apr_pstrcat(pool, "issue ", name, NULL), benches, 2, rounds, 1, BENCH_SPEED};

    key_type = type;
    section.operations = batch = type == ANSHIN_KEY_RSA2048 ? 1 : BATCH;
    return bench_run(&section);
}

/* A process that makes a batch whenever it is asked: a heap is chosen before OpenSSL takes its first block. */
typedef struct maker_t {
    pid_t pid;
    int ask;
    int done;
} maker_t;

static maker_t makers[2];

/* It answers with the CPU time of the batch. */
static void serve(int wipes, int asked, int done)
{
    char octet;

    bench_must(!wipes || anshin_heap_wipes(), "anshin_heap_wipes");
    prepare();
    while (read(asked, &octet, 1) == 1) {
        double took = bench_cpu_us();

        ours();
        took = bench_cpu_us() - took;
        bench_must(write(done, &took, sizeof(took)) == sizeof(took), "write");
    }
    apr_pool_destroy(pool);
    exit(0);
}

static void start_maker(maker_t *maker, int wipes)
{
    int asked[2], done[2];

    bench_must(pipe(asked) == 0 && pipe(done) == 0 && (maker->pid = fork()) >= 0, "fork");
    if (maker->pid == 0) {
        close(asked[1]);
        close(done[0]);
        serve(wipes, asked[0], done[1]);
    }
    close(asked[0]);
    close(done[1]);
    maker->ask = asked[1];
    maker->done = done[0];
}

static double ask(const maker_t *maker)
{
    double took = 0;

    bench_must(write(maker->ask, "", 1) == 1 && read(maker->done, &took, sizeof(took)) == sizeof(took),
               "a process that makes");
    return took / BATCH;
}

/* The second one has inherited an end of the first one's pipe, and so has to end before it. */
static int measure_wiping(int rounds)
{
    double took[2][BENCH_ROUNDS_MAX], ratio[BENCH_ROUNDS_MAX] = {0};
    bench_row_t row = {
        .section = "issue with a wiping heap", .name = "P-256, a heap that keeps what was freed", .unit = "us CPU"};

    key_type = ANSHIN_KEY_P256;
    batch = BATCH;
    for (int i = 0; i < 2; i++) {
        start_maker(&makers[i], i);
        (void)ask(&makers[i]);
    }
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 2; i++) {
            took[i][round] = ask(&makers[i]);
        }
        ratio[round] = took[0][round] / took[1][round];
    }
    for (int i = 1; i >= 0; i--) {
        close(makers[i].ask);
        (void)waitpid(makers[i].pid, NULL, 0);
    }
    row.value = bench_spread(took[0], rounds);
    row.ratio = (bench_spread_t){1, 1, 1};
    (void)bench_print(&row);
    row.name = "P-256, one that wipes it (as the worker's)";
    row.value = bench_spread(took[1], rounds);
    row.ratio = bench_spread(ratio, rounds);
    row.kind = BENCH_AT_LEAST;
    row.goal = 0.85;
    return bench_print(&row);
}

int main(void)
{
    int rounds = bench_quick() ? 5 : ROUNDS;
    int missed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_pool_create(&scratch, pool);
    missed = measure_wiping(rounds);
    prepare();
    missed += measure("P-256", ANSHIN_KEY_P256, rounds, BENCH_AT_LEAST);
    missed += measure("Ed25519", ANSHIN_KEY_ED25519, rounds, BENCH_AT_LEAST);
    missed += measure("RSA-2048", ANSHIN_KEY_RSA2048, bench_quick() ? 3 : ROUNDS_RSA, BENCH_NO_GOAL);
    X509_free(ca_certificate);
    EVP_PKEY_free(ca_key);
    apr_pool_destroy(pool);
    return missed != 0;
}

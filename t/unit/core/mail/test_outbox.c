/*
 * The steps of a mail in the store (core/mail/outbox.h): each once, by its own worker alone (MAI-1), and wiped when
 * sent (S24).
 */
#include "core/context/nodes.h"
#include "core/context/secret.h"
#include "core/mail/outbox.h"
#include "core/mail/job.h"
#include "core/mail/job_node.h"
#include "core/mail/test_mail.h"
#include "unit/tap.h"
#include "unit/fixture.h"

static fixture_t fixture;

/* A mail with its job in the hands of worker "w". */
static anshin_claimed_mail_t queue(void)
{
    anshin_claimed_mail_t outbox = {NULL, "w", NULL};
    anshin_mail_t mail = {
        .contract = "p-01", .user = "u", .kind = "test", .state = ANSHIN_MAIL_WAITING, .created_at = fixture.now};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;
    anshin_job_t job = {.kind = ANSHIN_JOB_MAIL};
    apr_time_t wake;

    (void)anshin_secret_name(op, &outbox.id);
    mail.blob = fixture_blob(&fixture, "mail", "text");
    job.mail = outbox.id;
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_txn_put(txn, &anshin_record_mail, outbox.id, &mail);
    (void)anshin_job_add(op, txn, &job);
    (void)anshin_txn_commit(txn, ANSHIN_DURABLE);
    if (anshin_job_claim(op, "w", &job, &outbox.key, &wake) != APR_SUCCESS) {
        printf("# no job\n");
        exit(1);
    }
    return outbox;
}

static anshin_mail_t mail_of(const anshin_claimed_mail_t *outbox)
{
    anshin_mail_t mail;

    (void)anshin_outbox_read(fixture_op(&fixture), outbox, &mail);
    return mail;
}

static void test_sent(void)
{
    anshin_claimed_mail_t outbox = queue();
    anshin_mail_t mail;

    ok(anshin_outbox_delivering(fixture_op(&fixture), &outbox, "spool") == APR_SUCCESS &&
           mail_of(&outbox).state == ANSHIN_MAIL_DELIVERING && same_text(mail_of(&outbox).spool, "spool") &&
           fixture_count(&fixture, &anshin_record_job) == 1,
       "delivering, and where: the job goes on");
    ok(anshin_outbox_delivered(fixture_op(&fixture), &outbox, ANSHIN_MAIL_SENT) == APR_SUCCESS, "sent");
    mail = mail_of(&outbox);
    ok(mail.state == ANSHIN_MAIL_SENT && mail.sent_at == fixture.now && mail.blob == NULL && mail.tries == 1 &&
           mail.last_error == NULL && mail.spool == NULL,
       "the record says when");
    ok(fixture_count(&fixture, &anshin_record_job) == 0 && fixture_blobs(&fixture) == 0,
       "the job is done and the text wiped (S24)");
    ok(anshin_outbox_delivered(fixture_op(&fixture), &outbox, ANSHIN_MAIL_SENT) == ANSHIN_ENOTFOUND,
       "a mail is sent once (MAI-1)");
}

/* A test mail that nobody waits for any more. */
static void test_given_up(void)
{
    anshin_claimed_mail_t outbox = queue();
    anshin_job_t job;
    apr_time_t wake;
    int in_hand = 0;
    const int mails = (int)fixture_count(&fixture, &anshin_record_mail);

    ok(anshin_test_mail_give_up(fixture_op(&fixture), outbox.id, &in_hand) == APR_SUCCESS && in_hand &&
           mail_of(&outbox).state == ANSHIN_MAIL_WAITING && fixture_blobs(&fixture) == 1,
       "ADM-1: what a worker has in hand is not taken from it");
    (void)anshin_outbox_later(fixture_op(&fixture), &outbox, "not now");
    ok(anshin_test_mail_give_up(fixture_op(&fixture), outbox.id, &in_hand) == APR_SUCCESS && !in_hand &&
           (int)fixture_count(&fixture, &anshin_record_mail) == mails - 1 && fixture_blobs(&fixture) == 0,
       "ADM-1: what nobody has is taken back, text and all");
    fixture.now += apr_time_from_sec(10);
    (void)anshin_job_claim(fixture_op(&fixture), "w", &job, &outbox.key, &wake);
    (void)anshin_job_drop(fixture_op(&fixture), outbox.key, "w");
}

static void test_failed(void)
{
    anshin_claimed_mail_t outbox = queue();
    anshin_mail_t mail;

    ok(anshin_outbox_failed(fixture_op(&fixture), &outbox, "nobody takes it") == APR_SUCCESS, "given up");
    mail = mail_of(&outbox);
    ok(mail.state == ANSHIN_MAIL_FAILED && same_text(mail.last_error, "nobody takes it") && mail.blob != NULL &&
           fixture_count(&fixture, &anshin_record_job) == 0 && fixture_blobs(&fixture) == 1,
       "cause and text are kept for the operator");
    (void)anshin_blob_wipe(fixture.env.store, mail.blob, NULL);
}

static void test_later(void)
{
    anshin_claimed_mail_t outbox = queue();
    anshin_mail_t mail;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    ok(anshin_outbox_later(fixture_op(&fixture), &outbox, "not now") == APR_SUCCESS, "not this time");
    mail = mail_of(&outbox);
    ok(mail.state == ANSHIN_MAIL_WAITING && mail.tries == 1 && same_text(mail.last_error, "not now"),
       "the record says why");
    ok(anshin_job_claim(fixture_op(&fixture), "w", &job, &key, &wake) == ANSHIN_ENOTFOUND &&
           wake == fixture.now + apr_time_from_sec(10),
       "and the job waits");
    fixture.now = wake;
    ok(anshin_job_claim(fixture_op(&fixture), "w", &job, &outbox.key, &wake) == APR_SUCCESS &&
           anshin_outbox_delivered(fixture_op(&fixture), &outbox, ANSHIN_MAIL_SENT) == APR_SUCCESS &&
           mail_of(&outbox).tries == 2,
       "until it works");
}

/* Claim the only job. */
static anshin_claimed_mail_t claim(const char *id)
{
    anshin_claimed_mail_t outbox = {NULL, "w", id};
    anshin_job_t job;
    apr_time_t wake;

    (void)anshin_job_claim(fixture_op(&fixture), "w", &job, &outbox.key, &wake);
    return outbox;
}

static void test_operator(void)
{
    anshin_claimed_mail_t outbox = queue();
    anshin_contract_t other = {.name = "p-02"};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;
    int blobs = fixture_blobs(&fixture);

    ok(anshin_mail_retry(fixture_op(&fixture), outbox.id) == ANSHIN_ECONFLICT,
       "ADM-1: a mail that waits is not tried again by hand");
    (void)anshin_outbox_failed(fixture_op(&fixture), &outbox, "550 no such user");
    op->contract = &other;
    ok(anshin_mail_retry(op, outbox.id) == ANSHIN_ENOTFOUND && anshin_mail_drop(op, outbox.id) == ANSHIN_ENOTFOUND,
       "CON-1: nor one of another contract");
    ok(anshin_mail_retry(fixture_op(&fixture), outbox.id) == APR_SUCCESS &&
           mail_of(&outbox).state == ANSHIN_MAIL_WAITING && fixture_count(&fixture, &anshin_record_job) == 1,
       "ADM-1: one that has failed is");
    outbox = claim(outbox.id);
    ok(anshin_outbox_delivered(fixture_op(&fixture), &outbox, ANSHIN_MAIL_SPOOLED) == APR_SUCCESS &&
           mail_of(&outbox).state == ANSHIN_MAIL_SPOOLED && mail_of(&outbox).blob == NULL,
       "MAI-1: what lies in the Maildir is spooled, not sent");
    ok(anshin_mail_drop(fixture_op(&fixture), outbox.id) == ANSHIN_ECONFLICT &&
           anshin_mail_retry(fixture_op(&fixture), outbox.id) == ANSHIN_ECONFLICT,
       "and out of our hands");

    outbox = queue();
    ok(anshin_mail_drop(fixture_op(&fixture), outbox.id) == APR_SUCCESS &&
           mail_of(&outbox).state == ANSHIN_MAIL_FAILED && same_text(mail_of(&outbox).last_error, "dropped") &&
           mail_of(&outbox).blob == NULL,
       "ADM-1: a mail that waits is dropped");
    ok(fixture_blobs(&fixture) == blobs - 1 && anshin_mail_retry(fixture_op(&fixture), outbox.id) == ANSHIN_ECONFLICT,
       "S24: its text is gone, and it cannot be tried again");
    (void)anshin_job_drop(fixture_op(&fixture), outbox.key, "w");

    outbox = queue();
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    ok(anshin_mail_drop_all(op, txn, mail_of(&outbox).user) == APR_SUCCESS &&
           anshin_txn_commit(txn, ANSHIN_DURABLE) == APR_SUCCESS && mail_of(&outbox).state == ANSHIN_MAIL_FAILED,
       "S24: all mail to a user that waits is dropped with the user");
    (void)anshin_job_drop(fixture_op(&fixture), outbox.key, "w");
}

static void test_strangers(void)
{
    anshin_claimed_mail_t outbox = queue();
    const anshin_claimed_mail_t other = {outbox.key, "other", outbox.id};
    const anshin_claimed_mail_t lost = {outbox.key, "w", "ffffffffffffffffffffffffffffffff"};
    const anshin_claimed_mail_t none = {outbox.key, "w", NULL};
    anshin_mail_t mail;

    ok(anshin_outbox_delivering(fixture_op(&fixture), &other, NULL) == ANSHIN_ECONFLICT &&
           anshin_outbox_delivered(fixture_op(&fixture), &other, ANSHIN_MAIL_SENT) == ANSHIN_ECONFLICT &&
           anshin_outbox_failed(fixture_op(&fixture), &other, "x") == ANSHIN_ECONFLICT &&
           anshin_outbox_later(fixture_op(&fixture), &other, "x") == ANSHIN_ECONFLICT &&
           mail_of(&outbox).state == ANSHIN_MAIL_WAITING,
       "another worker changes nothing");
    ok(anshin_outbox_delivered(fixture_op(&fixture), &lost, ANSHIN_MAIL_SENT) == ANSHIN_ENOTFOUND &&
           fixture_count(&fixture, &anshin_record_job) == 1,
       "without its mail a job is not done");
    ok(anshin_outbox_read(fixture_op(&fixture), &lost, &mail) == ANSHIN_ENOTFOUND &&
           anshin_outbox_read(fixture_op(&fixture), &none, &mail) == ANSHIN_ENOTFOUND,
       "a mail that is not there is not found");
}
/* "NODE COUNT" of all that wait for one machine. */
static const char *waits_for(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    const char *text = "";
    apr_array_header_t *nodes;

    if (anshin_jobs_of_nodes(op, &nodes) != APR_SUCCESS) {
        return "?";
    }
    for (int i = 0; i < nodes->nelts; i++) {
        const anshin_jobs_of_node_t *of = &APR_ARRAY_IDX(nodes, i, anshin_jobs_of_node_t);

        text = apr_psprintf(op->pool, "%s%s %d", text, of->node, (int)of->count);
    }
    return text;
}

/* A machine goes while it delivers: nobody else goes on with that, until an operator says so. */
static void test_hand_over(void)
{
    anshin_claimed_mail_t outbox;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    apr_int64_t bound = 0;
    int count = -1;

    fixture.now += 12 * ANSHIN_JOB_CLAIM_LIFE; /* what the tests above have left */
    while (anshin_job_claim(fixture_op(&fixture), "w", &job, &key, &wake) == APR_SUCCESS) {
        (void)anshin_job_drop(fixture_op(&fixture), key, "w");
    }
    fixture.env.node = "a";
    outbox = queue();
    ok(anshin_node_sign(fixture_op(&fixture), "here", 0) == APR_SUCCESS &&
           anshin_outbox_delivering(fixture_op(&fixture), &outbox, "spool") == APR_SUCCESS &&
           anshin_jobs_bound(fixture_op(&fixture), &bound) == APR_SUCCESS && bound == 1 && *waits_for() == '\0',
       "CLU-1: what a machine delivers is bound to it, and waits for nobody");
    fixture.env.node = "b";
    ok(anshin_jobs_hand_over(fixture_op(&fixture), "a", &count) == ANSHIN_ECONFLICT &&
           mail_of(&outbox).state == ANSHIN_MAIL_DELIVERING,
       "CLU-3: nobody is given what a machine that lives has begun");
    fixture.now += ANSHIN_JOB_CLAIM_LIFE + apr_time_from_sec(1);
    ok(anshin_job_claim(fixture_op(&fixture), "w2", &job, &key, &wake) == ANSHIN_ENOTFOUND &&
           same_text(waits_for(), "a 1"),
       "CLU-3: when that is gone it waits, and is counted: %s", waits_for());
    ok(anshin_jobs_hand_over(fixture_op(&fixture), "c", &count) == ANSHIN_ENOTFOUND && count == 0,
       "for another name nothing waits");
    ok(anshin_jobs_hand_over(fixture_op(&fixture), "a", &count) == APR_SUCCESS && count == 1 && *waits_for() == '\0' &&
           mail_of(&outbox).state == ANSHIN_MAIL_WAITING && mail_of(&outbox).spool == NULL,
       "CLU-3: handed over it is begun anew");
    ok(anshin_job_claim(fixture_op(&fixture), "w2", &job, &key, &wake) == APR_SUCCESS &&
           same_text(job.mail, outbox.id) && !job.bound && same_text(job.node, "b"),
       "CLU-3: by another machine");
    ok(anshin_outbox_delivered(fixture_op(&fixture), &outbox, ANSHIN_MAIL_SENT) == ANSHIN_ENOTFOUND,
       "CLU-3: and the first, should it come back, ends nothing of it");
    outbox.key = key;
    outbox.worker = "w2";
    ok(anshin_outbox_delivered(fixture_op(&fixture), &outbox, ANSHIN_MAIL_SENT) == APR_SUCCESS &&
           anshin_jobs_bound(fixture_op(&fixture), &bound) == APR_SUCCESS && bound == 0 &&
           anshin_jobs_hand_over(fixture_op(&fixture), "a", &count) == ANSHIN_ENOTFOUND,
       "it is sent, and nothing is left");
    fixture.env.node = NULL;
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    test_sent();
    test_given_up();
    test_failed();
    test_later();
    test_operator();
    test_strangers();
    test_hand_over();
    apr_pool_destroy(pool);
    return done();
}

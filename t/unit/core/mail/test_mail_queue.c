/*
 * Mail that waits (core/mail/mail.h): the queue (MAI-1) and its templates (MAI-3), sealing (S24), how much of it an
 * address gets (S40).
 */
#include "core/context/secret.h"
#include "core/mail/job.h"
#include "core/mail/mail.h"
#include "core/mail/mail_format.h"
#include "unit/tap.h"
#include "unit/fixture.h"

#define ID "0123456789abcdef0123456789abcdef"

static fixture_t fixture;

static apr_status_t queue(const char *kind, const char *language, const char *address, json_t *data, int commit)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    anshin_account_t account = {.contract = "p-01", .user = "p-01-usr007", .language = language};
    const anshin_mail_new_t mail = {kind, &account, address, ANSHIN_MAIL_OWN, data, 0, NULL};
    apr_status_t status = anshin_mail_add(op, txn, &mail);

    json_decref(data);
    if (status != APR_SUCCESS || !commit) {
        anshin_txn_abort(txn);
        return status;
    }
    return anshin_txn_commit(txn, ANSHIN_DURABLE);
}

/* The mail of the only job, opened. */
static apr_status_t open_only(anshin_mail_text_t *text, anshin_mail_t *mail)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    anshin_txn_t *txn;

    if (anshin_job_claim(op, "w", &job, &key, &wake) != APR_SUCCESS || job.kind != ANSHIN_JOB_MAIL ||
        fixture_get(&fixture, &anshin_record_mail, job.mail, mail) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_job_finish(txn, key, "w");
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    return anshin_mail_open(op, mail, text);
}

static void test_queue(void)
{
    anshin_mail_text_t text;
    anshin_mail_t mail;
    anshin_bytes_t sealed;
    anshin_op_t *op = fixture_op(&fixture);

    fixture_file(&fixture, "mail/test.ja.mustache",
                 "Subject: {{contract}}のご案内 {{what}}\n\n{{user}} 様\n{{&link}}\n{{>nothing}}{{signature}}\n");
    fixture_file(&fixture, "mail/test.en.mustache", "Subject: {{what}}\n{{user}}\n");
    ok(queue("test", "ja", "h@m.example",
             json_pack("{s:s, s:s}", "what", "<登録>", "link", "https://l.example/?t=SECRET"), 1) == APR_SUCCESS,
       "a mail is queued (MAI-1)");
    ok(open_only(&text, &mail) == APR_SUCCESS && same_text(text.subject, "会員サイトのご案内 <登録>") &&
           same_text(text.body, "p-01-usr007 様\nhttps://l.example/?t=SECRET\nサポート窓口\n") &&
           same_text(text.to, "h@m.example") && same_text(text.from, fixture.contract.policy.mail_from),
       "and opened again as it was");
    ok(mail.state == ANSHIN_MAIL_WAITING && same_text(mail.kind, "test") && same_text(mail.user, "p-01-usr007") &&
           mail.created_at == fixture.now,
       "its record holds what is no secret");
    ok(fixture_blob_get(&fixture, mail.blob, &sealed) == APR_SUCCESS &&
           memmem(sealed.data, sealed.length, "SECRET", 6) == NULL,
       "its text lies sealed (S24)");
    (void)anshin_blob_wipe(fixture.env.store, mail.blob, &op->error);
    ok(anshin_mail_open(op, &mail, &text) == ANSHIN_ENOTFOUND, "once wiped it is gone");
    mail.blob = NULL;
    ok(anshin_mail_open(op, &mail, &text) == ANSHIN_ENOTFOUND, "a delivered mail has no text");

    ok(queue("test", "en", "h@m.example", json_pack("{s:s}", "what", "plain"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == APR_SUCCESS && same_text(text.subject, "plain"),
       "the user's language is used");
    ok(queue("test", "fr", "h@m.example", json_pack("{s:s}", "what", "x"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == APR_SUCCESS && strncmp(text.subject, "会員", strlen("会員")) == 0,
       "else the contract's");
    ok(queue("test", "../ja", "h@m.example", json_pack("{s:s}", "what", "x"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == APR_SUCCESS,
       "a language cannot climb out of the directory");
}

/* Who has a name is addressed by it, and sees the ID as well (ATT-1). */
static void test_greeting(void)
{
    static const char *const names[] = {NULL, "", "安心 太郎", "{{user}}<b>"};
    static const char *const bodies[] = {"p-01-usr007 様\n", "p-01-usr007 様\n", "安心 太郎 様\n(p-01-usr007)\n",
                                         "{{user}}<b> 様\n(p-01-usr007)\n"};

    fixture_file(&fixture, "mail/greeting.ja.mustache",
                 "Subject: {{contract}}\n\n{{greeting}} 様\n{{#named}}\n({{user}})\n{{/named}}\n");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        anshin_account_t account = {.contract = "p-01", .user = "p-01-usr007", .language = "ja", .name = names[i]};
        json_t *data = json_pack("{s:s}", "what", "x");
        const anshin_mail_new_t mail = {"greeting", &account, "h@m.example", ANSHIN_MAIL_OWN, data, 0, NULL};
        anshin_op_t *op = fixture_op(&fixture);
        anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
        apr_status_t status = anshin_mail_add(op, txn, &mail);
        anshin_mail_text_t text = {.body = NULL};
        anshin_mail_t record;

        (void)anshin_txn_commit(txn, ANSHIN_LAZY);
        ok(status == APR_SUCCESS && json_object_size(data) == 1 && open_only(&text, &record) == APR_SUCCESS &&
               same_text(text.body, bodies[i]),
           "ATT-1: the greeting of \"%s\"", names[i] != NULL ? names[i] : "-");
        json_decref(data);
    }
}

/* Nothing that an operator or a template says undoes what a mail tells of: it is queued, and fails by itself. */
static void test_queue_never_refuses(void)
{
    anshin_mail_text_t text;
    anshin_mail_t mail;

    fixture_file(&fixture, "mail/headless.ja.mustache", "no subject here\n");
    fixture_file(&fixture, "mail/broken.ja.mustache", "Subject: x\n\n{{#open}}\n");
    ok(queue("headless", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID && text.body == NULL,
       "MAI-3: a mail whose template has no subject is queued, and fails when it is rendered");
    ok(queue("broken", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID && text.body == NULL,
       "MAI-3: so is one whose template is malformed");
    ok(queue("nothing", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID,
       "MAI-3: or is not there");
    ok(queue("../test", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID,
       "a kind cannot climb out of the directory");
    ok(queue("test", "ja", "h@m.example", json_pack("{s:s}", "what", "a\nBcc: v@w.example"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == ANSHIN_EINVALID,
       "S27: no value makes a subject of two lines");
    fixture.contract.policy.mail_from = "nobody at all";
    ok(queue("test", "ja", "h@m.example", json_object(), 1) == APR_SUCCESS && open_only(&text, &mail) == APR_SUCCESS &&
           same_text(text.domain, ""),
       "MAI-3: a sender that is none undoes nothing");
    fixture.contract.policy.mail_from = "安心 <noreply@login.example>";
    ok(queue("test", "ja", "h@m.example", json_object(), 0) == APR_SUCCESS &&
           fixture_count(&fixture, &anshin_record_job) == 0,
       "an aborted change sends nothing (MAI-1)");
}

/* The contract's own template cannot be rendered: the installed one is sent instead. */
static void test_falls_back(void)
{
    anshin_mail_text_t text;
    anshin_mail_t mail;
    const char *const broken[] = {"no subject\n", "Subject: {{#a}}\n\nx\n", "Subject: {{nothing}}\n\nx\n", "\xff"};
    int right = 0;

    (void)mkdir(apr_pstrcat(fixture.pool, fixture.directory, "/own", NULL), 0700);
    (void)mkdir(apr_pstrcat(fixture.pool, fixture.directory, "/own/mail", NULL), 0700);
    fixture.contract.policy.template_dir = apr_pstrcat(fixture.pool, fixture.directory, "/own", NULL);
    for (int i = 0; i < 4; i++) {
        fixture_file(&fixture, "own/mail/test.en.mustache", broken[i]);
        right += queue("test", "en", "h@m.example", json_pack("{s:s}", "what", "plain"), 1) == APR_SUCCESS &&
                 open_only(&text, &mail) == APR_SUCCESS && same_text(text.subject, "plain") && text.instead != NULL;
    }
    ok(right == 4, "MAI-3: a contract's template that cannot be rendered is replaced by the installed one (%d of 4)",
       right);
    fixture_file(&fixture, "own/mail/test.en.mustache", "Subject: own {{what}}\r\n\r\nx\r\n");
    ok(queue("test", "en", "h@m.example", json_pack("{s:s}", "what", "plain"), 1) == APR_SUCCESS &&
           open_only(&text, &mail) == APR_SUCCESS && same_text(text.subject, "own plain") && text.instead == NULL,
       "one that can be is used, with line ends of Windows as well");
    fixture.contract.policy.template_dir = NULL;
}

/* The Message-ID of a mail is its own, whatever AnshinMailFrom says when it is tried again (MAI-1). */
static void test_message_id(void)
{
    const char *before = fixture.contract.policy.mail_from;
    anshin_mail_text_t text;
    anshin_mail_t mail;
    const char *message;
    apr_size_t length;

    fixture.contract.policy.mail_from = "a@first.example";
    (void)queue("test", "en", "h@m.example", json_pack("{s:s}", "what", "plain"), 1);
    fixture.contract.policy.mail_from = "b@second.example";
    ok(open_only(&text, &mail) == APR_SUCCESS &&
           anshin_mail_format(fixture_op(&fixture), ID, &text, &message, &length) == APR_SUCCESS &&
           strstr(message, "\nFrom: b@second.example\n") != NULL &&
           strstr(message, "\nMessage-ID: <" ID "@first.example>\n") != NULL,
       "MAI-1: the Message-ID stays, the sender is that of today");
    fixture.contract.policy.mail_from = before;
}

/* What 2d05b07 queued was rendered then. */
static void test_rendered_before(void)
{
    static const char old[] = "{\"from\":\"a@b.example\",\"to\":\"x@y.example\",\"subject\":\"s\",\"body\":\"b\"}";
    anshin_mail_t mail = {.contract = "p-01", .kind = "locked"};
    anshin_mail_text_t text;
    anshin_op_t *op = fixture_op(&fixture);

    mail.blob = fixture_blob(&fixture, "mail", old);
    ok(anshin_mail_open(op, &mail, &text) == APR_SUCCESS && same_text(text.from, "a@b.example") &&
           same_text(text.to, "x@y.example") && same_text(text.subject, "s") && same_text(text.body, "b"),
       "MAI-1: a mail that was rendered when it was queued, by 2d05b07, is opened as it is");
}

static void test_damaged(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    anshin_mail_t mail = {.contract = "p-01", .blob = ID};
    anshin_mail_text_t text;

    (void)anshin_txn_blob_put(txn, ID, "not sealed by us, surely not", 28);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    ok(anshin_mail_open(op, &mail, &text) == ANSHIN_EFAULT && text.body == NULL, "a foreign blob is a fault");
    mail.blob = fixture_blob(&fixture, "mail", "{\"from\":1}");
    ok(anshin_mail_open(op, &mail, &text) == ANSHIN_EFAULT && text.body == NULL, "so is one that holds something else");
}

/* How many of forty mails of an account to an address are queued. */
static int mailed(const char *user, const char *address, anshin_mail_bound_t bound)
{
    int count = 0;

    for (int i = 0; i < 40; i++) {
        anshin_op_t *op = fixture_op(&fixture);
        anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
        anshin_account_t account = {.contract = "p-01", .user = user, .language = "ja"};
        const anshin_mail_new_t mail = {"test", &account, address, bound, NULL, 0, NULL};
        apr_status_t status = anshin_mail_add(op, txn, &mail);

        count += status == APR_SUCCESS;
        if (anshin_txn_end(txn, status, ANSHIN_LAZY) != status || (status != APR_SUCCESS && status != ANSHIN_EDENIED)) {
            return -1;
        }
    }
    return count;
}

static apr_status_t clear_word(void *baton, const char *key, const void *record)
{
    (void)record;
    *(int *)baton += strstr(key, "m.example") != NULL || strstr(key, "victim") != NULL;
    return APR_SUCCESS;
}

/* S40: strangers, and users who typed an address, reach it so often in a day; nobody switches a notice off. */
static void test_bound(void)
{
    anshin_txn_t *txn;
    int clear = 0;

    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_STRANGER) == ANSHIN_MAILS_A_DAY,
       "S40: of 40 mails that strangers ask for %d go to an address", ANSHIN_MAILS_A_DAY);
    ok(mailed("u1", "Victim@M.example", ANSHIN_MAIL_STRANGER) == 0, "S40: in whatever case it is written");
    ok(mailed("u2", "victim@m.example", ANSHIN_MAIL_STRANGER) == ANSHIN_MAILS_SHARE,
       "S40: another account of that mailbox keeps its share");
    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_OWN) == 40,
       "S40: strangers cannot switch off what goes to an address of the user's own");
    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_UNCONFIRMED) == ANSHIN_MAILS_A_DAY,
       "S40: to an address that a user typed %d go, whatever strangers asked for", ANSHIN_MAILS_A_DAY);
    ok(mailed("u2", "victim@m.example", ANSHIN_MAIL_UNCONFIRMED) == ANSHIN_MAILS_SHARE &&
           mailed("u2", "victim@m.example", ANSHIN_MAIL_OWN) == 40,
       "S40: what others typed leaves each account its share, and its own address all");
    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_INVITED) == ANSHIN_MAILS_A_DAY &&
           mailed("u2", "Victim@m.example", ANSHIN_MAIL_INVITED) == 0,
       "S40: invitations to an address are so many, whatever accounts are made for them");
    txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    (void)anshin_txn_each(txn, &anshin_record_fact, "", clear_word, &clear);
    anshin_txn_abort(txn);
    ok(fixture_count(&fixture, &anshin_record_fact) == 7 && clear == 0,
       "S40: the store counts under keyed hashes, no address stands there");
    fixture.now += apr_time_from_sec(86400);
    ok(mailed("u1", "victim@m.example", ANSHIN_MAIL_STRANGER) == ANSHIN_MAILS_A_DAY &&
           mailed("u1", "victim@m.example", ANSHIN_MAIL_UNCONFIRMED) == ANSHIN_MAILS_A_DAY,
       "S40: on the next day there is room again");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    (void)mkdir(apr_pstrcat(pool, fixture.directory, "/mail", NULL), 0700);
    test_queue();
    test_greeting();
    test_queue_never_refuses();
    test_falls_back();
    test_message_id();
    test_rendered_before();
    test_damaged();
    test_bound();
    apr_pool_destroy(pool);
    return done();
}

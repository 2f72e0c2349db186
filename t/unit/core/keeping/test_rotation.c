/*
 * The seal key is rotated (core/keeping/rotation.h, BAK-2): two keys beside each other, a store sealed anew by passes that are
 * broken off after every record, and what is left when the old key has gone.
 */
#include <jansson.h>

#include "core/account/address_index.h"
#include "core/account/imported.h"
#include "core/account/token.h"
#include "core/admin/dump.h"
#include "core/audit/line.h"
#include "core/audit/series.h"
#include "core/audit/trail.h"
#include "core/context/secret.h"
#include "core/desk/sealed_whom.h"
#include "core/keeping/leak.h"
#include "core/keeping/reseal.h"
#include "core/keeping/rotation.h"
#include "core/keeping/shared_key.h"
#include "core/keeping/store_check.h"
#include "core/mail/event.h"
#include "core/selfservice/address_code.h"
#include "crypto/derive.h"
#include "unit/users.h"

#define HASH "$apr1$uVKfUIwI$NhlyQdO87yTSUnoeeMpVk1"

static fixture_t fixture;
static const char *key_file;
static const char *whom;           /* an address of the help desk, of before */
static anshin_bytes_t former_blob; /* taro's, as it lay there before */

static const char *id_of(int n)
{
    const char *id = NULL;

    return anshin_key_id(fixture_op(&fixture), n, &id) == APR_SUCCESS ? id : NULL;
}

static void wait_for_look(void)
{
    apr_sleep(ANSHIN_RING_LOOK + apr_time_from_msec(50));
}

static apr_int64_t former(apr_int64_t *broken)
{
    anshin_store_findings_t findings = {.limit = 5};
    anshin_op_t *op = fixture_op(&fixture);

    if (anshin_store_check(op, &findings) != APR_SUCCESS) {
        printf("# %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
    for (int i = 0; i < findings.broken; i++) {
        printf("# %s\n", APR_ARRAY_IDX(findings.texts, i, const char *));
    }
    *broken = findings.broken;
    return findings.former;
}

static void put_secrets(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_account_t account = users_account(&fixture, "taro");
    anshin_imported_t imported;
    const char *stored = NULL;

    if (anshin_imported_check(op, &imported, HASH, 1) != APR_SUCCESS ||
        anshin_imported_seal(op, &stored, &imported) != APR_SUCCESS) {
        printf("# %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
    account.password_hash = stored;
    account.totp_blob = fixture_blob(&fixture, "totp", "JBSWY3DPEHPK3PXP");
    fixture_put(&fixture, &anshin_record_account, anshin_account_key(op, "taro"), &account);
}

/* What a client that is just at it holds: a link, and an imported password that opens. */
static int link_works(const char *token)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_link_t link;
    apr_status_t status = anshin_token_find(op, txn, ANSHIN_TOKEN_REGISTER, token, &link);

    anshin_txn_abort(txn);
    return status == APR_SUCCESS && op->key == 0;
}

static int address_is_known(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_address_index_t index;
    apr_status_t status = anshin_address_index_get(op, txn, "taro@example.jp", &index);

    anshin_txn_abort(txn);
    return status == APR_SUCCESS && index.terminals->nelts == 3;
}

static int password_opens(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    const char *text = NULL;

    return anshin_imported_open(op, &text, users_account(&fixture, "taro").password_hash) == APR_SUCCESS &&
           same_text(text, HASH);
}

static int blob_opens(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_bytes_t data;
    apr_status_t status = anshin_secret_blob_get(op, txn, &data, "totp", users_account(&fixture, "taro").totp_blob);

    anshin_txn_abort(txn);
    return status == APR_SUCCESS && same_text((const char *)data.data, "JBSWY3DPEHPK3PXP");
}

/* Passes, each given up after one record more than the one before; how many there were. */
static int seal_anew(void)
{
    anshin_reseal_t pass = {.type = 0};
    int passes = 0;
    apr_status_t status = APR_SUCCESS;

    for (int most = 1; status != ANSHIN_ENOTFOUND; most++) {
        anshin_reseal_end(&pass);
        passes++;
        status = APR_SUCCESS;
        while (status == APR_SUCCESS && pass.looked < most) {
            status = anshin_reseal_step(fixture_op(&fixture), &pass, 0);
        }
        if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
            return -1;
        }
    }
    status = pass.renewed == 0 ? APR_SUCCESS : ANSHIN_EFAULT;
    anshin_reseal_end(&pass);
    return status == APR_SUCCESS ? passes : -1;
}

static int seal_key_step(apr_status_t (*step)(const char *, gid_t, anshin_error_t *, apr_pool_t *))
{
    anshin_error_t err;

    anshin_error_clear(&err);
    return step(key_file, (gid_t)-1, &err, fixture.pool) == APR_SUCCESS;
}

/* --- a dump that spans the change --- */

static apr_status_t change_meanwhile(void *baton, const char *line, apr_size_t length)
{
    int *lines = baton;

    (void)line;
    (void)length;
    if (++*lines == 2) {
        ok(seal_key_step(anshin_seal_key_change), "it is changed");
        wait_for_look();
    }
    return APR_SUCCESS;
}

static apr_status_t take_head(void *baton, const char *line, apr_size_t length)
{
    json_t **head = baton;

    if (*head == NULL) {
        *head = json_loadb(line, length, 0, NULL);
    }
    return APR_SUCCESS;
}

static apr_status_t settled(void *baton)
{
    (void)baton;
    return APR_SUCCESS;
}

static size_t other_keys_of_dump(void)
{
    json_t *head = NULL;
    apr_status_t status = anshin_dump(fixture_op(&fixture), take_head, settled, &head);
    size_t others = status == APR_SUCCESS ? json_array_size(json_object_get(head, "other_keys")) : 99;

    json_decref(head);
    return others;
}

/* --- what the help desk's pages and codes hold --- */

static int whom_opens(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_desk_whom_t who;

    return anshin_whom_unseal(op, whom, &who) == APR_SUCCESS && same_text(who.user, "taro") && op->key == 0;
}

static apr_status_t count_code(void *baton, const char *key, const void *record)
{
    (void)record;
    *(int *)baton += strncmp(key, "address-code/", 13) == 0;
    return APR_SUCCESS;
}

static int codes(void)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    int count = 0;

    (void)anshin_txn_each(txn, &anshin_record_token, "", count_code, &count);
    anshin_txn_abort(txn);
    return count;
}

static int send_code(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_account_t account;
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    const char *error = NULL;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_account, anshin_account_key(op, "taro"), &account);

    status = status == APR_SUCCESS ? anshin_address_code_send(op, txn, &account, "new@example.jp", &error) : status;
    return anshin_txn_end(txn, status, ANSHIN_LAZY) == APR_SUCCESS && error == NULL;
}

static int code_waits(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_account_t account = users_account(&fixture, "taro");
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    apr_status_t status = anshin_address_code_find(op, txn, &account, "new@example.jp");

    anshin_txn_abort(txn);
    return status == APR_SUCCESS;
}

static void test_announced(const char *before)
{
    ok(anshin_rotation_begin(fixture_op(&fixture)) == ANSHIN_ENOTFOUND, "without a second key no change can be told");
    ok(seal_key_step(anshin_seal_key_announce) && seal_key_step(anshin_seal_key_announce), "a key is announced, once");
    wait_for_look();
    ok(same_text(id_of(0), before) && id_of(1) != NULL && id_of(2) == NULL, "it is known, and not used yet");
}

static void test_changed(const char *before, const char *token)
{
    apr_int64_t broken;
    apr_int64_t left;
    int lines = 0;

    ok(anshin_dump(fixture_op(&fixture), change_meanwhile, settled, &lines) == ANSHIN_EBUSY,
       "BAK-2: a dump that spans the change fails");
    ok(other_keys_of_dump() == 1, "IMP-3: one that is made in the midst says that it needs both keys");
    ok(whom_opens(), "BAK-2: an address of a help desk page that is open is about whom it was");
    ok(same_text(id_of(1), before) && !same_text(id_of(0), before), "BAK-2: every process takes it by itself");
    ok(anshin_rotation_begin(fixture_op(&fixture)) == APR_SUCCESS, "the store is told");
    left = former(&broken);
    ok(left > 5 && broken == 0, "BAK-2: everything opens by the old key, and store check counts it");
    ok(link_works(token) && address_is_known() && password_opens() && blob_opens(),
       "BAK-2: links, addresses, passwords and blobs of before work");
}

/* What somebody else has written is no reason to keep the old key for ever. */
static void test_forged(void)
{
    const char *series = "p-01/forged", *anchor = "segment/forged/1";
    anshin_txn_t *txn;
    apr_int64_t broken;

    fixture_put(&fixture, &anshin_record_audit_series, series, &(anshin_audit_series_t){.count = 7, .mac = "00"});
    fixture_put(&fixture, &anshin_record_audit_anchor, anchor,
                &(anshin_audit_anchor_t){.segment = 1, .lines = 1, .chain = anshin_chain_none, .mac = "00"});
    ok(seal_anew() > 10, "BAK-2: passes come to an end, whatever somebody else has written");
    ok(former(&broken) == 0 && broken == 2, "and store check tells of both: %d", (int)broken);
    txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_WRITE);
    (void)anshin_txn_delete(txn, &anshin_record_audit_series, series);
    (void)anshin_txn_delete(txn, &anshin_record_audit_anchor, anchor);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

static void test_sealed_anew(const char *token)
{
    anshin_rotation_t rotation;
    anshin_rotation_rest_t rest;
    apr_int64_t broken;

    ok(seal_anew() > 0,
       "BAK-2: passes that are broken off after each record come to an end, and the last finds nothing");
    ok(former(&broken) == 0 && broken == 0, "BAK-2: nothing is by the old key, and everything opens");
    ok(link_works(token) && address_is_known() && password_opens() && blob_opens(), "and works");
    ok(anshin_rotation_resealed(fixture_op(&fixture), fixture.now) == APR_SUCCESS &&
           anshin_rotation_get(fixture_op(&fixture), &rotation) == APR_SUCCESS && rotation.resealed_at == 0,
       "a pass that began with the change does not count");
    fixture.now += ANSHIN_ROTATION_SETTLE;
    ok(anshin_rotation_resealed(fixture_op(&fixture), fixture.now) == APR_SUCCESS &&
           anshin_rotation_get(fixture_op(&fixture), &rotation) == APR_SUCCESS && rotation.resealed_at == fixture.now,
       "a later one does");
    ok(anshin_rotation_rest(fixture_op(&fixture), &rotation, &rest) == APR_SUCCESS && rest.links == 2 &&
           rest.last_ends > fixture.now,
       "the link and the code that wait are counted");
}

/* A command that had sealed something before the change and was kept waiting. */
static void test_late(void)
{
    const char *blob = users_account(&fixture, "taro").totp_blob;
    anshin_op_t *op = fixture_op(&fixture);
    anshin_rotation_t rotation;
    apr_int64_t broken;

    ok(anshin_blob_replace(fixture.env.store, blob, former_blob.data, former_blob.length, &op->error) == APR_SUCCESS &&
           former(&broken) == 1 && broken == 0,
       "something by the old key appears late");
    ok(anshin_rotation_again(op) == APR_SUCCESS && anshin_rotation_again(op) == APR_SUCCESS &&
           anshin_rotation_get(op, &rotation) == APR_SUCCESS && rotation.resealed_at == 0 && rotation.former != NULL,
       "BAK-2: then the worker begins once more");
    ok(seal_anew() > 0 && former(&broken) == 0 && anshin_rotation_resealed(op, fixture.now) == APR_SUCCESS &&
           anshin_rotation_get(op, &rotation) == APR_SUCCESS && rotation.resealed_at != 0,
       "and comes to the end");
    ok(codes() == 1 && code_waits(), "a code for a new address waits, by the old key");
    fixture.now += ANSHIN_ADDRESS_CODE_PAUSE;
    ok(send_code() && codes() == 1 && code_waits(), "BAK-2: the next one takes its place");
}

/* Whose private keys and secrets are known. */
static void test_leaked(void)
{
    anshin_rotation_t rotation;
    anshin_leak_t leak;
    anshin_download_t download = {.serial = "0A1B", .created_at = fixture.now, .expires_at = fixture.now + 1000000};

    (void)anshin_rotation_get(fixture_op(&fixture), &rotation);
    download.created_at = rotation.changed_at;
    fixture_put(&fixture, &anshin_record_download, "p-01/jiro/1", &download);
    ok(anshin_leak_end(fixture_op(&fixture), &rotation, &leak) == APR_SUCCESS && leak.downloads == 1 &&
           leak.issued == 1 && leak.certificates->nelts == 1,
       "BAK-2: a file that waits ends");
    ok(leak.certificates->nelts == 1 &&
           same_text(APR_ARRAY_IDX(leak.certificates, 0, anshin_leaked_certificate_t).serial, "0A1B") &&
           same_text(APR_ARRAY_IDX(leak.certificates, 0, anshin_leaked_certificate_t).terminal, "p-01/jiro/1"),
       "BAK-2: and its certificate is named");
    ok(leak.named == 2 && leak.who->nelts == 2, "BAK-2: whose secrets the key opens is named");
}

/* A key that goes between two questions is the end of the keys, no failure. */
static apr_status_t mac_gone(void *ctx, unsigned char mac[ANSHIN_DIGEST_BYTES], int n, const char *purpose,
                             const void *data, apr_size_t length)
{
    (void)ctx;
    (void)mac;
    (void)data;
    (void)length;
    return n == 1 && strcmp(purpose, "any") == 0 ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}

static apr_status_t none(void *baton, anshin_op_t *op)
{
    const char *mac;
    apr_status_t status = anshin_secret_mac(op, &mac, "p", "text");

    (*(int *)baton)++;
    return status == APR_SUCCESS ? ANSHIN_ENOTFOUND : status;
}

static void test_going(void)
{
    const anshin_env_t before = fixture.env;
    anshin_crypto_t crypto = *fixture.env.crypto;
    anshin_op_t *op = fixture_op(&fixture);
    const char *mac = NULL;
    int equal = 0, tried = 0;

    crypto.mac_by = mac_gone;
    fixture.env.crypto = &crypto;
    ok(anshin_secret_mac(op, &mac, "p", "text") == APR_SUCCESS &&
           anshin_secret_mac_is(op, &equal, "p", "text", mac) == APR_SUCCESS && equal,
       "BAK-2: a key that has just gone is the end of the keys");
    ok(anshin_secret_any(op, none, &tried) == ANSHIN_ENOTFOUND && tried == 2, "wherever they are tried");
    fixture.env = before;
}

/* What stands in a segment is by the key of its day. */
static void test_gone(const char *before, const anshin_line_t *line, const char *event, const char *event_mac)
{
    anshin_env_t other = fixture.env;
    anshin_rotation_t rotation;
    anshin_error_t err;
    apr_int64_t broken;
    json_t *opened;
    anshin_audit_series_t series;
    const char *name = anshin_series_name(fixture_op(&fixture), users_account(&fixture, "taro").number);

    anshin_error_clear(&err);
    ok(anshin_rotation_end(fixture_op(&fixture)) == APR_SUCCESS &&
           anshin_rotation_end(fixture_op(&fixture)) == APR_SUCCESS,
       "BAK-2: what the trail needs is kept, once");
    ok(anshin_seal_key_forget(key_file, &err, fixture.pool) == APR_SUCCESS &&
           anshin_seal_key_stage(key_file, fixture.pool) == ANSHIN_SEAL_KEY_ALONE,
       "the file goes");
    fixture_crypto(&fixture); /* as a process that starts now */
    other.crypto = fixture.crypto;
    fixture.env.crypto = fixture.crypto;
    ok(id_of(1) == NULL && !same_text(id_of(0), before), "the old key is there no more");
    ok(code_waits() && !whom_opens(), "BAK-2: a code of after the change waits; an address of before is about nobody");
    ok(anshin_line_follows_by(fixture_op(&fixture), line, anshin_chain_none, fixture.pool) < 0,
       "without what is kept a line of before is nobody's");
    ok(anshin_rotation_recall(&other, &err, fixture.pool) == APR_SUCCESS &&
           anshin_rotation_recall(&other, &err, fixture.pool) == APR_SUCCESS,
       "it is recalled, as often as one likes");
    ok(anshin_line_follows_by(fixture_op(&fixture), line, anshin_chain_none, fixture.pool) == 1 &&
           anshin_line_made_by(fixture_op(&fixture), event, event_mac, fixture.pool) == 1,
       "BAK-2: a line and an event of before are ours, and known to be by an older key");
    ok(id_of(1) == NULL, "and nothing else is by it");
    ok(fixture_get(&fixture, &anshin_record_audit_series, name, &series) == APR_SUCCESS &&
           anshin_series_is_genuine(fixture_op(&fixture), name, &series, fixture.pool) &&
           same_text(anshin_series_user(fixture_op(&fixture), name, &series, fixture.pool), "taro"),
       "the series are by the new one");
    opened = anshin_trail_open(fixture_op(&fixture), event, &series, fixture.pool);
    ok(same_text(json_string_value(json_object_get(opened, "user")), "taro"),
       "BAK-2: an event of before still tells whom it is about");
    json_decref(opened);
    ok(former(&broken) == 0 && broken == 0 && password_opens() && blob_opens() && address_is_known(),
       "everything opens by the new key alone");
    ok(anshin_rotation_get(fixture_op(&fixture), &rotation) == APR_SUCCESS && rotation.former == NULL &&
           rotation.kept == 1,
       "no rotation is under way");
}

/* The first event about taro that waits in the store. */
static apr_status_t take_event(void *baton, const char *key, const void *record)
{
    const char **found = baton;
    const anshin_audit_event_t *event = record;

    (void)key;
    if (found[0] == NULL && strstr(event->event, users_account(&fixture, "taro").number) != NULL) {
        found[0] = apr_pstrdup(fixture.pool, event->event);
        found[1] = apr_pstrdup(fixture.pool, event->mac);
    }
    return APR_SUCCESS;
}

static apr_status_t share(anshin_error_t *err)
{
    apr_status_t status;

    fixture.env.node = "a";
    status = anshin_shared_key_check(&fixture.env, err, fixture.pool);
    fixture.env.node = NULL;
    return status;
}

static int is_shared(const char *id)
{
    anshin_fact_t fact;

    return fixture_get(&fixture, &anshin_record_fact, "shared-key", &fact) == APR_SUCCESS && same_text(fact.value, id);
}

/* A machine that shares the store (core/keeping/shared_key.h). */
static void test_shared(void)
{
    anshin_error_t err;

    anshin_error_clear(&err);
    ok(is_shared(id_of(1)) && share(NULL) == APR_SUCCESS && is_shared(id_of(0)),
       "machines that share the store follow a change, by one that has both keys");
    fixture_put(&fixture, &anshin_record_fact, "shared-key", &(anshin_fact_t){.value = "0123456789abcdef"});
    ok(share(&err) == ANSHIN_EDENIED && same_text(err.id, "AN1878") && is_shared("0123456789abcdef"),
       "one that has another key is refused, and changes nothing (%s)", err.text);
    ok(anshin_shared_key_check(&fixture.env, &err, fixture.pool) == APR_SUCCESS, "one that shares it with none is not");
    fixture_put(&fixture, &anshin_record_fact, "shared-key", &(anshin_fact_t){.value = NULL});
    ok(share(&err) == ANSHIN_EDENIED, "nor does a fact without a key let anybody in");
    fixture_put(&fixture, &anshin_record_fact, "shared-key", &(anshin_fact_t){.value = id_of(0)});
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);
    anshin_line_t line = {.kind = ANSHIN_LINE_BEGIN, .body = "{\"segment\":1}"};
    const char *event[2] = {NULL, NULL};
    const char *code, *token, *chain, *before, *text;
    anshin_txn_t *txn;

    fixture.env.audit = &anshin_trail;
    key_file = apr_pstrcat(pool, fixture.directory, "/seal.key", NULL);
    (void)users_register(&fixture, "jiro", ANSHIN_METHOD_CERTIFICATE);
    (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
    token = users_invite(&fixture, "hanako", ANSHIN_METHOD_PASSWORD, &code);
    put_secrets();
    before = id_of(0);
    if (!send_code() ||
        anshin_whom_seal(fixture_op(&fixture), &(anshin_desk_whom_t){"p-01", "taro", "7"}, &whom) != APR_SUCCESS ||
        fixture_blob_get(&fixture, users_account(&fixture, "taro").totp_blob, &former_blob) != APR_SUCCESS) {
        printf("# no code, address or blob of before\n");
        exit(1);
    }
    former_blob.data = apr_pmemdup(pool, former_blob.data, former_blob.length);
    text = anshin_line_make(fixture_op(&fixture), &line, anshin_chain_none, &chain, pool);
    ok(anshin_line_read(&line, apr_pstrndup(pool, text, strlen(text) - 1), pool) == APR_SUCCESS, "a line of before");
    txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    (void)anshin_txn_each(txn, &anshin_record_audit_event, "", take_event, event);
    anshin_txn_abort(txn);
    ok(share(NULL) == APR_SUCCESS && is_shared(before), "the first machine tells the store of its key");
    test_announced(before);
    ok(share(NULL) == APR_SUCCESS && is_shared(before), "one that is announced is not told of");
    test_changed(before, token);
    test_shared();
    test_forged();
    test_sealed_anew(token);
    test_late();
    test_leaked();
    test_going();
    test_gone(before, &line, event[0], event[1]);
    ok(share(NULL) == APR_SUCCESS && is_shared(id_of(0)), "without the old key, too");
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

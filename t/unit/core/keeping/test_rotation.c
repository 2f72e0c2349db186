/*
 * The seal key is rotated (core/keeping/rotation.h, BAK-2): two keys beside each other, a store sealed anew by passes that are
 * broken off after every record, and what is left when the old key has gone.
 */
#include "core/account/address_index.h"
#include "core/account/imported.h"
#include "core/account/token.h"
#include "core/audit/line.h"
#include "core/audit/trail.h"
#include "core/keeping/reseal.h"
#include "core/keeping/rotation.h"
#include "core/keeping/store_check.h"
#include "core/mail/event.h"
#include "crypto/derive.h"
#include "unit/users.h"

#define HASH "$apr1$uVKfUIwI$NhlyQdO87yTSUnoeeMpVk1"

static fixture_t fixture;
static const char *key_file;

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

    ok(seal_key_step(anshin_seal_key_change), "it is changed");
    wait_for_look();
    ok(same_text(id_of(1), before) && !same_text(id_of(0), before), "BAK-2: every process takes it by itself");
    ok(anshin_rotation_begin(fixture_op(&fixture)) == APR_SUCCESS, "the store is told");
    left = former(&broken);
    ok(left > 5 && broken == 0, "BAK-2: everything opens by the old key, and store check counts it");
    ok(link_works(token) && address_is_known() && password_opens() && blob_opens(),
       "BAK-2: links, addresses, passwords and blobs of before work");
}

static void test_sealed_anew(const char *token)
{
    anshin_rotation_t rotation;
    anshin_rotation_rest_t rest;
    apr_int64_t broken;

    ok(seal_anew() > 10,
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
    ok(anshin_rotation_rest(fixture_op(&fixture), &rotation, &rest) == APR_SUCCESS && rest.links == 1 &&
           rest.last_ends > fixture.now,
       "the link that waits is counted");
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
    text = anshin_line_make(fixture_op(&fixture), &line, anshin_chain_none, &chain, pool);
    ok(anshin_line_read(&line, apr_pstrndup(pool, text, strlen(text) - 1), pool) == APR_SUCCESS, "a line of before");
    txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    (void)anshin_txn_each(txn, &anshin_record_audit_event, "", take_event, event);
    anshin_txn_abort(txn);
    test_announced(before);
    test_changed(before, token);
    test_sealed_anew(token);
    test_gone(before, &line, event[0], event[1]);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

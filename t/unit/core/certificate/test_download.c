/* core/certificate/download.c, certificate.c, secret.c, history.c: what waits for its owner, and what is wiped. */
#include "core/account/history.h"
#include "core/certificate/download.h"
#include "core/context/secret.h"
#include "core/certificate/revocation.h"
#include "unit/users.h"

static fixture_t fixture;

/* What the worker does when it has issued (core/certificate/issue.c is tested by its own program). */
static const char *issue(const char *user, const char *serial)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_token_t record = {
        .kind = ANSHIN_TOKEN_DOWNLOAD, .terminal = 1, .expires_at = fixture.now + apr_time_from_sec(86400)};
    const char *key = anshin_terminal_key(op, user, 1), *token, *token_key;
    const anshin_account_t account = users_account(&fixture, user);
    anshin_download_t download;
    anshin_txn_t *txn;

    (void)users_certificate(&fixture, user, 1, serial);
    (void)fixture_get(&fixture, &anshin_record_download, key, &download);
    download.modern_blob = fixture_blob(&fixture, "pkcs12", "MODERN");
    download.compat_blob = fixture_blob(&fixture, "pkcs12", "COMPAT");
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_token_create(op, txn, &account, &record, &token, &token_key);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    download.serial = serial;
    download.token = token_key;
    fixture_put(&fixture, &anshin_record_download, key, &download);
    return token;
}

static anshin_download_result_t fetch(const char *token, const char *password, anshin_profile_t profile,
                                      apr_status_t *status)
{
    anshin_download_result_t result;

    *status = anshin_download_fetch(fixture_op(&fixture), token, password, profile, &result);
    return result;
}

static void test_fetch(void)
{
    const char *password = users_register(&fixture, "dl1", ANSHIN_METHOD_CERTIFICATE), *token = issue("dl1", "e1");
    anshin_download_state_t state;
    anshin_download_result_t r;
    apr_status_t status;
    int blobs = fixture_blobs(&fixture);

    ok(anshin_download_find(fixture_op(&fixture), token, &state) == APR_SUCCESS && same_text(state.name, "dl1") &&
           state.fetched == 0,
       "the link leads to the certificate");
    r = fetch(token, "wrong", ANSHIN_PROFILE_MODERN, &status);
    ok(status == APR_SUCCESS && !r.right && r.remaining == 9 && !r.file.length,
       "a wrong download password is counted (CRT-2)");
    r = fetch(token, password, ANSHIN_PROFILE_MODERN, &status);
    ok(status == APR_SUCCESS && r.right && r.file.length == 6 && memcmp(r.file.data, "MODERN", 6) == 0 &&
           same_text(r.file_name, "dl1.p12"),
       "the right one gives the file (CRT-2)");
    r = fetch(token, apr_psprintf(fixture.pool, " %.7s-%s", password, password + 7), ANSHIN_PROFILE_COMPAT, &status);
    ok(r.right && memcmp(r.file.data, "COMPAT", 6) == 0, "again, in the other profile (CRT-3)");
    ok(anshin_download_find(fixture_op(&fixture), token, &state) == APR_SUCCESS && state.fetched == 2,
       "each fetch is counted");
    ok(anshin_download_finish(fixture_op(&fixture), token) == APR_SUCCESS && fixture_blobs(&fixture) == blobs - 3,
       "import done: key, file and password are wiped (S24)");
    r = fetch(token, password, ANSHIN_PROFILE_MODERN, &status);
    ok(status == ANSHIN_EDENIED && !r.file.length, "and the link is used up");
}

static void test_lock(void)
{
    const char *password = users_register(&fixture, "dl2", ANSHIN_METHOD_CERTIFICATE), *token = issue("dl2", "e2");
    anshin_presented_t presented = {
        ANSHIN_PRESENTED_GOOD, "e2", "fp-e2", "dl2", 0, fixture.now + apr_time_from_sec(86400), ""};
    anshin_download_result_t r = {0};
    apr_status_t status;
    int blobs = fixture_blobs(&fixture);

    for (int i = 0; i < 10; i++) {
        r = fetch(token, "", ANSHIN_PROFILE_MODERN, &status);
    }
    ok(r.locked, "ten wrong download passwords lock the download (CRT-2, LCK-1)");
    r = fetch(token, password, ANSHIN_PROFILE_MODERN, &status);
    ok(r.locked && !r.right, "then the right one does not help");
    ok(users_login(&fixture, "dl2", USERS_PASSWORD, &presented, NULL).outcome == ANSHIN_LOGIN_OK,
       "the login has a counter of its own");
    ok(fixture_blobs(&fixture) == blobs - 3, "and a login with the certificate wipes what waited (CRT-2)");
}

static void test_end(void)
{
    const char *password = users_register(&fixture, "dl3", ANSHIN_METHOD_CERTIFICATE), *token = issue("dl3", "e3");
    anshin_download_state_t state;
    apr_status_t status;

    ok(anshin_download_find(fixture_op(&fixture), "no-such-token-0123456789-0123456789-0123456", &state) ==
           ANSHIN_ENOTFOUND,
       "an unknown link");
    fixture.now += apr_time_from_sec(86400);
    (void)fetch(token, password, ANSHIN_PROFILE_MODERN, &status);
    ok(status == ANSHIN_EDENIED, "an expired link (S9)");
    fixture.now -= apr_time_from_sec(86400);
    ok(anshin_certificate_revoke(fixture_op(&fixture), "e3", 0) == APR_SUCCESS, "revoked before it was fetched");
    (void)fetch(token, password, ANSHIN_PROFILE_MODERN, &status);
    ok(status == ANSHIN_ENOTFOUND, "what is revoked is not handed out");
}

static void test_judge(void)
{
    static const struct {
        anshin_presented_state_t state;
        anshin_certificate_verdict_t verdict;
    } rows[] = {{ANSHIN_PRESENTED_NONE, ANSHIN_VERDICT_NONE},
                {ANSHIN_PRESENTED_EXPIRED, ANSHIN_VERDICT_EXPIRED},
                {ANSHIN_PRESENTED_NOT_YET_VALID, ANSHIN_VERDICT_NOT_YET},
                {ANSHIN_PRESENTED_FOREIGN, ANSHIN_VERDICT_FOREIGN},
                {ANSHIN_PRESENTED_UNSUITABLE, ANSHIN_VERDICT_UNSUITABLE},
                {ANSHIN_PRESENTED_GOOD, ANSHIN_VERDICT_GOOD}};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_certificate_verdict_t verdict;
    anshin_certificate_t record;
    anshin_contract_t second = fixture.contract;
    anshin_presented_t presented;
    anshin_txn_t *txn;

    (void)users_register(&fixture, "jd1", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "jd1", 1, "f1");
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        presented.state = rows[i].state;
        ok(anshin_certificate_judge(op, txn, &presented, &verdict, &record) == APR_SUCCESS &&
               verdict == rows[i].verdict,
           "certificate is %s (LOG-3)", anshin_verdict_name(rows[i].verdict));
    }
    second.name = "p-02";
    op->contract = &second;
    ok(anshin_certificate_judge(op, txn, &presented, &verdict, &record) == APR_SUCCESS &&
           verdict == ANSHIN_VERDICT_UNKNOWN && !record.user,
       "another contract's is unknown here, and nothing of it is told (CON-1)");
    op->contract = &fixture.contract;
    presented.serial = "f2";
    ok(anshin_certificate_judge(op, txn, &presented, &verdict, &record) == APR_SUCCESS &&
           verdict == ANSHIN_VERDICT_UNKNOWN,
       "one that the store does not know (S20)");
    anshin_txn_abort(txn);
    (void)users_certificate(&fixture, "jd1", 1, "f3");
    presented.serial = "f1";
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_certificate_judge(op, txn, &presented, &verdict, &record) == APR_SUCCESS &&
           verdict == ANSHIN_VERDICT_UNKNOWN,
       "one that is no longer its terminal's (S20)");
    anshin_txn_abort(txn);
    (void)anshin_certificate_revoke(op, "f1", 1);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_certificate_judge(op, txn, &presented, &verdict, &record) == APR_SUCCESS &&
           verdict == ANSHIN_VERDICT_REVOKED,
       "one that was revoked (LOG-3)");
    anshin_txn_abort(txn);
}

static apr_status_t collect(void *baton, const anshin_history_t *entry)
{
    *(apr_int64_t *)baton = *(apr_int64_t *)baton * 10 + entry->terminal;
    return APR_SUCCESS;
}

static void test_history(void)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_LOGIN_OK};
    apr_int64_t seen = 0;
    anshin_history_walk_t newest = {"hist", 0, -1}, last = {"hist", 4, -1};
    anshin_op_t *op = users_op(&fixture, "192.0.2.7");
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    int dropped;

    for (int i = 1; i <= 6; i++) {
        entry.terminal = i;
        entry.at = fixture.now + i;
        (void)anshin_history_add(op, txn, "hist", &entry);
    }
    ok(anshin_history_read(op, txn, &newest, 3, collect, &seen) == APR_SUCCESS && seen == 654 && newest.total == 6,
       "newest first, a page of three (ACC-4)");
    seen = 0;
    (void)anshin_history_read(op, txn, &last, 3, collect, &seen);
    ok(seen == 21, "the last page is short");
    ok(anshin_history_trim(op, txn, "hist", fixture.now + 4, 2, &dropped) == APR_SUCCESS && dropped == 2,
       "old ones go in steps");
    ok(anshin_history_trim(op, txn, "hist", fixture.now + 4, 100, &dropped) == APR_SUCCESS && dropped == 1,
       "and only old ones");
    seen = 0;
    (void)anshin_history_read(op, txn, &newest, 100, collect, &seen);
    ok(seen == 654 && newest.total == 3, "the rest stays");
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

static void test_secret(void)
{
    const char *texts[200];
    int odd = 0, same = 0;

    for (int i = 0; i < 200; i++) {
        (void)anshin_secret_text(fixture_op(&fixture), &texts[i], ANSHIN_ALPHABET_READABLE,
                                 ANSHIN_DOWNLOAD_PASSWORD_CHARACTERS);
        odd += strspn(texts[i], ANSHIN_ALPHABET_READABLE) != ANSHIN_DOWNLOAD_PASSWORD_CHARACTERS;
        for (int j = 0; j < i; j++) {
            same += strcmp(texts[i], texts[j]) == 0;
        }
    }
    ok(!odd && !same, "download passwords are of the alphabet, no two alike (CRT-2)");
    ok(!strpbrk(ANSHIN_ALPHABET_READABLE, "0Oo1IliLeau") && ANSHIN_DOWNLOAD_PASSWORD_CHARACTERS * 4.8 >= 60,
       "of signs that cannot be mistaken, over 60 bits (CRT-2)");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_fetch();
    test_lock();
    test_end();
    test_judge();
    test_history();
    test_secret();
    apr_pool_destroy(pool);
    return done();
}

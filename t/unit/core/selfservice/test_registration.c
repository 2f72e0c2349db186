/* core/selfservice/registration.c, operate.c, account.c: from the operator's new user to registered credentials. */
#include "core/account/history.h"
#include "core/certificate/download.h"
#include "core/mail/job.h"
#include "core/base/address.h"
#include "core/admin/operator.h"
#include "unit/users.h"

static fixture_t fixture;

static void test_ids(void)
{
    static const char *const good[][2] = {{"p-01-usr007", "p-01-usr007"},
                                          {" P-01-USR007　", "p-01-usr007"},
                                          {"ｕｓｒ００７", "usr007"},
                                          {"\xef\xbb\xbfp‐01‑usr–007\t", "p-01-usr-007"},
                                          {"Ｐー０１−ＵＳＲ\xc2\xad\xe2\x80\x8b\xe2\x80\x8e０\xc2\xa0", "p-01-usr0"},
                                          {"a", "a"},
                                          {"taro@example.jp", "taro@example.jp"}};
    static const char *const bad[] = {"",     " ",     "a/b",      "-a",   "a b", "山田",
                                      "a\nb", "a\x7f", "\xff\xfe", "a\"b", "~x",  "@x"};
    char longest[ANSHIN_USER_MAX + 2];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ok(same_text(anshin_user_canonical(good[i][0], fixture.pool), good[i][1]), "ID %s is canonical as %s (S6)",
           good[i][0], good[i][1]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(anshin_user_canonical(bad[i], fixture.pool) == NULL, "no user can have bad ID %d (S27)", (int)i);
    }
    memset(longest, 'a', sizeof(longest));
    longest[ANSHIN_USER_MAX] = '\0';
    ok(anshin_user_canonical(longest, fixture.pool) != NULL, "an ID may have %d bytes", ANSHIN_USER_MAX);
    longest[ANSHIN_USER_MAX] = 'a';
    longest[ANSHIN_USER_MAX + 1] = '\0';
    ok(anshin_user_canonical(longest, fixture.pool) == NULL, "and not one more");
}

static void test_addresses(void)
{
    static const char *const good[] = {"a@b.jp", "taro.yamada+x@mail.example.co.jp", "!#$%&'*+-/=?^_`{|}~@a-b.c"};
    static const char *const bad[] = {
        "",         "a",       "@b.jp",   "a@",      "a@b",     "a b@c.jp",  "a@b.jp\r\nBcc: x@y.jp",
        "a@-b.jp",  "a@b-.jp", "a@b..jp", ".a@b.jp", "a.@b.jp", "a..b@c.jp", "a@b.jp,c@d.jp",
        "<a@b.jp>", "山@b.jp", "a@山.jp", "a\"@b.jp"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ok(anshin_address_valid(good[i]), "%s is a mail address", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(!anshin_address_valid(bad[i]), "bad mail address %d is refused (S27)", (int)i);
    }
}

static void test_typed_addresses(void)
{
    static const char *const typed[][2] = {{"　ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ　", "taro@example.jp"},
                                           {"taro@example。jp\r\n", "taro@example.jp"},
                                           {"\xef\xbb\xbfTaro‐y@ex\xc2\xad"
                                            "ample.jp\xe2\x80\x8b\t",
                                            "Taro-y@example.jp"},
                                           {"taro\xff@example.jp", ""}};
    static const struct {
        const char *address;
        anshin_address_rule_t rule;
    } rules[] = {{"taro", ANSHIN_ADDRESS_FORM},
                 {"taro@jp", ANSHIN_ADDRESS_FORM},
                 {"a..b@docomo.ne.jp", ANSHIN_ADDRESS_DOTS},
                 {"ab.@docomo.ne.jp", ANSHIN_ADDRESS_DOTS},
                 {".ab@docomo.ne.jp", ANSHIN_ADDRESS_DOTS},
                 {"\"a..b\"@docomo.ne.jp", ANSHIN_ADDRESS_QUOTED},
                 {"a b@example.jp", ANSHIN_ADDRESS_QUOTED},
                 {"taro@日本.jp", ANSHIN_ADDRESS_LETTERS},
                 {"太郎@example.jp", ANSHIN_ADDRESS_LETTERS},
                 {"taro@xn--wgv71a.jp", ANSHIN_ADDRESS_GOOD}};

    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        ok(same_text(anshin_address_typed(typed[i][0], fixture.pool), typed[i][1]), "ADR-2: typed address %d is \"%s\"",
           (int)i, typed[i][1]);
    }
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        ok(anshin_address_rule(rules[i].address) == rules[i].rule, "ADR-2: %s breaks rule %d", rules[i].address,
           (int)rules[i].rule);
    }
    ok(anshin_address_same("Taro@Example.JP", "taro@example.jp"), "letter case makes no other address");
}

static apr_status_t create(const char *user, const char *address, int method, int kind, const char *language,
                           anshin_op_t **op)
{
    anshin_account_new_t spec = {user, address, method, kind, language, NULL, NULL, NULL, 0};
    anshin_invitation_t invitation;

    *op = fixture_op(&fixture);
    return anshin_account_create(*op, &spec, &invitation);
}

/* O4: what user add --language gave stands, whatever the browser's settings are, until the user chooses a language. */
static void test_language(void)
{
    static const struct {
        const char *user, *given;
        int chosen;
        const char *then;
    } cases[] = {{"la1", "en", 0, "en"}, {"la2", "en", 1, "ja"}, {"la3", NULL, 0, "ja"}, {"la4", "ja", 0, "ja"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        anshin_account_new_t spec = {cases[i].user,
                                     "la@example.jp",
                                     ANSHIN_METHOD_PASSWORD,
                                     ANSHIN_TERMINAL_PC,
                                     cases[i].given,
                                     NULL,
                                     NULL,
                                     NULL,
                                     0};
        anshin_registration_form_t form = {USERS_PASSWORD, USERS_PASSWORD, "pet", "ポチ", "ja", cases[i].chosen, NULL};
        anshin_registration_result_t r;
        anshin_invitation_t invitation;
        anshin_account_t account;
        anshin_op_t *op = fixture_op(&fixture);

        ok(anshin_account_create(op, &spec, &invitation) == APR_SUCCESS &&
               anshin_registration_complete(op, strstr(invitation.url, "t=") + 2, &form, &r) == APR_SUCCESS &&
               fixture_get(&fixture, &anshin_record_account, apr_pstrcat(fixture.pool, "p-01/", spec.user, NULL),
                           &account) == APR_SUCCESS &&
               same_text(account.language, cases[i].then),
           "O4: given %s, %s by the user: %s (MAI-1)", cases[i].given ? cases[i].given : "nothing",
           cases[i].chosen ? "ja chosen" : "nothing chosen", cases[i].then);
        ok(anshin_account_delete(op, spec.user) == APR_SUCCESS, "... and %s is gone again", spec.user);
    }
}

static void test_create(void)
{
    anshin_op_t *op;

    ok(create("new1", "n@example.jp", -1, ANSHIN_TERMINAL_PC, NULL, &op) == APR_SUCCESS, "a user is created (REG-1)");
    ok(create("NEW1", "m@example.jp", -1, ANSHIN_TERMINAL_PC, NULL, &op) == ANSHIN_ECONFLICT &&
           strstr(op->error.text, "new1"),
       "the same ID in capitals is taken, and the message names it");
    ok(create("a/b", "n@example.jp", -1, 0, NULL, &op) == ANSHIN_EINVALID && strstr(op->error.text, "user ID"),
       "a bad ID names field and rule");
    ok(create("n2", "nowhere", -1, 0, NULL, &op) == ANSHIN_EINVALID && strstr(op->error.text, "mail address"),
       "so does a bad address");
    ok(create("n2", NULL, -1, 0, NULL, &op) == ANSHIN_EINVALID, "and a missing one");
    ok(create("n2", "n@example.jp", ANSHIN_METHOD_OTP, 0, NULL, &op) == ANSHIN_EINVALID &&
           strstr(op->error.text, "otp"),
       "a method that the contract does not admit (CON-3)");
    ok(create("n2", "n@example.jp", -1, 0, "fr", &op) == ANSHIN_EINVALID, "a language that we do not have");
    ok(fixture_count(&fixture, &anshin_record_account) == 1 && fixture_count(&fixture, &anshin_record_terminal) == 1,
       "nothing was half done");
}

static void test_code(void)
{
    const char *code, *token = users_invite(&fixture, "code1", ANSHIN_METHOD_PASSWORD, &code);
    anshin_code_result_t r;
    anshin_account_t account;
    anshin_link_t link;
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;

    ok(anshin_registration_find(op, token, &account, NULL, NULL) == APR_SUCCESS && same_text(account.user, "code1"),
       "the link leads to its user");
    ok(anshin_registration_find(op, token, &account, NULL, NULL) == APR_SUCCESS,
       "opening it again does not use it up (REG-5)");
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_token_find(op, txn, ANSHIN_TOKEN_REGISTER, token, &link) == APR_SUCCESS && !strstr(link.key, token) &&
           !strstr(link.token.code_mac, code),
       "the store has neither link nor code, only keyed hashes (S9)");
    ok(anshin_token_find(op, txn, ANSHIN_TOKEN_DOWNLOAD, token, &link) == ANSHIN_ENOTFOUND,
       "a link of one kind is none of another");
    anshin_txn_abort(txn);
    ok(anshin_registration_code(op, token, "wrong", &r) == APR_SUCCESS && !r.right && r.remaining == 4,
       "a wrong code is counted (REG-2)");
    ok(anshin_registration_code(op, token, apr_psprintf(fixture.pool, " %.5s-%s ", code, code + 5), &r) ==
               APR_SUCCESS &&
           r.right,
       "the code may be typed with spaces and hyphens");
    for (int i = 0; i < 5; i++) {
        (void)anshin_registration_code(op, token, "", &r);
    }
    ok(r.locked, "five wrong codes lock (REG-2, LCK-1)");
    ok(anshin_registration_code(op, token, code, &r) == APR_SUCCESS && !r.right && r.locked,
       "then the right one does not help");
    ok(anshin_account_unlock(op, "code1") == APR_SUCCESS &&
           anshin_registration_code(op, token, code, &r) == APR_SUCCESS && r.right,
       "until the operator unlocks");
    ok(anshin_registration_code(op, "short", code, &r) == ANSHIN_ENOTFOUND, "a link that is none");
    fixture.now += fixture.contract.policy.registration_lifetime;
    op = fixture_op(&fixture);
    ok(anshin_registration_find(op, token, &account, NULL, NULL) == ANSHIN_EDENIED, "an expired link (REG-2)");
}

static void test_complete(void)
{
    anshin_registration_form_t form = {"short", "other", "no-such-question", " 　 ", "ja", 0, NULL};
    anshin_registration_result_t r;
    const char *code, *token = users_invite(&fixture, "reg1", ANSHIN_METHOD_CERTIFICATE, &code);
    anshin_account_t account;
    anshin_terminal_t terminal;
    anshin_download_t download;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;
    anshin_op_t *op = fixture_op(&fixture);

    ok(anshin_registration_complete(op, token, &form, &r) == APR_SUCCESS &&
           (r.password_broken & 1u << ANSHIN_RULE_TOO_SHORT) && (r.password_broken & 1u << ANSHIN_RULE_MISMATCH) &&
           same_text(r.question_error, "errors.choose") && same_text(r.answer_error, "errors.required"),
       "every broken rule is told in one go (REG-3)");
    ok(!r.download_password && fixture_count(&fixture, &anshin_record_job) == 0, "and nothing is done");
    form = (anshin_registration_form_t){"reg1-TARO-99", "reg1-TARO-99", "pet", "ポチ", "ja", 0, NULL};
    (void)anshin_registration_complete(op, token, &form, &r);
    ok((r.password_broken & 1u << ANSHIN_RULE_CONTAINS_USER) &&
           (r.password_broken & 1u << ANSHIN_RULE_CONTAINS_ADDRESS),
       "user ID and local part of the address are refused in any case (PWD-2)");
    form = (anshin_registration_form_t){"Short¥", "Short\\", "pet", "ポチ", "ja", 0, NULL};
    (void)anshin_registration_complete(op, token, &form, &r);
    ok(r.password_broken == 1u << ANSHIN_RULE_TOO_SHORT, "a yen sign is confirmed by a backslash (PWD-1)");
    form = (anshin_registration_form_t){USERS_PASSWORD, USERS_PASSWORD, "pet", "ポチ", "en", 0, "a\033b"};
    ok(anshin_registration_complete(op, token, &form, &r) == APR_SUCCESS && !r.password_broken &&
           same_text(r.label_error, "errors.label_characters") && !r.download_password,
       "a label that cannot be taken: nothing is done (LST-1)");
    form.label = "　薬局１号機 ";
    ok(anshin_registration_complete(op, token, &form, &r) == APR_SUCCESS && !r.password_broken && r.download_password &&
           strlen(r.download_password) == 14,
       "a good form is taken; a certificate user gets a download password (REG-4)");
    ok(op->jobs_queued, "and a job for the CA worker is queued (CRT-1)");
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/reg1", &account);
    ok(account.state == ANSHIN_ACCOUNT_ACTIVE && same_text(account.language, "en") &&
           !strstr(account.password_hash, USERS_PASSWORD) && strncmp(account.password_hash, "$argon2id$", 10) == 0,
       "password in PHC form, language kept (PWD-3)");
    ok(fixture_get(&fixture, &anshin_record_terminal, "p-01/reg1/1", &terminal) == APR_SUCCESS &&
           same_text(terminal.label, "薬局1号機"),
       "the first terminal has its label (LST-1, ADR-2)");
    ok(strncmp(account.answer_hash, "$argon2id$", 10) == 0, "the answer is hashed the same way (PWD-4)");
    ok(anshin_registration_complete(op, token, &form, &r) == ANSHIN_EDENIED,
       "a second POST of the same form is refused (S9, S29)");
    ok(fixture_get(&fixture, &anshin_record_download, "p-01/reg1/1", &download) == APR_SUCCESS &&
           download.password_blob && !download.serial,
       "the download password waits sealed (S24)");
    ok(anshin_job_claim(op, "test", &job, &key, &wake) == APR_SUCCESS && job.kind == ANSHIN_JOB_ISSUE &&
           same_text(job.user, "reg1"),
       "one job");
    ok(anshin_job_claim(op, "other", &job, &key, &wake) == ANSHIN_ENOTFOUND, "exactly one");
    ok(anshin_account_invite(op, "reg1", &(anshin_invitation_t){0}) == ANSHIN_ECONFLICT,
       "who has registered gets no new invitation");
}

static void test_elsewhere(void)
{
    anshin_contract_t second = fixture.contract;
    const char *code, *token = users_invite(&fixture, "els1", ANSHIN_METHOD_PASSWORD, &code);
    anshin_account_t account;
    anshin_op_t *op = fixture_op(&fixture);

    second.name = "p-02";
    op->contract = &second;
    ok(anshin_registration_find(op, token, &account, NULL, NULL) == ANSHIN_ENOTFOUND,
       "a link of one contract is none of another (CON-1)");
    op = fixture_op(&fixture);
    ok(anshin_account_lock(op, "els1", ANSHIN_ACCOUNT_DISABLED) == APR_SUCCESS &&
           anshin_registration_find(op, token, &account, NULL, NULL) == ANSHIN_EDENIED,
       "a user disabled before registering cannot register (LOG-9)");
    ok(anshin_account_unlock(op, "els1") == APR_SUCCESS &&
           anshin_registration_find(op, token, &account, NULL, NULL) == APR_SUCCESS,
       "until the operator allows it again");
}

static void test_invite_again(void)
{
    const char *code, *old = users_invite(&fixture, "inv1", ANSHIN_METHOD_PASSWORD, &code);
    anshin_invitation_t fresh;
    anshin_account_t account;
    anshin_op_t *op = fixture_op(&fixture);

    ok(anshin_account_invite(op, "inv1", &fresh) == APR_SUCCESS && strcmp(fresh.code, code) != 0, "a new invitation");
    ok(anshin_registration_find(op, old, &account, NULL, NULL) == ANSHIN_ENOTFOUND, "ends the old link");
    ok(anshin_registration_find(op, strstr(fresh.url, "?t=") + 3, &account, NULL, NULL) == APR_SUCCESS,
       "the new one works");
    ok(anshin_account_delete(op, "inv1") == APR_SUCCESS &&
           anshin_registration_find(op, strstr(fresh.url, "?t=") + 3, &account, NULL, NULL) == ANSHIN_ENOTFOUND,
       "a deleted user's link is gone");
    ok(anshin_account_delete(op, "inv1") == ANSHIN_ENOTFOUND &&
           anshin_account_lock(op, "a/b", ANSHIN_ACCOUNT_LOCKED) == ANSHIN_ENOTFOUND,
       "no such user is said so");
}

static void test_delete(void)
{
    anshin_login_result_t login;
    anshin_session_t session;
    anshin_certificate_t certificate;
    const char *key;
    anshin_op_t *op;
    anshin_presented_t presented;
    int blobs = fixture_blobs(&fixture);

    (void)users_register(&fixture, "del1", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "del1", 1, "d1");
    login = users_login(&fixture, "del1", USERS_PASSWORD, &presented, NULL);
    ok(login.outcome == ANSHIN_LOGIN_OK, "logged in");
    op = fixture_op(&fixture);
    ok(anshin_account_delete(op, "del1") == APR_SUCCESS, "deleted");
    ok(anshin_session_find(op, login.session_id, &presented, &session, &key) == ANSHIN_ENOTFOUND,
       "the session ends with the user (LOG-9, S16)");
    (void)fixture_get(&fixture, &anshin_record_certificate, "d1", &certificate);
    ok(certificate.state == ANSHIN_CERTIFICATE_REVOKED && certificate.reason == 5,
       "the certificate is revoked (CRT-5)");
    ok(fixture_blobs(&fixture) == blobs, "and no sealed blob is left behind (S24)");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_ids();
    test_addresses();
    test_typed_addresses();
    test_language();
    test_create();
    test_code();
    test_complete();
    test_elsewhere();
    test_invite_again();
    test_delete();
    apr_pool_destroy(pool);
    return done();
}

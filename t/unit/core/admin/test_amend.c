/*
 * What an operator writes and changes of a user: attributes, validity, terminal, method; reset, and a new password at
 * the next login (ATT-1, ADM-1).
 */
#include "core/admin/amend.h"

#include "core/admin/operator.h"
#include "core/audit/act.h"
#include "core/login/login_change.h"
#include "core/login/logout.h"
#include "core/selfservice/method.h"
#include "core/selfservice/reissue.h"
#include "unit/users.h"

#define DAY apr_time_from_sec(86400)

static fixture_t fixture;

static anshin_op_t *operator_op(void)
{
    anshin_op_t *op = fixture_op(&fixture);

    op->actor.kind = ANSHIN_ACTOR_OPERATOR;
    return op;
}

/* Change it; "conflict: text" and the like, or what was changed, with commas between. */
static const char *amend_as(const anshin_amend_t *amend, anshin_amended_t *amended)
{
    anshin_op_t *op = operator_op();
    apr_status_t status = anshin_account_amend(op, amend, amended);

    return status == APR_SUCCESS ? apr_array_pstrcat(fixture.pool, amended->what, ',')
                                 : apr_pstrcat(fixture.pool, anshin_status_name(status), ": ", op->error.text, NULL);
}

static const char *amend_it(const anshin_amend_t *amend)
{
    anshin_amended_t amended;

    return amend_as(amend, &amended);
}

static anshin_amend_t of(const char *user)
{
    return (anshin_amend_t){.user = user, .kind = -1, .method = -1};
}

/* What the trail hears of the last change. */
static struct {
    anshin_act_t act;
    const char *before, *after;
} heard;

static apr_status_t hear(void *ctx, anshin_op_t *op, anshin_txn_t *txn, const anshin_act_facts_t *facts)
{
    (void)ctx;
    (void)txn;
    heard.act = facts->act;
    heard.before = facts->before != NULL ? apr_pstrdup(op->pool, facts->before) : NULL;
    heard.after = facts->after != NULL ? apr_pstrdup(op->pool, facts->after) : NULL;
    return APR_SUCCESS;
}

static const char *set_groups(const char *user, const char *groups)
{
    anshin_amend_t amend = of(user);

    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_GROUPS, .groups = groups};
    return amend_it(&amend);
}

static const char *set_validity(const char *user, apr_time_t from, apr_time_t until)
{
    anshin_amend_t amend = of(user);

    amend.attributes =
        (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_VALID_FROM | 1 << ANSHIN_ATTRIBUTE_VALID_UNTIL,
                              .valid_from = from,
                              .valid_until = until};
    return amend_it(&amend);
}

static anshin_session_t session_of(const anshin_member_t *member)
{
    anshin_session_t session = {.user = NULL};

    (void)fixture_get(&fixture, &anshin_record_session, member->key, &session);
    return session;
}

/* The newest result in a user's history. */
static apr_int64_t newest(const char *user)
{
    anshin_history_walk_t walk = {user, 0, -1};
    anshin_history_t entry = {.result = 0};

    (void)anshin_history_part(fixture_op(&fixture), &walk, 1, users_first, &entry);
    return entry.result;
}

static anshin_login_outcome_t outcome(const char *user, const char *password)
{
    return users_login(&fixture, user, password, &users_no_peer, "192.0.2.1").outcome;
}

/* --- attributes -------------------------------------------------------------------------------------------------- */

static void test_attributes(void)
{
    anshin_amend_t amend = of("A1");
    anshin_account_t account;
    anshin_member_t member;
    anshin_amended_t amended;

    (void)users_register(&fixture, "a1", ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, "a1", ANSHIN_METHOD_PASSWORD);
    amend.language = "en";
    amend.attributes = (anshin_attributes_t){.given = 15,
                                             .name = " 安心 太郎 ",
                                             .organisation = "㈱安心薬局",
                                             .groups = "Sales, admin,sales",
                                             .memo = "memo"};
    ok(same_text(amend_as(&amend, &amended), "language,name,organisation,groups,memo") && !amended.sessions_end,
       "attributes are taken, by an ID as it is typed (ATT-1)");
    account = users_account(&fixture, "a1");
    ok(same_text(account.name, "安心 太郎") && same_text(account.organisation, "㈱安心薬局") &&
           same_text(account.memo, "memo") && account.groups->nelts == 2 && same_text(account.language, "en") &&
           !account.language_given,
       "in normal form (ATT-1)");
    ok(same_text(session_of(&member).name, "安心 太郎") && same_text(session_of(&member).organisation, "㈱安心薬局") &&
           same_text(session_of(&member).groups, "admin,sales"),
       "a session that was open already has them (ATT-1)");
    ok(same_text(amend_it(&amend), ""), "said again, nothing is otherwise");
    ok(same_text(set_groups("a1", "admin"), "groups") && same_text(session_of(&member).groups, "admin"),
       "who leaves a group has left it in the session (ATT-1)");
    ok(same_text(set_groups("a1", ""), "groups") && session_of(&member).groups == NULL &&
           same_text(session_of(&member).name, "安心 太郎"),
       "or all of them; what is not given stays");
    ok(same_text(users_member(&fixture, "a1", ANSHIN_METHOD_PASSWORD).session->name, "安心 太郎"),
       "a new session has them from the start");
    ok(same_text(amend_it(&(anshin_amend_t){.user = "nobody", .kind = -1, .method = -1}), "not found: "),
       "nobody is nobody");
}

static void test_trail(void)
{
    static const anshin_audit_t audit = {NULL, hear};
    anshin_amend_t amend = of("a6");

    (void)users_register(&fixture, "a6", ANSHIN_METHOD_PASSWORD);
    (void)set_groups("a6", "hr");
    fixture.env.audit = &audit;
    amend.language = "en";
    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_NAME | 1 << ANSHIN_ATTRIBUTE_GROUPS |
                                                      1 << ANSHIN_ATTRIBUTE_VALID_UNTIL,
                                             .name = "安心 \"太郎\"",
                                             .groups = "b,a",
                                             .valid_until = apr_time_from_sec(4102444799)};
    ok(same_text(amend_it(&amend), "language,name,groups,valid_until") && heard.act == ANSHIN_ACT_ACCOUNT_CHANGED &&
           same_text(heard.before, "{\"language\":\"ja\",\"name\":null,\"groups\":\"hr\",\"valid_until\":null}") &&
           same_text(heard.after, "{\"language\":\"en\",\"name\":\"安心 \\\"太郎\\\"\",\"groups\":\"a,b\","
                                  "\"valid_until\":\"2099-12-31T23:59:59Z\"}"),
       "the trail hears what was and what is (ATT-1, AUD-1)");
    fixture.env.audit = NULL;
}

/* What a connection remembers of a session, with the longest of all attributes, is read anew once they change. */
static void test_remembered(void)
{
    const char *groups = "group-of-exactly-32-characters00";
    const char *wide = "";
    anshin_session_cache_t cache = {.version = ANSHIN_STORE_VERSION_NONE};
    anshin_amend_t amend = of("a5");
    anshin_session_t session;
    const char *id, *key;

    (void)users_register(&fixture, "a5", ANSHIN_METHOD_PASSWORD);
    id = users_login(&fixture, "a5", USERS_PASSWORD, &users_no_peer, "192.0.2.1").session_id;
    for (int i = 1; i < ANSHIN_GROUPS_MAX; i++) {
        groups = apr_psprintf(fixture.pool, "%s,group-of-exactly-32-characters%02d", groups, i);
    }
    for (int i = 0; i < ANSHIN_NAME_MAX; i++) {
        wide = apr_pstrcat(fixture.pool, wide, "𠮷", NULL); /* four octets each */
    }
    amend.attributes = (anshin_attributes_t){.given = 7, .name = wide, .organisation = wide, .groups = groups};
    ok(same_text(amend_it(&amend), "name,organisation,groups"), "the longest of all attributes are taken (ATT-1)");
    for (int i = 0; i < 2; i++) {
        anshin_op_t *op = fixture_op(&fixture);

        op->cache = &cache;
        ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == APR_SUCCESS &&
               same_text(session.groups, groups) && same_text(session.name, wide) &&
               cache.version != ANSHIN_STORE_VERSION_NONE,
           "a connection remembers them");
    }
    (void)set_groups("a5", "one");
    for (int i = 0; i < 2; i++) {
        anshin_op_t *op = fixture_op(&fixture);

        op->cache = &cache;
        ok(anshin_session_find(op, id, &users_no_peer, &session, &key) == APR_SUCCESS &&
               same_text(session.groups, "one"),
           "and learns at once what has changed (ATT-1)");
    }
}

static void test_rules(void)
{
    static const struct {
        anshin_attributes_t given;
        const char *said;
    } cases[] = {
        {{.given = 1 << ANSHIN_ATTRIBUTE_NAME, .name = "a\nb"}, ": it has a character"},
        {{.given = 1 << ANSHIN_ATTRIBUTE_MEMO, .memo = "\xff"}, ": it has a character"},
        {{.given = 1 << ANSHIN_ATTRIBUTE_ORGANISATION,
          .organisation = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"},
         "organisation \"wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww\": it is longer than 64"},
        {{.given = 1 << ANSHIN_ATTRIBUTE_GROUPS, .groups = "a,営業"}, "groups: \"営業\" cannot be the name of a group"},
        {{.given = 1 << ANSHIN_ATTRIBUTE_VALID_FROM | 1 << ANSHIN_ATTRIBUTE_VALID_UNTIL,
          .valid_from = 2,
          .valid_until = 1},
         "valid_until: lies before valid_from"},
    };
    anshin_amend_t amend = of("a2");

    (void)users_register(&fixture, "a2", ANSHIN_METHOD_PASSWORD);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        anshin_op_t *op = operator_op();
        anshin_amended_t amended;

        amend.attributes = cases[i].given;
        amend.language = "en";
        ok(anshin_account_amend(op, &amend, &amended) == ANSHIN_EINVALID && strstr(op->error.text, cases[i].said),
           "field and rule are named (ATT-1): %s", op->error.text);
    }
    ok(same_text(users_account(&fixture, "a2").language, "ja"), "and nothing is done by half");
}

static void test_create(void)
{
    const anshin_attributes_t attributes = {
        .given = 1 << ANSHIN_ATTRIBUTE_NAME | 1 << ANSHIN_ATTRIBUTE_GROUPS, .name = "安心 花子", .groups = "sales"};
    anshin_account_new_t spec = {
        "a3", "a3@example.jp", ANSHIN_METHOD_PASSWORD, ANSHIN_TERMINAL_PC, NULL, NULL, &attributes, NULL, 0};
    const anshin_attributes_t bad = {.given = 1 << ANSHIN_ATTRIBUTE_NAME, .name = "\001"};
    anshin_invitation_t invitation;

    ok(anshin_account_create(operator_op(), &spec, &invitation) == APR_SUCCESS &&
           same_text(users_account(&fixture, "a3").name, "安心 花子") &&
           users_account(&fixture, "a3").groups->nelts == 1,
       "a new user has them from the start (ATT-1)");
    spec.user = "a4";
    spec.attributes = &bad;
    ok(anshin_account_create(operator_op(), &spec, &invitation) == ANSHIN_EINVALID, "by the same rules");
}

/* --- validity ---------------------------------------------------------------------------------------------------- */

static void test_validity(void)
{
    anshin_op_t *op;
    anshin_member_t member;
    anshin_session_t found;
    anshin_account_t account;
    const char *id, *key;

    (void)users_register(&fixture, "v1", ANSHIN_METHOD_PASSWORD);
    id = users_login(&fixture, "v1", USERS_PASSWORD, &users_no_peer, "192.0.2.1").session_id;
    member = users_member(&fixture, "v1", ANSHIN_METHOD_PASSWORD);
    ok(same_text(set_validity("v1", fixture.now - DAY, fixture.now + 600 * APR_USEC_PER_SEC),
                 "valid_from,valid_until") &&
           session_of(&member).valid_until == fixture.now + 600 * APR_USEC_PER_SEC,
       "an end stands in the session (ATT-1)");
    fixture.now += 600 * APR_USEC_PER_SEC;
    ok(anshin_session_find(fixture_op(&fixture), id, &users_no_peer, &found, &key) == APR_SUCCESS,
       "it lasts to that very moment (ATT-1)");
    fixture.now += 1;
    ok(anshin_session_find(fixture_op(&fixture), id, &users_no_peer, &found, &key) == ANSHIN_ENOTFOUND,
       "and no longer (ATT-1)");
    ok(outcome("v1", USERS_PASSWORD) == ANSHIN_LOGIN_WRONG && newest("v1") == ANSHIN_HISTORY_NOT_VALID,
       "then nobody logs in: the answer is the one of a wrong password, the history tells (ATT-1, LOG-4)");
    account = users_account(&fixture, "v1");
    ok(account.state == ANSHIN_ACCOUNT_ACTIVE &&
           anshin_account_standing(&account, fixture.now) == ANSHIN_ACCOUNT_DISABLED &&
           !anshin_reissue_allowed(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, &account),
       "it is as one that is disabled: no reissue (ATT-1)");
    ok(anshin_member_read(fixture_op(&fixture), &member, &account) == ANSHIN_EDENIED,
       "and nothing that a member asks for (ATT-1)");
    ok(same_text(set_validity("v1", 0, 0), "valid_from,valid_until") &&
           outcome("v1", USERS_PASSWORD) == ANSHIN_LOGIN_OK,
       "without limits all is as before (ATT-1)");
    member = users_member(&fixture, "v1", ANSHIN_METHOD_PASSWORD);
    (void)set_validity("v1", fixture.now + DAY, 0);
    ok(!users_alive(&fixture, &member), "who is valid tomorrow is logged out today (ATT-1)");
    ok(outcome("v1", USERS_PASSWORD) == ANSHIN_LOGIN_WRONG, "and does not log in");
    fixture.now += DAY;
    ok(outcome("v1", USERS_PASSWORD) == ANSHIN_LOGIN_OK, "until tomorrow, to the moment (ATT-1)");
    op = operator_op();
    ok(anshin_account_lock(op, "v1", ANSHIN_ACCOUNT_DISABLED) == APR_SUCCESS &&
           same_text(set_validity("v1", 0, fixture.now + DAY), "valid_from,valid_until") &&
           outcome("v1", USERS_PASSWORD) == ANSHIN_LOGIN_WRONG && newest("v1") == ANSHIN_HISTORY_NOT_ACTIVE,
       "validity opens nothing that is disabled");
}

static void test_validity_of_links(void)
{
    const char *code;
    const char *token = users_invite(&fixture, "v2", ANSHIN_METHOD_PASSWORD, &code);
    anshin_account_t account;

    (void)set_validity("v2", fixture.now + 100, 0);
    ok(anshin_registration_find(fixture_op(&fixture), token, &account, NULL, NULL) == ANSHIN_EDENIED,
       "an invitation counts from the first day on (ATT-1)");
    fixture.now += 100;
    ok(anshin_registration_find(fixture_op(&fixture), token, &account, NULL, NULL) == APR_SUCCESS, "and then it does");
}

/* --- terminal, method -------------------------------------------------------------------------------------------- */

static void test_terminal(void)
{
    anshin_amend_t amend = of("t1");
    anshin_terminal_t terminal;
    anshin_member_t member;
    int before;

    (void)users_register(&fixture, "t1", ANSHIN_METHOD_PASSWORD);
    fixture.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    member = users_member(&fixture, "t1", ANSHIN_METHOD_PASSWORD);
    before = fixture_count(&fixture, &anshin_record_mail);
    amend.address = "New@Example.jp";
    amend.kind = ANSHIN_TERMINAL_SMARTPHONE;
    amend.label = " 薬局1号機 ";
    ok(same_text(amend_it(&amend), "address,kind,label"), "address, kind and label of the first device (ADM-1)");
    (void)fixture_get(&fixture, &anshin_record_terminal, "p-01/t1/1", &terminal);
    ok(same_text(terminal.address, "New@Example.jp") && terminal.kind == ANSHIN_TERMINAL_SMARTPHONE &&
           same_text(terminal.label, "薬局1号機") && terminal.unconfirmed_at == 0,
       "are changed, and the address counts as confirmed");
    ok(fixture_count(&fixture, &anshin_record_mail) == before + 2 && newest("t1") == ANSHIN_HISTORY_TERMINAL_CHANGED,
       "the former and the new address are told, and the history (S13)");
    ok(users_alive(&fixture, &member), "the session goes on");
    ok(same_text(amend_it(&amend), "") && fixture_count(&fixture, &anshin_record_mail) == before + 2,
       "said again, nobody is told again");
    amend.address = "no address";
    ok(strncmp(amend_it(&amend), "invalid: mail address", 21) == 0, "by the rules of an address");
    amend.address = NULL;
    amend.terminal = 7;
    ok(same_text(amend_it(&amend), "conflict: user t1 has no device 7"), "a device that is not there is named");
    fixture.contract.policy.terminal_kinds = 1 << ANSHIN_TERMINAL_PC;
    amend.terminal = 1;
    ok(strncmp(amend_it(&amend), "invalid: contract p-01 does not admit the kind", 46) == 0, "as is a kind");
    fixture.contract.policy.terminal_kinds = 7;
}

static void test_taken(void)
{
    anshin_amend_t amend = of("t2");
    anshin_terminal_t second = {.contract = "p-01", .user = "t2", .number = 2, .address = "two@example.jp"};
    anshin_account_t account;

    (void)users_register(&fixture, "t2", ANSHIN_METHOD_PASSWORD);
    account = users_account(&fixture, "t2");
    APR_ARRAY_PUSH(account.terminals, apr_int64_t) = 2;
    fixture_put(&fixture, &anshin_record_account, "p-01/t2", &account);
    fixture_put(&fixture, &anshin_record_terminal, "p-01/t2/2", &second);
    amend.address = "two@example.jp";
    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_NAME, .name = "half"};
    ok(strncmp(amend_it(&amend), "conflict: mail address two@example.jp: device 2 of user t2 has it", 64) == 0,
       "another device has the address already");
    ok(users_account(&fixture, "t2").name == NULL, "and nothing is done by half");
    amend.terminal = 2;
    amend.address = "three@example.jp";
    ok(same_text(amend_it(&amend), "name,address"), "the second device can be named");
}

static void test_method(void)
{
    anshin_amend_t amend = of("m1");
    anshin_certificate_t certificate;
    anshin_download_t download;
    anshin_amended_t amended;
    anshin_member_t member;

    (void)users_register(&fixture, "m1", ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, "m1", ANSHIN_METHOD_PASSWORD);
    amend.method = ANSHIN_METHOD_CERTIFICATE;
    ok(same_text(amend_as(&amend, &amended), "method") && amended.sessions_end && amended.issues->nelts == 1 &&
           strlen(APR_ARRAY_IDX(amended.issues, 0, anshin_method_issue_t).download_password) >= 12,
       "to certificates: one is on its way, its download password is told once (ADM-1, ACC-6)");
    ok(!users_alive(&fixture, &member) && newest("m1") == ANSHIN_HISTORY_METHOD_CHANGED &&
           fixture_get(&fixture, &anshin_record_download, "p-01/m1/1", &download) == APR_SUCCESS,
       "sessions end, as where users do it themselves (ACC-6)");
    (void)users_certificate(&fixture, "m1", 1, "0a0b0c");
    amend.method = ANSHIN_METHOD_PASSWORD;
    ok(same_text(amend_as(&amend, &amended), "method") && amended.issues->nelts == 0 &&
           fixture_get(&fixture, &anshin_record_certificate, "0a0b0c", &certificate) == APR_SUCCESS &&
           certificate.state == ANSHIN_CERTIFICATE_REVOKED &&
           fixture_get(&fixture, &anshin_record_download, "p-01/m1/1", &download) == ANSHIN_ENOTFOUND,
       "back: the certificate is revoked, what waits for download is gone (ACC-6)");
    fixture.contract.policy.methods = 1 << ANSHIN_METHOD_PASSWORD;
    amend.method = ANSHIN_METHOD_CERTIFICATE;
    ok(strncmp(amend_it(&amend), "invalid: contract p-01 does not admit", 37) == 0, "by the rules of the contract");
    fixture.contract.policy.methods = 1 << ANSHIN_METHOD_PASSWORD | 1 << ANSHIN_METHOD_CERTIFICATE;
    (void)anshin_account_lock(operator_op(), "m1", ANSHIN_ACCOUNT_DISABLED);
    ok(strncmp(amend_it(&amend), "conflict: user m1 is disabled", 29) == 0 &&
           users_account(&fixture, "m1").method == ANSHIN_METHOD_PASSWORD,
       "of a disabled user it is not changed: nothing would come of it");
}

static void test_pending(void)
{
    anshin_amend_t amend = of("m2");
    anshin_amended_t amended;
    const char *code;

    (void)users_invite(&fixture, "m2", ANSHIN_METHOD_PASSWORD, &code);
    amend.method = ANSHIN_METHOD_CERTIFICATE;
    amend.language = "en";
    ok(same_text(amend_as(&amend, &amended), "language,method") && amended.issues->nelts == 0 &&
           !amended.sessions_end && users_account(&fixture, "m2").method == ANSHIN_METHOD_CERTIFICATE &&
           users_account(&fixture, "m2").language_given,
       "of who has not registered yet: the registration makes what it needs (ADM-1)");
}

/* --- reset, must change ------------------------------------------------------------------------------------------ */

static void test_reset(void)
{
    anshin_invitation_t invitation;
    anshin_registration_form_t form = {USERS_PASSWORD, USERS_PASSWORD, "pet", "ポチ", "ja", 0, NULL};
    anshin_registration_result_t result;
    anshin_certificate_t certificate;
    anshin_account_t account;
    anshin_member_t member;
    anshin_op_t *op = operator_op();
    const char *token;

    (void)users_register(&fixture, "r1", ANSHIN_METHOD_CERTIFICATE);
    (void)users_certificate(&fixture, "r1", 1, "0a0b0d");
    member = users_member(&fixture, "r1", ANSHIN_METHOD_CERTIFICATE);
    (void)set_groups("r1", "sales");
    account = users_account(&fixture, "r1");
    account.totp_blob = fixture_blob(&fixture, "totp", "secret");
    account.proof_mac = account.password_hash;
    fixture_put(&fixture, &anshin_record_account, "p-01/r1", &account);
    ok(anshin_account_reset(op, "R1", &invitation) == APR_SUCCESS && strstr(invitation.url, "/register?t=") != NULL,
       "a user begins anew, with a new invitation (ADM-1)");
    account = users_account(&fixture, "r1");
    ok(account.state == ANSHIN_ACCOUNT_PENDING && !account.password_hash && !account.answer_hash && !account.question &&
           !account.totp_blob && !account.proof_mac && account.registered_at == 0,
       "nothing of what let in is left (ADM-1)");
    ok(account.terminals->nelts == 1 && account.groups->nelts == 1, "devices and attributes are (ADM-1)");
    ok(fixture_get(&fixture, &anshin_record_certificate, "0a0b0d", &certificate) == APR_SUCCESS &&
           certificate.state == ANSHIN_CERTIFICATE_REVOKED && !users_alive(&fixture, &member),
       "certificates are revoked, sessions end (ADM-1)");
    ok(strstr(users_mailed_text(&fixture, "account-reset"), "初期化されました") != NULL &&
           strstr(users_mailed_text(&fixture, "account-reset"), "/register") == NULL &&
           newest("r1") == ANSHIN_HISTORY_ACCOUNT_RESET,
       "the user is told, without the link, and the history (S13)");
    token = strstr(invitation.url, "?t=") + 3;
    ok(anshin_registration_complete(fixture_op(&fixture), token, &form, &result) == APR_SUCCESS &&
           result.password_broken == 1u << ANSHIN_RULE_USED_BEFORE,
       "the former password is not taken again (PWD-2)");
    form.password = form.password_confirm = "Another-Horse-9";
    ok(anshin_registration_complete(fixture_op(&fixture), token, &form, &result) == APR_SUCCESS &&
           result.password_broken == 0 && result.download_password != NULL &&
           users_account(&fixture, "r1").state == ANSHIN_ACCOUNT_ACTIVE,
       "and the registration gives all that is needed");
}

static void test_reset_refused(void)
{
    anshin_invitation_t invitation;
    const char *code;
    int before;

    (void)users_register(&fixture, "r2", ANSHIN_METHOD_PASSWORD);
    for (int i = 0; i < 2; i++) {
        anshin_op_t *op = operator_op();

        (void)anshin_account_lock(op, "r2", i == 0 ? ANSHIN_ACCOUNT_LOCKED : ANSHIN_ACCOUNT_DISABLED);
        ok(anshin_account_reset(op, "r2", &invitation) == ANSHIN_ECONFLICT &&
               strstr(op->error.text, "unlock the user first") != NULL && users_account(&fixture, "r2").password_hash,
           "a reset is no way round the operator's lock: %s", op->error.text);
    }
    (void)users_invite(&fixture, "r3", ANSHIN_METHOD_PASSWORD, &code);
    before = fixture_count(&fixture, &anshin_record_mail);
    ok(anshin_account_reset(operator_op(), "r3", &invitation) == APR_SUCCESS &&
           fixture_count(&fixture, &anshin_record_mail) == before,
       "who has not registered is invited again, and nobody is told of a loss");
    ok(anshin_account_reset(operator_op(), "nobody", &invitation) == ANSHIN_ENOTFOUND, "nobody is nobody");
}

static void test_must_change(void)
{
    anshin_op_t *op = operator_op();
    const char *code;
    anshin_member_t member;

    (void)users_register(&fixture, "c1", ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, "c1", ANSHIN_METHOD_PASSWORD);
    ok(anshin_account_must_change(op, "c1") == APR_SUCCESS && users_alive(&fixture, &member) &&
           outcome("c1", USERS_PASSWORD) == ANSHIN_LOGIN_MUST_CHANGE,
       "the next login asks for a new password; who is logged in goes on (ADM-1, LOG-6)");
    ok(!op->unchanged && anshin_account_must_change(op, "c1") == APR_SUCCESS && op->unchanged,
       "AUD-1: who must change it already is left alone");
    (void)users_invite(&fixture, "c2", ANSHIN_METHOD_PASSWORD, &code);
    ok(anshin_account_must_change(op, "c2") == ANSHIN_ECONFLICT && strstr(op->error.text, "has no password") != NULL,
       "who has none is not asked to change it");
}

/* Where no page asks for one, nobody is given one (operators.md). */
static void test_code(void)
{
    static const struct {
        int method;
        anshin_account_state_t state;
        apr_status_t status;
        const char *what;
    } cases[] = {
        {ANSHIN_METHOD_CERTIFICATE, ANSHIN_ACCOUNT_ACTIVE, APR_SUCCESS, "a gap may open for it"},
        {ANSHIN_METHOD_PASSWORD, ANSHIN_ACCOUNT_ACTIVE, ANSHIN_EDENIED, "a password alone has no gap"},
        {ANSHIN_METHOD_CERTIFICATE, ANSHIN_ACCOUNT_DISABLED, ANSHIN_EDENIED, "nobody reissues for one disabled"},
        {ANSHIN_METHOD_CERTIFICATE, ANSHIN_ACCOUNT_PENDING, ANSHIN_EDENIED, "nor for one not registered"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *user = apr_psprintf(fixture.pool, "o%d", (int)i);
        anshin_op_t *op = operator_op();
        anshin_account_t account;
        apr_time_t until;
        const char *code;

        (void)users_register(&fixture, user, cases[i].method);
        account = users_account(&fixture, user);
        account.state = cases[i].state;
        fixture_put(&fixture, &anshin_record_account, anshin_account_key(op, user), &account);
        ok(anshin_reissue_code(op, user, &code, &until) == cases[i].status, "user code: %s (%s)", cases[i].what,
           op->error.text);
        ok((users_account(&fixture, user).proof_mac != NULL) == (cases[i].status == APR_SUCCESS),
           "and nothing is kept");
    }
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_attributes();
    test_trail();
    test_remembered();
    test_rules();
    test_create();
    test_validity();
    test_validity_of_links();
    test_terminal();
    test_taken();
    test_method();
    test_pending();
    test_reset();
    test_reset_refused();
    test_must_change();
    test_code();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

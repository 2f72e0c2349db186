/*
 * One way to tell what was done (core/mail/event.h): each act by its row, with who did it, in the transaction of its
 * change; and no verb of an operator without a trace.
 */
#include "core/account/history.h"
#include "core/admin/erase.h"
#include "core/audit/trail.h"
#include "core/base/date_text.h"
#include "core/context/own.h"
#include "core/context/rehearsal.h"
#include "core/mail/event.h"
#include "core/mail/notice.h"
#include "unit/verbs.h"

/* --- who listens ------------------------------------------------------------------------------------------------ */

typedef struct heard_t {
    int count[ANSHIN_ACTS];
    anshin_act_facts_t facts; /* of the last one */
    anshin_actor_t actor;
    apr_status_t answer;
} heard_t;

static heard_t heard;

static apr_status_t hear(void *ctx, anshin_op_t *op, anshin_txn_t *txn, const anshin_act_facts_t *facts)
{
    heard.count[facts->act] += !anshin_rehearsing(op); /* what is thrown away was not told */
    heard.facts = *facts;
    heard.actor = op->actor;
    return heard.answer == APR_SUCCESS ? anshin_trail.add(ctx, op, txn, facts) : heard.answer;
}

static const anshin_audit_t audit = {NULL, hear};

static void open_fixture(apr_pool_t *pool)
{
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    fixture.contract.policy.methods |= 1 << ANSHIN_METHOD_OTP;
    fixture.contract.policy.notices |= 1 << ANSHIN_NOTICE_LOGIN;
    fixture.contract.policy.reissue_gap = apr_time_from_sec(86400);
    fixture.env.audit = &audit;
}

/* --- the table -------------------------------------------------------------------------------------------------- */

static const struct row_t {
    const char *name;
    anshin_history_result_t history;
    anshin_notice_t notice;
    const char *template;
} rows[] = {
#define ACT(member, name, history, notice, template) \
    {(name), ANSHIN_HISTORY_##history, ANSHIN_NOTICE_##notice, (template)},
#include "core/audit/act.def"
#undef ACT
};

/* What a user has heard. */
typedef struct seen_t {
    apr_int64_t entries;
    anshin_history_t newest;
    int mails;
    const char *kind; /* of one that waits since now */
} seen_t;

static apr_status_t see_mail(void *baton, const char *id, const void *record)
{
    const anshin_mail_t *mail = record;
    seen_t *seen = baton;

    (void)id;
    seen->mails++;
    seen->kind = mail->created_at == fixture.now ? apr_pstrdup(fixture.pool, mail->kind) : seen->kind;
    return APR_SUCCESS;
}

static seen_t look(const char *user)
{
    seen_t seen = {.kind = NULL};
    anshin_history_walk_t walk = {user, 0, -1};

    (void)anshin_history_part(fixture_op(&fixture), &walk, 1, users_first, &seen.newest);
    (void)anshin_own_each(fixture_op(&fixture), &anshin_record_mail, "", see_mail, &seen);
    seen.entries = walk.total;
    return seen;
}

/* An act of the user with the first terminal, at a time of its own. */
static apr_status_t tell(int act, const anshin_account_t *account)
{
    const anshin_actor_t actor = {
        .kind = ANSHIN_ACTOR_USER, .name = account->user, .number = account->number, .address = "192.0.2.9"};
    const anshin_event_t event = {
        .act = (anshin_act_t)act, .account = account, .terminal = 1, .serial = "0a1b", .reason = "lost"};
    anshin_op_t *op;
    anshin_txn_t *txn;

    fixture.now += apr_time_from_sec(1);
    op = fixture_op(&fixture);
    op->actor = actor;
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    return anshin_txn_end(txn, anshin_event(op, txn, &event), ANSHIN_LAZY);
}

/* A user's own step that ends a certificate is told by itself. */
static int has_history(int act, int by_user)
{
    return rows[act].history != ANSHIN_HISTORY_NONE && !(by_user && act == ANSHIN_ACT_CERTIFICATE_REVOKED);
}

static int is_told(int act, const seen_t *before, const seen_t *after)
{
    int in_history = has_history(act, 1);

    return after->entries == before->entries + in_history &&
           (!in_history ||
            (after->newest.result == (apr_int64_t)rows[act].history && after->newest.at == fixture.now &&
             after->newest.terminal == 1 && same_text(after->newest.serial, "0a1b") &&
             same_text(after->newest.address, "192.0.2.9") && same_text(after->newest.account, heard.facts.account)));
}

static int is_heard(int act, const anshin_account_t *account)
{
    return heard.count[act] == 1 && same_text(heard.facts.user, account->user) && heard.facts.terminal == 1 &&
           same_text(heard.facts.account, account->number) && same_text(heard.facts.reason, "lost") &&
           heard.actor.kind == ANSHIN_ACTOR_USER && same_text(heard.actor.name, account->user) &&
           same_text(heard.actor.address, "192.0.2.9");
}

static void test_row(int act, const anshin_account_t *account)
{
    const struct row_t *row = &rows[act];
    const int notices = fixture.contract.policy.notices;
    seen_t before = look(account->user);
    seen_t after;

    memset(&heard, 0, sizeof(heard));
    ok(tell(act, account) == APR_SUCCESS, "%s is told", row->name);
    after = look(account->user);
    ok(is_told(act, &before, &after), "%s: %s", row->name,
       has_history(act, 1) ? "an entry in the history, of when and where" : "no entry in the history");
    ok(row->notice == ANSHIN_NOTICE_NONE ? after.mails == before.mails
                                         : after.mails == before.mails + 1 && same_text(after.kind, row->template),
       "%s: %s by mail", row->name, row->notice != ANSHIN_NOTICE_NONE ? row->template : "nothing");
    ok(is_heard(act, account) && same_text(anshin_act_name((anshin_act_t)act), row->name),
       "%s: heard of once, with who did it", row->name);

    fixture.contract.policy.notices = 0;
    (void)tell(act, account);
    before = look(account->user);
    ok(before.mails == after.mails, "%s: no mail where the contract tells of nothing", row->name);
    fixture.contract.policy.notices = notices;

    heard.answer = ANSHIN_EFAULT;
    ok(tell(act, account) == ANSHIN_EFAULT, "%s: a trail that fails fails the change", row->name);
    after = look(account->user);
    ok(after.mails == before.mails && after.entries == before.entries, "%s: and nothing of it is there", row->name);
}

static void test_table(apr_pool_t *pool)
{
    const anshin_event_t by_name = {.act = ANSHIN_ACT_WRONG_PASSWORD, .user = "ev1"};
    anshin_account_t account;
    anshin_op_t *op;
    anshin_txn_t *txn;

    open_fixture(pool);
    scene.user = "ev1";
    registered();
    account = users_account(&fixture, scene.user);
    ok(sizeof(rows) / sizeof(rows[0]) == ANSHIN_ACTS && ANSHIN_ACTS > 35, "acts: %d", (int)ANSHIN_ACTS);
    for (int act = 0; act < ANSHIN_ACTS; act++) {
        test_row(act, &account);
    }
    memset(&heard, 0, sizeof(heard));
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    ok(anshin_txn_end(txn, anshin_event(op, txn, &by_name), ANSHIN_LAZY) == APR_SUCCESS &&
           same_text(heard.facts.account, account.number) && same_text(look("ev1").newest.account, account.number),
       "an event of a user ID tells the number of the account that has it (IDN-1)");
}

static void test_nobody(apr_pool_t *pool)
{
    const anshin_event_t wrong = {.act = ANSHIN_ACT_UNKNOWN_USER, .typed = "nobody"};
    const anshin_event_t notice = {.act = ANSHIN_ACT_PASSWORD_CHANGED, .user = "ev2"};
    anshin_history_t newest = {0};
    anshin_history_walk_t walk = {NULL, 0, -1};
    anshin_op_t *op;
    anshin_txn_t *txn;

    open_fixture(pool);
    memset(&heard, 0, sizeof(heard));
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    ok(anshin_txn_end(txn, anshin_event(op, txn, &wrong), ANSHIN_LAZY) == APR_SUCCESS &&
           anshin_history_part(fixture_op(&fixture), &walk, 1, users_first, &newest) == APR_EOF &&
           same_text(newest.user, "nobody") && heard.facts.user == NULL && same_text(heard.facts.typed, "nobody"),
       "what an unknown user typed is told as that, and of nobody");
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    ok(anshin_txn_end(txn, anshin_event(op, txn, &notice), ANSHIN_LAZY) == ANSHIN_EFAULT &&
           same_text(op->error.id, "AN1175"),
       "a notice to nobody is a fault");
}

/* The worker may come to it late. */
static void test_lock(apr_pool_t *pool)
{
    const char *address = "192.0.2.77";
    users_newest_t newest = {.kind = "locked", .pool = pool};
    anshin_mail_text_t text;
    const char *locked_at, *opens_at;
    anshin_op_t *op;
    anshin_txn_t *txn;

    open_fixture(pool);
    fixture.contract.policy.unlock_after = apr_time_from_sec(7200);
    (void)users_register(&fixture, "lk1", ANSHIN_METHOD_PASSWORD);
    memset(&heard, 0, sizeof(heard));
    for (int i = 0; i < 20 && heard.count[ANSHIN_ACT_NOW_LOCKED] == 0; i++) {
        (void)users_login(&fixture, "lk1", "wrong", &users_no_peer, address);
    }
    locked_at = anshin_date_text(fixture.now, "ja", ANSHIN_DATE_PLAIN, pool);
    opens_at = anshin_date_text(fixture.now + apr_time_from_sec(7200), "ja", ANSHIN_DATE_PLAIN, pool);
    fixture.now += apr_time_from_sec(3600);
    ok(heard.count[ANSHIN_ACT_NOW_LOCKED] == 1 && users_tell_locks(&fixture) == 1 &&
           heard.count[ANSHIN_ACT_LOCK_TOLD] == 1 && heard.actor.address == NULL,
       "a lock is told when it happens, and by the worker, who comes from nowhere, when the user is told");
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    (void)anshin_txn_each(txn, &anshin_record_mail, "", users_find_newest, &newest);
    anshin_txn_abort(txn);
    ok(anshin_mail_open(op, &newest.mail, &text) == APR_SUCCESS && strstr(text.body, locked_at) != NULL &&
           strstr(text.body, address) != NULL,
       "S-12: the mail tells when and from where it was locked");
    ok(strstr(text.body, "\nパスワードの誤りが続いたため") != NULL && strstr(text.body, opens_at) != NULL,
       "U29: by what, and when it opens by itself");
}

/* --- operators -------------------------------------------------------------------------------------------------- */

static apr_status_t disable(anshin_op_t *op)
{
    return anshin_account_lock(op, scene.user, ANSHIN_ACCOUNT_DISABLED);
}

static apr_status_t amend_name(anshin_op_t *op)
{
    const anshin_amend_t amend = {.user = scene.user,
                                  .kind = -1,
                                  .method = -1,
                                  .attributes = {.given = 1 << ANSHIN_ATTRIBUTE_NAME, .name = "安心 太郎"}};
    anshin_amended_t amended;

    return anshin_account_amend(op, &amend, &amended);
}

static void named(void)
{
    member();
    (void)amend_name(fixture_op(&fixture));
}

static apr_status_t revoke_all(anshin_op_t *op)
{
    apr_array_header_t *serials;

    return anshin_certificates_revoke(op, scene.user, 1, &serials);
}

static apr_status_t nothing_outside(void *baton, const anshin_erased_t *erased)
{
    (void)baton;
    (void)erased;
    return APR_SUCCESS;
}

static apr_status_t forget(anshin_op_t *op)
{
    anshin_erased_t erased;

    return anshin_account_forget(op, scene.user, nothing_outside, NULL, &erased);
}

static apr_status_t erase(anshin_op_t *op)
{
    anshin_erased_t erased;

    return anshin_account_erase(op, scene.user, nothing_outside, NULL, &erased);
}

static void deleted(void)
{
    member();
    (void)anshin_account_delete(fixture_op(&fixture), scene.user);
}

static void mail_given_up(void)
{
    mail_in_hand();
    (void)mail_failed(fixture_op(&fixture));
}

static apr_status_t retry_mail(anshin_op_t *op)
{
    return anshin_mail_retry(op, scene.job.mail);
}

static apr_status_t drop_mail(anshin_op_t *op)
{
    return anshin_mail_drop(op, scene.job.mail);
}

static apr_status_t end_of_nothing(anshin_op_t *op)
{
    int count = 1;
    apr_status_t status = anshin_sessions_end(op, scene.user, &(anshin_session_match_t){0}, NULL, &count);

    return when(status, count == 0);
}

/* A verb, the act that it tells of, how often, and whatever else it tells of. */
static const struct verb_t {
    const char *name;
    void (*prepare)(void);
    apr_status_t (*run)(anshin_op_t *op);
    int act;
    int times;
    int others; /* events beside these */
} verbs[] = {
    {"creating a user", nobody_yet, create, ANSHIN_ACT_ACCOUNT_CREATED, 1, 0},
    {"inviting again", invited, invite, ANSHIN_ACT_ACCOUNT_INVITED, 1, 0},
    {"locking a user", member, lock, ANSHIN_ACT_ACCOUNT_LOCKED, 1, 0},
    {"disabling a user", member, disable, ANSHIN_ACT_ACCOUNT_DISABLED, 1, 0},
    {"unlocking a user", locked, unlock, ANSHIN_ACT_ACCOUNT_UNLOCKED, 1, 0},
    {"writing a user's name", member, amend_name, ANSHIN_ACT_ACCOUNT_CHANGED, 1, 0},
    {"writing the same name", named, amend_name, ANSHIN_ACT_ACCOUNT_CHANGED, 0, 0},
    {"asking for a new password", registered, ask_for_change, ANSHIN_ACT_PASSWORD_MUST_CHANGE, 1, 0},
    {"resetting who has not registered", invited, reset_user, ANSHIN_ACT_ACCOUNT_INVITED, 1, 0},
    {"deleting a user", certificate_member, delete_user, ANSHIN_ACT_ACCOUNT_DELETED, 1, 1},
    {"revoking what a user has who is deleted", certificate_member, delete_user, ANSHIN_ACT_CERTIFICATE_REVOKED, 1, 1},
    {"deleting a user and what strangers typed", member, forget, ANSHIN_ACT_ACCOUNT_DELETED, 1, 0},
    {"dropping the mail of a user who is deleted", mail_given_up, forget, ANSHIN_ACT_MAIL_DROPPED, 1, 1},
    {"erasing a user", member, erase, ANSHIN_ACT_ACCOUNT_ERASED, 1, 1},
    {"erasing what was left of a user", deleted, erase, ANSHIN_ACT_ACCOUNT_ERASED, 1, 0},
    {"the operator's code", with_certificate, operators_code, ANSHIN_ACT_CODE_GIVEN, 1, 0},
    {"revoking", certificate_member, revoke_certificate, ANSHIN_ACT_CERTIFICATE_REVOKED, 1, 0},
    {"revoking all of a user", certificate_member, revoke_all, ANSHIN_ACT_CERTIFICATE_REVOKED, 1, 0},
    {"ending all sessions", member, close_sessions, ANSHIN_ACT_SESSIONS_ENDED, 1, 0},
    {"ending no session", registered, end_of_nothing, ANSHIN_ACT_SESSIONS_ENDED, 0, 0},
    {"trying a mail again", mail_given_up, retry_mail, ANSHIN_ACT_MAIL_RETRIED, 1, 0},
    {"dropping a mail", mail_given_up, drop_mail, ANSHIN_ACT_MAIL_DROPPED, 1, 0},
};

static int events(void)
{
    int all = 0;

    for (int act = 0; act < ANSHIN_ACTS; act++) {
        all += heard.count[act];
    }
    return all;
}

/* Each act that the history tells of, with who did it and not from where. Of one who is erased nothing is left. */
static int operator_is_told(const seen_t *before, const seen_t *after)
{
    int told = 0;

    if (heard.count[ANSHIN_ACT_ACCOUNT_ERASED] != 0) {
        return after->entries <= 0;
    }
    for (int act = 0; act < ANSHIN_ACTS; act++) {
        told += has_history(act, 0) ? heard.count[act] : 0;
    }
    return told == 0 ? after->entries <= before->entries
                     : after->entries == (before->entries > 0 ? before->entries : 0) + told &&
                           same_text(after->newest.operator, "root, says tanaka") &&
                           (after->newest.address == NULL || *after->newest.address == '\0');
}

static void test_verb(const struct verb_t *verb, int number)
{
    anshin_op_t *op;
    seen_t before, after;

    memset(&scene, 0, sizeof(scene));
    scene.user = apr_psprintf(fixture.pool, "v%d", number);
    verb->prepare();
    before = look(scene.user);
    memset(&heard, 0, sizeof(heard));
    op = fixture_op(&fixture);
    op->actor = (anshin_actor_t){
        .kind = ANSHIN_ACTOR_OPERATOR, .name = "root", .claimed = "tanaka", .address = "192.0.2.9"};
    ok(verb->run(op) == APR_SUCCESS && heard.count[verb->act] == verb->times && events() == verb->times + verb->others,
       "%s: %s is told %d times (of %d)", verb->name, anshin_act_name((anshin_act_t)verb->act), verb->times, events());
    ok(verb->times == 0 || (heard.actor.kind == ANSHIN_ACTOR_OPERATOR && same_text(heard.actor.name, "root") &&
                            same_text(heard.actor.claimed, "tanaka") && same_text(heard.facts.user, scene.user)),
       "%s: who did it, and to whom", verb->name);
    after = look(scene.user);
    ok(operator_is_told(&before, &after), "%s: the history tells by whom, and not from where", verb->name);
    ok(after.mails <= before.mails, "%s: and no mail does", verb->name);
}

static void test_operators(apr_pool_t *pool)
{
    open_fixture(pool);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        test_verb(&verbs[i], (int)i);
    }
    memset(&scene, 0, sizeof(scene));
    scene.user = "vi";
    issue_in_hand();
    memset(&heard, 0, sizeof(heard));
    ok(issue(fixture_op(&fixture)) == APR_SUCCESS && heard.count[ANSHIN_ACT_CERTIFICATE_ISSUED] == 1 &&
           same_text(heard.facts.user, "vi") && same_text(heard.facts.serial, scene.job.serial),
       "issuing: told once, with user and serial");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_table(pool);
    test_nobody(pool);
    test_lock(pool);
    test_operators(pool);
    apr_pool_destroy(pool);
    return done();
}

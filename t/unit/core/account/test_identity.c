/* core/account/account.c, token.c, member.c: who gets the ID of a user that was deleted is somebody else (IDN-1, S38),
 * and what each state of an account makes of the links that were sent to it (S-17). */
#include "core/login/logout.h"
#include "core/admin/erase.h"
#include "core/certificate/download.h"
#include "core/account/history.h"
#include "core/certificate/issue.h"
#include "core/mail/mail.h"
#include "core/selfservice/method.h"
#include "core/admin/operator.h"
#include "core/mail/job.h"
#include "unit/cases.h"

#define OLDER 1750000000000000
#define LATER 1850000000000000

static void test_owns(void)
{
    const anshin_account_t account = {.number = "aa", .created_at = OLDER};
    const anshin_account_t converted = {.number = "aa", .created_at = OLDER, .unnumbered = 1};
    const anshin_account_t old = {.created_at = OLDER};

    ok(anshin_account_owns(&account, "aa", 0) && !anshin_account_owns(&account, "ab", LATER) &&
           !anshin_account_owns(&account, "", LATER) && !anshin_account_owns(&account, NULL, LATER),
       "IDN-1: an account owns what carries its number, whatever the clocks say, and nothing else");
    ok(anshin_account_owns(&converted, "aa", 0) && !anshin_account_owns(&converted, "ab", LATER) &&
           anshin_account_owns(&converted, NULL, OLDER) && !anshin_account_owns(&converted, NULL, OLDER - 1),
       "IDN-1: one from before there were numbers owns what has none and was made in its time");
    ok(!anshin_account_owns(&old, "aa", LATER) && anshin_account_owns(&old, NULL, OLDER) &&
           !anshin_account_owns(&old, NULL, OLDER - 1),
       "IDN-1: so does one that was not written to since");
}

static void test_number(void)
{
    anshin_account_t one, two, bare;
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;

    (void)users_register(&fixture, "nu1", ANSHIN_METHOD_PASSWORD);
    (void)users_register(&fixture, "nu2", ANSHIN_METHOD_PASSWORD);
    one = users_account(&fixture, "nu1");
    two = users_account(&fixture, "nu2");
    ok(strlen(one.number) == 32 && strlen(two.number) == 32 && strcmp(one.number, two.number) != 0 && !one.unnumbered,
       "IDN-1: accounts have numbers of 128 bits");
    one.number = NULL;
    fixture_put(&fixture, &anshin_record_account, "p-01/nu1", &one);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_account_get(op, txn, "nu1", &bare) == APR_SUCCESS && bare.number == NULL, "a look gives no number");
    anshin_txn_abort(txn);
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    ok(anshin_account_get(op, txn, "nu1", &bare) == APR_SUCCESS && bare.number && bare.unnumbered,
       "IDN-1: an account without one gets it when it is written to");
    anshin_txn_abort(txn);
    ok(users_account(&fixture, "nu1").number == NULL, "and not where nothing was written after all");
    txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    (void)anshin_account_get(op, txn, "nu1", &bare);
    (void)anshin_txn_commit(txn, ANSHIN_DURABLE);
    one = users_account(&fixture, "nu1");
    ok(same_text(one.number, bare.number) && strlen(one.number) == 32 && one.unnumbered == 1, "which then stays");
}

/* --- what a deleted user left, put back as a race might ---------------------------------------------------------- */

static struct {
    anshin_session_t session;
    anshin_certificate_t certificate;
    anshin_terminal_t terminal;
    anshin_session_list_t list;
} left;

static const char *const former = "former";

static void make_former(void)
{
    scene.user = former;
    issued();
    scene.session_id = users_login(&fixture, former, USERS_PASSWORD, &scene.presented, "192.0.2.9").session_id;
    (void)anshin_session_find(fixture_op(&fixture), scene.session_id, &scene.presented, &scene.session,
                              &scene.member.key);
    scene.member.session = &scene.session;
    (void)fixture_get(&fixture, &anshin_record_session, scene.member.key, &left.session);
    (void)fixture_get(&fixture, &anshin_record_certificate, scene.presented.serial, &left.certificate);
    (void)fixture_get(&fixture, &anshin_record_terminal, "p-01/former/1", &left.terminal);
    (void)fixture_get(&fixture, &anshin_record_session_list, "p-01/former", &left.list);
}

/* The former holder goes, a new one comes, and everything of the former one is there again. */
static void change_hands(void)
{
    ok(anshin_account_delete(fixture_op(&fixture), former) == APR_SUCCESS, "the user is deleted");
    fixture.now += apr_time_from_sec(1);
    (void)users_register(&fixture, former, ANSHIN_METHOD_CERTIFICATE);
    fixture_put(&fixture, &anshin_record_session, scene.member.key, &left.session);
    fixture_put(&fixture, &anshin_record_session_list, "p-01/former", &left.list);
    fixture_put(&fixture, &anshin_record_certificate, scene.presented.serial, &left.certificate);
    fixture_put(&fixture, &anshin_record_terminal, "p-01/former/1", &left.terminal);
}

static apr_status_t never(void *baton, const char *key, const anshin_session_t *session)
{
    (void)key;
    (void)session;
    (*(int *)baton)++;
    return APR_SUCCESS;
}

static apr_status_t address_of(void *baton, const anshin_history_t *entry)
{
    *(int *)baton += entry->address && strcmp(entry->address, "192.0.2.9") == 0;
    return APR_SUCCESS;
}

static void test_session_left(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    const anshin_account_t account = users_account(&fixture, former);
    anshin_account_t read;
    apr_array_header_t *list;
    anshin_session_t session;
    anshin_terminal_t terminal;
    anshin_reauthentication_t proof;
    const char *key, *id;
    int seen = 0, count = 0;
    const anshin_session_match_t others = {.except = scene.member.key};
    anshin_txn_t *txn;

    ok(anshin_session_find(op, scene.session_id, &scene.presented, &session, &key) == ANSHIN_ENOTFOUND,
       "S38: a session of the former holder opens nothing");
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_sessions_each(op, txn, &account, never, &seen) == APR_SUCCESS && seen == 0,
       "S38: and is none of the present one's");
    anshin_txn_abort(txn);
    ok(anshin_member_read(op, &scene.member, &read) == ANSHIN_EDENIED &&
           anshin_member_sessions(op, &scene.member, never, &seen) == ANSHIN_EDENIED &&
           anshin_member_terminal(op, &scene.member, 1, &terminal) == ANSHIN_EDENIED &&
           anshin_terminals_view(op, &scene.member, &list) == ANSHIN_EDENIED,
       "S38: a page that raced the deletion reads nothing of the present holder");
    ok(anshin_method_change(op, &scene.member, ANSHIN_METHOD_PASSWORD, &list) == ANSHIN_EDENIED &&
           anshin_member_prove(op, &scene.member, USERS_PASSWORD, &proof, &id) == ANSHIN_EDENIED && !id &&
           anshin_sessions_end(op, former, &others, scene.member.key, &count) == ANSHIN_EDENIED,
       "S38: and changes nothing");
}

static void test_certificate_left(void)
{
    anshin_certificate_verdict_t verdict;

    ok(anshin_certificate_verdict(fixture_op(&fixture), &scene.presented, &verdict) == APR_SUCCESS &&
           verdict == ANSHIN_VERDICT_UNKNOWN,
       "S38: a certificate of the former holder is unknown");
    ok(users_login(&fixture, former, USERS_PASSWORD, &scene.presented, NULL).outcome == ANSHIN_LOGIN_WRONG,
       "S38: and logs nobody in, whatever the password");
}

static void test_history_left(void)
{
    const anshin_account_t account = users_account(&fixture, former);
    anshin_member_t member = users_member(&fixture, former, ANSHIN_METHOD_CERTIFICATE);
    anshin_history_page_t page = {.entries = 20, .number = 1};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_history_walk_t all = {former, 0, -1};
    apr_int64_t own = 0;
    int seen = 0;

    ok(anshin_history_count(op, txn, &account, 0, &own) == APR_SUCCESS &&
           anshin_history_read(op, txn, &all, 100, address_of, &seen) == APR_SUCCESS && own > 0 && own < all.total &&
           seen > 0,
       "the operator sees the history of both (%d of %d are the present one's)", (int)own, (int)all.total);
    anshin_txn_abort(txn);
    seen = 0;
    ok(anshin_member_history(op, &member, &page, address_of, &seen) == APR_SUCCESS && page.total == own && seen == 0 &&
           page.pages == 1,
       "S38: the present holder sees the own alone");
    page.number = 99;
    ok(anshin_member_history(op, &member, &page, address_of, &seen) == APR_SUCCESS && page.number == 1 && seen == 0,
       "S38: on whatever page");
}

/* Links: found by their MAC, so the record is put back as it was. */
static void test_link_left(void)
{
    anshin_link_t link;
    const char *token;
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;

    scene.user = "linked";
    link_to_password();
    token = scene.token;
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_token_find(op, txn, ANSHIN_TOKEN_PASSWORD, token, &link) == APR_SUCCESS, "a link works");
    anshin_txn_abort(txn);
    (void)anshin_account_delete(op, "linked");
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_token_find(op, txn, ANSHIN_TOKEN_PASSWORD, token, &link) == ANSHIN_ENOTFOUND,
       "S-17: not when the account is gone");
    anshin_txn_abort(txn);
    (void)users_register(&fixture, "linked", ANSHIN_METHOD_PASSWORD);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_token_find(op, txn, ANSHIN_TOKEN_PASSWORD, token, &link) == ANSHIN_ENOTFOUND,
       "S38: nor when the ID is somebody else's");
    anshin_txn_abort(txn);
}

static void test_jobs_left(void)
{
    anshin_issue_order_t order;
    anshin_claimed_mail_t outbox;
    anshin_mail_t mail;

    scene.user = "job";
    issue_in_hand();
    (void)anshin_account_delete(fixture_op(&fixture), "job");
    (void)users_register(&fixture, "job", ANSHIN_METHOD_CERTIFICATE);
    ok(anshin_issue_order(fixture_op(&fixture), &scene.job, &order) == ANSHIN_EDENIED,
       "S38: a certificate that the former holder waited for is not made for the present one");
    (void)anshin_job_drop(fixture_op(&fixture), scene.key, "w");

    scene.user = "mail";
    no_job_left();
    mail_in_hand();
    outbox = (anshin_claimed_mail_t){scene.key, "w", scene.job.mail};
    ok(anshin_outbox_read(fixture_op(&fixture), &outbox, &mail) == APR_SUCCESS, "a mail waits");
    (void)anshin_account_delete(fixture_op(&fixture), "mail");
    ok(anshin_outbox_read(fixture_op(&fixture), &outbox, &mail) == ANSHIN_EDENIED, "S38: not when its user is gone");
    (void)users_register(&fixture, "mail", ANSHIN_METHOD_PASSWORD);
    ok(anshin_outbox_read(fixture_op(&fixture), &outbox, &mail) == ANSHIN_EDENIED,
       "S38: nor when somebody else has the ID");
    ok(anshin_outbox_drop(fixture_op(&fixture), &outbox) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_mail, outbox.id, &mail) == ANSHIN_ENOTFOUND,
       "and it goes, with its text");
}

static apr_status_t outside(void *baton, const anshin_erased_t *erased)
{
    *(int *)baton = erased->mails->nelts;
    return APR_SUCCESS;
}

/* IDN-2: who is deleted leaves no mail that waits. */
static void test_forget(void)
{
    anshin_erased_t erased;
    anshin_mail_t mail;
    const char *id;
    int mails = 0;

    scene.user = "forgotten";
    no_job_left();
    mail_in_hand();
    id = scene.job.mail;
    ok(fixture_get(&fixture, &anshin_record_mail, id, &mail) == APR_SUCCESS && mail.blob != NULL, "a mail waits");
    ok(anshin_account_forget(fixture_op(&fixture), "forgotten", outside, &mails, &erased) == APR_SUCCESS && mails >= 1,
       "IDN-2: a user is deleted, and what lies outside is named");
    ok(fixture_get(&fixture, &anshin_record_mail, id, &mail) == APR_SUCCESS && mail.blob == NULL &&
           mail.state == ANSHIN_MAIL_FAILED,
       "IDN-2: the facts of a mail that waited are gone with its user");
    ok(anshin_account_forget(fixture_op(&fixture), "forgotten", outside, &mails, &erased) == ANSHIN_ENOTFOUND,
       "once more there is none");
}

/* --- each kind of link, and each state of its account (S-17) ------------------------------------------------------ */

typedef apr_status_t follow_fn(const char *token);

static apr_status_t follow_registration(const char *token)
{
    anshin_account_t account;

    return anshin_registration_find(fixture_op(&fixture), token, &account, NULL, NULL);
}

static apr_status_t follow_download(const char *token)
{
    anshin_download_result_t result;
    apr_status_t status =
        anshin_download_fetch(fixture_op(&fixture), token, scene.password, ANSHIN_PROFILE_MODERN, &result);

    return status == APR_SUCCESS && (!result.right || result.file.length == 0) ? ANSHIN_EDENIED : status;
}

static apr_status_t follow_password(const char *token)
{
    anshin_reissue_asked_t asked;

    return anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_PASSWORD, token, &asked);
}

static apr_status_t follow_certificate(const char *token)
{
    anshin_reissue_asked_t asked;

    return anshin_reissue_find(fixture_op(&fixture), ANSHIN_REISSUE_CERTIFICATE, token, &asked);
}

static apr_status_t set_state(const char *user, apr_int64_t state)
{
    anshin_account_t account = users_account(&fixture, user);

    account.state = state;
    fixture_put(&fixture, &anshin_record_account, anshin_account_key(fixture_op(&fixture), user), &account);
    return APR_SUCCESS;
}

static void test_states(void)
{
    static const struct {
        const char *name;
        void (*make)(void);
        follow_fn *follow;
        apr_int64_t state; /* in which it works */
    } links[] = {{"registration", invited, follow_registration, ANSHIN_ACCOUNT_PENDING},
                 {"download", issued, follow_download, ANSHIN_ACCOUNT_ACTIVE},
                 {"password", link_to_password, follow_password, ANSHIN_ACCOUNT_ACTIVE},
                 {"certificate", link_to_certificate, follow_certificate, ANSHIN_ACCOUNT_ACTIVE}};

    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        scene.user = apr_pstrcat(fixture.pool, "st-", links[i].name, NULL);
        links[i].make();
        for (apr_int64_t state = ANSHIN_ACCOUNT_PENDING; state <= ANSHIN_ACCOUNT_DISABLED; state++) {
            apr_status_t status;
            (void)set_state(scene.user, state);
            status = links[i].follow(scene.token);
            ok(status == (state == links[i].state ? APR_SUCCESS : ANSHIN_EDENIED), "S-17: link of a %s, account %s: %s",
               links[i].name, anshin_account_state_name(state), anshin_status_name(status));
        }
        (void)set_state(scene.user, links[i].state);
        ok(links[i].follow(scene.token) == APR_SUCCESS, "and it works again with its account");
        (void)anshin_account_delete(fixture_op(&fixture), scene.user);
        ok(links[i].follow(scene.token) == ANSHIN_ENOTFOUND, "S-17: not when that is deleted");
        (void)users_register(&fixture, scene.user, ANSHIN_METHOD_CERTIFICATE);
        (void)set_state(scene.user, links[i].state);
        ok(links[i].follow(scene.token) == ANSHIN_ENOTFOUND, "S38, S-17: nor when the ID is somebody else's");
    }
}

int main(void)
{
    apr_pool_t *pool;

    (void)apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    test_owns();
    test_number();
    make_former();
    change_hands();
    test_session_left();
    test_certificate_left();
    test_history_left();
    test_link_left();
    test_jobs_left();
    test_forget();
    test_states();
    apr_pool_destroy(pool);
    return done();
}

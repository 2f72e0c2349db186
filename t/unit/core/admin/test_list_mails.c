/* core/admin/list_mails.c, core/mail/mail_list.c: the last mails to each user, listed as they are queued, and made up
 * for in a store of before there were lists (ROL-2). */
#include "core/admin/list_mails.h"

#include "core/admin/erase.h"
#include "core/admin/housekeeping.h"
#include "core/desk/desk_user.h"
#include "core/mail/mail.h"
#include "core/mail/mail_list.h"
#include "core/mail/outbox.h"
#include "unit/helpdesk.h"

#define DAY apr_time_from_sec(86400)

/* A mail as a version without lists left it. */
static const char *old_mail(const char *id, const char *user, const char *number, int days)
{
    const anshin_mail_t mail = {.contract = "p-01",
                                .user = user,
                                .account = number,
                                .kind = id,
                                .state = ANSHIN_MAIL_SENT,
                                .created_at = fixture.now - days * DAY,
                                .sent_at = fixture.now - days * DAY};

    fixture_put(&fixture, &anshin_record_mail, id, &mail);
    return id;
}

static const char *queue(const char *kind, const char *user)
{
    anshin_account_t account = account_of(user);
    const anshin_mail_new_t mail = {.kind = kind, .account = &account, .address = "a@example.jp"};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    const char *key = NULL;

    fixture.now += apr_time_from_sec(1);
    op->now = fixture.now;
    (void)anshin_txn_end(txn, anshin_mail_add_known(op, txn, &mail, &key), ANSHIN_LAZY);
    return key;
}

/* The kinds of a user's mail as an operator sees them. */
static const char *seen(const char *user)
{
    const anshin_staff_t staff = {.contract = &staff_contract, .user = "v", .role = ANSHIN_ROLE_VIEWER};
    const anshin_desk_whom_t whom = {"p-01", user, account_of(user).number};
    anshin_op_t *op = staff_op();
    anshin_desk_facts_t facts;
    const char *kinds = "";

    if (anshin_desk_see(op, &staff, &whom, &facts) != APR_SUCCESS || anshin_desk_see_mails(op, &facts) != APR_SUCCESS) {
        return "failed";
    }
    for (int i = 0; i < facts.mails->nelts; i++) {
        kinds =
            apr_pstrcat(fixture.pool, kinds, i > 0 ? " " : "", APR_ARRAY_IDX(facts.mails, i, anshin_mail_t).kind, NULL);
    }
    return kinds;
}

static int list_mails(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    int listed = -1;

    op->contract = NULL;
    return anshin_list_mails(op, &listed) == APR_SUCCESS ? listed : -1;
}

static int forget_kinds(void *baton, const char *key, const void *record)
{
    (void)record;
    APR_ARRAY_PUSH((apr_array_header_t *)baton, const char *) = apr_pstrdup(fixture.pool, key);
    return APR_SUCCESS;
}

static void delete_all(const anshin_record_type_t *type)
{
    apr_array_header_t *keys = apr_array_make(fixture.pool, 8, sizeof(const char *));
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);

    (void)anshin_txn_each(txn, type, "", forget_kinds, keys);
    anshin_txn_abort(txn);
    for (int i = 0; i < keys->nelts; i++) {
        fixture_delete(&fixture, type, APR_ARRAY_IDX(keys, i, const char *));
    }
}

/* Twelve of a, of which two are a former holder's; one of b; one of a before the worker's start by this version. */
static void test_older_store(void)
{
    const char *a = account_of("a").number;

    delete_all(&anshin_record_mail);
    delete_all(&anshin_record_mail_list);
    for (int i = 1; i <= 10; i++) {
        (void)old_mail(apr_psprintf(fixture.pool, "m%d", i), "a", a, 20 - i);
    }
    (void)old_mail("former1", "a", "00000000000000000000000000000000", 2);
    (void)old_mail("former2", "a", "00000000000000000000000000000000", 1);
    (void)old_mail("other", "b", account_of("b").number, 1);
    (void)queue("notice-password", "a");
    is(seen("a"), "notice-password m10 m9 m8 m7 m6 m5 m4 m3 m2", "ROL-2: before there are lists all mail is looked at");
    ok(list_mails() == 2, "the worker makes the lists of two users");
    ok(list_mails() == 0, "once");
    is(seen("a"), "notice-password m10 m9 m8 m7 m6 m5 m4",
       "ROL-2: then the list tells, of the ten last mails to the ID");
    is(seen("b"), "other", "ROL-2: of each user their own");
    (void)old_mail("unlisted", "b", account_of("b").number, 0);
    is(seen("b"), "other", "ROL-2: and mail of others is not looked at any more");
    fixture_delete(&fixture, &anshin_record_mail, "unlisted");
}

static void test_queue(void)
{
    const char *last = NULL;

    for (int i = 0; i < 12; i++) {
        last = queue(i % 2 ? "notice-login" : "notice-lock", "b");
    }
    is(seen("b"),
       "notice-login notice-lock notice-login notice-lock notice-login notice-lock notice-login notice-lock "
       "notice-login notice-lock",
       "ROL-2: the ten newest, newest first");
    ok(anshin_mail_drop(command(&fixture.contract), last) == APR_SUCCESS &&
           strncmp(seen("b"), "notice-login notice-lock", 24) == 0,
       "ROL-2: one that was dropped stays in its place");
    fixture_delete(&fixture, &anshin_record_mail, last);
    ok(strncmp(seen("b"), "notice-lock notice-login", 24) == 0, "ROL-2: and one that has gone is not there");
}

static int keep_house(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    const char *task;
    int removed;
    apr_status_t status;

    while ((status = anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed)) == APR_SUCCESS) {}
    return status == ANSHIN_ENOTFOUND;
}

/* Mail ends after 30 days, what waits does not; a list goes a day after the last of its mails. */
static void test_end(void)
{
    anshin_mail_list_t list;
    anshin_mail_t mail;

    fixture.now += 31 * DAY;
    ok(keep_house() && fixture_get(&fixture, &anshin_record_mail_list, "p-01/b", &list) == APR_SUCCESS &&
           list.ids->nelts == 9,
       "what waits stays, and stays listed; what has gone leaves the list");
    for (int i = 0; i < list.ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(list.ids, i, const char *);

        (void)fixture_get(&fixture, &anshin_record_mail, id, &mail);
        mail.state = ANSHIN_MAIL_SENT;
        fixture_put(&fixture, &anshin_record_mail, id, &mail);
    }
    fixture.now += 2 * DAY;
    ok(keep_house(), "the mails end");
    fixture.now += 2 * DAY;
    ok(keep_house() && fixture_get(&fixture, &anshin_record_mail_list, "p-01/b", &list) == ANSHIN_ENOTFOUND,
       "and the list with them");
}

static apr_status_t nothing(void *baton, const anshin_erased_t *erased)
{
    (void)baton;
    (void)erased;
    return APR_SUCCESS;
}

static void test_erase(void)
{
    anshin_mail_list_t list;
    anshin_erased_t erased;

    (void)queue("notice-lock", "a");
    ok(fixture_get(&fixture, &anshin_record_mail_list, "p-01/a", &list) == APR_SUCCESS &&
           anshin_account_erase(command(&fixture.contract), "a", nothing, NULL, &erased) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_mail_list, "p-01/a", &list) == ANSHIN_ENOTFOUND,
       "IDN-2: an erased person's list goes as well");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    customer("a", "山田商事");
    customer("b", "山田商事");
    test_older_store();
    test_queue();
    test_end();
    test_erase();
    apr_pool_destroy(pool);
    return done();
}

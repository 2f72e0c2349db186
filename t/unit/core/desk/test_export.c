/* core/desk/export.c, core/mail/event.c: a list of the help desk leaves it as a file, and the trail hears of it. */
#include "core/desk/export.h"

#include "core/audit/act.h"
#include "core/mail/event.h"
#include "unit/helpdesk.h"

static struct {
    anshin_actor_kind_t kind;
    const char *name, *contract, *user, *after;
    int count;
    int fails;
} heard;

static apr_status_t hear(void *ctx, anshin_op_t *op, anshin_txn_t *txn, const anshin_act_facts_t *facts)
{
    (void)ctx;
    (void)txn;
    heard.kind = op->actor.kind;
    heard.name = apr_pstrdup(fixture.pool, op->actor.name);
    heard.contract = op->contract->name;
    heard.user = apr_pstrdup(fixture.pool, facts->user);
    heard.after = apr_pstrdup(fixture.pool, facts->after);
    heard.count++;
    return heard.fails ? anshin_fail(&op->error, ANSHIN_EFAULT, "AN0000", "the trail is full") : APR_SUCCESS;
}

/* p-01 is operated by "staff", and two of its users are locked. */
static void begin(apr_pool_t *pool)
{
    static const anshin_audit_t ear = {NULL, hear};
    static const char *const users[] = {"hanako", "taro"};

    contracts(pool);
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        (void)users_register(&fixture, users[i], ANSHIN_METHOD_PASSWORD);
        (void)anshin_account_lock(fixture_op(&fixture), users[i], ANSHIN_ACCOUNT_LOCKED);
    }
    fixture.env.audit = &ear;
}

static void test_export(void)
{
    anshin_staff_t staff = {.contract = &staff_contract, .user = "desk1", .role = ANSHIN_ROLE_HELPDESK};
    apr_array_header_t *rows;

    ok(anshin_desk_export(staff_op(), &staff, ANSHIN_DESK_LIST_LOCKED, &rows) == APR_SUCCESS && rows->nelts == 2,
       "ROL-2: a list for a file");
    ok(heard.count == 1 && heard.kind == ANSHIN_ACTOR_STAFF && same_text(heard.name, "staff/desk1") &&
           same_text(heard.contract, "p-01") && same_text(heard.after, "locked 2") && heard.user == NULL,
       "AUD-1: the trail hears who took which, of how many: %s", heard.after);
    ok(anshin_desk_export(staff_op(), &staff, ANSHIN_DESK_LIST_MAIL_FAILED, &rows) == APR_SUCCESS && rows->nelts == 0 &&
           heard.count == 1,
       "and nothing of a file with nobody in it");
    heard.fails = 1;
    ok(anshin_desk_export(staff_op(), &staff, ANSHIN_DESK_LIST_LOCKED, &rows) == ANSHIN_EFAULT && rows == NULL,
       "AUD-1: where the trail takes nothing, there are no rows");
    heard.fails = heard.count = 0;
    staff.role = ANSHIN_ROLE_VIEWER;
    ok(anshin_desk_export(staff_op(), &staff, ANSHIN_DESK_LIST_LOCKED, &rows) == ANSHIN_EDENIED && rows == NULL &&
           heard.count == 0,
       "ROL-1: not for who only looks");
}

/* Admits whatever it is asked. */
static int everything(const void *baton, const anshin_op_t *op, const anshin_account_t *account)
{
    (void)baton;
    (void)op;
    (void)account;
    return 1;
}

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_event(op, txn, baton);
}

static apr_status_t told(anshin_act_t act, const char *user, const char *typed, int has_permit)
{
    static const anshin_permit_t permit = {NULL, everything, NULL};
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "desk1", .role = ANSHIN_ROLE_ADMIN};
    anshin_staff_deed_t deed = {.staff = &desk, .verb = ANSHIN_DESK_UNLOCK};
    anshin_event_t event = {.act = act, .user = user, .typed = typed};
    anshin_op_t op;

    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    op.actor.permit = has_permit ? &permit : NULL;
    return anshin_op_write(&op, ANSHIN_DURABLE, tell, &event);
}

/* An act at the help desk about nobody. */
static void test_nobody(void)
{
    ok(told(ANSHIN_ACT_LIST_EXPORTED, NULL, NULL, 1) == APR_SUCCESS && heard.count == 1,
       "ROL-2: the one that names nobody");
    ok(told(ANSHIN_ACT_LIST_EXPORTED, NULL, NULL, 0) == ANSHIN_EDENIED, "ROL-3: not without a permit");
    ok(told(ANSHIN_ACT_LIST_EXPORTED, "nobody", NULL, 1) == ANSHIN_EDENIED &&
           told(ANSHIN_ACT_LIST_EXPORTED, NULL, "nobody", 1) == ANSHIN_EDENIED,
       "ROL-3: nor where it names somebody who is not there");
    ok(told(ANSHIN_ACT_STORE_DUMPED, NULL, NULL, 1) == ANSHIN_EDENIED &&
           told(ANSHIN_ACT_ACCOUNT_UNLOCKED, NULL, NULL, 1) == ANSHIN_EDENIED && heard.count == 1,
       "ROL-3: no other act is about nobody, whatever its permit");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    begin(pool);
    test_export();
    test_nobody();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

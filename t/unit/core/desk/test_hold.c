/* core/desk/hold.c: commands that wait for a second operator (ROL-4). */
#include "core/desk/hold.h"

#include "core/admin/erase.h"
#include "core/context/bulk_order.h"
#include "core/context/own.h"
#include "store/store_mem.h"

static anshin_store_driver_t hooked_store; /* the memory store, with begin_late() */
#define HELPDESK_STORE hooked_store
#include "unit/helpdesk.h"

#define LIFETIME apr_time_from_sec(3600)

static anshin_op_t *by(const char *person, const char *number)
{
    anshin_op_t *op = command(&fixture.contract);

    op->actor.name = "root";
    op->actor.person = person;
    op->actor.number = number;
    return op;
}

static anshin_op_t *anna(void)
{
    return by("anna", "1001");
}

static anshin_op_t *ben(void)
{
    return by("ben", "1002");
}

static anshin_hold_t act_on(const char *first, const char *second)
{
    apr_array_header_t *whom = apr_array_make(fixture.pool, 2, sizeof(const char *));
    const anshin_hold_t hold = {ANSHIN_EYES_BULK, "cert revoke", "--reason superseded", whom, 0};

    APR_ARRAY_PUSH(whom, const char *) = first;
    APR_ARRAY_PUSH(whom, const char *) = second;
    return hold;
}

static apr_status_t give(anshin_op_t *op, anshin_hold_t hold)
{
    return anshin_hold(op, &hold);
}

/* How many wait. */
static apr_status_t add(void *baton, const char *key, const void *record)
{
    (void)key;
    *(int *)baton += ((const anshin_approval_t *)record)->state == ANSHIN_APPROVAL_WAITING;
    return APR_SUCCESS;
}

static int waiting(void)
{
    int count = 0;

    (void)anshin_own_each(command(&fixture.contract), &anshin_record_approval, "", add, &count);
    return count;
}

static apr_status_t decide(anshin_op_t *op, const char *id, anshin_approval_state_t how)
{
    anshin_approval_t approval;
    apr_status_t status = anshin_hold_find(op, id, &approval);

    return status == APR_SUCCESS ? anshin_hold_decide(op, id, how, &approval) : status;
}

/* --- from asking to doing ---------------------------------------------------------------------------------------- */

/* Its id, as who asks is told. */
static const char *ask(anshin_hold_t hold)
{
    anshin_op_t *op = anna();
    const int status = give(op, hold);
    const char *told = strstr(op->error.text, "approval give ");
    const char *id = told != NULL ? apr_pstrndup(fixture.pool, told + strlen("approval give "), 32) : "";

    ok(status == ANSHIN_EDENIED && anshin_bulk_id_valid(id), "ROL-4: it waits, and is told as what");
    return id;
}

static void test_given(void)
{
    const anshin_hold_t both = act_on("p-01/hanako//0", "p-01/taro//0");
    const char *id = ask(both);

    ok(give(anna(), both) == ANSHIN_EDENIED && waiting() == 1, "the same command once more is the same request");
    ok(decide(anna(), id, ANSHIN_APPROVAL_APPROVED) == ANSHIN_EDENIED, "ROL-4: who has asked does not approve it");
    ok(decide(by(NULL, NULL), id, ANSHIN_APPROVAL_APPROVED) == ANSHIN_EDENIED, "ROL-4: nor whoever may be anybody");
    ok(decide(ben(), id, ANSHIN_APPROVAL_WITHDRAWN) == ANSHIN_EDENIED, "another does not withdraw it");
    ok(decide(ben(), id, ANSHIN_APPROVAL_APPROVED) == APR_SUCCESS, "ROL-4: another person approves it");
    ok(decide(ben(), id, ANSHIN_APPROVAL_REFUSED) == ANSHIN_ECONFLICT, "once");
    ok(give(ben(), both) == ANSHIN_EDENIED, "ROL-4: it is approved for who has asked alone");
    ok(give(anna(), act_on("p-01/hanako//0", "p-01/jiro//0")) == ANSHIN_EDENIED, "ROL-4: and for these users alone");
    ok(give(anna(), both) == APR_SUCCESS, "ROL-4: who has asked does it");
    ok(give(anna(), both) == ANSHIN_EDENIED, "ROL-4: once");
}

/* Another process begins it when this one has seen that it is approved. */
static const anshin_hold_t *between;
static int between_was;

static apr_status_t begin_late(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_hold_t *hold = between;

    if (mode == ANSHIN_TXN_WRITE && hold != NULL) {
        between = NULL;
        between_was = give(anna(), *hold);
    }
    return anshin_store_mem.begin(txn, self, mode, err, pool);
}

static void test_twice_at_once(void)
{
    const anshin_hold_t both = act_on("p-01/x//0", "p-01/y//0");
    const char *id = ask(both);
    anshin_op_t *op = anna();

    (void)decide(ben(), id, ANSHIN_APPROVAL_APPROVED);
    between = &both;
    ok(give(op, both) == ANSHIN_EDENIED && between_was == APR_SUCCESS && same_text(op->error.id, "AN1841"),
       "ROL-4: once, however many processes begin it at the same time");
}

static void test_other_command(void)
{
    const anshin_hold_t both = act_on("p-01/a//0\np-01/b//0", "p-01/c//0");
    const char *id = ask(both);
    anshin_hold_t other = both;
    anshin_op_t *op = anna();

    (void)decide(ben(), id, ANSHIN_APPROVAL_APPROVED);
    other.options = "--reason keyCompromise";
    ok(give(anna(), other) == ANSHIN_EDENIED, "ROL-4: it is approved for these options alone");
    other = both;
    other.verb = "user delete";
    ok(give(anna(), other) == ANSHIN_EDENIED, "for this command alone");
    ok(give(anna(), act_on("p-01/a//0", "p-01/b//0\np-01/c//0")) == ANSHIN_EDENIED, "however they are called");
    op->contract = &other_contract;
    ok(give(op, both) == ANSHIN_EDENIED, "in this contract alone");
    fixture.now += LIFETIME;
    ok(give(anna(), both) == ANSHIN_EDENIED, "ROL-4: and in time");
    fixture.now -= LIFETIME;
}

static void test_refused(void)
{
    const anshin_hold_t both = act_on("p-01/c//0", "p-01/d//0");
    const char *id = ask(both);

    ok(decide(by(NULL, NULL), id, ANSHIN_APPROVAL_REFUSED) == APR_SUCCESS, "ROL-4: anybody refuses it");
    ok(decide(ben(), id, ANSHIN_APPROVAL_APPROVED) == ANSHIN_ECONFLICT, "what was refused is not approved");
    id = ask(both);
    ok(decide(anna(), id, ANSHIN_APPROVAL_WITHDRAWN) == APR_SUCCESS &&
           decide(ben(), id, ANSHIN_APPROVAL_APPROVED) == ANSHIN_ECONFLICT,
       "nor what was withdrawn");
    id = ask(both);
    fixture.now += LIFETIME;
    ok(decide(ben(), id, ANSHIN_APPROVAL_APPROVED) == ANSHIN_ECONFLICT, "nor what waits no more");
    fixture.now -= LIFETIME;
    ok(decide(ben(), "x", ANSHIN_APPROVAL_APPROVED) == ANSHIN_ENOTFOUND, "nor what there is none of");
}

/* --- who, and what ----------------------------------------------------------------------------------------------- */

static void test_nobody(void)
{
    const anshin_hold_t both = act_on("p-01/e//0", "p-01/f//0");
    const int count = waiting();

    ok(give(by(NULL, NULL), both) == ANSHIN_EDENIED && waiting() == count,
       "ROL-4: whoever may be anybody does not even ask");
}

static void test_not_wanted(void)
{
    anshin_hold_t both = act_on("p-01/g//0", "p-01/h//0");

    both.eyes = ANSHIN_EYES_CA;
    ok(give(by(NULL, NULL), both) == APR_SUCCESS, "what the contract does not name does not wait");
}

static void test_help_desk(void)
{
    const char *id = "abcdef0123456789abcdef0123456789";
    const anshin_approval_t order = {.contract = "p-01",
                                     .eyes = ANSHIN_EYES_BULK,
                                     .by = ANSHIN_ACTOR_STAFF,
                                     .name = "staff/ope01",
                                     .number = "1002",
                                     .verb = "revoke",
                                     .expires_at = fixture.now + LIFETIME};

    fixture_put(&fixture, &anshin_record_approval, id, &order);
    ok(decide(anna(), id, ANSHIN_APPROVAL_APPROVED) == ANSHIN_EDENIED &&
           decide(ben(), id, ANSHIN_APPROVAL_WITHDRAWN) == ANSHIN_EDENIED,
       "ROL-4: what was asked for at the help desk is approved and withdrawn there");
    ok(decide(anna(), id, ANSHIN_APPROVAL_REFUSED) == APR_SUCCESS, "and can be refused here");
}

static apr_status_t nothing_outside(void *baton, const anshin_erased_t *erased)
{
    (void)baton;
    (void)erased;
    return APR_SUCCESS;
}

static void test_erased(void)
{
    const char *id;
    anshin_approval_t approval;
    anshin_erased_t erased;

    (void)users_register(&fixture, "i", ANSHIN_METHOD_PASSWORD);
    id = ask(act_on("p-01/i//0", "p-01/j//0"));
    ok(anshin_account_erase(command(&fixture.contract), "i", nothing_outside, NULL, &erased) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_approval, id, &approval) == APR_SUCCESS &&
           strcmp(APR_ARRAY_IDX(approval.whom, 0, const char *), "") == 0,
       "IDN-2: who was erased is not named in it any more");
}

/* alice has another number on another machine; what another one has there is not hers. */
static void test_machines(void)
{
    const anshin_hold_t both = act_on("p-01/k//0", "p-01/l//0");
    const char *id = ask(both);

    ok(decide(by("anna", "1002"), id, ANSHIN_APPROVAL_APPROVED) == ANSHIN_EDENIED,
       "ROL-4: the same name by another number is no second person");
    ok(decide(by("ben", "1001"), id, ANSHIN_APPROVAL_APPROVED) == ANSHIN_EDENIED, "nor another name by the same one");
    (void)decide(ben(), id, ANSHIN_APPROVAL_APPROVED);
    ok(give(by("carl", "1001"), both) == ANSHIN_EDENIED, "ROL-4: who has the number of who has asked does not do it");
    ok(give(anna(), both) == APR_SUCCESS, "but who has asked");
}

/* op->now is from before the question that somebody has thought about. */
static void test_late(void)
{
    const anshin_hold_t both = act_on("p-01/n//0", "p-01/o//0");
    const char *id = ask(both);
    anshin_op_t *op = anna();

    (void)decide(ben(), id, ANSHIN_APPROVAL_APPROVED);
    fixture.now += LIFETIME;
    ok(give(op, both) == ANSHIN_EDENIED, "ROL-4: what was approved is begun in time, by the clock of now");
    fixture.now -= LIFETIME;
}

static void test_again(void)
{
    anshin_hold_t both = act_on("p-01/q//0", "p-01/r//0");
    const char *id;

    both.repeats = 1;
    id = ask(both);
    (void)decide(ben(), id, ANSHIN_APPROVAL_APPROVED);
    ok(give(anna(), both) == APR_SUCCESS && give(anna(), both) == APR_SUCCESS,
       "ROL-4: what does nothing twice is begun again");
    ok(give(anna(), act_on("p-01/q//0", "p-01/s//0")) == ANSHIN_EDENIED && give(ben(), both) == ANSHIN_EDENIED,
       "for the same, by the same");
    fixture.now += ANSHIN_HOLD_AGAIN;
    ok(give(anna(), both) == ANSHIN_EDENIED, "ROL-4: for a quarter of an hour");
    fixture.now -= ANSHIN_HOLD_AGAIN;
}

static void test_others(void)
{
    anshin_hold_t both = act_on("p-01/t//0", "p-01/u//0");
    anshin_hold_t others = act_on("p-01/t//0", "p-01/v//0");
    anshin_op_t *op = anna();
    anshin_approval_t approval;
    const char *id;
    int is = 0;

    both.options = others.options = "--state \"expiring\"";
    id = ask(both);
    (void)decide(ben(), id, ANSHIN_APPROVAL_APPROVED);
    ok(give(op, others) == ANSHIN_EDENIED && strstr(op->error.text, "others are meant than were approved in") != NULL &&
           strstr(op->error.text, id) != NULL,
       "ROL-4: that others are meant by now is told");
    (void)fixture_get(&fixture, &anshin_record_approval, id, &approval);
    ok(anshin_hold_is(op, &approval, others.whom, &is) == APR_SUCCESS && !is, "ROL-4: another list is not this order");
    ok(anshin_hold_is(op, &approval, act_on("p-01/u//0", "p-01/t//0").whom, &is) == APR_SUCCESS && is,
       "ROL-4: its own is, in whatever order");
    ok(anshin_hold_is(op, &approval, act_on("p-01/u//0", "p-01/t//0/undo").whom, &is) == APR_SUCCESS && !is,
       "but not with another one for one of them");
    ok(give(anna(), both) == APR_SUCCESS, "and it is done for those who were approved");
}

static void test_unnamed(void)
{
    const char *id = "abcdef0123456789abcdef0123456780";
    apr_array_header_t *whom = apr_array_make(fixture.pool, 1, sizeof(const char *));
    const anshin_approval_t order = {
        .contract = "p-01", .by = ANSHIN_ACTOR_OPERATOR, .number = "1001", .whom = whom, .count = 5000};
    anshin_approval_t approval;
    anshin_erased_t erased;

    APR_ARRAY_PUSH(whom, const char *) = "p-01/w//0";
    fixture_put(&fixture, &anshin_record_approval, id, &order);
    (void)users_register(&fixture, "w", ANSHIN_METHOD_PASSWORD);
    ok(anshin_account_erase(command(&fixture.contract), "w", nothing_outside, NULL, &erased) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_approval, id, &approval) == APR_SUCCESS && approval.count == 5000,
       "IDN-2: what is about others who are not named stays");
}

static void test_many(void)
{
    apr_array_header_t *whom = apr_array_make(fixture.pool, 2, sizeof(const char *));
    const anshin_hold_t hold = {ANSHIN_EYES_BULK, "user lock", "", whom, 0};
    anshin_approval_t approval = {.count = 0};
    const char *id;

    for (int i = 0; i < 250; i++) {
        APR_ARRAY_PUSH(whom, const char *) = apr_psprintf(fixture.pool, "p-01/m%d//0", i);
    }
    id = ask(hold);
    ok(fixture_get(&fixture, &anshin_record_approval, id, &approval) == APR_SUCCESS && approval.count == 250 &&
           approval.whom->nelts == ANSHIN_HOLD_WHOM,
       "of many all are counted, and the first are named");
    (void)decide(ben(), id, ANSHIN_APPROVAL_APPROVED);
    APR_ARRAY_IDX(whom, 249, const char *) = "p-01/another//0";
    ok(give(anna(), hold) == ANSHIN_EDENIED, "ROL-4: and the last one counts as the first");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    hooked_store = anshin_store_mem;
    hooked_store.begin = begin_late;
    contracts(pool);
    fixture.contract.policy.four_eyes = other_contract.policy.four_eyes = 1 << ANSHIN_EYES_BULK;
    fixture.contract.policy.four_eyes_lifetime = other_contract.policy.four_eyes_lifetime = LIFETIME;
    test_given();
    test_twice_at_once();
    test_other_command();
    test_refused();
    test_nobody();
    test_not_wanted();
    test_help_desk();
    test_erased();
    test_machines();
    test_late();
    test_again();
    test_others();
    test_unnamed();
    test_many();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

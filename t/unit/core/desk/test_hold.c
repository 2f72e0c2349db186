/* core/desk/hold.c: commands that wait for a second operator (ROL-4). */
#include "core/desk/hold.h"

#include "core/admin/erase.h"
#include "core/context/bulk_order.h"
#include "core/context/own.h"
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
    const anshin_hold_t hold = {ANSHIN_EYES_BULK, "cert revoke", "--reason superseded", whom};

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

static void test_many(void)
{
    apr_array_header_t *whom = apr_array_make(fixture.pool, 2, sizeof(const char *));
    const anshin_hold_t hold = {ANSHIN_EYES_BULK, "user lock", "", whom};
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
    contracts(pool);
    fixture.contract.policy.four_eyes = other_contract.policy.four_eyes = 1 << ANSHIN_EYES_BULK;
    fixture.contract.policy.four_eyes_lifetime = other_contract.policy.four_eyes_lifetime = LIFETIME;
    test_given();
    test_other_command();
    test_refused();
    test_nobody();
    test_not_wanted();
    test_help_desk();
    test_erased();
    test_many();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

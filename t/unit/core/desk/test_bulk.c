/* core/desk/bulk.c, core/context/bulk_order.c: one verb for many users is done once (ROL-2, FLO-2). */
#include "core/desk/bulk.h"

#include "core/context/bulk_order.h"
#include "unit/helpdesk.h"

#define ID "0123456789abcdef0123456789abcdef"
#define OTHER_ID "0123456789abcdef0123456789abcde0"

static apr_array_header_t *targets(const char *const *users)
{
    apr_array_header_t *all = apr_array_make(fixture.pool, 4, sizeof(anshin_bulk_target_t));

    for (; *users != NULL; users++) {
        const char *number = account_of(*users).number;

        APR_ARRAY_PUSH(all, anshin_bulk_target_t) =
            (anshin_bulk_target_t){{"p-01", *users, number != NULL ? number : "0"}, 0};
    }
    return all;
}

/* An operator who is logged in, his password checked just now. */
static anshin_member_t operator_of(const char *user, anshin_role_t role)
{
    const anshin_contract_t customer = fixture.contract;
    anshin_amend_t amend = {.user = user, .kind = -1, .method = -1};
    anshin_amended_t amended;
    anshin_member_t member;

    fixture.contract = staff_contract;
    (void)users_register(&fixture, user, ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, user, ANSHIN_METHOD_PASSWORD);
    fixture.contract = customer;
    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_ROLE, .role = (int)role};
    (void)anshin_account_amend(command(&staff_contract), &amend, &amended);
    return member;
}

static apr_status_t order(const anshin_member_t *member, const char *id, anshin_desk_verb_t verb,
                          const apr_array_header_t *whom)
{
    const anshin_bulk_new_t bulk = {
        .member = member, .id = id, .verb = verb, .list = ANSHIN_DESK_LIST_LOCKED, .targets = whom};
    const char *error;
    int waits;

    return anshin_desk_bulk_do(staff_op(), &bulk, &error, &waits);
}

static void test_bulk(const anshin_member_t *member)
{
    static const char *const users[] = {"hanako", "gone", "taro", NULL};
    static const char *const nobody[] = {NULL};
    anshin_staff_t staff, other;
    anshin_desk_bulk_t kept;

    (void)anshin_staff_find(staff_op(), member, &staff);
    other = staff;
    other.number = "0";
    ok(order(member, ID, ANSHIN_DESK_LOCK, targets(users)) == ANSHIN_EDENIED, "ROL-2: a verb that is none of the list");
    ok(order(member, ID, ANSHIN_DESK_UNLOCK, targets(nobody)) == ANSHIN_EDENIED, "nobody is no order");
    ok(order(member, "x", ANSHIN_DESK_UNLOCK, targets(users)) == ANSHIN_EDENIED, "nor is one without an id");
    ok(account_of("hanako").state == ANSHIN_ACCOUNT_LOCKED, "and nothing of it is done");
    ok(order(member, ID, ANSHIN_DESK_UNLOCK, targets(users)) == APR_SUCCESS, "ROL-2: an order for three");
    ok(account_of("hanako").state == ANSHIN_ACCOUNT_ACTIVE && account_of("taro").state == ANSHIN_ACCOUNT_ACTIVE,
       "is done to those who are there");
    ok(anshin_desk_bulk_find(staff_op(), &staff, ID, &kept) == APR_SUCCESS && kept.came->nelts == 3 &&
           kept.ended_at != 0,
       "and what came of each is kept");
    is(APR_ARRAY_IDX(kept.came, 0, const char *), ANSHIN_BULK_DONE, "done");
    is(APR_ARRAY_IDX(kept.came, 1, const char *), "desk_bulk.gone", "who is not there");
    is(APR_ARRAY_IDX(kept.came, 2, const char *), ANSHIN_BULK_DONE, "and the next, all the same");
    ok(anshin_desk_bulk_find(staff_op(), &other, ID, &kept) == ANSHIN_ENOTFOUND, "ROL-3: for who ordered it alone");
    other = staff;
    other.role = ANSHIN_ROLE_VIEWER;
    ok(anshin_desk_bulk_find(staff_op(), &other, ID, &kept) == ANSHIN_ENOTFOUND, "ROL-1: and in the role of then");
    other = staff;
    other.organisation = "山田商事";
    ok(anshin_desk_bulk_find(staff_op(), &other, ID, &kept) == ANSHIN_ENOTFOUND, "ROL-3: and organisation");
    (void)anshin_account_lock(command(&fixture.contract), "taro", ANSHIN_ACCOUNT_LOCKED);
    ok(order(member, ID, ANSHIN_DESK_UNLOCK, targets(users)) == APR_SUCCESS &&
           account_of("taro").state == ANSHIN_ACCOUNT_LOCKED,
       "FLO-2: the same order is not done again");
    ok(order(member, OTHER_ID, ANSHIN_DESK_UNLOCK, targets(users)) == APR_SUCCESS &&
           account_of("taro").state == ANSHIN_ACCOUNT_ACTIVE,
       "another one is");
}

static void test_over(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    const anshin_desk_bulk_t kept = {.at = op->now};

    ok(anshin_bulk_expiry.over(op, ID, &kept) != 0, "its answer stays for a while");
    op->now += ANSHIN_KEEP_BULK + 1;
    ok(anshin_bulk_expiry.over(op, ID, &kept) == 0, "and is gone a day later");
}

int main(void)
{
    static const char *const users[] = {"hanako", "taro", NULL};
    apr_pool_t *pool;
    anshin_member_t member;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    for (const char *const *user = users; *user != NULL; user++) {
        (void)users_register(&fixture, *user, ANSHIN_METHOD_PASSWORD);
        (void)anshin_account_lock(command(&fixture.contract), *user, ANSHIN_ACCOUNT_LOCKED);
    }
    member = operator_of("desk1", ANSHIN_ROLE_HELPDESK);
    test_bulk(&member);
    test_over();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

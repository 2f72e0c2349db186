/* core/desk/pending.c, core/desk/approve.c, core/context/approval.c: what waits for a second operator (ROL-4). */
#include "core/desk/pending.h"

#include "core/admin/erase.h"
#include "core/admin/operator.h"
#include "core/context/bulk_order.h"
#include "unit/crash_store.h"

#define HELPDESK_STORE crash_store
#include "unit/helpdesk.h"

#define LETTERS "abcdef0123456789abcdef012345678"
#define LIFETIME apr_time_from_sec(3600)

/* Users of p-01 who are locked; one operator who asks, others who decide. */
static const char *const users[] = {"hanako", "taro", NULL};
static anshin_member_t asker, second, third, viewer, chief;

static anshin_member_t operator_of(const char *user, anshin_role_t role)
{
    const anshin_contract_t customers = fixture.contract;
    anshin_amend_t amend = {.user = user, .kind = -1, .method = -1};
    anshin_amended_t amended;
    anshin_member_t member;

    fixture.contract = staff_contract;
    (void)users_register(&fixture, user, ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, user, ANSHIN_METHOD_PASSWORD);
    fixture.contract = customers;
    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_ROLE | 1 << ANSHIN_ATTRIBUTE_ORGANISATION,
                                             .role = (int)role,
                                             .organisation = role == ANSHIN_ROLE_ORGANISATION ? "山田商事" : ""};
    (void)anshin_account_amend(command(&staff_contract), &amend, &amended);
    return member;
}

static void set_role(const char *user, anshin_role_t role)
{
    anshin_amend_t amend = {.user = user, .kind = -1, .method = -1};
    anshin_amended_t amended;

    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_ROLE, .role = (int)role};
    (void)anshin_account_amend(command(&staff_contract), &amend, &amended);
}

static anshin_staff_t staff_of(const anshin_member_t *member)
{
    anshin_staff_t staff;

    (void)anshin_staff_find(staff_op(), member, &staff);
    return staff;
}

static void lock_all(void)
{
    for (const char *const *user = users; *user != NULL; user++) {
        (void)anshin_account_lock(command(&fixture.contract), *user, ANSHIN_ACCOUNT_LOCKED);
    }
}

static int all_are(anshin_account_state_t state)
{
    return account_of("hanako").state == (apr_int64_t)state && account_of("taro").state == (apr_int64_t)state;
}

/* Unlock them both. */
static apr_status_t order(const char *id, int count, int *waits)
{
    apr_array_header_t *targets = apr_array_make(fixture.pool, 2, sizeof(anshin_bulk_target_t));
    const anshin_bulk_new_t bulk = {.member = &asker,
                                    .id = id,
                                    .verb = ANSHIN_DESK_UNLOCK,
                                    .list = ANSHIN_DESK_LIST_LOCKED,
                                    .targets = targets,
                                    .why = "復旧"};
    const char *error;

    for (int i = 0; i < count; i++) {
        APR_ARRAY_PUSH(targets, anshin_bulk_target_t) =
            (anshin_bulk_target_t){{"p-01", users[i], account_of(users[i]).number}, 0};
    }
    return anshin_desk_bulk_do(staff_op(), &bulk, &error, waits);
}

static void ask(const char *id)
{
    int waits = 0;

    lock_all();
    ok(order(id, 2, &waits) == APR_SUCCESS && waits == 1 && all_are(ANSHIN_ACCOUNT_LOCKED),
       "ROL-4: an order for two waits");
}

/* What the page that asks is about. */
static const char *seen_of(const char *id)
{
    anshin_approval_t approval;
    const char *digest = "";

    return fixture_get(&fixture, &anshin_record_approval, id, &approval) == APR_SUCCESS &&
                   anshin_approval_digest(staff_op(), &approval, &digest) == APR_SUCCESS
               ? digest
               : "";
}

static apr_status_t decide(const anshin_member_t *member, const char *id, anshin_approval_state_t how,
                           const char **error)
{
    return anshin_pending_decide(staff_op(), member, id, how, seen_of(id), error);
}

static int denies(const anshin_member_t *member, const char *id, anshin_approval_state_t how)
{
    const char *error;

    return decide(member, id, how, &error) == ANSHIN_EDENIED;
}

static int refuses(const anshin_member_t *member, const char *id, anshin_approval_state_t how, const char *key)
{
    const char *error;

    return decide(member, id, how, &error) == APR_SUCCESS && same_text(error, key);
}

static int counts(const anshin_member_t *member)
{
    const anshin_staff_t staff = staff_of(member);
    apr_array_header_t *list;

    return anshin_pending_list(staff_op(), &staff, &list) == APR_SUCCESS ? list->nelts : -1;
}

static void test_one(void)
{
    int waits = -1;

    lock_all();
    ok(order(LETTERS "0", 1, &waits) == APR_SUCCESS && waits == 0 &&
           account_of("hanako").state == ANSHIN_ACCOUNT_ACTIVE,
       "ROL-4: an order for one does not wait");
}

static void test_approved(void)
{
    const char *id = LETTERS "1";
    const anshin_staff_t both[] = {staff_of(&asker), staff_of(&second)};
    anshin_desk_bulk_t done;
    int waits;

    ask(id);
    ok(order(id, 2, &waits) == APR_SUCCESS && counts(&asker) == 1, "FLO-2: the same order once more is the same");
    ok(denies(&asker, id, ANSHIN_APPROVAL_APPROVED) && denies(&asker, id, ANSHIN_APPROVAL_REFUSED),
       "ROL-4: who has asked does not decide");
    ok(denies(&viewer, id, ANSHIN_APPROVAL_APPROVED), "ROL-4: nor whose role may not do it himself");
    ok(denies(&second, id, ANSHIN_APPROVAL_WITHDRAWN), "another does not withdraw it");
    ok(counts(&viewer) == 1 && counts(&chief) == 0, "ROL-3: an organisation's administrator does not see it");
    ok(all_are(ANSHIN_ACCOUNT_LOCKED), "and nothing of it is done");
    ok(refuses(&second, id, ANSHIN_APPROVAL_APPROVED, NULL) && all_are(ANSHIN_ACCOUNT_ACTIVE),
       "ROL-4: approved by a second one it is done");
    for (int i = 0; i < 2; i++) {
        ok(anshin_desk_bulk_find(staff_op(), &both[i], id, &done) == APR_SUCCESS && done.came->nelts == 2 &&
               done.ended_at != 0,
           "and its answer is of both");
    }
    lock_all();
    ok(refuses(&second, id, ANSHIN_APPROVAL_APPROVED, "desk_waiting.over") && all_are(ANSHIN_ACCOUNT_LOCKED),
       "ROL-4: once");
}

static void test_not_approved(void)
{
    const char *error;

    ask(LETTERS "2");
    ok(refuses(&second, LETTERS "2", ANSHIN_APPROVAL_REFUSED, NULL) &&
           refuses(&second, LETTERS "2", ANSHIN_APPROVAL_APPROVED, "desk_waiting.over"),
       "ROL-4: what was refused is not approved");
    ask(LETTERS "3");
    ok(refuses(&asker, LETTERS "3", ANSHIN_APPROVAL_WITHDRAWN, NULL) &&
           refuses(&second, LETTERS "3", ANSHIN_APPROVAL_APPROVED, "desk_waiting.over"),
       "nor what was withdrawn");
    ask(LETTERS "c");
    fixture.now += apr_time_from_sec(301);
    ok(decide(&second, LETTERS "c", ANSHIN_APPROVAL_APPROVED, &error) == ANSHIN_EDENIED &&
           decide(&second, LETTERS "c", ANSHIN_APPROVAL_REFUSED, &error) == ANSHIN_EDENIED &&
           anshin_pending_go_on(staff_op(), &second, LETTERS "c", &error) == ANSHIN_EDENIED,
       "S12: nor by one whose password was not asked for lately");
    fixture.now -= apr_time_from_sec(301);
    (void)decide(&asker, LETTERS "c", ANSHIN_APPROVAL_WITHDRAWN, &error);
    ok(all_are(ANSHIN_ACCOUNT_LOCKED), "and nothing of it is done");
}

/* An id that the asker chooses again is not what a page of before was about. */
static void test_changed(void)
{
    const char *id = LETTERS "7";
    const char *seen, *error;

    ask(id);
    seen = seen_of(id);
    fixture_delete(&fixture, &anshin_record_approval, id);
    fixture.now++;
    ask(id);
    ok(anshin_pending_decide(staff_op(), &second, id, ANSHIN_APPROVAL_APPROVED, seen, &error) == APR_SUCCESS &&
           same_text(error, "desk_waiting.changed") && all_are(ANSHIN_ACCOUNT_LOCKED),
       "ROL-4: an old page does not approve another order under the same id");
    ok(refuses(&second, id, ANSHIN_APPROVAL_REFUSED, NULL), "which a new one decides");
}

/* --- broken off -------------------------------------------------------------------------------------------------- */

static anshin_pending_t seen_by(const anshin_member_t *member, const char *id)
{
    const anshin_staff_t staff = staff_of(member);
    anshin_pending_t waiting = {.id = NULL};

    (void)anshin_pending_find(staff_op(), &staff, id, &waiting);
    return waiting;
}

/* As a process that was killed after so many users leaves it. */
static void kill_after(const char *id, int count)
{
    anshin_desk_bulk_t order;

    (void)fixture_get(&fixture, &anshin_record_desk_bulk, id, &order);
    order.came->nelts = count;
    order.ended_at = 0;
    fixture_put(&fixture, &anshin_record_desk_bulk, id, &order);
    for (int i = count; i < 2; i++) {
        (void)anshin_account_lock(command(&fixture.contract), users[i], ANSHIN_ACCOUNT_LOCKED);
    }
}

static int goes_on(const anshin_member_t *member, const char *id, const char *key)
{
    const char *error;

    return anshin_pending_go_on(staff_op(), member, id, &error) == APR_SUCCESS && same_text(error, key);
}

static void test_broken(void)
{
    const apr_time_t now = fixture.now;
    const char *id = LETTERS "8";
    const char *error;
    anshin_desk_bulk_t done;
    anshin_staff_t staff;

    ask(id);
    (void)refuses(&second, id, ANSHIN_APPROVAL_APPROVED, NULL);
    kill_after(id, 1);
    (void)anshin_account_lock(command(&fixture.contract), "hanako", ANSHIN_ACCOUNT_LOCKED); /* since, by others */
    ok(!seen_by(&second, id).broken && goes_on(&second, id, "desk_waiting.over"), "somebody may be at it still");
    fixture.now += ANSHIN_BULK_PAUSE;
    ok(seen_by(&second, id).broken && seen_by(&viewer, id).broken, "ROL-4: what was broken off shows as that");
    ok(!seen_by(&viewer, id).may && !seen_by(&asker, id).may, "not for who only looks, or has asked");
    ok(anshin_pending_go_on(staff_op(), &asker, id, &error) == ANSHIN_EDENIED &&
           anshin_pending_go_on(staff_op(), &viewer, id, &error) == ANSHIN_EDENIED &&
           anshin_pending_go_on(staff_op(), &chief, id, &error) == ANSHIN_ENOTFOUND,
       "ROL-4: who has asked does not go on with it, nor who may not");
    third = operator_of("third", ANSHIN_ROLE_ADMIN);
    set_role("asker", ANSHIN_ROLE_VIEWER);
    ok(goes_on(&third, id, "desk_waiting.asker_gone") && account_of("taro").state == ANSHIN_ACCOUNT_LOCKED,
       "ROL-4: nor is it done for who has lost the role since");
    set_role("asker", ANSHIN_ROLE_HELPDESK);
    ok(goes_on(&third, id, NULL) && account_of("taro").state == ANSHIN_ACCOUNT_ACTIVE,
       "ROL-4: another one who may goes on with it");
    ok(account_of("hanako").state == ANSHIN_ACCOUNT_LOCKED, "not for who has a result");
    for (int i = 0; i < 2; i++) {
        staff = staff_of(i == 0 ? &second : &third);
        ok(anshin_desk_bulk_find(staff_op(), &staff, id, &done) == APR_SUCCESS && done.came->nelts == 2 &&
               done.ended_at != 0,
           "and its answer is of both");
    }
    ok(!seen_by(&second, id).broken && goes_on(&third, id, "desk_waiting.over"), "once");
    fixture.now = now;
}

/* Two processes at one order: the first one was slow, not dead. */
static void test_taken_over(void)
{
    const char *id = LETTERS "9";
    anshin_desk_bulk_t order;

    ask(id);
    (void)refuses(&second, id, ANSHIN_APPROVAL_APPROVED, NULL);
    kill_after(id, 0);
    (void)fixture_get(&fixture, &anshin_record_desk_bulk, id, &order);
    order.turn--;
    ok(anshin_bulk_note(staff_op(), id, &order) == ANSHIN_ECONFLICT, "what others go on with is not written over");
}

/* Killed at that writing step: whether whoever is done to has a result all the same. */
static int is_sound_at(int step, int *killed)
{
    const char *id = apr_psprintf(fixture.pool, "%032x", 0xa000u + (unsigned)step);
    anshin_desk_bulk_t kept = {.came = NULL};
    const char *error;
    int waits, done;

    lock_all();
    (void)order(id, 2, &waits);
    died = 0;
    dies_after = 1;
    steps_left = step;
    (void)decide(&second, id, ANSHIN_APPROVAL_APPROVED, &error);
    *killed = died;
    died = 0;
    steps_left = -1;
    done = (account_of("hanako").state == ANSHIN_ACCOUNT_ACTIVE) + (account_of("taro").state == ANSHIN_ACCOUNT_ACTIVE);
    (void)fixture_get(&fixture, &anshin_record_desk_bulk, id, &kept);
    return done == 0 || (kept.came != NULL && kept.came->nelts >= done);
}

static void test_killed(void)
{
    int killed = 1;
    int sound = 0;
    int step;

    for (step = 0; killed && step < 400; step++) {
        sound += is_sound_at(step, &killed);
    }
    ok(step > 3 && step < 400 && sound == step,
       "ROL-4: who was done to is not done to again, whenever it is killed: %d of %d", sound, step);
}

/* Another order of the same operator is given between this one's beginning and its transaction. */
static const char *between; /* its id; NULL: none is */

static apr_status_t begin_late(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err, apr_pool_t *pool)
{
    const char *id = between;
    int waits;

    if (mode == ANSHIN_TXN_WRITE && id != NULL) {
        between = NULL;
        (void)order(id, 2, &waits);
    }
    return anshin_store_mem.begin(txn, self, mode, err, pool);
}

static int waiting_of(const anshin_member_t *member)
{
    const anshin_staff_t staff = staff_of(member);
    apr_array_header_t *list;
    int count = 0;

    (void)anshin_pending_list(staff_op(), &staff, &list);
    for (int i = 0; i < list->nelts; i++) {
        const anshin_pending_t *one = &APR_ARRAY_IDX(list, i, anshin_pending_t);

        count += one->mine && one->state == ANSHIN_APPROVAL_WAITING;
    }
    return count;
}

static void test_too_many(void)
{
    const char *error = NULL;
    const anshin_bulk_new_t bulk = {.member = &asker,
                                    .id = LETTERS "e",
                                    .verb = ANSHIN_DESK_UNLOCK,
                                    .list = ANSHIN_DESK_LIST_LOCKED,
                                    .targets = apr_array_make(fixture.pool, 2, sizeof(anshin_bulk_target_t)),
                                    .why = "復旧"};
    anshin_approval_t approval;
    const char *last = "";
    int waits;

    lock_all();
    fixture.now -= LIFETIME; /* so that they wait no more afterwards */
    for (int i = 0; i < 2; i++) {
        *(anshin_bulk_target_t *)apr_array_push((apr_array_header_t *)bulk.targets) =
            (anshin_bulk_target_t){{"p-01", users[i], account_of(users[i]).number}, 0};
    }
    waits = 1;
    for (int i = 0; waits && i < 2 * ANSHIN_BULK_WAITING; i++) { /* some of before wait as well */
        last = apr_psprintf(fixture.pool, "%032x", 0xb000u + (unsigned)i - 1);
        (void)order(apr_psprintf(fixture.pool, "%032x", 0xb000u + (unsigned)i), 2, &waits);
    }
    ok(waiting_of(&asker) == ANSHIN_BULK_WAITING, "ROL-4: so many wait: %d", waiting_of(&asker));
    (void)decide(&asker, last, ANSHIN_APPROVAL_WITHDRAWN, &error);
    between = apr_psprintf(fixture.pool, "%032x", 0xb0ffu);
    crash_store.begin = begin_late;
    (void)order(apr_psprintf(fixture.pool, "%032x", 0xb0feu), 2, &waits);
    make_crash_store();
    ok(!waits && between == NULL && waiting_of(&asker) == ANSHIN_BULK_WAITING &&
           fixture_get(&fixture, &anshin_record_approval, apr_psprintf(fixture.pool, "%032x", 0xb0feu), &approval) ==
               ANSHIN_ENOTFOUND,
       "ROL-4: the last place is given once, however many ask at the same time");
    ok(anshin_desk_bulk_do(staff_op(), &bulk, &error, &waits) == APR_SUCCESS && !waits &&
           same_text(error, "desk_waiting.too_many") &&
           fixture_get(&fixture, &anshin_record_approval, bulk.id, &approval) == ANSHIN_ENOTFOUND,
       "ROL-4: an operator has so many waiting at most");
    fixture.now += LIFETIME;
    ok(order(bulk.id, 2, &waits) == APR_SUCCESS && waits, "but not of those that wait no more");
    (void)refuses(&second, bulk.id, ANSHIN_APPROVAL_REFUSED, NULL);
}

/* --- of whom ----------------------------------------------------------------------------------------------------- */

static int waits_for(anshin_desk_verb_t verb, anshin_bulk_target_t first, anshin_bulk_target_t other)
{
    apr_array_header_t *targets = apr_array_make(fixture.pool, 2, sizeof(anshin_bulk_target_t));
    const anshin_bulk_new_t bulk = {.verb = verb, .targets = targets};

    APR_ARRAY_PUSH(targets, anshin_bulk_target_t) = first;
    APR_ARRAY_PUSH(targets, anshin_bulk_target_t) = other;
    return anshin_desk_bulk_waits(staff_op(), &bulk);
}

static void test_users(void)
{
    const anshin_bulk_target_t one = {{"p-01", "hanako", "1"}, 1};
    const anshin_bulk_target_t device = {{"p-01", "hanako", "1"}, 2};
    const anshin_bulk_target_t other = {{"p-01", "taro", "2"}, 1};
    const anshin_bulk_target_t elsewhere = {{"p-02", "taro", "2"}, 1};

    ok(waits_for(ANSHIN_DESK_RENEW, one, other), "ROL-4: two users wait");
    ok(!waits_for(ANSHIN_DESK_RENEW, one, device), "two devices of one user are one");
    ok(!waits_for(ANSHIN_DESK_RENEW, one, elsewhere), "ROL-4: users are counted by their contract");
}

static apr_status_t nothing_outside(void *baton, const anshin_erased_t *erased)
{
    (void)baton;
    (void)erased;
    return APR_SUCCESS;
}

static void erase(const anshin_contract_t *contract, const char *user)
{
    anshin_erased_t erased;

    ok(anshin_account_erase(command(contract), user, nothing_outside, NULL, &erased) == APR_SUCCESS, "erased");
}

static void test_erased(void)
{
    const char *id = LETTERS "a";
    anshin_approval_t approval = {.whom = NULL};

    asker = operator_of("asker3", ANSHIN_ROLE_HELPDESK);
    second = operator_of("second3", ANSHIN_ROLE_ADMIN);
    ask(id);
    erase(&fixture.contract, "taro");
    ok(fixture_get(&fixture, &anshin_record_approval, id, &approval) == APR_SUCCESS &&
           anshin_bulk_users(approval.whom, NULL) == 1 &&
           strstr(apr_array_pstrcat(fixture.pool, approval.whom, ' '), "taro") == NULL,
       "ROL-4: who was erased is in an order no more, the others are");
    ok(refuses(&second, id, ANSHIN_APPROVAL_APPROVED, NULL) && account_of("hanako").state == ANSHIN_ACCOUNT_ACTIVE,
       "to whom it is done");
    erase(&staff_contract, "second3");
    ok(fixture_get(&fixture, &anshin_record_approval, id, &approval) == APR_SUCCESS &&
           (approval.second == NULL || *approval.second == '\0'),
       "nor is who has decided");
    erase(&staff_contract, "asker3");
    ok(fixture_get(&fixture, &anshin_record_approval, id, &approval) == APR_SUCCESS &&
           (approval.name == NULL || *approval.name == '\0'),
       "nor who has asked");
    erase(&fixture.contract, "hanako");
    ok(fixture_get(&fixture, &anshin_record_approval, id, &approval) == ANSHIN_ENOTFOUND, "of nobody it is gone");
}

/* An organisation's administrator opens again what was disabled on the order of that role. */
static int may_do(const anshin_op_t *op, const anshin_account_t *account)
{
    return op->actor.permit->admits(op->actor.permit->baton, op, account);
}

static void test_organisation(void)
{
    anshin_account_t account = {.contract = "p-01", .user = "hanako", .number = "1", .organisation = "山田商事"};
    const anshin_account_t other = {.contract = "p-01", .user = "hanako", .number = "1", .organisation = "佐藤工業"};
    const anshin_staff_t admin = staff_of(&second);
    const anshin_staff_t of_customer = staff_of(&chief);
    anshin_staff_deed_t deed = {.staff = &admin, .asker = &of_customer, .verb = ANSHIN_DESK_DISABLE, .number = "1"};
    anshin_op_t op;

    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    ok(op.actor.customer, "ROL-4: what an organisation asks for is the organisation's");
    ok(may_do(&op, &account) && !may_do(&op, &other),
       "ROL-4: who has asked must be one who may do it to that user, as he is by then");
    account.state = ANSHIN_ACCOUNT_DISABLED;
    account.locked_by = ANSHIN_LOCKED_BY_OPERATOR;
    deed.verb = ANSHIN_DESK_UNLOCK;
    ok(!op.actor.permit->opens(op.actor.permit->baton, &account), "ROL-4: and who may open what others have closed");
    deed.asker = NULL;
    ok(may_do(&op, &other) && op.actor.permit->opens(op.actor.permit->baton, &account),
       "all of which the second one alone may");
    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    ok(!op.actor.customer, "what an operator does alone is not");
}

/* The state is looked at anew. */
static void test_meanwhile(void)
{
    const apr_time_t now = fixture.now;
    const char *error;

    ask(LETTERS "4");
    set_role("asker", ANSHIN_ROLE_VIEWER);
    ok(refuses(&second, LETTERS "4", ANSHIN_APPROVAL_APPROVED, "desk_waiting.asker_may_not"),
       "ROL-4: not for who has lost the role since");
    set_role("asker", ANSHIN_ROLE_HELPDESK);
    (void)anshin_account_lock(command(&staff_contract), "asker", ANSHIN_ACCOUNT_DISABLED);
    ok(refuses(&second, LETTERS "4", ANSHIN_APPROVAL_APPROVED, "desk_waiting.asker_may_not"),
       "nor for who was disabled since");
    (void)anshin_account_unlock(command(&staff_contract), "asker");
    ok(all_are(ANSHIN_ACCOUNT_LOCKED), "and nothing of it is done");
    (void)anshin_account_delete(command(&fixture.contract), "taro");
    (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
    (void)anshin_account_lock(command(&fixture.contract), "taro", ANSHIN_ACCOUNT_LOCKED);
    ok(decide(&second, LETTERS "4", ANSHIN_APPROVAL_APPROVED, &error) == APR_SUCCESS &&
           account_of("hanako").state == ANSHIN_ACCOUNT_ACTIVE && account_of("taro").state == ANSHIN_ACCOUNT_LOCKED,
       "ROL-4, IDN-1: nor is it done to who has the ID by now");
    lock_all();
    asker = operator_of("asker2", ANSHIN_ROLE_HELPDESK); /* the session of the other one has ended */
    ask(LETTERS "5");
    fixture.contract.policy.operators = NULL;
    ok(decide(&second, LETTERS "5", ANSHIN_APPROVAL_APPROVED, &error) == APR_SUCCESS && all_are(ANSHIN_ACCOUNT_LOCKED),
       "ROL-4: nor where the contract names the operators no more");
    fixture.contract.policy.operators = named("staff");
    ask(LETTERS "6");
    fixture.now += LIFETIME;
    second = operator_of("second2", ANSHIN_ROLE_ADMIN); /* whose password was checked just now */
    ok(refuses(&second, LETTERS "6", ANSHIN_APPROVAL_APPROVED, "desk_waiting.over"), "ROL-4: in time it waits no more");
    fixture.now = now;
}

/* --- who is a second person -------------------------------------------------------------------------------------- */

static int is_own(anshin_actor_t actor, anshin_approval_t approval)
{
    return anshin_approval_is_own(&actor, &approval);
}

static void test_persons(void)
{
    const anshin_actor_t anna = {.kind = ANSHIN_ACTOR_STAFF, .name = "staff/anna", .number = "1"};
    const anshin_actor_t nobody = {.kind = ANSHIN_ACTOR_STAFF, .name = "staff/anna"};
    const anshin_actor_t command_line = {.kind = ANSHIN_ACTOR_OPERATOR, .name = "root"};
    const anshin_approval_t of_anna = {.by = ANSHIN_ACTOR_STAFF, .name = "staff/anna", .number = "1"};
    const anshin_approval_t of_ben = {.by = ANSHIN_ACTOR_STAFF, .name = "staff/ben", .number = "2"};

    ok(is_own(anna, of_anna) && !is_own(anna, of_ben), "ROL-4: an account is a person, by its number");
    ok(is_own(nobody, of_ben), "one without a number is nobody's second");
    ok(is_own(command_line, of_ben), "nor is whoever is not logged in at the help desk");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    make_crash_store();
    contracts(pool);
    fixture.contract.policy.four_eyes = 1 << ANSHIN_EYES_BULK;
    fixture.contract.policy.four_eyes_lifetime = LIFETIME;
    for (const char *const *user = users; *user != NULL; user++) {
        (void)users_register(&fixture, *user, ANSHIN_METHOD_PASSWORD);
    }
    asker = operator_of("asker", ANSHIN_ROLE_HELPDESK);
    second = operator_of("second", ANSHIN_ROLE_ADMIN);
    viewer = operator_of("viewer", ANSHIN_ROLE_VIEWER);
    chief = operator_of("chief", ANSHIN_ROLE_ORGANISATION);
    test_one();
    test_approved();
    test_not_approved();
    test_changed();
    test_users();
    test_organisation();
    test_broken();
    test_taken_over();
    test_killed();
    test_too_many();
    test_meanwhile();
    test_erased();
    test_persons();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

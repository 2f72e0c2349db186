/*
 * core/desk: who may do what to whom at the help desk (ROL-1, ROL-3), over every role, verb, contract and organisation;
 * search, orders, and what an order that slips through meets in its transaction.
 */
#include "core/desk/desk_user.h"
#include "core/desk/find.h"

#include "core/audit/act.h"
#include "core/login/help_number.h"
#include "unit/helpdesk.h"
#include "unit/memory.h"

#define FLOOD 400 /* users of another organisation, and octets of an address of each: 16 MB */
#define FLOOD_OCTETS 40000
#define FLOOD_PAGES (FLOOD * FLOOD_OCTETS / 2 / 4096)

/* Each role's verbs, written down once more: whoever changes the table changes this. */
static const struct {
    anshin_role_t role;
    const char *verbs;
} rights[] = {{ANSHIN_ROLE_NONE, ""},
              {ANSHIN_ROLE_VIEWER, "find see list"},
              {ANSHIN_ROLE_HELPDESK, "find see list export unlock lock logout must-change revoke renew reissue resend "
                                     "reinvite"},
              {ANSHIN_ROLE_ADMIN, "find see list export unlock lock disable logout must-change revoke renew reissue "
                                  "resend reinvite invite"},
              {ANSHIN_ROLE_ORGANISATION, "find see list export unlock disable revoke renew resend reinvite invite"},
              {(anshin_role_t)99, ""},
              {(anshin_role_t)-1, ""}};

static int is_among(const char *words, const char *word)
{
    const apr_size_t length = strlen(word);

    for (const char *at = strstr(words, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) {
            return 1;
        }
    }
    return 0;
}

static void test_table(void)
{
    static const char *const organisations[] = {NULL, "", "山田商事", "佐藤工業"};
    const anshin_contract_t *const asked[] = {&fixture.contract, &other_contract, &staff_contract, NULL};
    const anshin_contract_t *const homes[] = {&staff_contract, &fixture.contract, &other_contract, NULL};
    int looked = 0, wrong = 0, allowed = 0;

    for (size_t r = 0; r < sizeof(rights) / sizeof(rights[0]); r++) {
        for (int verb = -1; verb <= ANSHIN_DESK_VERBS; verb++) {
            const char *name = anshin_word_name(anshin_desk_verb_words, verb, NULL);
            const int has = name != NULL && is_among(rights[r].verbs, name);

            wrong += anshin_role_may(rights[r].role, (anshin_desk_verb_t)verb) != has;
            for (int n = 0; n < 4 * 4 * 4 * 5; n++) {
                const anshin_contract_t *contract = asked[n % 4];
                const anshin_staff_t staff = {.contract = homes[n / 4 % 4],
                                              .user = "ope",
                                              .role = rights[r].role,
                                              .organisation = organisations[n / 16 % 4]};
                const int whose = n / 64;
                const anshin_account_t account = {.contract = contract != NULL ? contract->name : "p-01",
                                                  .user = "u",
                                                  .organisation = whose < 4 ? organisations[whose] : NULL};
                const int same = n / 16 % 4 > 1 && whose == n / 16 % 4;
                const int expected = has && staff.contract == &staff_contract && contract == &fixture.contract &&
                                     (rights[r].role != ANSHIN_ROLE_ORGANISATION || whose == 4 || same);

                looked++;
                allowed += expected;
                wrong += anshin_staff_may(&staff, (anshin_desk_verb_t)verb, contract, whose < 4 ? &account : NULL) !=
                         expected;
            }
        }
    }
    ok(wrong == 0, "ROL-1, ROL-3: every role, verb, contract and organisation is answered as it should be");
    ok(looked > 20000 && allowed > 100, "looked at: %d, of which %d may", looked, allowed);
    for (const anshin_word_t *word = anshin_desk_verb_words; word->name != NULL; word++) {
        ok(anshin_desk_verb_changes((anshin_desk_verb_t)word->value) == !is_among("find see list export", word->name),
           "ROL-1: %s %s", word->name,
           is_among("find see list export", word->name) ? "only looks" : "changes something");
    }
    ok(!anshin_desk_verb_changes(ANSHIN_DESK_VERBS), "and what is no verb changes nothing");
}

static void test_elsewhere(void)
{
    const anshin_staff_t staff = {.contract = &staff_contract, .user = "ope", .role = ANSHIN_ROLE_ADMIN};
    const anshin_account_t account = {.contract = "p-02", .user = "u"};
    const anshin_account_t nowhere = {.contract = NULL, .user = "u"};

    ok(!anshin_staff_may(&staff, ANSHIN_DESK_SEE, &fixture.contract, &account) &&
           !anshin_staff_may(&staff, ANSHIN_DESK_SEE, &fixture.contract, &nowhere),
       "ROL-3: an account of another contract than the one that is asked for is nobody's");
}

/* --- operators --------------------------------------------------------------------------------------------------- */

/* "done", or how it was refused. */
static const char *set_role(const anshin_contract_t *contract, const char *user, anshin_role_t role,
                            const char *organisation)
{
    anshin_amend_t amend = {.user = user, .kind = -1, .method = -1};
    anshin_amended_t amended;
    anshin_op_t *op = command(contract);

    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_ROLE |
                                                      (organisation != NULL ? 1 << ANSHIN_ATTRIBUTE_ORGANISATION : 0),
                                             .role = (int)role,
                                             .organisation = organisation};
    return anshin_account_amend(op, &amend, &amended) == APR_SUCCESS ? "done" : op->error.text;
}

static anshin_session_t sessions[16];
static int session_count;

/* An operator who is logged in, his password checked just now. */
static anshin_member_t operator_of(const char *user, anshin_role_t role, const char *organisation)
{
    anshin_contract_t customer = fixture.contract;
    anshin_member_t member;

    fixture.contract = staff_contract; /* as users.h makes users of the fixture's contract */
    (void)users_register(&fixture, user, ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, user, ANSHIN_METHOD_PASSWORD);
    fixture.contract = customer;
    (void)set_role(&staff_contract, user, role, organisation);
    sessions[session_count] = *member.session;
    member.session = &sessions[session_count++];
    return member;
}

static void test_roles(void)
{
    anshin_member_t viewer = operator_of("view", ANSHIN_ROLE_VIEWER, NULL);
    anshin_member_t nobody = operator_of("none", ANSHIN_ROLE_NONE, NULL);
    anshin_staff_t staff;
    anshin_op_t *op;

    is(set_role(&staff_contract, "view", ANSHIN_ROLE_ORGANISATION, NULL),
       "role: organisation needs the organisation whose users the operator acts on; give it too",
       "ROL-1: an administrator of no organisation is none");
    (void)users_register(&fixture, "c1", ANSHIN_METHOD_PASSWORD);
    is(set_role(&fixture.contract, "c1", ANSHIN_ROLE_ADMIN, NULL),
       "role: users of contract p-01 are no operators (AnshinStaff off)", "ROL-1: a customer gets no role");
    ok(anshin_staff_find(staff_op(), &viewer, &staff) == APR_SUCCESS && staff.role == ANSHIN_ROLE_VIEWER,
       "ROL-1: the role is that of the account");
    ok(anshin_staff_find(staff_op(), &nobody, &staff) == ANSHIN_EDENIED && staff.role == ANSHIN_ROLE_NONE,
       "ROL-1: without a role nobody is an operator");
    is(set_role(&staff_contract, "view", ANSHIN_ROLE_NONE, NULL), "done", "a role is taken away");
    ok(anshin_staff_find(staff_op(), &viewer, &staff) == ANSHIN_EDENIED, "ROL-1: and is gone at once");
    op = staff_op();
    staff_contract.policy.staff = 0;
    (void)set_role(&staff_contract, "view", ANSHIN_ROLE_VIEWER, NULL);
    ok(anshin_staff_find(op, &viewer, &staff) == ANSHIN_EDENIED,
       "ROL-1: nor is one of a contract that is none of theirs");
    staff_contract.policy.staff = 1;
}

/* --- orders ------------------------------------------------------------------------------------------------------ */

/* "done", the key of what is wrong, or a status. */
static const char *order_as(const anshin_member_t *member, anshin_desk_verb_t verb, const char *contract,
                            const char *user, const char *why)
{
    const anshin_desk_order_t order = {
        .member = member, .verb = verb, .whom = {contract, user, account_of(user).number}, .terminal = 1, .why = why};
    const char *error;
    apr_status_t status = anshin_desk_do(staff_op(), &order, &error);

    return status != APR_SUCCESS ? anshin_status_name(status) : error != NULL ? error : "done";
}

static struct {
    anshin_actor_kind_t kind;
    const char *name, *why, *user;
    int count;
} heard;

static apr_status_t hear(void *ctx, anshin_op_t *op, anshin_txn_t *txn, const anshin_act_facts_t *facts)
{
    (void)ctx;
    (void)txn;
    heard.kind = op->actor.kind;
    heard.name = apr_pstrdup(fixture.pool, op->actor.name);
    heard.why = apr_pstrdup(fixture.pool, op->actor.why);
    heard.user = apr_pstrdup(fixture.pool, facts->user);
    heard.count++;
    return APR_SUCCESS;
}

/* The operator's word stands above the customer's. */
static void test_closed(const anshin_member_t *desk, const anshin_member_t *chief)
{
    is(order_as(chief, ANSHIN_DESK_UNLOCK, "p-01", "y1", NULL), "desk.not_yours",
       "ROL-1: the customer's administrator does not open what the operator has disabled");
    is(order_as(chief, ANSHIN_DESK_DISABLE, "p-01", "y1", NULL), "done", "ROL-1: nor by disabling it once more");
    ok(account_of("y1").locked_by == ANSHIN_LOCKED_BY_OPERATOR, "which changes nothing of who did");
    is(order_as(chief, ANSHIN_DESK_UNLOCK, "p-01", "y1", NULL), "desk.not_yours", "and it stays closed");
    (void)anshin_account_unlock(command(&fixture.contract), "y1");
    is(order_as(chief, ANSHIN_DESK_DISABLE, "p-01", "y1", NULL), "done", "ROL-3: what is open, he disables");
    ok(account_of("y1").locked_by == ANSHIN_LOCKED_BY_ORGANISATION, "and it is kept who did");
    is(order_as(desk, ANSHIN_DESK_UNLOCK, "p-01", "y1", NULL), "desk.not_yours",
       "ROL-1: which is none of the help desk's");
    is(order_as(chief, ANSHIN_DESK_UNLOCK, "p-01", "y1", NULL), "done", "ROL-3: and he opens it again");
    ok(account_of("y1").state == ANSHIN_ACCOUNT_ACTIVE, "and it is open");
    (void)order_as(chief, ANSHIN_DESK_DISABLE, "p-01", "y1", NULL);
    (void)anshin_account_lock(command(&fixture.contract), "y1", ANSHIN_ACCOUNT_DISABLED);
    is(order_as(chief, ANSHIN_DESK_UNLOCK, "p-01", "y1", NULL), "desk.not_yours",
       "ROL-1: until the operator has disabled it, too");
    (void)anshin_account_unlock(command(&fixture.contract), "y1");
}

static void test_orders(void)
{
    static const anshin_audit_t ear = {NULL, hear};
    anshin_member_t desk = operator_of("desk1", ANSHIN_ROLE_HELPDESK, NULL);
    anshin_member_t chief = operator_of("chief", ANSHIN_ROLE_ORGANISATION, "山田商事");
    anshin_history_walk_t walk = {"y1", 0, -1};
    anshin_history_t entry = {.result = 0};

    customer("y1", "山田商事");
    customer("s1", "佐藤工業");
    fixture.env.audit = &ear;
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-01", "y1", NULL), "done", "ROL-2: the help desk locks");
    ok(account_of("y1").state == ANSHIN_ACCOUNT_LOCKED, "and it is locked");
    ok(heard.kind == ANSHIN_ACTOR_STAFF && strcmp(heard.name, "staff/desk1") == 0 && strcmp(heard.user, "y1") == 0,
       "AUD-1: the trail hears who did it: %s", heard.name);
    is(order_as(&chief, ANSHIN_DESK_UNLOCK, "p-01", "y1", NULL), "desk.not_yours",
       "ROL-1: nobody opens what was locked by those who alone may lock");
    ok(account_of("y1").state == ANSHIN_ACCOUNT_LOCKED, "and it stays locked");
    (void)anshin_account_lock(command(&fixture.contract), "y1", ANSHIN_ACCOUNT_DISABLED);
    is(order_as(&desk, ANSHIN_DESK_UNLOCK, "p-01", "y1", NULL), "desk.not_yours",
       "ROL-1: nor what was disabled by those who alone may disable");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-01", "y1", NULL), "desk.not_active", "ROL-1: not even half, by a lock");
    ok(account_of("y1").state == ANSHIN_ACCOUNT_DISABLED, "and it stays disabled");
    test_closed(&desk, &chief);
    is(order_as(&chief, ANSHIN_DESK_UNLOCK, "p-01", "s1", NULL), "not found", "ROL-3: nobody of another organisation");
    is(order_as(&chief, ANSHIN_DESK_UNLOCK, "p-01", "nobody", NULL), "not found", "S8: as if there were none");
    is(order_as(&chief, ANSHIN_DESK_LOCK, "p-01", "y1", NULL), "denied", "ROL-1: nor what the role may not");
    is(order_as(&desk, ANSHIN_DESK_DISABLE, "p-01", "y1", NULL), "denied", "ROL-1: nor the help desk an admin's verb");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "staff", "chief", NULL), "not found", "ROL-1: nobody acts on operators");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-02", "y1", NULL), "not found", "ROL-1: nor on a contract that names none");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-99", "y1", NULL), "not found", "nor on one that is not there");
    is(order_as(&desk, ANSHIN_DESK_SEE, "p-01", "y1", NULL), "denied", "to look is no order");
    is(order_as(&desk, (anshin_desk_verb_t)99, "p-01", "y1", NULL), "denied", "nor is what is no verb");
    is(order_as(&desk, ANSHIN_DESK_REVOKE, "p-01", "y1", NULL), "desk.no_certificate", "what is not there is told");
    is(order_as(&desk, ANSHIN_DESK_MUST_CHANGE, "p-01", "y1", NULL), "done", "a new password is asked for");
    is(order_as(&desk, ANSHIN_DESK_LOGOUT, "p-01", "y1", NULL), "done", "sessions are ended");
    is(order_as(&desk, ANSHIN_DESK_RENEW, "p-01", "y1", NULL), "desk.not_renewable",
       "nothing ends soon: nothing is renewed");
    (void)anshin_history_part(fixture_op(&fixture), &walk, 1, users_first, &entry);
    ok(entry.address == NULL || strcmp(entry.address, "192.0.2.9") != 0,
       "the operator's address is in no history of the user's");
}

static void test_reason(void)
{
    anshin_member_t desk = operator_of("desk2", ANSHIN_ROLE_HELPDESK, NULL);

    fixture.contract.policy.staff_reason = 1;
    customer("r1", "");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-01", "r1", NULL), "errors.why_missing", "a reason is asked for");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-01", "r1", " \t "), "errors.why_wrong", "of something that can be seen");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-01", "r1", "  "), "errors.why_missing", "spaces are none");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-01", "r1", "a\nb"), "errors.why_wrong", "in one line");
    ok(account_of("r1").state == ANSHIN_ACCOUNT_ACTIVE, "and nothing is done without");
    is(order_as(&desk, ANSHIN_DESK_LOCK, "p-01", "r1", " 端末紛失 "), "done", "with one it is");
    ok(heard.why != NULL && strcmp(heard.why, "端末紛失") == 0, "AUD-1: and the trail has it: %s", heard.why);
    fixture.contract.policy.staff_reason = 0;
}

/* As accounts were before they had numbers. */
static void unnumber(const char *user)
{
    anshin_account_t account = account_of(user);

    account.number = NULL;
    fixture_put(&fixture, &anshin_record_account, apr_pstrcat(fixture.pool, "p-01/", user, NULL), &account);
}

static void test_old(void)
{
    anshin_member_t desk = operator_of("desk3", ANSHIN_ROLE_HELPDESK, NULL);
    anshin_desk_order_t order = {.member = &desk, .verb = ANSHIN_DESK_LOCK, .whom = {"p-01", "s1", NULL}};
    const anshin_staff_t as_desk3 = {.contract = &staff_contract, .user = "desk3", .role = ANSHIN_ROLE_HELPDESK};
    anshin_desk_facts_t facts;
    const char *error;

    order.whom.number = account_of("y1").number;
    ok(anshin_desk_do(staff_op(), &order, &error) == ANSHIN_ENOTFOUND,
       "IDN-1: another account than the page has shown is not meant");
    order.whom.number = NULL;
    ok(anshin_desk_do(staff_op(), &order, &error) == ANSHIN_ENOTFOUND, "nor is none");
    order.whom.number = account_of("s1").number;
    unnumber("s1");
    order.whom.number = "";
    ok(anshin_desk_do(staff_op(), &order, &error) == APR_SUCCESS && error == NULL && account_of("s1").number != NULL,
       "IDN-1: one from before accounts had numbers is meant by none, and gets one");
    ok(anshin_desk_see(staff_op(), &as_desk3, &order.whom, &facts) == APR_SUCCESS &&
           strcmp(facts.user.account.user, "s1") == 0,
       "IDN-1: and is found behind the same address afterwards");
    order.whom = (anshin_desk_whom_t){"p-01", "y1", ""};
    ok(anshin_desk_do(staff_op(), &order, &error) == ANSHIN_ENOTFOUND, "IDN-1: but nobody who always had one");
    order.whom = (anshin_desk_whom_t){"p-01", "s1", account_of("s1").number};
    sessions[session_count - 1].checked_at = fixture.now - apr_time_from_sec(86400);
    ok(anshin_desk_do(staff_op(), &order, &error) == ANSHIN_EDENIED, "S12: not without the password of just now");
}

/* What slips by every question before is refused in the transaction, and nothing of it stays. */
static void test_permit(void)
{
    const anshin_staff_t chief = {.contract = &staff_contract,
                                  .user = "chief",
                                  .number = "0",
                                  .role = ANSHIN_ROLE_ORGANISATION,
                                  .organisation = "山田商事"};
    anshin_staff_deed_t deed = {.staff = &chief, .verb = ANSHIN_DESK_UNLOCK, .number = account_of("s1").number};
    anshin_op_t op;
    int before;
    anshin_account_t locked;

    (void)anshin_account_unlock(command(&fixture.contract), "s1"); /* so that the lock is one */
    before = heard.count;
    (void)anshin_account_lock(command(&fixture.contract), "s1", ANSHIN_ACCOUNT_LOCKED);
    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    ok(anshin_account_unlock(&op, "s1") == ANSHIN_EDENIED && account_of("s1").state == ANSHIN_ACCOUNT_LOCKED,
       "ROL-3: another organisation's user, at the last door: %s", op.error.text);
    ok(heard.count == before + 1, "and the trail heard of nothing but the lock");
    (void)anshin_account_lock(command(&fixture.contract), "y1", ANSHIN_ACCOUNT_LOCKED);
    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    ok(anshin_account_unlock(&op, "y1") == ANSHIN_EDENIED && account_of("y1").state == ANSHIN_ACCOUNT_LOCKED,
       "IDN-1: another account than the one that is meant, at the last door");
    deed.number = account_of("y1").number;
    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    op.actor.permit = NULL;
    ok(anshin_account_unlock(&op, "y1") == ANSHIN_EDENIED, "ROL-3: without a permit nothing is done");
    locked = account_of("y1");
    locked.locked_by = ANSHIN_LOCKED_BY_USER;
    fixture_put(&fixture, &anshin_record_account, "p-01/y1", &locked);
    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    ok(anshin_account_unlock(&op, "y1") == APR_SUCCESS, "with it the own user's account opens");
    (void)anshin_account_lock(command(&fixture.contract), "y1", ANSHIN_ACCOUNT_DISABLED);
    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    ok(anshin_account_unlock(&op, "y1") == ANSHIN_ECONFLICT && account_of("y1").state == ANSHIN_ACCOUNT_DISABLED,
       "ROL-1: what others have closed stays so, at the last door: %s", op.error.text);
    (void)anshin_account_unlock(command(&fixture.contract), "y1");
    deed.verb = ANSHIN_DESK_LOCK;
    anshin_staff_op(&op, staff_op(), &fixture.contract, &deed);
    ok(anshin_account_lock(&op, "y1", ANSHIN_ACCOUNT_LOCKED) == ANSHIN_EDENIED, "ROL-1: not by a verb of others");
}

/* --- search ------------------------------------------------------------------------------------------------------ */

/* The users that are found, with blanks between; "+" behind: there are more. */
static const char *find(const anshin_staff_t *staff, const char *typed, anshin_found_t *found)
{
    const char *text = "";
    apr_status_t status = anshin_desk_find(staff_op(), staff, typed, ANSHIN_FIND_WHOLE, found);

    for (int i = 0; status == APR_SUCCESS && i < found->users->nelts; i++) {
        text = apr_pstrcat(fixture.pool, text, i > 0 ? " " : "",
                           APR_ARRAY_IDX(found->users, i, anshin_found_user_t).account.user, NULL);
    }
    return status == APR_SUCCESS ? apr_pstrcat(fixture.pool, text, found->more ? "+" : "", NULL) : "failed";
}

static void test_find(void)
{
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    const anshin_staff_t chief = {
        .contract = &staff_contract, .user = "c", .role = ANSHIN_ROLE_ORGANISATION, .organisation = "山田商事"};
    const anshin_certificate_t certificate = {
        .contract = "p-01", .user = "s1", .serial = "0ab1", .account = account_of("s1").number};
    const anshin_help_number_t help = {.contract = "p-01", .kind = ANSHIN_HELP_ACCOUNT, .user = "s1"};
    anshin_found_t found;
    const anshin_terminal_t terminal = {
        .contract = "p-01", .user = "s1", .number = 1, .address = "hanako@sato.example"};

    fixture_put(&fixture, &anshin_record_certificate, "0ab1", &certificate);
    fixture_put(&fixture, &anshin_record_help_number, "AN-23456789", &help);
    fixture_put(&fixture, &anshin_record_terminal, "p-01/s1/1", &terminal);
    is(find(&desk, "S1", &found), "s1", "ROL-2: by the ID, as it is typed");
    is(find(&desk, "Ｓ１ ", &found), "s1", "ADR-2: wide, with a space");
    is(find(&desk, "佐藤", &found), "s1", "by a part of the organisation");
    is(find(&desk, "HANAKO@", &found), "s1", "by a part of the address, in either case");
    is(find(&desk, "0A:B1", &found), "s1", "by a serial number as tools print it");
    is(find(&desk, "00:0a:b1", &found), "s1", "with zeros in front");
    ok(found.by == ANSHIN_FOUND_BY_SERIAL, "and it is said how");
    is(find(&desk, "an-2345 6789", &found), "s1", "by the number of a page");
    ok(found.number != NULL && strcmp(found.number, "AN-23456789") == 0, "and what the page was about is there");
    is(find(&desk, "", &found), "", "nothing is looked for");
    is(find(&desk, "*", &found), "", "nor everything");
    is(find(&desk, "1*", &found), "c1 r1 s1 y1", "all that have it in them");
    is(find(&chief, "1*", &found), "y1", "ROL-3: of the own organisation alone");
    is(find(&chief, "s1", &found), "", "ROL-3: not by the ID");
    is(find(&chief, "佐藤", &found), "", "ROL-3: nor by the organisation");
    is(find(&chief, "hanako", &found), "", "ROL-3: nor by the address");
    is(find(&chief, "0ab1", &found), "", "ROL-3: nor by a certificate");
    is(find(&chief, "AN-23456789", &found), "", "ROL-3: nor by a number");
    ok(found.number == NULL, "ROL-3: of which nothing is told");
    is(find(&desk, "desk1", &found), "", "ROL-1: operators are not looked for");
    for (int i = 0; i < ANSHIN_FOUND_MAX + 5; i++) {
        const anshin_account_t account = {
            .contract = "p-01", .user = apr_psprintf(fixture.pool, "many%02d", i), .state = ANSHIN_ACCOUNT_PENDING};

        fixture_put(&fixture, &anshin_record_account, apr_pstrcat(fixture.pool, "p-01/", account.user, NULL), &account);
    }
    ok(find(&desk, "many", &found) != NULL && found.users->nelts == ANSHIN_FOUND_MAX && found.more,
       "and it is told that there are more than %d", ANSHIN_FOUND_MAX);
    is(find(&chief, "many", &found), "", "ROL-3: which says nothing to others");
    ok(!found.more, "not even that there are many");
}

/* What a search remembers on its way is bounded by what its operator may see, and by what the answers can hold. */
static void test_memory(void)
{
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    const anshin_staff_t chief = {
        .contract = &staff_contract, .user = "c", .role = ANSHIN_ROLE_ORGANISATION, .organisation = "山田商事"};
    const anshin_terminal_t own = {.contract = "p-01", .user = "y1", .number = 1, .address = "y1@flood.example"};
    char *address = apr_palloc(fixture.pool, FLOOD_OCTETS);
    anshin_found_t found;
    long before;

    memset(address, 'a', FLOOD_OCTETS);
    apr_cpystrn(address + FLOOD_OCTETS - 16, "@flood.example", 16);
    for (int i = 0; i < FLOOD; i++) {
        const anshin_terminal_t terminal = {
            .contract = "p-01", .user = apr_psprintf(fixture.pool, "flood%04d", i), .number = 1, .address = address};
        const anshin_account_t account = {.contract = "p-01",
                                          .user = terminal.user,
                                          .number = "1",
                                          .memo = address,
                                          .organisation = "佐藤工業",
                                          .state = ANSHIN_ACCOUNT_ACTIVE};
        const char *key = apr_pstrcat(fixture.pool, "p-01/", terminal.user, NULL);

        fixture_put(&fixture, &anshin_record_account, key, &account);
        fixture_put(&fixture, &anshin_record_terminal, apr_pstrcat(fixture.pool, key, "/1", NULL), &terminal);
    }
    fixture_put(&fixture, &anshin_record_terminal, "p-01/y1/1", &own);
    before = memory_pages();
    is(find(&chief, "@flood.", &found), "y1", "ROL-3: addresses of many others, and an own");
    ok(memory_pages() - before < FLOOD_PAGES, "and those of others are not kept: %ld pages more",
       memory_pages() - before);
    before = memory_pages();
    ok(find(&desk, "@flood.", &found) != NULL && found.users->nelts == ANSHIN_FOUND_MAX && found.more,
       "who may see all has as many as there is room for, and is told that there are more");
    ok(memory_pages() - before < FLOOD_PAGES, "and the rest is not kept: %ld pages more", memory_pages() - before);
    for (int i = 0; i < FLOOD; i++) {
        const char *key = apr_psprintf(fixture.pool, "p-01/flood%04d", i);

        fixture_delete(&fixture, &anshin_record_account, key);
        fixture_delete(&fixture, &anshin_record_terminal, apr_pstrcat(fixture.pool, key, "/1", NULL));
    }
}

/* Each kind of lock is seen, and an unlock ends it. */
static void see_locks(const anshin_staff_t *staff)
{
    static const char *const keys[] = {
        "p-01/y1/password",     "p-01/y1/code",         "p-01/y1/answer",      "p-01/y1/stranger",
        "p-01/y1/registration", "p-01/y1/address-code", "p-01/y1/lost-device", NULL};
    const anshin_desk_whom_t whom = {"p-01", "y1", account_of("y1").number};
    const anshin_counter_t full = {.failures = 7, .locked_at = fixture.now};
    const anshin_download_t download = {.expires_at = fixture.now + apr_time_from_sec(60)};
    const char *subject = anshin_download_subject(command(&fixture.contract), "y1", 1);
    anshin_desk_facts_t facts;
    int seen = 0;

    for (const char *const *key = keys; *key != NULL; key++) {
        fixture_put(&fixture, &anshin_record_counter, *key, &full);
    }
    fixture_put(&fixture, &anshin_record_download, "p-01/y1/1", &download);
    fixture_put(&fixture, &anshin_record_counter, apr_pstrcat(fixture.pool, "p-01/", subject, "/download", NULL),
                &full);
    ok(anshin_desk_see(staff_op(), staff, &whom, &facts) == APR_SUCCESS, "a user who is locked in every way");
    for (const anshin_word_t *kind = anshin_counter_words; kind->name != NULL; kind++) {
        ok((facts.locked & 1u << kind->value) != 0 && facts.failures[kind->value] == 7, "ROL-2: the lock of %s is seen",
           kind->name);
        seen++;
    }
    ok(seen == 8 && facts.lost_device.since == fixture.now, "locks looked at: %d", seen);
    (void)anshin_account_unlock(command(&fixture.contract), "y1");
    ok(anshin_desk_see(staff_op(), staff, &whom, &facts) == APR_SUCCESS && facts.locked == 0,
       "ROL-2: and an unlock ends them all");
    fixture_delete(&fixture, &anshin_record_download, "p-01/y1/1");
}

static void test_see(void)
{
    const anshin_staff_t chief = {
        .contract = &staff_contract, .user = "c", .role = ANSHIN_ROLE_ORGANISATION, .organisation = "山田商事"};
    anshin_desk_facts_t facts;

    ok(anshin_desk_see(staff_op(), &chief, &(anshin_desk_whom_t){"p-01", "y1", account_of("y1").number}, &facts) ==
               APR_SUCCESS &&
           strcmp(facts.user.account.user, "y1") == 0,
       "ROL-3: the own user is seen");
    ok(facts.mails == NULL && anshin_desk_see_mails(staff_op(), &facts) == APR_SUCCESS && facts.mails != NULL,
       "and mail for who asks for it");
    see_locks(&chief);
    ok(anshin_desk_see(staff_op(), &chief, &(anshin_desk_whom_t){"p-01", "s1", account_of("s1").number}, &facts) ==
               ANSHIN_ENOTFOUND &&
           anshin_desk_see(staff_op(), &chief, &(anshin_desk_whom_t){"p-02", "y1", account_of("y1").number}, &facts) ==
               ANSHIN_ENOTFOUND &&
           anshin_desk_see(staff_op(), &chief, &(anshin_desk_whom_t){"staff", "chief", account_of("y1").number},
                           &facts) == ANSHIN_ENOTFOUND,
       "ROL-3: others are not there");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    test_table();
    test_elsewhere();
    test_roles();
    test_orders();
    test_reason();
    test_old();
    test_permit();
    test_find();
    test_memory();
    test_see();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

/* core/login/help_number.c (U18): a number to quote, which the help desk finds; alike for somebody and for nobody. */
#include <apr_strings.h>

#include "core/account/history.h"
#include "core/account/lockout_look.h"
#include "core/admin/erase.h"
#include "core/admin/housekeeping.h"
#include "core/login/help_number.h"
#include "unit/users.h"

#define ADDRESS "192.0.2.7"
#define DAY apr_time_from_sec(86400)

static fixture_t fixture;

/* What pages cost the store. */
static struct {
    int gets, puts, lazy, durable;
} cost;

static apr_status_t count_get(void *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                              apr_pool_t *pool)
{
    cost.gets++;
    return anshin_store_mem.get(txn, type, key, value, pool);
}

static apr_status_t count_put(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                              apr_size_t length)
{
    cost.puts++;
    return anshin_store_mem.put(txn, type, key, value, length);
}

static apr_status_t count_commit(void *txn, anshin_durability_t durability)
{
    *(durability == ANSHIN_DURABLE ? &cost.durable : &cost.lazy) += 1;
    return anshin_store_mem.commit(txn, durability);
}

/* --- pages --- */

static anshin_op_t *op_of(const char *address)
{
    anshin_op_t *op = users_op(&fixture, address);

    op->actor.client = "Firefox, Linux";
    return op;
}

/* What a page does; "": it has no number. */
static const char *page(const anshin_help_facts_t *facts, const char *address)
{
    anshin_help_shown_t shown;

    if (anshin_help_number(op_of(address), facts, &shown) != APR_SUCCESS || shown.number == NULL ||
        anshin_help_number_keep(op_of(address), &shown) != APR_SUCCESS) {
        return "";
    }
    return shown.number;
}

static const char *login_page(const char *user, apr_time_t until)
{
    return page(&(anshin_help_facts_t){.kind = ANSHIN_HELP_ACCOUNT, .user = user, .until = until}, ADDRESS);
}

static apr_status_t find(const char *typed, anshin_help_number_t *record)
{
    anshin_op_t *op = fixture_op(&fixture);
    const char *number;

    memset(record, 0, sizeof(*record));
    op->contract = NULL;
    return anshin_help_number_find(op, typed, &number, record);
}

/* Wrong passwords until the lock is told. */
static apr_time_t lock(const char *user)
{
    anshin_login_result_t result = {.outcome = ANSHIN_LOGIN_WRONG};

    for (int i = 0; i < 20 && result.outcome == ANSHIN_LOGIN_WRONG; i++) {
        result = users_login(&fixture, user, "wrong", &users_no_peer, apr_psprintf(fixture.pool, "198.51.100.%d", i));
    }
    ok(result.outcome == ANSHIN_LOGIN_LOCKED, "%s is locked", user);
    return result.lock.unlock_at;
}

/* --- tests --- */

static void test_account(void)
{
    anshin_help_number_t record;
    apr_time_t until;
    const char *number;

    (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
    until = lock("taro");
    number = login_page("taro", until);
    ok(strlen(number) == 11 && strncmp(number, "AN-", 3) == 0 &&
           strspn(number + 3, "23456789BCDFGHJKMNPQRSTVWXYZ") == 8,
       "a number that can be read out: %s", number);
    ok(same_text(login_page(" Taro ", until), number),
       "U18: the page shows the same one again, however the ID is typed");
    ok(fixture_count(&fixture, &anshin_record_help_number) == 1, "and it is written once");
    ok(find(number, &record) == APR_SUCCESS && same_text(record.user, "taro") && record.typed == NULL &&
           same_text(record.contract, "p-01") && record.kind == ANSHIN_HELP_ACCOUNT &&
           same_text(record.account, users_account(&fixture, "taro").number),
       "U18: the help desk finds whose it is");
    ok(record.at == fixture.now && record.since == fixture.now && record.until == until &&
           same_text(record.address, ADDRESS) && same_text(record.client, "Firefox, Linux"),
       "when, until when, from where");
    ok(find(apr_psprintf(fixture.pool, " an %.4s-%s ", number + 3, number + 7), &record) == APR_SUCCESS &&
           find(number + 3, &record) == APR_SUCCESS,
       "as people type it");
    ok(find("AN-00000000", &record) == ANSHIN_ENOTFOUND && find("", &record) == ANSHIN_ENOTFOUND &&
           find("AN-2222222", &record) == ANSHIN_ENOTFOUND && find("222222222", &record) == ANSHIN_ENOTFOUND &&
           find("AN-22222222", &record) == ANSHIN_ENOTFOUND,
       "and no other");
    ok(!same_text(login_page("taro", until + DAY), number), "another lock has another number");
}

static void test_nobody(void)
{
    anshin_help_number_t record;
    const char *number = login_page("Nobody-1", lock("Nobody-1"));

    ok(find(number, &record) == APR_SUCCESS && record.user == NULL && same_text(record.typed, ANSHIN_HISTORY_NO_USER) &&
           record.kind == ANSHIN_HELP_STRANGERS && record.since == fixture.now,
       "S8: an ID that nobody has gets one, and what may be a password is not kept of it");
    ok(find(login_page("nobody-3", 0), &record) == APR_SUCCESS && same_text(record.typed, "nobody-3"),
       "what was typed is, as the history keeps it");
    ok(find(login_page("\xe3\x83\xa6\xe3\x83\xbc", 0), &record) == APR_SUCCESS &&
           same_text(record.typed, ANSHIN_HISTORY_NO_USER),
       "an ID that nobody can have gets one");
}

/* What a page reads and writes, first and again. */
static int costs(const char *user, int *first)
{
    memset(&cost, 0, sizeof(cost));
    (void)login_page(user, 4711);
    *first = cost.gets * 10000 + cost.puts * 100 + cost.lazy * 10 + cost.durable;
    memset(&cost, 0, sizeof(cost));
    (void)login_page(user, 4711);
    return cost.puts + cost.lazy + cost.durable == 0 ? cost.gets : -1;
}

static void test_cost(void)
{
    int of_user, of_locked, of_nobody;
    int again;

    (void)users_register(&fixture, "jiro", ANSHIN_METHOD_PASSWORD);
    (void)costs("somebody", &of_nobody); /* the day's count is there from now on */
    again = costs("nobody-2", &of_nobody);
    ok(costs("jiro", &of_user) == again && again > 0, "S8: a page shown again reads %d records, whoever it is", again);
    ok(costs("taro", &of_locked) == again, "S8: locked or not");
    ok(of_user == of_nobody && of_locked == of_nobody, "S8: the first time as well, and writes the same (%d)",
       of_nobody);
    ok(of_nobody % 10 == 0 && of_nobody / 10 % 10 == 1, "COST-1: in one transaction, which no disk is waited for");
}

/* A stranger who watches the number of a lock of his own learns nothing of the user. */
static void test_still(void)
{
    const char *number = login_page("saburo", 99);

    (void)users_register(&fixture, "saburo", ANSHIN_METHOD_PASSWORD);
    ok(same_text(login_page("saburo", 99), number), "S8: that there is such a user by now does not show");
    (void)lock("saburo");
    ok(same_text(login_page("saburo", 99), number), "S8: nor that the account is locked");
    ok(anshin_account_lock(fixture_op(&fixture), "saburo", ANSHIN_ACCOUNT_LOCKED) == APR_SUCCESS &&
           same_text(login_page("saburo", 99), number),
       "S8: nor by whom");
}

/* Where only the operator unlocks, a lock has no end to be told apart by (U18). */
static void test_again(void)
{
    anshin_help_facts_t facts = {.kind = ANSHIN_HELP_ACCOUNT, .user = "shichiro"};
    anshin_help_number_t record;
    const char *first, *second;

    fixture.contract.policy.unlock_after = 0;
    (void)users_register(&fixture, "shichiro", ANSHIN_METHOD_PASSWORD);
    ok(lock("shichiro") == 0, "that lock opens by nobody but the operator");
    facts.since = fixture.now;
    first = page(&facts, ADDRESS);
    ok(find(first, &record) == APR_SUCCESS && record.since == facts.since, "its number");
    fixture.now += DAY;
    ok(same_text(page(&facts, ADDRESS), first), "U18: shown again a day later it is the same");
    (void)anshin_account_unlock(fixture_op(&fixture), "shichiro");
    (void)lock("shichiro");
    facts.since = fixture.now;
    second = page(&facts, ADDRESS);
    ok(!same_text(second, first), "U18: the next lock has another number");
    ok(find(second, &record) == APR_SUCCESS && record.since == fixture.now && record.at == fixture.now &&
           record.kind == ANSHIN_HELP_ACCOUNT,
       "U18: which tells of that one");
    (void)anshin_account_lock(fixture_op(&fixture), "shichiro", ANSHIN_ACCOUNT_LOCKED);
    ok(same_text(page(&facts, ADDRESS), second), "S8: and is moved by no other lock than the one that was met");
}

static void test_operator(void)
{
    anshin_help_number_t record;

    (void)users_register(&fixture, "shiro", ANSHIN_METHOD_PASSWORD);
    (void)anshin_account_lock(fixture_op(&fixture), "shiro", ANSHIN_ACCOUNT_LOCKED);
    ok(find(login_page("shiro", 0), &record) == APR_SUCCESS && record.kind == ANSHIN_HELP_OPERATOR &&
           record.since == fixture.now,
       "the operator's lock is told as that");
}

static void test_link(void)
{
    anshin_help_facts_t facts = {.kind = ANSHIN_HELP_REGISTRATION, .link = ANSHIN_TOKEN_REGISTER};
    anshin_code_result_t result = {0, 0, 0};
    anshin_help_number_t record;
    const char *code, *number;

    facts.token = users_invite(&fixture, "goro", ANSHIN_METHOD_PASSWORD, &code);
    for (int i = 0; i < 20 && !result.locked; i++) {
        (void)anshin_registration_code(op_of(ADDRESS), facts.token, "wrong", &result);
    }
    number = page(&facts, ADDRESS);
    ok(result.locked && same_text(page(&facts, "203.0.113.9"), number),
       "U18: the page of a locked link has one number");
    ok(find(number, &record) == APR_SUCCESS && same_text(record.user, "goro") &&
           record.kind == ANSHIN_HELP_REGISTRATION && record.since == fixture.now,
       "by which its user is found");
    facts.token = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    ok(same_text(page(&facts, ADDRESS), ""), "a link that nobody has sent has none");
}

static void test_address(void)
{
    anshin_help_facts_t facts = {.kind = ANSHIN_HELP_ADDRESS, .until = fixture.now + DAY};
    anshin_help_number_t record;
    const char *number = page(&facts, "2001:db8:1:2::1");

    ok(find(number, &record) == APR_SUCCESS && record.kind == ANSHIN_HELP_ADDRESS && record.user == NULL &&
           record.typed == NULL && same_text(record.address, "2001:db8:1:2::1"),
       "LCK-4: a network that must wait has a number");
    ok(!same_text(page(&facts, "2001:db8:9:2::1"), number), "another one another");
    facts.until++;
    ok(!same_text(page(&facts, "2001:db8:1:2::1"), number), "and so has another time");
    ok(same_text(page(&facts, NULL), ""), "nobody's network has none");
}

static void test_certificate(void)
{
    anshin_help_facts_t facts = {.kind = ANSHIN_HELP_CERTIFICATE, .reason = "expired", .serial = "0a0b", .issued = 1};
    anshin_help_number_t record;
    const char *number;

    (void)users_register(&fixture, "rokuro", ANSHIN_METHOD_CERTIFICATE);
    (void)users_certificate(&fixture, "rokuro", 1, "0a0b");
    number = page(&facts, ADDRESS);
    ok(find(number, &record) == APR_SUCCESS && same_text(record.user, "rokuro") &&
           same_text(record.reason, "expired") && same_text(record.serial, "0a0b") && record.terminal == 1,
       "LOG-3: the number of a certificate of ours tells whose it is, and what is wrong");
    ok(same_text(page(&facts, ADDRESS), number) && !same_text(page(&facts, "192.0.2.8"), number), "for each network");
    facts.reason = "foreign";
    facts.issued = 0;
    number = page(&facts, ADDRESS);
    ok(find(number, &record) == APR_SUCCESS && record.user == NULL && same_text(record.serial, "0a0b"),
       "LOG-3: one of another CA with the same serial is nobody's");
    facts.serial = "0c";
    ok(same_text(page(&facts, ADDRESS), number), "whatever serials somebody makes up, they get one number");
}

/* By chance another page may have it. */
static void test_taken(void)
{
    const anshin_help_facts_t facts = {.kind = ANSHIN_HELP_ACCOUNT, .user = "hachiro"};
    anshin_help_number_t other = {.contract = "p-01", .subject = "another", .at = fixture.now};
    anshin_help_shown_t shown;
    const char *number;

    (void)anshin_help_number(op_of(ADDRESS), &facts, &shown);
    fixture_put(&fixture, &anshin_record_help_number, shown.number, &other);
    number = page(&facts, ADDRESS);
    ok(*number != '\0' && !same_text(number, shown.number), "a number that is taken is not given again");
    ok(same_text(page(&facts, ADDRESS), number), "and the other one stays");
    fixture_delete(&fixture, &anshin_record_help_number, shown.number); /* it was filed nowhere */
}

static void test_bounds(void)
{
    anshin_fact_t full = {.value = apr_itoa(fixture.pool, ANSHIN_HELP_A_DAY), .at = fixture.now};
    int before = fixture_count(&fixture, &anshin_record_help_number);
    anshin_housekeeping_t state = {.due = {0}};
    const char *task;
    int removed;

    fixture_put(&fixture, &anshin_record_fact, "help-numbers/p-01", &full);
    ok(same_text(login_page("too-many", 0), "") && fixture_count(&fixture, &anshin_record_help_number) == before,
       "S37: a day has room for so many, whatever strangers do");
    fixture.now += DAY + 1;
    ok(*login_page("too-many", 0) != '\0', "the next day for others");
    fixture.now += ANSHIN_KEEP_HELP - DAY + apr_time_from_sec(120);
    while (anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) == APR_SUCCESS) {}
    ok(fixture_count(&fixture, &anshin_record_help_number) == 1, "IDN-2: older ones than a week are gone");
}

static apr_status_t nothing_outside(void *baton, const anshin_erased_t *erased)
{
    (void)baton;
    (void)erased;
    return APR_SUCCESS;
}

static void test_erased(void)
{
    anshin_help_number_t record;
    anshin_erased_t erased;
    const char *typed = login_page("kieru", 1);
    const char *by_address = login_page("taro@example.jp", 1);
    const char *of_user, *others;

    (void)users_register(&fixture, "kieru", ANSHIN_METHOD_PASSWORD);
    of_user = login_page("kieru", 2);
    others = login_page("nokoru", 1);
    ok(find(typed, &record) == APR_SUCCESS && find(of_user, &record) == APR_SUCCESS &&
           find(by_address, &record) == APR_SUCCESS,
       "numbers of a user, and of what was typed before");
    ok(anshin_account_erase(fixture_op(&fixture), "kieru", nothing_outside, NULL, &erased) == APR_SUCCESS &&
           find(typed, &record) == ANSHIN_ENOTFOUND && find(of_user, &record) == ANSHIN_ENOTFOUND &&
           find(by_address, &record) == ANSHIN_ENOTFOUND,
       "IDN-2: none of them is left when the user is erased");
    ok(find(others, &record) == APR_SUCCESS, "others' stay");
}

int main(void)
{
    anshin_store_driver_t counted = anshin_store_mem;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    counted.get = count_get;
    counted.put = count_put;
    counted.commit = count_commit;
    fixture_open(&fixture, &counted, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    test_account();
    test_nobody();
    test_cost();
    test_still();
    test_operator();
    test_again();
    test_link();
    test_address();
    test_certificate();
    test_taken();
    test_bounds();
    test_erased();
    apr_pool_destroy(pool);
    return done();
}

/*
 * A contract is renamed (core/keeping/rename.h), whoever dies at whichever step: nothing is lost, nothing is there
 * twice, and of the old name nothing is left.
 */
#include "core/account/address_index.h"
#include "core/account/token.h"
#include "core/admin/census.h"
#include "core/context/former.h"
#include "unit/contract.h"

static int address_leads_to(int terminals)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_address_index_t index;
    apr_status_t status = anshin_address_index_get(op, txn, "taro@example.jp", &index);

    anshin_txn_abort(txn);
    return status == APR_SUCCESS && index.terminals->nelts == terminals;
}

static int imported_opens(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_account_t account = users_account(&fixture, "goro");
    const char *text = NULL, *old = NULL;

    return anshin_imported_open(op, &text, account.password_hash) == APR_SUCCESS && same_text(text, HASH) &&
           anshin_imported_open(op, &old, APR_ARRAY_IDX(account.password_history, 0, const char *)) == APR_SUCCESS &&
           same_text(old, HASH);
}

static int link_works(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_link_t link;
    apr_status_t status = anshin_token_find(op, txn, ANSHIN_TOKEN_REGISTER, link_token, &link);

    anshin_txn_abort(txn);
    return status == APR_SUCCESS && same_text(link.token.user, "jiro");
}

static int first_result(const char *user)
{
    anshin_history_t entry = {.result = -1};

    (void)fixture_get(&fixture, &anshin_record_history,
                      apr_pstrcat(fixture.pool, fixture.contract.name, "/", user, "/0000000000000000", NULL), &entry);
    return (int)entry.result;
}

static int job_waits(const char *contract)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    apr_int64_t count = 0;

    (void)anshin_txn_count_due(txn, &anshin_record_job, apr_pstrcat(fixture.pool, "strangers/", contract, NULL), 9,
                               &count);
    anshin_txn_abort(txn);
    return count == 1;
}

/* Everything of it, whoever died on the way. */
static void check_renamed(const char *how)
{
    anshin_approval_t approval;
    anshin_counter_t counter;
    anshin_presented_t presented = {ANSHIN_PRESENTED_GOOD, "0a", "fp-0a", "hana", 0, 0, ""};

    presented.not_before = fixture.now - apr_time_from_sec(60);
    presented.not_after = fixture.now + apr_time_from_sec(86400);
    ok(traces(OLD) == 0 && traces("p-010") == 3, "%s: nothing is left of the old name, and another one stays", how);
    ok(all_is_whole(), "%s: the store is whole", how);
    ok(address_leads_to(4) && imported_opens() && link_works() && job_waits(NEW),
       "%s: addresses, passwords of other systems, links and requests are there", how);
    ok(fixture_get(&fixture, &anshin_record_counter, NEW "/taro/password", &counter) == APR_SUCCESS &&
           counter.failures == 1,
       "%s: wrong attempts count on", how);
    ok(first_result("taro") == ANSHIN_HISTORY_REGISTERED && first_result("") == ANSHIN_HISTORY_UNKNOWN_USER,
       "%s: the history is there, that of unknown users as well", how);
    ok(fixture_get(&fixture, &anshin_record_approval, "a0", &approval) == APR_SUCCESS &&
           same_text(approval.name, NEW "/taro") && same_text(approval.second, NEW "/hana") &&
           same_text(APR_ARRAY_IDX(approval.whom, 0, const char *), NEW "/hana/0123/1") &&
           same_text(APR_ARRAY_IDX(approval.whom, 1, const char *), "p-010/hana/0123/1"),
       "%s: what waits for a second operator is about the same users", how);
    ok(fixture_count(&fixture, &anshin_record_session) == 0, "%s: sessions have ended", how);
    ok(users_login(&fixture, "taro", USERS_PASSWORD, &users_no_peer, "192.0.2.2").outcome == ANSHIN_LOGIN_OK &&
           users_login(&fixture, "hana", USERS_PASSWORD, &presented, "192.0.2.2").outcome == ANSHIN_LOGIN_OK,
       "%s: users log in as before", how);
}

static void test_rename(apr_pool_t *pool)
{
    anshin_rename_state_t state;
    anshin_holdings_t holdings;
    anshin_op_t *op;

    open_contract(&anshin_store_mem, pool);
    ok(rename_from(OLD) == ANSHIN_EINVALID && rename_from("No/name") == ANSHIN_EINVALID,
       "the same name, and one that none can have, are refused");
    declare(NEW);
    ok(rename_from("p-02") == ANSHIN_ENOTFOUND, "so is one that the store has nothing of");
    op = fixture_op(&fixture);
    ok(anshin_holdings_count(op, OLD, &holdings) == APR_SUCCESS && holdings.of[0].count == 4 &&
           holdings.of[2].count == 1 && holdings.mails->nelts == holdings.of[6].count && holdings.records > 30,
       "what there is can be counted");
    ok(anshin_contract_rename_check(op, OLD, &state) == APR_SUCCESS && traces(NEW) == 0, "and looked at");
    ok(rename_from(OLD) == APR_SUCCESS, "BAK-2: a contract is renamed");
    ok(renamed.users == 4 && renamed.records > 25 && renamed.ended > 5, "it tells of %d records, and %d that ended",
       (int)renamed.records, (int)renamed.ended);
    check_renamed("renamed");
    ok(rename_from(OLD) == APR_SUCCESS && renamed.state == ANSHIN_RENAME_DONE && renamed.records == 0,
       "once more: it has been renamed already");
    fixture_put(&fixture, &anshin_record_counter, OLD "/late/password", &(anshin_counter_t){.failures = 1});
    ok(rename_from(OLD) == APR_SUCCESS && renamed.records == 1 && traces(OLD) == 0,
       "what was written late comes over as well, though the new name has users by now");
}

static anshin_counter_t counter_with(apr_time_t one, apr_time_t two)
{
    anshin_counter_t counter = {.reservations = apr_array_make(fixture.pool, 2, sizeof(apr_int64_t)),
                                .owners = apr_array_make(fixture.pool, 2, sizeof(const char *))};

    APR_ARRAY_PUSH(counter.reservations, apr_int64_t) = one;
    APR_ARRAY_PUSH(counter.reservations, apr_int64_t) = two;
    APR_ARRAY_PUSH(counter.owners, const char *) = "first";
    APR_ARRAY_PUSH(counter.owners, const char *) = "second";
    return counter;
}

/* Checks that run while a late counter comes over are not forgotten: else there were room for more than the limit. */
static void test_late_reservations(apr_pool_t *pool)
{
    anshin_counter_t counter;

    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    (void)rename_from(OLD);
    counter = counter_with(1000, 3000);
    fixture_put(&fixture, &anshin_record_counter, NEW "/late/password", &counter);
    counter = counter_with(2000, 4000);
    counter.failures = 1;
    counter.owners = NULL;
    fixture_put(&fixture, &anshin_record_counter, OLD "/late/password", &counter);
    ok(rename_from(OLD) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_counter, NEW "/late/password", &counter) == APR_SUCCESS &&
           counter.failures == 1 && counter.reservations != NULL && counter.reservations->nelts == 4,
       "LCK-1: checks under way under both names hold their room");
    ok(counter.owners != NULL && counter.owners->nelts == 4 &&
           APR_ARRAY_IDX(counter.reservations, 1, apr_int64_t) == 2000 &&
           same_text(APR_ARRAY_IDX(counter.owners, 0, const char *), "first") &&
           same_text(APR_ARRAY_IDX(counter.owners, 1, const char *), "-") &&
           same_text(APR_ARRAY_IDX(counter.owners, 2, const char *), "second"),
       "LCK-1: the oldest first, each of its process");
}

/* Users of the new name, and those of before, are in nobody's way. */
static void test_refused(apr_pool_t *pool)
{
    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    (void)users_login(&fixture, "taro", "wrong", &users_no_peer, "192.0.2.1");
    (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
    ok(rename_from(OLD) == ANSHIN_ECONFLICT && renamed.records == 0,
       "a contract with users of its own takes none over");
    ok(anshin_account_delete(fixture_op(&fixture), "taro") == APR_SUCCESS && rename_from(OLD) == ANSHIN_ECONFLICT,
       "nor one that had some");
    declare("p-other");
    (void)users_login(&fixture, "taro", "wrong", &users_no_peer, "192.0.2.1");
    ok(rename_from(OLD) == APR_SUCCESS, "attempts of unknown users are in nobody's way");
    declare("p-third");
    fixture_put(&fixture, &anshin_record_fact, "renaming/p-third", &(anshin_fact_t){.value = "p-02"});
    ok(rename_from("p-other") == ANSHIN_ECONFLICT, "nor is another one taken while one is on its way");
}

/* Whoever is killed at whichever step, the same call ends it. */
static void test_killed(apr_pool_t *parent)
{
    int steps = 0, wrong = 0;

    for (int dead = 1; dead; steps += 7) {
        apr_pool_t *pool;

        apr_pool_create(&pool, parent);
        open_contract(&crash_store, pool);
        declare(NEW);
        dies_after = steps % 2;
        steps_left = steps;
        (void)rename_from(OLD);
        dead = died;
        steps_left = -1;
        died = 0;
        wrong += dead && rename_from(OLD) != APR_SUCCESS;
        wrong += traces(OLD) != 0 || traces("p-010") != 3 || !address_leads_to(4) || !imported_opens() || !link_works();
        if (dead && steps % 70 == 0) {
            check_renamed(apr_psprintf(pool, "killed at step %d", steps));
        }
        apr_pool_destroy(pool);
    }
    ok(wrong == 0 && steps > 100, "BAK-2: killed at %d steps, it is gone on with to the same end", steps / 7);
}

/* There and back again, and a person who is erased afterwards: also where the trail tells of the old name. */
static void test_back(apr_pool_t *pool)
{
    anshin_op_t *op;
    anshin_txn_t *txn;
    apr_array_header_t *names;

    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    ok(rename_from(OLD) == APR_SUCCESS && secrets() == 4, "the trail is as it was");
    declare("p-third");
    ok(rename_from(NEW) == APR_SUCCESS, "renamed once more");
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_former_get(op, txn, "p-third", &names) == APR_SUCCESS && names->nelts == 2 &&
           same_text(APR_ARRAY_IDX(names, 0, const char *), NEW),
       "both names of before are known");
    anshin_txn_abort(txn);
    declare(OLD);
    ok(rename_from("p-third") == APR_SUCCESS && traces(NEW) == 0 && traces("p-third") == 0 && imported_opens(),
       "and back again");
    declare(NEW);
    (void)rename_from(OLD);
    ok(erase_taro() == APR_SUCCESS, "a person is erased");
    ok(secrets() == 3 && all_is_whole(), "IDN-2: also in the trail, where that tells of the old name");
}

/* What htanshin check makes its findings of. */
static anshin_strangers_t told_of(const char *contract)
{
    anshin_census_t census;
    anshin_op_t *op = fixture_op(&fixture);

    if (anshin_census_take(op, &census) == APR_SUCCESS) {
        for (int i = 0; i < census.strangers->nelts; i++) {
            anshin_strangers_t found = APR_ARRAY_IDX(census.strangers, i, anshin_strangers_t);

            if (strcmp(found.contract, contract) == 0) {
                return found;
            }
        }
    }
    return (anshin_strangers_t){NULL, NULL, 0, 0};
}

static void test_told(apr_pool_t *pool)
{
    anshin_strangers_t old;

    open_contract(&crash_store, pool);
    ok(told_of(OLD).contract == NULL && told_of("p-010").users == 1, "who is declared is no stranger, another one is");
    declare(NEW);
    old = told_of(OLD);
    ok(old.users == 4 && old.renamed_to == NULL, "ADM-1: users of a contract that is not declared any more");
    steps_left = 40;
    (void)rename_from(OLD);
    steps_left = -1;
    ok(died, "killed in the midst");
    died = 0;
    old = told_of(OLD);
    ok(old.users == 4 && same_text(old.renamed_to, NEW), "ADM-1: a renaming that was killed");
    ok(rename_from(OLD) == APR_SUCCESS && told_of(OLD).contract == NULL, "ADM-1: and nothing when it was gone on with");
    fixture_put(&fixture, &anshin_record_counter, OLD "/late/password", &(anshin_counter_t){.failures = 1});
    old = told_of(OLD);
    ok(old.users == 0 && old.records == 1 && old.renamed_to == NULL, "ADM-1: what was written late is left");
}

/* Who erases a person of a renamed contract does not touch one of the same ID of the contract that has the name now. */
static void test_erase_namesake(apr_pool_t *pool)
{
    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    (void)rename_from(OLD);
    declare(OLD);
    (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
    ok(anshin_account_delete(fixture_op(&fixture), "taro") == APR_SUCCESS && secrets() == 5, "a namesake is deleted");
    declare(NEW);
    ok(erase_taro() == APR_SUCCESS && secrets() == 4, "IDN-2: and can be read in the trail as before");
}

/* An account of the machine that is called as a contract is none, and what a worker has in hand stays there. */
static void test_details(apr_pool_t *pool)
{
    anshin_approval_t approval = {.contract = "staff", .by = ANSHIN_ACTOR_OPERATOR, .name = OLD, .second = OLD};
    anshin_job_t job = {.contract = OLD, .kind = 2, .claimed_by = "w"};
    const anshin_due_queue_t queue = {&anshin_record_job, "strangers"};
    apr_array_header_t *entries;
    anshin_fact_t fact;
    anshin_txn_t *txn;
    anshin_op_t *op;

    open_contract(&anshin_store_mem, pool);
    job.claimed_until = fixture.now + apr_time_from_sec(300);
    fixture_put(&fixture, &anshin_record_approval, "a7", &approval);
    fixture_put(&fixture, &anshin_record_job, "strangers/" OLD "/00-11", &job);
    fixture_put(&fixture, &anshin_record_fact, "renewals/" OLD "/0123", &(anshin_fact_t){.value = "3", .at = 1});
    declare(NEW);
    ok(rename_from(OLD) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_approval, "a7", &approval) == APR_SUCCESS &&
           same_text(approval.name, OLD) && same_text(approval.second, OLD),
       "an account of the machine keeps its name");
    ok(fixture_get(&fixture, &anshin_record_fact, "renewals/" NEW "/0123", &fact) == APR_SUCCESS,
       "numbers of a day count on");
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_txn_list_due(txn, &queue, 9, &entries) == APR_SUCCESS && entries->nelts == 1 &&
           APR_ARRAY_IDX(entries, 0, anshin_due_entry_t).when == job.claimed_until,
       "a job that is in hand is not due before that ends");
    anshin_txn_abort(txn);
}

/* --- who writes meanwhile ----------------------------------------------------------------------------------------- */

static void test_late(apr_pool_t *pool)
{
    apr_status_t status;

    make_late_store();
    open_contract(&late_store, pool);
    declare(NEW);
    writes_late = 1;
    status = rename_from(OLD);
    writes_late = 0;
    ok(status == ANSHIN_EBUSY && traces(OLD) > 0, "renaming: not done while others write");
    ok(rename_from(OLD) == APR_SUCCESS && traces(OLD) == 0, "the same call goes on when they have ended");
}

static anshin_store_driver_t login_store;
static int logins_late;

static int is_there(const anshin_record_type_t *type, const char *key)
{
    return fixture_get(&fixture, type, key, apr_palloc(fixture.pool, type->size)) == APR_SUCCESS;
}

/* Somebody logs in by a process that has the configuration of before: the account is there still, the history not. */
static apr_status_t commit_and_login(void *txn, anshin_durability_t durability)
{
    apr_status_t status = anshin_store_mem.commit(txn, durability);

    if (logins_late > 0 && !inside) {
        inside = 1;
        if (is_there(&anshin_record_account, OLD "/taro") &&
            is_there(&anshin_record_sequence, "history/" NEW "/taro")) {
            logins_late--;
            declare(OLD);
            (void)users_login(&fixture, "taro", "wrong", &users_no_peer, "192.0.2.7");
            (void)users_login(&fixture, "taro", USERS_PASSWORD, &users_no_peer, "198.51.100.7");
            declare(NEW);
        }
        inside = 0;
    }
    return status;
}

static apr_int64_t entries(const char *key)
{
    anshin_sequence_t series = {.first = 0};

    (void)fixture_get(&fixture, &anshin_record_sequence, key, &series);
    return series.next - series.first;
}

static void test_late_login(apr_pool_t *pool)
{
    anshin_places_t places;
    apr_int64_t before;

    login_store = anshin_store_mem;
    login_store.commit = commit_and_login;
    open_contract(&login_store, pool);
    before = entries("history/" OLD "/taro");
    declare(NEW);
    logins_late = 1;
    ok(rename_from(OLD) == APR_SUCCESS && logins_late == 0,
       "BAK-2: who logs in under the old name meanwhile hinders nobody");
    ok(entries("history/" NEW "/taro") == before + 2 && first_result("taro") == ANSHIN_HISTORY_REGISTERED,
       "BAK-2: what the history had is there, and behind it what came late");
    ok(fixture_get(&fixture, &anshin_record_places, NEW "/taro", &places) == APR_SUCCESS &&
           places.networks->nelts == 2 && traces(OLD) == 0 && all_is_whole(),
       "BAK-2: and both networks are known");
    ok(users_login(&fixture, "taro", USERS_PASSWORD, &users_no_peer, "192.0.2.2").outcome == ANSHIN_LOGIN_OK,
       "who was late logs in as before");
}

/* Until it has ended nobody is made under the new name, or erased: what is not there yet would be nobody's. */
static void test_kept_out(apr_pool_t *pool)
{
    anshin_account_new_t spec = {.user = "taro",
                                 .method = ANSHIN_METHOD_PASSWORD,
                                 .language = "ja",
                                 .address = "x@example.jp",
                                 .terminal_kind = ANSHIN_TERMINAL_PC};
    anshin_invitation_t invitation;
    anshin_terminal_t terminal;

    open_contract(&crash_store, pool);
    declare(NEW);
    steps_left = 40;
    (void)rename_from(OLD);
    steps_left = -1;
    ok(died, "killed in the midst");
    died = 0;
    ok(anshin_account_create(fixture_op(&fixture), &spec, &invitation) == ANSHIN_ECONFLICT &&
           erase_taro() == ANSHIN_ECONFLICT,
       "BAK-2: nobody is made or erased in the midst of it");
    fixture_delete(&fixture, &anshin_record_fact, "renaming/" NEW);
    ok(fixture_get(&fixture, &anshin_record_terminal, NEW "/taro/1", &terminal) == APR_SUCCESS &&
           anshin_account_create(fixture_op(&fixture), &spec, &invitation) == ANSHIN_ECONFLICT &&
           fixture_get(&fixture, &anshin_record_terminal, NEW "/taro/1", &terminal) == APR_SUCCESS &&
           same_text(terminal.address, "taro@example.jp"),
       "BAK-2: nor is a device that came over taken for nobody's");
    fixture_put(&fixture, &anshin_record_fact, "renaming/" NEW, &(anshin_fact_t){.value = OLD});
    ok(rename_from(OLD) == APR_SUCCESS && traces(OLD) == 0, "and it goes on");
}

/* A way back on which nothing is forgotten, and a name that was given anew. */
static void test_names(apr_pool_t *pool)
{
    apr_array_header_t *names;
    anshin_txn_t *txn;
    anshin_op_t *op;

    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    ok(rename_from(OLD) == APR_SUCCESS, "there");
    fixture_put(&fixture, &anshin_record_fact, "renaming/" NEW, &(anshin_fact_t){.value = OLD});
    declare(OLD);
    ok(rename_from(NEW) == APR_SUCCESS && !is_there(&anshin_record_fact, "renaming/" NEW) &&
           !is_there(&anshin_record_fact, "renaming/" OLD),
       "BAK-2: the way back of one that was killed ends it");
    declare(NEW);
    ok(rename_from(OLD) == APR_SUCCESS, "and there once more");
    op = fixture_op(&fixture);
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_former_get(op, txn, NEW, &names) == APR_SUCCESS && names->nelts == 1, "BAK-2: the former name is known");
    anshin_txn_abort(txn);
    declare(OLD);
    (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
    (void)users_register(&fixture, "saburo", ANSHIN_METHOD_PASSWORD);
    declare(NEW);
    ok(rename_from(OLD) == ANSHIN_ECONFLICT && is_there(&anshin_record_terminal, OLD "/saburo/1") &&
           !is_there(&anshin_record_fact, "renaming/" NEW),
       "BAK-2: users of a name that was given anew are not taken for those of before");
    declare(OLD);
    ok(secrets() == 6 && erase_taro() == APR_SUCCESS && secrets() == 5,
       "IDN-2: who is erased there leaves the one of the same ID who was renamed away");
}

/* --- what was seen holds at the act -------------------------------------------------------------------------------- */

static void other_ends_it(void)
{
    ok(rename_from(OLD) == APR_SUCCESS, "somebody else has renamed it meanwhile");
}

/* And another process of before has written since: it is there to be renamed anew, as nobody has agreed to. */
static void other_ends_it_and_more_comes(void)
{
    other_ends_it();
    fixture_put(&fixture, &anshin_record_counter, OLD "/late/password", &(anshin_counter_t){.failures = 1});
}

static void kill_in_the_midst(void)
{
    steps_left = 40;
    (void)rename_from(OLD);
    steps_left = -1;
    ok(died, "killed in the midst");
    died = 0;
}

static void test_seen(apr_pool_t *pool)
{
    open_contract(&crash_store, pool);
    declare(NEW);
    meanwhile = kill_in_the_midst;
    ok(rename_from(OLD) == ANSHIN_ECONFLICT && renamed.records == 0 && traces(OLD) > 0,
       "BAK-2: who has agreed to a new one does not go on with another's");
    meanwhile = other_ends_it_and_more_comes;
    ok(rename_from(OLD) == ANSHIN_ECONFLICT && renamed.records == 0 && traces(OLD) > 0,
       "BAK-2: who ends one that was begun begins none anew");
    ok(rename_from(OLD) == APR_SUCCESS && renamed.records == 1, "and looks again");
    fixture_put(&fixture, &anshin_record_fact, "renaming/" NEW, &(anshin_fact_t){.value = OLD});
    fixture_delete(&fixture, &anshin_record_fact, "former/" NEW);
    ok(rename_from(OLD) == ANSHIN_EFAULT, "BAK-2: a mark without the name of before begins nothing");
    declare(OLD);
    ok(rename_from(NEW) == ANSHIN_EFAULT && traces(NEW) > 0, "BAK-2: nor is it turned back");
}

/* Between the look of the act itself and the transaction that begins it. */
static anshin_store_driver_t begun_store;
static int begins_late;

static apr_status_t begin_late(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err, apr_pool_t *pool)
{
    if (begins_late && mode == ANSHIN_TXN_WRITE) {
        begins_late = 0;
        fixture_put(&fixture, &anshin_record_fact, "renaming/p-third", &(anshin_fact_t){.value = OLD});
    }
    return anshin_store_mem.begin(txn, self, mode, err, pool);
}

static void test_begun(apr_pool_t *pool)
{
    anshin_fact_t fact;

    begun_store = anshin_store_mem;
    begun_store.begin = begin_late;
    open_contract(&begun_store, pool);
    declare(NEW);
    begins_late = 1;
    ok(rename_from(OLD) == ANSHIN_ECONFLICT && !begins_late && renamed.records == 0 &&
           fixture_get(&fixture, &anshin_record_fact, "renaming/" NEW, &fact) == ANSHIN_ENOTFOUND,
       "BAK-2: of two that begin at the same time one does");
}

/* Whoever declares a record says whether it is a contract's. */
static void test_types(void)
{
    int looked = 0;

    for (; anshin_record_types[looked] != NULL; looked++) {
        if (anshin_belonging_of(anshin_record_types[looked]) == ANSHIN_BELONGS_UNKNOWN) {
            ok(0, "record %s has a row in core/keeping/belonging.c", anshin_record_types[looked]->name);
        }
    }
    ok(looked > 20, "each of %d types of records is a contract's, or is not", looked);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    make_crash_store();
    test_types();
    test_rename(pool);
    test_late_reservations(pool);
    test_refused(pool);
    test_killed(pool);
    test_back(pool);
    test_told(pool);
    test_erase_namesake(pool);
    test_details(pool);
    test_late(pool);
    test_late_login(pool);
    test_kept_out(pool);
    test_names(pool);
    test_seen(pool);
    test_begun(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

/*
 * A contract is renamed and removed (core/keeping/rename.h, remove.h), whoever dies at whichever step: nothing is lost,
 * nothing is there twice, and of the old name nothing is left.
 */
#include "core/account/address_index.h"
#include "core/account/imported.h"
#include "core/account/session.h"
#include "core/account/token.h"
#include "core/admin/housekeeping.h"
#include "core/audit/trail.h"
#include "core/context/former.h"
#include "core/desk/staff.h"
#include "core/keeping/remove.h"
#include "core/keeping/rename.h"
#include "core/keeping/store_check.h"
#include "core/mail/event.h"
#include "unit/crash_store.h"
#include "unit/users.h"

#define OLD "p-01"
#define NEW "p-new"
#define HASH "$apr1$uVKfUIwI$NhlyQdO87yTSUnoeeMpVk1"

static fixture_t fixture;
static const char *link_token; /* of a registration that waits */

/* --- what there is ------------------------------------------------------------------------------------------------ */

/* By the record's own text, and by the keys of all: what a record declared tomorrow has of the name shows as well. */
typedef struct traces_t {
    const anshin_record_type_t *type;
    const char *name;
    int count;
} traces_t;

static int tells(const anshin_record_type_t *type, const void *record, const char *name)
{
    for (apr_size_t i = 0; i < type->field_count; i++) {
        const char *member = (const char *)record + type->fields[i].offset;
        const apr_array_header_t *texts = NULL;
        const char *text = NULL;

        if (type->fields[i].kind == ANSHIN_FIELD_TEXT) {
            memcpy(&text, member, sizeof(text));
        } else if (type->fields[i].kind == ANSHIN_FIELD_TEXTS) {
            memcpy(&texts, member, sizeof(texts));
        }
        if (anshin_is_of_contract(text, name)) {
            return 1;
        }
        for (int t = 0; texts != NULL && t < texts->nelts; t++) {
            if (anshin_is_of_contract(APR_ARRAY_IDX(texts, t, const char *), name)) {
                return 1;
            }
        }
    }
    return 0;
}

static int key_tells(const char *key, const char *name)
{
    for (const char *at = key; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (anshin_is_of_contract(at, name)) {
            return 1;
        }
    }
    return 0;
}

/* The trail tells what was; a certificate without a holder is for CRL and OCSP; the fact of former names names it. */
static apr_status_t see_trace(void *baton, const char *key, const void *record)
{
    traces_t *traces = baton;

    if (strncmp(traces->type->name, "audit_", 6) == 0 || strncmp(key, "former/", 7) == 0 ||
        (traces->type == &anshin_record_certificate && ((const anshin_certificate_t *)record)->user == NULL)) {
        return APR_SUCCESS;
    }
    if (key_tells(key, traces->name) || tells(traces->type, record, traces->name)) {
        traces->count++;
        if (strcmp(traces->name, OLD) == 0) {
            printf("# %s: %s %s\n", traces->name, traces->type->name, key);
        }
    }
    return APR_SUCCESS;
}

static int traces(const char *name)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    traces_t found = {.name = name};

    for (int i = 0; anshin_record_types[i] != NULL; i++) {
        found.type = anshin_record_types[i];
        (void)anshin_txn_each(txn, found.type, "", see_trace, &found);
    }
    anshin_txn_abort(txn);
    return found.count;
}

static int all_is_whole(void)
{
    anshin_store_findings_t findings = {.limit = 5};
    anshin_op_t *op = fixture_op(&fixture);

    if (anshin_store_check(op, &findings) != APR_SUCCESS) {
        return 0;
    }
    for (int i = 0; i < findings.broken && i < 5; i++) {
        printf("# %s\n", APR_ARRAY_IDX(findings.texts, i, const char *));
    }
    return findings.broken == 0;
}

/* --- a contract with a bit of everything -------------------------------------------------------------------------- */

static void put_imported(const char *user)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_account_t account = users_account(&fixture, user);
    anshin_imported_t imported;

    if (anshin_imported_check(op, &imported, HASH, 1) != APR_SUCCESS ||
        anshin_imported_seal(op, &account.password_hash, &imported) != APR_SUCCESS) {
        printf("# %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
    account.password_history = apr_array_make(fixture.pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(account.password_history, const char *) = account.password_hash;
    fixture_put(&fixture, &anshin_record_account, anshin_account_key(op, user), &account);
}

/* One of each that has no easier way into the store here. */
static void put_others(void)
{
    anshin_approval_t approval = {.contract = OLD,
                                  .by = ANSHIN_ACTOR_STAFF,
                                  .name = OLD "/taro",
                                  .second = OLD "/hana",
                                  .whom = apr_array_make(fixture.pool, 2, sizeof(const char *))};
    anshin_desk_bulk_t bulk = {.contract = "staff", .user = "boss", .whom = approval.whom};

    APR_ARRAY_PUSH(approval.whom, const char *) = OLD "/hana/0123/1";
    APR_ARRAY_PUSH(approval.whom, const char *) = "p-010/hana/0123/1";
    fixture_put(&fixture, &anshin_record_approval, "a0", &approval);
    fixture_put(&fixture, &anshin_record_desk_bulk, "b0", &bulk);
    fixture_put(
        &fixture, &anshin_record_mail, "a1",
        &(anshin_mail_t){.contract = OLD, .user = "taro", .kind = "x", .blob = fixture_blob(&fixture, "mail", "{}")});
    fixture_put(&fixture, &anshin_record_help_number, "AN-1", &(anshin_help_number_t){.contract = OLD, .typed = "x"});
    fixture_put(&fixture, &anshin_record_progress, "9e", &(anshin_progress_t){.contract = OLD, .user = "taro"});
    fixture_put(&fixture, &anshin_record_fact, "reissue/" OLD "/0123/1", &(anshin_fact_t){.at = fixture.now});
    fixture_put(&fixture, &anshin_record_fact, "imported/" OLD, &(anshin_fact_t){.value = "apr1=1000", .at = 1});
    fixture_put(&fixture, &anshin_record_fact, "addresses/" OLD, &(anshin_fact_t){.at = 1});
    fixture_put(&fixture, &anshin_record_fact, "status/" OLD, &(anshin_fact_t){.value = "1", .at = 1});
    fixture_put(&fixture, &anshin_record_job, "strangers/" OLD "/00-11", &(anshin_job_t){.contract = OLD, .kind = 2});
    fixture_put(&fixture, &anshin_record_token, "login-code/" OLD "/hana",
                &(anshin_token_t){.contract = OLD, .user = "hana", .expires_at = fixture.now + 1000000});
    fixture_put(&fixture, &anshin_record_account, "p-010/hana",
                &(anshin_account_t){.contract = "p-010", .user = "hana", .number = "ffff"});
}

static void open_contract(const anshin_store_driver_t *driver, apr_pool_t *pool)
{
    anshin_presented_t presented;
    const char *code;

    steps_left = -1;
    died = 0;
    fixture_open(&fixture, driver, NULL, pool);
    fixture.env.audit = &anshin_trail;
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
    (void)users_register(&fixture, "hana", ANSHIN_METHOD_CERTIFICATE);
    presented = users_certificate(&fixture, "hana", 1, "0a");
    link_token = users_invite(&fixture, "jiro", ANSHIN_METHOD_PASSWORD, &code);
    (void)users_login(&fixture, "taro", USERS_PASSWORD, &users_no_peer, "192.0.2.1");
    (void)users_login(&fixture, "hana", USERS_PASSWORD, &presented, "192.0.2.1");
    (void)users_login(&fixture, "taro", "wrong", &users_no_peer, "192.0.2.1");
    (void)users_login(&fixture, "nobody", "wrong", &users_no_peer, "192.0.2.9");
    (void)users_register(&fixture, "goro", ANSHIN_METHOD_PASSWORD);
    put_imported("goro");
    put_others();
}

/* The operator has changed the configuration. */
static void declare(const char *name)
{
    fixture.contract.name = name;
}

static anshin_renamed_t renamed;

static apr_status_t rename_from(const char *from)
{
    anshin_op_t *op = fixture_op(&fixture);
    apr_status_t status = anshin_contract_rename(op, from, &renamed);

    if (status != APR_SUCCESS && !died) {
        printf("# %s %s\n", op->error.id, op->error.text);
    }
    return status;
}

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

static apr_status_t take_none(void *baton, const anshin_erased_t *erased)
{
    *(int *)baton = erased->mails->nelts;
    return APR_SUCCESS;
}

static apr_status_t erase_taro(void)
{
    anshin_erased_t erased;
    int mails;

    return anshin_account_erase(fixture_op(&fixture), "taro", take_none, &mails, &erased);
}

/* Persons of the old name who can be read in the trail. */
static apr_status_t count_secret(void *baton, const char *key, const void *record)
{
    *(int *)baton += anshin_is_of_contract(key, OLD) && ((const anshin_audit_series_t *)record)->secret != NULL;
    return APR_SUCCESS;
}

static int secrets(void)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    int count = 0;

    (void)anshin_txn_each(txn, &anshin_record_audit_series, "", count_secret, &count);
    anshin_txn_abort(txn);
    return count;
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

/* --- removing ----------------------------------------------------------------------------------------------------- */

static int mails_seen;

static apr_status_t remove_contract(const char *name, int erase, anshin_erased_t *erased)
{
    anshin_removal_t removal = {name, erase, take_none, &mails_seen};
    anshin_op_t *op = fixture_op(&fixture);
    apr_status_t status;

    op->contract = NULL;
    status = anshin_contract_remove(op, &removal, erased);
    if (status != APR_SUCCESS && !died) {
        printf("# %s %s\n", op->error.id, op->error.text);
    }
    return status;
}

static int is_revoked(const char *serial)
{
    anshin_certificate_t certificate;

    return fixture_get(&fixture, &anshin_record_certificate, serial, &certificate) == APR_SUCCESS &&
           certificate.state == ANSHIN_CERTIFICATE_REVOKED && certificate.user == NULL && certificate.name == NULL;
}

static void test_remove(apr_pool_t *pool)
{
    anshin_erased_t erased;
    apr_status_t status;

    open_contract(&anshin_store_mem, pool);
    ok(remove_contract(OLD, 0, &erased) == ANSHIN_EINVALID, "BAK-3: what is declared is not removed");
    declare(NEW);
    ok(remove_contract("p-02", 0, &erased) == ANSHIN_ENOTFOUND &&
           remove_contract("p-02", 1, &erased) == ANSHIN_ENOTFOUND,
       "nor what is not there");
    status = remove_contract(OLD, 0, &erased);
    ok(status == APR_SUCCESS && erased.records > 30 && erased.certificates == 1 && mails_seen == 1,
       "BAK-3: a contract is removed: %d records, %d certificates, %d mails", erased.records, erased.certificates,
       mails_seen);
    ok(traces(OLD) == 0 && traces("p-010") == 2 && is_revoked("0a"),
       "BAK-3: nothing is left but the serial numbers, revoked and without a name; another one stays");
    ok(fixture_blobs(&fixture) == 0 && all_is_whole(), "its blobs are wiped, and the store is whole");
    ok(secrets() >= 4, "the trail can be read as before");
    ok(remove_contract(OLD, 1, &erased) == APR_SUCCESS && secrets() == 0,
       "BAK-3: with --erase, also afterwards, nobody can be read in the trail");
    ok(all_is_whole() && remove_contract(OLD, 1, &erased) == ANSHIN_ENOTFOUND, "once more: there is nothing");
}

static int scrubs;

static apr_status_t count_scrub(void *self, anshin_error_t *err)
{
    (void)self;
    (void)err;
    scrubs += !died;
    return died ? ANSHIN_EFAULT : APR_SUCCESS;
}

/* Of a contract that was called OLD, or is. Killed at that step and said again: 1 where anything is not as it should
 * be. *left: steps that were not taken. */
static int kill_removal(apr_pool_t *parent, const char *name, int steps, int *left)
{
    anshin_erased_t erased;
    apr_status_t status;
    apr_pool_t *pool;
    int wrong;

    apr_pool_create(&pool, parent);
    open_contract(&crash_store, pool);
    declare(NEW);
    if (strcmp(name, NEW) == 0) {
        (void)rename_from(OLD);
    }
    declare("p-third");
    scrubs = 0;
    steps_left = steps;
    status = remove_contract(name, 1, &erased);
    *left = died ? 0 : steps_left;
    if (died) {
        steps_left = -1;
        died = 0;
        status = remove_contract(name, 1, &erased);
    }
    steps_left = -1;
    /* Nothing is left to do only where the very last step took effect unheard. */
    wrong = status != APR_SUCCESS && !(status == ANSHIN_ENOTFOUND && dies_after && scrubs > 0);
    wrong |= scrubs == 0 || traces(name) != 0 || traces("p-010") != 2 || !is_revoked("0a") || secrets() != 0;
    apr_pool_destroy(pool);
    return wrong;
}

/* Here and there, and at each of the last steps: where the store is scrubbed. */
static void test_remove_killed(apr_pool_t *pool)
{
    static const char *const names[] = {OLD, NEW};
    const int many = 1000000;

    crash_store.scrub = count_scrub;
    for (int i = 0; i < 2; i++) {
        int left, unused, all, wrong = kill_removal(pool, names[i], many, &left);

        all = many - left;
        for (int step = 0; step < all; step += step < all - 21 ? 14 : 1) {
            for (dies_after = 0; dies_after < 2; dies_after++) {
                wrong += kill_removal(pool, names[i], step, &unused);
            }
        }
        ok(wrong == 0 && all > 100, "BAK-3: %s, killed at one of %d steps: gone on with to the same end, and scrubbed",
           names[i], all);
    }
    crash_store.scrub = NULL;
}

/* Under the name of before they can be read until somebody erases. */
static void test_remove_renamed(apr_pool_t *pool)
{
    anshin_erased_t erased;

    open_contract(&anshin_store_mem, pool);
    declare(NEW);
    (void)rename_from(OLD);
    declare("p-third");
    ok(remove_contract(NEW, 0, &erased) == APR_SUCCESS && secrets() == 4, "a renamed contract is removed");
    ok(remove_contract(NEW, 1, &erased) == APR_SUCCESS && secrets() == 0 && erased.kept == 0,
       "BAK-3: and erased afterwards, also under its former name");
    for (int first = 0; first < 2; first++) {
        open_contract(&anshin_store_mem, pool);
        declare(NEW);
        (void)rename_from(OLD);
        declare(OLD);
        (void)users_register(&fixture, "taro", ANSHIN_METHOD_PASSWORD);
        ok(secrets() == 5, "another contract has the former name, and a user of the same ID");
        ok(!first || remove_contract(NEW, 0, &erased) == APR_SUCCESS, "removed%s", first ? " at first" : "");
        ok(remove_contract(NEW, 1, &erased) == APR_SUCCESS && secrets() == 1 + first && erased.kept == first,
           "BAK-3: all can be read no more but that user%s", first ? ", and who may be the same, which is told" : "");
    }
}

static void test_remove_refused(apr_pool_t *pool)
{
    anshin_erased_t erased;

    open_contract(&anshin_store_mem, pool);
    declare("p-third");
    fixture_put(&fixture, &anshin_record_fact, "renaming/" NEW, &(anshin_fact_t){.value = OLD});
    ok(remove_contract(OLD, 0, &erased) == ANSHIN_ECONFLICT && remove_contract(NEW, 1, &erased) == ANSHIN_ECONFLICT,
       "BAK-3: what is in the midst of being renamed is not removed");
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
    anshin_erased_t erased;
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
    declare("p-third");
    fixture_put(&fixture, &anshin_record_approval, "a8",
                &(anshin_approval_t){.contract = "staff", .by = ANSHIN_ACTOR_OPERATOR, .name = NEW});
    ok(remove_contract(NEW, 0, &erased) == APR_SUCCESS &&
           fixture_get(&fixture, &anshin_record_approval, "a8", &approval) == APR_SUCCESS &&
           same_text(approval.name, NEW),
       "and what it asked for stays");
}

/* --- who writes meanwhile ----------------------------------------------------------------------------------------- */

static anshin_store_driver_t late_store;
static int writes_late, inside;

/* A process of httpd that has the configuration of before. */
static apr_status_t late_commit(void *txn, anshin_durability_t durability)
{
    apr_status_t status = anshin_store_mem.commit(txn, durability);

    if (writes_late && !inside) {
        inside = 1;
        fixture_put(&fixture, &anshin_record_counter, OLD "/late/password", &(anshin_counter_t){.failures = 1});
        inside = 0;
    }
    return status;
}

static void test_late(apr_pool_t *pool)
{
    anshin_erased_t erased;

    late_store = anshin_store_mem;
    late_store.commit = late_commit;
    for (int removes = 0; removes < 2; removes++) {
        apr_status_t status;

        open_contract(&late_store, pool);
        declare(NEW);
        writes_late = 1;
        status = removes ? remove_contract(OLD, 0, &erased) : rename_from(OLD);
        writes_late = 0;
        ok(status == ANSHIN_EBUSY && traces(OLD) > 0, "%s: not done while others write",
           removes ? "removing" : "renaming");
        status = removes ? remove_contract(OLD, 0, &erased) : rename_from(OLD);
        ok(status == APR_SUCCESS && traces(OLD) == 0, "the same call goes on when they have ended");
    }
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
    test_refused(pool);
    test_killed(pool);
    test_back(pool);
    test_remove(pool);
    test_remove_killed(pool);
    test_remove_renamed(pool);
    test_remove_refused(pool);
    test_erase_namesake(pool);
    test_details(pool);
    test_late(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

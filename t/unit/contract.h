/*
 * A contract with a bit of everything, for unit programs that rename or remove one, and what there is of its name
 * afterwards.
 */
#ifndef ANSHIN_UNIT_CONTRACT_H
#define ANSHIN_UNIT_CONTRACT_H

#include "core/account/imported.h"
#include "core/admin/erase.h"
#include "core/audit/trail.h"
#include "core/keeping/belonging.h"
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

static inline int tells(const anshin_record_type_t *type, const void *record, const char *name)
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

static inline int key_tells(const char *key, const char *name)
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
static inline apr_status_t see_trace(void *baton, const char *key, const void *record)
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

static inline int traces(const char *name)
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

static inline int all_is_whole(void)
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

static inline void put_imported(const char *user)
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
static inline void put_others(void)
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

static inline void open_contract(const anshin_store_driver_t *driver, apr_pool_t *pool)
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
static inline void declare(const char *name)
{
    fixture.contract.name = name;
}

static anshin_renamed_t renamed;

/* Whoever was asked in between has thought for as long as `meanwhile` takes. */
static void (*meanwhile)(void);

static inline apr_status_t rename_from(const char *from)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_rename_t rename = {.from = from};
    apr_status_t status = anshin_contract_rename_check(op, from, &rename.seen);

    memset(&renamed, 0, sizeof(renamed));
    if (status == APR_SUCCESS && meanwhile != NULL) {
        void (*once)(void) = meanwhile;

        meanwhile = NULL;
        once();
    }
    status = status == APR_SUCCESS ? anshin_contract_rename(op, &rename, &renamed) : status;

    if (status != APR_SUCCESS && !died) {
        printf("# %s %s\n", op->error.id, op->error.text);
    }
    return status;
}

/* --- the trail --- */

static inline apr_status_t take_none(void *baton, const anshin_erased_t *erased)
{
    *(int *)baton = erased->mails->nelts;
    return APR_SUCCESS;
}

static inline apr_status_t erase_taro(void)
{
    anshin_erased_t erased;
    int mails;

    return anshin_account_erase(fixture_op(&fixture), "taro", take_none, &mails, &erased);
}

/* Persons of the old name who can be read in the trail. */
static inline apr_status_t count_secret(void *baton, const char *key, const void *record)
{
    *(int *)baton += anshin_is_of_contract(key, OLD) && ((const anshin_audit_series_t *)record)->secret != NULL;
    return APR_SUCCESS;
}

static inline int secrets(void)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    int count = 0;

    (void)anshin_txn_each(txn, &anshin_record_audit_series, "", count_secret, &count);
    anshin_txn_abort(txn);
    return count;
}

/* --- who writes meanwhile --- */

/* A process of httpd that has the configuration of before. */
static anshin_store_driver_t late_store;
static int writes_late, inside;

static inline apr_status_t late_commit(void *txn, anshin_durability_t durability)
{
    apr_status_t status = anshin_store_mem.commit(txn, durability);

    if (writes_late && !inside) {
        inside = 1;
        fixture_put(&fixture, &anshin_record_counter, OLD "/late/password", &(anshin_counter_t){.failures = 1});
        inside = 0;
    }
    return status;
}

static inline void make_late_store(void)
{
    late_store = anshin_store_mem;
    late_store.commit = late_commit;
}

#endif

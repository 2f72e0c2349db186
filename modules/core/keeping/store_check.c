/*
 * Is a store whole: see store_check.h.
 *
 * A blob may be wiped by others while this snapshot still names it. So what seems to be missing is looked at once
 * more, when the walk is over: it is broken only where the record as it is now still names it.
 */
#include "core/keeping/store_check.h"

#include <string.h>

#include <apr_strings.h>

#include "core/audit/anchor.h"
#include "core/audit/line.h"
#include "core/audit/series.h"
#include "core/context/secret.h"
#include "core/keeping/reseal.h"
#include "core/keeping/rotation.h"

#define DOUBTS_MAX 1000
#define STEP 10000 /* records between two words of progress */

typedef struct doubt_t {
    const anshin_record_type_t *type;
    const char *key, *member, *blob;
} doubt_t;

typedef struct checking_t {
    anshin_op_t *op;
    anshin_txn_t *txn;
    anshin_store_findings_t *findings;
    const anshin_record_type_t *type;   /* that is walked through */
    apr_array_header_t *broken, *loose; /* of const char * */
    apr_array_header_t *doubts;
    apr_pool_t *scratch; /* of the record at hand */
    int several;         /* there is more than one seal key */
} checking_t;

/* --- findings ----------------------------------------------------------------------------------------------------- */

static void note(checking_t *checking, apr_array_header_t *texts, apr_int64_t *count, const char *key, const char *what)
{
    (*count)++;
    if (texts->nelts < checking->findings->limit) {
        APR_ARRAY_PUSH(texts, const char *) =
            apr_psprintf(checking->op->pool, "%s %s: %s", checking->type->name, key, what);
    }
}

static void broken(checking_t *checking, const char *key, const char *what)
{
    note(checking, checking->broken, &checking->findings->broken, key, what);
}

static void loose(checking_t *checking, const char *key, const char *what)
{
    note(checking, checking->loose, &checking->findings->loose, key, what);
}

/* --- blobs -------------------------------------------------------------------------------------------------------- */

/* APR_SUCCESS; ANSHIN_ENOTFOUND, ANSHIN_EDENIED: it is not there, or does not open; ANSHIN_EFAULT. */
static apr_status_t open_blob(const checking_t *checking, anshin_txn_t *txn, const char *blob, const char *purpose)
{
    const anshin_crypto_t *crypto = checking->op->env->crypto;
    anshin_bytes_t sealed, clear;
    apr_status_t status = anshin_txn_blob_get_to(txn, blob, &sealed, checking->scratch);

    if (status == APR_SUCCESS && purpose != NULL) {
        status = crypto->unseal(crypto->ctx, &clear, purpose, blob, sealed, checking->scratch);
        if (status == APR_SUCCESS) {
            anshin_secret_wipe_bytes(checking->op, &clear);
            checking->findings->genuine++;
        }
    }
    return status;
}

static void doubt(checking_t *checking, const char *key, const char *member, const char *blob)
{
    apr_pool_t *pool = checking->op->pool;

    if (checking->doubts->nelts == DOUBTS_MAX) {
        broken(checking, key, "a file that it names is missing, or does not open");
        return;
    }
    APR_ARRAY_PUSH(checking->doubts, doubt_t) =
        (doubt_t){checking->type, apr_pstrdup(pool, key), member, apr_pstrdup(pool, blob)};
}

static apr_status_t check_blobs(checking_t *checking, const char *key, const void *record)
{
    const anshin_record_type_t *type = checking->type;

    for (apr_size_t i = 0; i < type->field_count; i++) {
        const char *member = type->fields[i].name;
        const char *blob = anshin_field_names_blob(&type->fields[i]) ? anshin_record_text(type, record, member) : NULL;
        apr_status_t status;

        if (blob == NULL) {
            continue;
        }
        status = open_blob(checking, checking->txn, blob, anshin_blob_purpose(type, member));
        checking->findings->blobs++;
        if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED) {
            doubt(checking, key, member, blob);
        } else if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}

/* --- what a record refers to -------------------------------------------------------------------------------------- */

static apr_status_t expect(checking_t *checking, const char *key, const anshin_record_type_t *type, const char *other)
{
    void *record = apr_palloc(checking->scratch, type->size);
    apr_status_t status = anshin_txn_get_to(checking->txn, type, other, record, checking->scratch);

    if (status == ANSHIN_ENOTFOUND) {
        loose(checking, key, apr_pstrcat(checking->scratch, "there is no ", type->name, " ", other, NULL));
        status = APR_SUCCESS;
    }
    return status;
}

static apr_status_t check_account(checking_t *checking, const char *key, const void *record)
{
    const anshin_account_t *account = record;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && account->terminals != NULL && i < account->terminals->nelts; i++) {
        status = expect(checking, key, &anshin_record_terminal,
                        apr_psprintf(checking->scratch, "%s/%" APR_INT64_T_FMT, key,
                                     APR_ARRAY_IDX(account->terminals, i, apr_int64_t)));
    }
    return status;
}

static const char *owner_of(const checking_t *checking, const char *key)
{
    const char *slash = strchr(key, '/');
    const char *second = slash != NULL ? strchr(slash + 1, '/') : NULL;

    return second != NULL ? apr_pstrmemdup(checking->scratch, key, (apr_size_t)(second - key)) : key;
}

static apr_status_t check_terminal(checking_t *checking, const char *key, const void *record)
{
    const anshin_terminal_t *terminal = record;
    apr_status_t status = expect(checking, key, &anshin_record_account, owner_of(checking, key));

    if (status == APR_SUCCESS && terminal->certificate != NULL && *terminal->certificate != '\0') {
        status = expect(checking, key, &anshin_record_certificate, terminal->certificate);
    }
    return status;
}

static apr_status_t check_session(checking_t *checking, const char *key, const void *record)
{
    const anshin_session_t *session = record;

    return session->contract == NULL || session->user == NULL
               ? APR_SUCCESS
               : expect(checking, key, &anshin_record_account,
                        apr_pstrcat(checking->scratch, session->contract, "/", session->user, NULL));
}

static apr_status_t check_owned(checking_t *checking, const char *key, const void *record)
{
    (void)record;
    return expect(checking, key, &anshin_record_account, owner_of(checking, key));
}

/* An entry may be of a terminal that has gone; one that is no entry says nothing at all. */
static apr_status_t check_index(checking_t *checking, const char *key, const void *record)
{
    const anshin_address_index_t *index = record;

    for (int i = 0; index->terminals != NULL && i < index->terminals->nelts; i++) {
        if (strchr(APR_ARRAY_IDX(index->terminals, i, const char *), '/') == NULL) {
            loose(checking, key, "an entry is none");
        }
    }
    return APR_SUCCESS;
}

static apr_status_t check_anchor(checking_t *checking, const char *key, const void *record)
{
    if (!anshin_anchor_is_genuine(checking->op, key, record, checking->scratch)) {
        broken(checking, key, "somebody else has written it");
    } else {
        checking->findings->genuine++;
    }
    return APR_SUCCESS;
}

static apr_status_t check_series(checking_t *checking, const char *key, const void *record)
{
    if (!anshin_series_is_genuine(checking->op, key, record, checking->scratch)) {
        broken(checking, key, "somebody else has written it");
    } else {
        checking->findings->genuine++;
    }
    return APR_SUCCESS;
}

static apr_status_t check_event(checking_t *checking, const char *key, const void *record)
{
    const anshin_audit_event_t *event = record;

    if (event->event == NULL || event->mac == NULL ||
        !anshin_line_is_genuine(checking->op, event->event, event->mac, checking->scratch)) {
        broken(checking, key, "somebody else has written it");
    } else {
        checking->findings->genuine++;
    }
    return APR_SUCCESS;
}

static const struct {
    const anshin_record_type_t *type;
    apr_status_t (*check)(checking_t *checking, const char *key, const void *record);
} checks[] = {
    {&anshin_record_account, check_account},     {&anshin_record_terminal, check_terminal},
    {&anshin_record_session, check_session},     {&anshin_record_session_list, check_owned},
    {&anshin_record_download, check_owned},      {&anshin_record_places, check_owned},
    {&anshin_record_address_index, check_index}, {&anshin_record_audit_anchor, check_anchor},
    {&anshin_record_audit_event, check_event},   {&anshin_record_audit_series, check_series},
};

/* While two seal keys are there: is anything of it by the one before? */
static apr_status_t count_former(checking_t *checking, const char *key)
{
    anshin_op_t own = *checking->op;
    int needs = 0;
    apr_status_t status;

    own.pool = checking->scratch;
    status = anshin_reseal_needed(&own, checking->txn, checking->type, key, &needs);
    checking->findings->former += needs;
    return status == ANSHIN_EFAULT || status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status; /* told of elsewhere */
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static apr_status_t visit(void *baton, const char *key, const void *record)
{
    checking_t *checking = baton;
    anshin_store_findings_t *findings = checking->findings;
    apr_status_t status = APR_SUCCESS;

    apr_pool_clear(checking->scratch);
    findings->records++;
    if (findings->progress != NULL && findings->records % STEP == 0) {
        findings->progress(findings->baton, findings->records);
    }
    if (record == NULL) {
        broken(checking, key, "cannot be read");
        return APR_SUCCESS;
    }
    for (size_t i = 0; status == APR_SUCCESS && i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (checks[i].type == checking->type) {
            status = checks[i].check(checking, key, record);
        }
    }
    if (status == APR_SUCCESS && checking->several) {
        status = count_former(checking, key);
    }
    return status == APR_SUCCESS ? check_blobs(checking, key, record) : status;
}

/* What is to be done and what the index of times says of it. */
static apr_status_t visit_due(void *baton, const char *key, apr_time_t when, apr_int64_t place)
{
    checking_t *checking = baton;

    (void)when;
    (void)place;
    apr_pool_clear(checking->scratch);
    return checking->type->due == ANSHIN_DUE_QUEUE ? expect(checking, key, checking->type, key) : APR_SUCCESS;
}

static apr_status_t walk(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    checking_t *checking = baton;
    anshin_store_findings_t *findings = checking->findings;
    apr_status_t status = APR_SUCCESS;

    checking->txn = txn;
    checking->several = anshin_rotation_has_other(op);
    findings->records = findings->blobs = findings->broken = findings->loose = 0;
    findings->former = findings->genuine = 0;
    checking->broken = apr_array_make(op->pool, 8, sizeof(const char *));
    checking->loose = apr_array_make(op->pool, 8, sizeof(const char *));
    checking->doubts = apr_array_make(op->pool, 8, sizeof(doubt_t));
    apr_pool_create(&checking->scratch, op->pool);
    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        checking->type = anshin_record_types[i];
        status = anshin_txn_inspect(txn, checking->type, visit, checking);
        if (status == APR_SUCCESS && checking->type->due != ANSHIN_DUE_NEVER) {
            status = anshin_txn_each_due(txn, checking->type, visit_due, checking);
        }
    }
    return status;
}

/* --- doubts ------------------------------------------------------------------------------------------------------- */

static apr_status_t look_again(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    checking_t *checking = baton;

    (void)op;
    for (int i = 0; i < checking->doubts->nelts; i++) {
        const doubt_t *at = &APR_ARRAY_IDX(checking->doubts, i, doubt_t);
        void *record = apr_palloc(checking->scratch, at->type->size);
        const char *name;
        apr_status_t status = anshin_txn_get_to(txn, at->type, at->key, record, checking->scratch);

        name = status == APR_SUCCESS ? anshin_record_text(at->type, record, at->member) : NULL;
        if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
            return status;
        }
        if (name == NULL || strcmp(name, at->blob) != 0) {
            continue;
        }
        status = open_blob(checking, txn, name, anshin_blob_purpose(at->type, at->member));
        checking->type = at->type;
        if (status == ANSHIN_ENOTFOUND) {
            broken(checking, at->key, apr_pstrcat(checking->scratch, at->member, " ", name, " is not there", NULL));
        } else if (status == ANSHIN_EDENIED) {
            broken(checking, at->key,
                   apr_pstrcat(checking->scratch, at->member, " ", name, " does not open: another key's, or changed",
                               NULL));
        } else if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_store_check(anshin_op_t *op, anshin_store_findings_t *findings)
{
    checking_t checking = {.op = op, .findings = findings};
    apr_status_t status = anshin_op_read(op, walk, &checking);

    if (status == APR_SUCCESS) {
        anshin_error_clear(&op->error); /* of what was damaged: it is among the findings */
    }
    if (status == APR_SUCCESS && checking.doubts->nelts > 0) {
        status = anshin_op_read(op, look_again, &checking);
    }
    if (status == APR_SUCCESS) {
        findings->texts = apr_array_append(op->pool, checking.broken, checking.loose);
    }
    return status;
}

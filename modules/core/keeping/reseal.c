/*
 * Sealing anew: see reseal.h.
 *
 * SECURITY: holds in the clear what was sealed, for as long as it takes to seal it again, and wipes it.
 */
#include "core/keeping/reseal.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/address_index.h"
#include "core/account/imported.h"
#include "core/audit/anchor.h"
#include "core/audit/series.h"
#include "core/audit/trail.h"
#include "core/context/keys_part.h"
#include "core/context/secret.h"

#define PART 20000 /* keys at a time: a part costs a walk over all records of the type */

/* What a blob was sealed for, by who names it. */
static const struct {
    const char *record, *member, *purpose;
} purposes[] = {
    {"account", "totp_blob", "totp"},
    {"download", "password_blob", "download-password"},
    {"download", "modern_blob", "pkcs12"},
    {"download", "compat_blob", "pkcs12"},
    {"download", "apple_blob", "pkcs12"},
    {"job", "blob", "reissue"},
    {"mail", "blob", "mail"},
};

const char *anshin_blob_purpose(const anshin_record_type_t *type, const char *member)
{
    for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
        if (strcmp(purposes[i].record, type->name) == 0 && strcmp(purposes[i].member, member) == 0) {
            return purposes[i].purpose;
        }
    }
    return NULL;
}

/* --- blobs -------------------------------------------------------------------------------------------------------- */

static apr_status_t replace(anshin_op_t *op, const char *blob, const char *purpose, anshin_bytes_t sealed)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_bytes_t clear, fresh;
    apr_status_t status = crypto->unseal(crypto->ctx, &clear, purpose, blob, sealed, op->pool);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
    }
    status = crypto->seal(crypto->ctx, &fresh, purpose, blob, clear, op->pool);
    anshin_secret_wipe_bytes(op, &clear);
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1649", "blob %s cannot be sealed anew", blob);
    }
    status = anshin_blob_replace(op->env->store, blob, fresh.data, fresh.length, &op->error);
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* do_it: seal anew what needs it. */
static apr_status_t blobs_of(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const void *record,
                             int do_it, int *needs)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    apr_status_t status = APR_SUCCESS;

    for (apr_size_t i = 0; status == APR_SUCCESS && i < type->field_count; i++) {
        const anshin_field_t *field = &type->fields[i];
        const char *blob = anshin_field_names_blob(field) ? anshin_record_text(type, record, field->name) : NULL;
        const char *purpose = anshin_blob_purpose(type, field->name);
        anshin_bytes_t sealed;
        int n;

        if (blob == NULL || purpose == NULL) {
            continue;
        }
        status = anshin_txn_blob_get(txn, blob, &sealed);
        if (status == APR_SUCCESS &&
            crypto->sealed_by(crypto->ctx, &n, purpose, blob, sealed, op->pool) == APR_SUCCESS && n > 0) {
            *needs = 1;
            status = do_it ? replace(op, blob, purpose, sealed) : APR_SUCCESS;
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status; /* it was used meanwhile */
    }
    return status;
}

static apr_status_t look_at_blobs(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                  int do_it, int *needs)
{
    void *record = apr_palloc(op->pool, type->size);
    apr_status_t status = anshin_txn_get(txn, type, key, record);

    return status == APR_SUCCESS ? blobs_of(op, txn, type, record, do_it, needs) : status;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

/* An operation of the contract that a record names, declared or not. */
static anshin_op_t *of_contract(const anshin_op_t *op, const char *name)
{
    anshin_op_t *own = apr_pmemdup(op->pool, op, sizeof(*op));
    anshin_contract_t *contract = apr_pcalloc(op->pool, sizeof(*contract));

    contract->name = name;
    own->contract = contract;
    return own;
}

/* Each answers as anshin_reseal_needed(), and does it in a write transaction. */
typedef apr_status_t renew_fn(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *needs);

static apr_status_t renew_password(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *needs)
{
    anshin_account_t account;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_account, key, &account);
    const char *fresh = NULL;

    if (status == APR_SUCCESS && account.contract != NULL) {
        status = anshin_imported_renew(of_contract(op, account.contract), &fresh, account.password_hash);
    }
    *needs |= fresh != NULL;
    if (status == APR_SUCCESS && fresh != NULL && anshin_txn_writes(txn)) {
        account.password_hash = fresh;
        status = anshin_txn_put(txn, &anshin_record_account, key, &account);
    }
    return status;
}

static apr_status_t renew_address(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *needs)
{
    anshin_terminal_t terminal;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_terminal, key, &terminal);

    return status == APR_SUCCESS && terminal.address != NULL && terminal.contract != NULL
               ? anshin_address_index_renew(of_contract(op, terminal.contract), txn, terminal.address, needs)
               : status;
}

/* In the order in which a pass takes them. renew NULL: blobs alone. */
static const struct {
    const anshin_record_type_t *type;
    renew_fn *renew;
} kinds[] = {
    {&anshin_record_account, renew_password},
    {&anshin_record_download, NULL},
    {&anshin_record_job, NULL},
    {&anshin_record_mail, NULL},
    {&anshin_record_audit_series, anshin_series_renew},
    {&anshin_record_audit_anchor, anshin_anchor_renew},
    {&anshin_record_audit_event, anshin_trail_renew},
    {&anshin_record_terminal, renew_address},
};

#define KINDS (int)(sizeof(kinds) / sizeof(kinds[0]))

apr_status_t anshin_reseal_needed(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                  int *needs)
{
    apr_status_t status = APR_SUCCESS;

    *needs = 0;
    for (int i = 0; status == APR_SUCCESS && i < KINDS; i++) {
        int other = 0;

        if (kinds[i].type == type) {
            status = look_at_blobs(op, txn, type, key, 0, needs);
            if (status == APR_SUCCESS && kinds[i].renew != NULL) {
                status = kinds[i].renew(op, txn, key, &other);
            }
            *needs |= other;
        }
    }
    return status;
}

/* --- a pass ------------------------------------------------------------------------------------------------------- */

typedef struct one_t {
    int kind;
    const char *key;
    int needs;
} one_t;

/* Blobs are sealed anew here: that is no change of a record. */
static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    one_t *one = baton;
    int blobs = 0;
    apr_status_t status;

    one->needs = 0;
    status = look_at_blobs(op, txn, kinds[one->kind].type, one->key, 1, &blobs);
    if (status == APR_SUCCESS && kinds[one->kind].renew != NULL) {
        status = kinds[one->kind].renew(op, txn, one->key, &one->needs);
    }
    one->needs |= blobs << 1;
    return status;
}

static apr_status_t renew(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    one_t *one = baton;
    int needs = 0;

    return kinds[one->kind].renew(op, txn, one->key, &needs);
}

static apr_status_t do_one(anshin_op_t *op, anshin_reseal_t *pass)
{
    one_t one = {.kind = pass->type, .key = APR_ARRAY_IDX(pass->keys, pass->at, const char *)};
    anshin_op_t own = *op;
    apr_status_t status;

    apr_pool_create(&own.pool, op->pool);
    status = anshin_op_read(&own, look, &one);
    if (status == APR_SUCCESS && (one.needs & 1)) {
        status = anshin_op_write(&own, ANSHIN_LAZY, renew, &one);
    }
    if (status == ANSHIN_EFAULT && pass->passed_over++ == 0) {
        pass->why = own.error;
        apr_cpystrn(pass->first, apr_pstrcat(own.pool, kinds[one.kind].type->name, " ", one.key, NULL),
                    sizeof(pass->first));
    }
    op->error = own.error;
    apr_pool_destroy(own.pool);
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND && status != ANSHIN_EFAULT) {
        return status;
    }
    anshin_error_clear(&op->error);
    pass->looked++;
    pass->renewed += status != ANSHIN_EFAULT && one.needs != 0;
    pass->at++;
    return APR_SUCCESS;
}

void anshin_reseal_end(anshin_reseal_t *pass)
{
    if (pass->pool != NULL) {
        apr_pool_destroy(pass->pool);
    }
    memset(pass, 0, sizeof(*pass));
}

/* The next part of the type at hand, or the first of the next type. */
static apr_status_t next_part(anshin_op_t *op, anshin_reseal_t *pass)
{
    const char *after = pass->pool != NULL && !pass->is_last && pass->keys->nelts > 0
                            ? apr_pstrdup(op->pool, APR_ARRAY_IDX(pass->keys, pass->keys->nelts - 1, const char *))
                            : NULL;
    anshin_op_t own = *op;
    apr_status_t status;

    pass->type += pass->is_last;
    if (pass->pool != NULL) {
        apr_pool_destroy(pass->pool);
        pass->pool = NULL;
    }
    pass->is_last = 0;
    if (pass->type == KINDS) {
        return ANSHIN_ENOTFOUND;
    }
    apr_pool_create_unmanaged_ex(&pass->pool, NULL, NULL); /* op's is of this step alone */
    own.pool = pass->pool;
    status = anshin_keys_part(
        &own, &(anshin_keys_part_t){.type = kinds[pass->type].type, .prefix = "", .after = after, .limit = PART},
        &pass->keys);
    op->error = own.error;
    pass->at = 0;
    if (status != APR_SUCCESS) { /* once more, from the beginning of the type: nothing of it is lost */
        apr_pool_destroy(pass->pool);
        pass->pool = NULL;
        return status;
    }
    pass->is_last = pass->keys->nelts < PART;
    return APR_SUCCESS;
}

apr_status_t anshin_reseal_step(anshin_op_t *op, anshin_reseal_t *pass, apr_interval_time_t span)
{
    const apr_time_t end = apr_time_now() + span;
    apr_status_t status = APR_SUCCESS;

    do {
        status = pass->pool != NULL && pass->at < pass->keys->nelts ? do_one(op, pass) : next_part(op, pass);
    } while (status == APR_SUCCESS && apr_time_now() < end);
    return status;
}

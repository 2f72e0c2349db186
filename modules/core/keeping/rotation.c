/*
 * Rotation of the seal key: see rotation.h.
 */
#include "core/keeping/rotation.h"

#include <stdlib.h>
#include <string.h>

#include <apr_encode.h>
#include <apr_strings.h>
#include <jansson.h>

#include "core/audit/trail.h"
#include "core/context/secret.h"
#include "core/mail/event.h"

#define FACT "seal-key"
#define PURPOSE_ID "key-id"
#define PURPOSE_KEPT "kept-key"

apr_status_t anshin_key_id(anshin_op_t *op, int n, const char **id)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char mac[ANSHIN_DIGEST_BYTES];
    apr_status_t status = crypto->mac_by(crypto->ctx, mac, n, PURPOSE_ID, "", 0);

    *id = status == APR_SUCCESS ? apr_pstrndup(op->pool, anshin_hex(mac, sizeof(mac), op->pool), ANSHIN_KEY_ID_TEXT)
                                : NULL;
    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND
               ? status
               : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1650", "the seal key cannot be used");
}

int anshin_rotation_has_other(anshin_op_t *op)
{
    const char *id;

    return anshin_key_id(op, 1, &id) == APR_SUCCESS;
}

/* --- the fact ----------------------------------------------------------------------------------------------------- */

/* A new reference; an empty object where there is none yet. NULL: memory, or it is no fact of ours. */
static json_t *read_fact(anshin_op_t *op, anshin_txn_t *txn, apr_status_t *status)
{
    anshin_fact_t fact;
    json_t *json;

    *status = anshin_txn_get(txn, &anshin_record_fact, FACT, &fact);
    if (*status == ANSHIN_ENOTFOUND) {
        *status = APR_SUCCESS;
        return json_object();
    }
    json = *status == APR_SUCCESS && fact.value != NULL ? json_loads(fact.value, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (*status == APR_SUCCESS && json == NULL) {
        *status = anshin_fail(&op->error, ANSHIN_EFAULT, "AN1651", "the store's fact about the seal key is none");
    }
    return json;
}

/* Takes the reference. */
static apr_status_t write_fact(anshin_op_t *op, anshin_txn_t *txn, json_t *json)
{
    anshin_fact_t fact = {.at = op->now};
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    if (text == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1652", "seal key: out of memory");
    }
    fact.value = apr_pstrdup(op->pool, text);
    free(text);
    return anshin_txn_put(txn, &anshin_record_fact, FACT, &fact);
}

static const char *text_of(const anshin_op_t *op, const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text != NULL ? apr_pstrdup(op->pool, text) : NULL;
}

static apr_status_t get_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_rotation_t *rotation = baton;
    apr_status_t status;
    json_t *json = read_fact(op, txn, &status);

    if (json != NULL) {
        rotation->key = text_of(op, json, "key");
        rotation->is_known = rotation->key != NULL;
        rotation->former = text_of(op, json, "former");
        rotation->changed_at = json_integer_value(json_object_get(json, "changed"));
        rotation->resealed_at = json_integer_value(json_object_get(json, "resealed"));
        rotation->kept = (apr_int64_t)json_array_size(json_object_get(json, "kept"));
    }
    json_decref(json);
    return status;
}

apr_status_t anshin_rotation_get(anshin_op_t *op, anshin_rotation_t *rotation)
{
    memset(rotation, 0, sizeof(*rotation));
    return anshin_op_look(op, get_in, rotation);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static int is_kept(const json_t *json, const char *id)
{
    const json_t *kept = json_object_get(json, "kept");

    for (size_t i = 0; i < json_array_size(kept); i++) {
        const char *other = json_string_value(json_array_get(json_array_get(kept, i), 0));

        if (other != NULL && strcmp(other, id) == 0) {
            return 1;
        }
    }
    return 0;
}

static int says(const json_t *json, const char *name, const char *text)
{
    const char *there = json_string_value(json_object_get(json, name));

    return there != NULL && strcmp(there, text) == 0;
}

static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, const char *id)
{
    const anshin_event_t event = {.act = act, .reason = id};

    return anshin_event(op, txn, &event);
}

static apr_status_t begin_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *id, *former;
    apr_status_t status = anshin_key_id(op, 0, &id);
    json_t *json;

    (void)baton;
    status = status == APR_SUCCESS ? anshin_key_id(op, 1, &former) : status;
    if (status != APR_SUCCESS || (json = read_fact(op, txn, &status)) == NULL) {
        return status;
    }
    if ((says(json, "key", id) && says(json, "former", former)) || is_kept(json, former)) {
        json_decref(json);
        return APR_SUCCESS;
    }
    json_object_set_new(json, "key", json_string(id));
    json_object_set_new(json, "former", json_string(former));
    json_object_set_new(json, "changed", json_integer(op->now));
    json_object_del(json, "resealed");
    status = write_fact(op, txn, json);
    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_SEAL_KEY_CHANGED, id) : status;
}

apr_status_t anshin_rotation_begin(anshin_op_t *op)
{
    return anshin_op_write(op, ANSHIN_DURABLE, begin_in, NULL);
}

static apr_status_t resealed_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const apr_time_t began = *(const apr_time_t *)baton;
    apr_status_t status;
    json_t *json = read_fact(op, txn, &status);

    if (json == NULL) {
        return status;
    }
    if (json_object_get(json, "former") == NULL || json_object_get(json, "resealed") != NULL ||
        began < json_integer_value(json_object_get(json, "changed")) + ANSHIN_ROTATION_SETTLE) {
        json_decref(json);
        return APR_SUCCESS;
    }
    json_object_set_new(json, "resealed", json_integer(op->now));
    return write_fact(op, txn, json);
}

apr_status_t anshin_rotation_resealed(anshin_op_t *op, apr_time_t pass_began)
{
    return anshin_op_write(op, ANSHIN_DURABLE, resealed_in, &pass_began);
}

static apr_status_t again_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_status_t status;
    json_t *json = read_fact(op, txn, &status);
    const char *former;

    (void)baton;
    if (json == NULL) {
        return status;
    }
    former = text_of(op, json, "former");
    if (former == NULL || json_object_get(json, "resealed") == NULL) {
        json_decref(json);
        return APR_SUCCESS;
    }
    json_object_del(json, "resealed");
    status = write_fact(op, txn, json);
    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_SEAL_KEY_AGAIN, former) : status;
}

apr_status_t anshin_rotation_again(anshin_op_t *op)
{
    return anshin_op_write(op, ANSHIN_DURABLE, again_in, NULL);
}

/* --- what is left ------------------------------------------------------------------------------------------------- */

typedef struct counting_t {
    const anshin_op_t *op;
    apr_time_t changed_at;
    anshin_rotation_rest_t *rest;
} counting_t;

static apr_status_t count_link(void *baton, const char *key, const void *record)
{
    const counting_t *counting = baton;
    const anshin_token_t *token = record;

    (void)key;
    if (token->created_at <= counting->changed_at + ANSHIN_ROTATION_SETTLE && token->used_at == 0 &&
        token->expires_at > counting->op->now) {
        counting->rest->links++;
        counting->rest->last_ends =
            token->expires_at > counting->rest->last_ends ? token->expires_at : counting->rest->last_ends;
    }
    return APR_SUCCESS;
}

static apr_status_t count_links(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    counting_t *counting = baton;

    (void)op;
    memset(counting->rest, 0, sizeof(*counting->rest));
    return anshin_txn_each(txn, &anshin_record_token, "", count_link, counting);
}

apr_status_t anshin_rotation_rest(anshin_op_t *op, const anshin_rotation_t *rotation, anshin_rotation_rest_t *rest)
{
    return anshin_op_read(op, count_links, &(counting_t){op, rotation->changed_at, rest});
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static const char *bound_to(const anshin_op_t *op, const char *id)
{
    return apr_pstrcat(op->pool, FACT "/", id, NULL);
}

/* As [ID, SEALED]; a new reference. NULL: it cannot be sealed. */
static json_t *entry_of(anshin_op_t *op, const char *id, const unsigned char kept[ANSHIN_KEPT_BYTES])
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_bytes_t sealed;

    if (crypto->seal(crypto->ctx, &sealed, PURPOSE_KEPT, bound_to(op, id), (anshin_bytes_t){kept, ANSHIN_KEPT_BYTES},
                     op->pool) != APR_SUCCESS) {
        return NULL;
    }
    return json_pack(
        "[s, s]", id,
        apr_pencode_base64_binary(op->pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_NONE, NULL));
}

/* What an entry keeps. ANSHIN_EDENIED: no key that is there opens it. */
static apr_status_t open_entry(anshin_op_t *op, const json_t *entry, const char **id,
                               unsigned char kept[ANSHIN_KEPT_BYTES])
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *text = json_string_value(json_array_get(entry, 1));
    anshin_bytes_t sealed = {NULL, 0}, clear;

    *id = json_string_value(json_array_get(entry, 0));
    if (*id != NULL && text != NULL) {
        sealed.data = apr_pdecode_base64_binary(op->pool, text, APR_ENCODE_STRING, APR_ENCODE_NONE, &sealed.length);
    }
    if (sealed.data == NULL ||
        crypto->unseal(crypto->ctx, &clear, PURPOSE_KEPT, bound_to(op, *id), sealed, op->pool) != APR_SUCCESS) {
        return ANSHIN_EDENIED;
    }
    if (clear.length == ANSHIN_KEPT_BYTES) {
        memcpy(kept, clear.data, ANSHIN_KEPT_BYTES);
    }
    anshin_secret_wipe_bytes(op, &clear);
    return APR_SUCCESS;
}

/* The key that goes first, and all before it sealed anew: they are by it. NULL: it cannot be made. */
static json_t *keep(anshin_op_t *op, const json_t *before, const char *former)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char kept[ANSHIN_KEPT_BYTES];
    json_t *list = json_array();
    int whole = crypto->keep(crypto->ctx, kept, 1) == APR_SUCCESS &&
                json_array_append_new(list, entry_of(op, former, kept)) == 0;

    for (size_t i = 0; whole && i < json_array_size(before); i++) {
        const char *id;

        whole = open_entry(op, json_array_get(before, i), &id, kept) == APR_SUCCESS &&
                json_array_append_new(list, entry_of(op, id, kept)) == 0;
    }
    crypto->wipe(crypto->ctx, kept, sizeof(kept));
    if (!whole) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static apr_status_t end_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *former;
    apr_status_t status = anshin_key_id(op, 1, &former);
    json_t *json, *kept;

    (void)baton;
    if (status != APR_SUCCESS || (json = read_fact(op, txn, &status)) == NULL) {
        return status;
    }
    if (is_kept(json, former)) {
        json_decref(json);
        return APR_SUCCESS;
    }
    kept = keep(op, json_object_get(json, "kept"), former);
    if (kept == NULL || json_object_set_new(json, "kept", kept) != 0) {
        json_decref(json);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1653",
                           "what the audit trail needs of the old seal key cannot be kept, so that it stays");
    }
    json_object_del(json, "former");
    status = write_fact(op, txn, json);
    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_SEAL_KEY_REMOVED, former) : status;
}

apr_status_t anshin_rotation_end(anshin_op_t *op)
{
    return anshin_op_write(op, ANSHIN_DURABLE, end_in, NULL);
}

/* --- in every process --------------------------------------------------------------------------------------------- */

static apr_status_t recall_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char bytes[ANSHIN_KEPT_BYTES];
    apr_status_t status;
    json_t *json = read_fact(op, txn, &status);
    const json_t *kept = json_object_get(json, "kept");

    (void)baton;
    for (size_t i = 0; status == APR_SUCCESS && i < json_array_size(kept); i++) {
        const char *id;

        /* Where none of our keys opens it, it is the wrong seal key: that is told where something else is opened. */
        if (open_entry(op, json_array_get(kept, i), &id, bytes) == APR_SUCCESS) {
            status = crypto->recall(crypto->ctx, bytes);
        }
    }
    crypto->wipe(crypto->ctx, bytes, sizeof(bytes));
    json_decref(json);
    return status;
}

apr_status_t anshin_rotation_recall(const anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    apr_status_t status;

    apr_pool_create(&scratch, pool);
    anshin_op_init(&op, env, NULL, &anshin_actor_worker, scratch);
    status = anshin_op_look(&op, recall_in, NULL);
    if (status != APR_SUCCESS && err != NULL) {
        *err = op.error;
    }
    apr_pool_destroy(scratch);
    return status;
}

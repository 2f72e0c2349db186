/*
 * Flows: a JSON object under AES-256-GCM in the browser, a record in the store.
 *
 * SECURITY: the cookie comes from strangers. Whatever does not unseal under contract, browser and id is not a flow;
 * what does was written here, and every part is checked all the same. Who has the seal key can write cookies: what
 * they say of themselves proves nothing that the store does not confirm.
 */
#include "core/context/flow.h"

#include <apr_encode.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/context/secret.h"

#define PURPOSE "flow"
#define HEX "0123456789abcdef"
#define NONCE_TEXT 32 /* hexadecimal digits: 128 bits */
#define RANDOM_TEXT 5 /* of an id; the milliseconds before it keep ids in their order */

int anshin_flow_token_valid(const char *text)
{
    apr_size_t length = strlen(text);
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (!apr_isalnum(text[i]) && text[i] != '-' && text[i] != '_') {
            return 0;
        }
    }
    return length == ANSHIN_TOKEN_TEXT;
}

int anshin_flow_id_valid(const char *text)
{
    return strlen(text) == ANSHIN_FLOW_ID_TEXT && strspn(text, HEX) == ANSHIN_FLOW_ID_TEXT;
}

apr_status_t anshin_flow_start(anshin_op_t *op, anshin_flow_t *flow, anshin_flow_kind_t kind, const char *user)
{
    const char *random;
    apr_status_t status = anshin_secret_text(op, &random, HEX, RANDOM_TEXT);

    memset(flow, 0, sizeof *flow);
    flow->kind = kind;
    flow->stage = ANSHIN_STAGE_OPENED;
    flow->expires_at = op->now + op->contract->policy.flow_lifetime;
    flow->user = user;
    flow->token = "";
    flow->secret = "";
    if (status == APR_SUCCESS) {
        flow->id =
            apr_psprintf(op->pool, "%011" APR_UINT64_T_HEX_FMT "%s", (apr_uint64_t)apr_time_as_msec(op->now), random);
        status = anshin_secret_name(op, &flow->nonce);
    }
    return status;
}

static apr_status_t drop_note(void *note)
{
    json_decref(note);
    return APR_SUCCESS;
}

static apr_status_t out_of_memory(anshin_op_t *op)
{
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0980", "flow: out of memory");
}

apr_status_t anshin_flow_note(anshin_op_t *op, anshin_flow_t *flow, json_t *note)
{
    if (note == NULL) {
        return out_of_memory(op);
    }
    apr_pool_cleanup_register(op->pool, note, drop_note, apr_pool_cleanup_null);
    flow->note = note;
    return APR_SUCCESS;
}

const char *anshin_flow_text(const anshin_flow_t *flow, const char *key)
{
    const char *text = json_string_value(json_object_get(flow->note, key));

    return text != NULL ? text : "";
}

apr_int64_t anshin_flow_number(const anshin_flow_t *flow, const char *key)
{
    return json_integer_value(json_object_get(flow->note, key));
}

/* --- in the browser --------------------------------------------------------------------------------------------- */

/* What else must be the same when it is unsealed. */
static const char *bound_to(anshin_op_t *op, const char *browser, const char *id)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", browser, "/", id, NULL);
}

/* The members have short names, since four of these objects are to lie in one browser. */
static char *dump(const anshin_flow_t *flow)
{
    json_t *object =
        json_pack("{s:i, s:I, s:s, s:s, s:s, s:s, s:O*}", "k", (int)flow->kind, "e", (json_int_t)flow->expires_at, "n",
                  flow->nonce, "u", flow->user, "t", flow->token, "s", flow->secret, "o", flow->note);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return text;
}

apr_status_t anshin_flow_seal(anshin_op_t *op, const anshin_flow_t *flow, const char *browser, const char **text)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    char *clear = dump(flow);
    anshin_bytes_t sealed;
    apr_status_t status;

    if (clear == NULL) {
        return out_of_memory(op);
    }
    status =
        crypto->seal(crypto->ctx, &sealed, PURPOSE, bound_to(op, browser, flow->id), anshin_bytes_of(clear), op->pool);
    anshin_secret_wipe(op, clear);
    free(clear);
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0288", "flow: cannot be sealed");
    }
    *text = apr_pencode_base64_binary(op->pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_BASE64URL, NULL);
    if (strlen(*text) > ANSHIN_FLOW_TEXT_MAX) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0287", "flow: a text is too long");
    }
    return APR_SUCCESS;
}

/* A text of the object in the pool; NULL when it has none. */
static const char *take_text(anshin_op_t *op, const json_t *object, const char *key)
{
    return apr_pstrdup(op->pool, json_string_value(json_object_get(object, key)));
}

static int parse(anshin_op_t *op, const json_t *object, anshin_flow_t *flow)
{
    const json_t *note = json_object_get(object, "o");
    json_int_t kind = json_integer_value(json_object_get(object, "k"));

    flow->expires_at = json_integer_value(json_object_get(object, "e"));
    flow->nonce = take_text(op, object, "n");
    flow->user = take_text(op, object, "u");
    flow->token = take_text(op, object, "t");
    flow->secret = take_text(op, object, "s");
    if (kind <= ANSHIN_FLOW_NONE || kind >= ANSHIN_FLOW_COUNT || flow->expires_at <= 0 || flow->nonce == NULL ||
        strlen(flow->nonce) != NONCE_TEXT || strspn(flow->nonce, HEX) != NONCE_TEXT || flow->user == NULL ||
        flow->token == NULL || flow->secret == NULL || (note != NULL && !json_is_object(note))) {
        return 0;
    }
    flow->kind = (anshin_flow_kind_t)kind;
    return note == NULL || anshin_flow_note(op, flow, json_incref((json_t *)(uintptr_t)note)) == APR_SUCCESS;
}

static apr_status_t read_clear(anshin_op_t *op, anshin_bytes_t *clear, const char *id, anshin_flow_t *flow)
{
    json_t *object = anshin_secret_json(op, clear);
    int ours = object != NULL && parse(op, object, flow);

    json_decref(object);
    anshin_secret_wipe_bytes(op, clear);
    if (!ours) { /* we sealed it: what cannot be read is no answer of a stranger's */
        memset(flow, 0, sizeof *flow);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0982",
                           "flow: a sealed text is not a flow, or memory has run out");
    }
    flow->id = id;
    return APR_SUCCESS;
}

apr_status_t anshin_flow_unseal(anshin_op_t *op, const char *text, const char *id, const char *browser,
                                anshin_flow_t *flow)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_bytes_t sealed;
    anshin_bytes_t clear;
    apr_status_t status;

    memset(flow, 0, sizeof *flow);
    if (text == NULL || strlen(text) > ANSHIN_FLOW_TEXT_MAX || !anshin_flow_id_valid(id)) {
        return ANSHIN_EDENIED;
    }
    sealed.data = apr_pdecode_base64_binary(op->pool, text, APR_ENCODE_STRING, APR_ENCODE_BASE64URL, &sealed.length);
    if (sealed.data == NULL) {
        return ANSHIN_EDENIED;
    }
    status = crypto->unseal(crypto->ctx, &clear, PURPOSE, bound_to(op, browser, id), sealed, op->pool);
    if (status == ANSHIN_EDENIED) {
        return ANSHIN_EDENIED;
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0289", "flow: cannot be unsealed");
    }
    return read_clear(op, &clear, id, flow);
}

/* --- in the store ----------------------------------------------------------------------------------------------- */

static apr_status_t key_of(anshin_op_t *op, const anshin_flow_t *flow, const char **key)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char digest[ANSHIN_DIGEST_BYTES];

    if (crypto->digest(crypto->ctx, digest, flow->nonce, strlen(flow->nonce)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0981", "flow: SHA-256 is not available");
    }
    *key = anshin_hex(digest, sizeof digest, op->pool);
    return APR_SUCCESS;
}

/* The record of a flow. ANSHIN_ENOTFOUND: none; one of another contract or kind is none. */
static apr_status_t read_record(anshin_op_t *op, anshin_txn_t *txn, const anshin_flow_t *flow, const char *key,
                                anshin_progress_t *record)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_progress, key, record);

    if (status == APR_SUCCESS &&
        (record->kind != (apr_int64_t)flow->kind || record->contract == NULL || record->user == NULL ||
         record->stage < ANSHIN_STAGE_OPENED || record->stage > ANSHIN_STAGE_ENDED ||
         strcmp(record->contract, op->contract->name) != 0)) {
        return ANSHIN_ENOTFOUND;
    }
    return status;
}

/* A login begins with the right password, which only the store can confirm; other flows with a link or a session,
 * which are looked at anew with each page. */
static int begins_in_store(const anshin_flow_t *flow)
{
    return flow->kind == ANSHIN_FLOW_LOGIN;
}

apr_status_t anshin_flow_find_in(anshin_op_t *op, anshin_txn_t *txn, anshin_flow_t *flow)
{
    anshin_progress_t record;
    apr_time_t end = flow->expires_at;
    const char *key;
    apr_status_t status = key_of(op, flow, &key);

    status = status == APR_SUCCESS ? read_record(op, txn, flow, key, &record) : status;
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    if (status == APR_SUCCESS) {
        flow->stage = (anshin_flow_stage_t)record.stage;
        flow->user = record.user;
        flow->terminal = record.terminal;
        flow->reached = record.reached_at;
        flow->token = begins_in_store(flow) ? (record.stamp != NULL ? record.stamp : "") : flow->token;
        end = flow->stage >= ANSHIN_STAGE_RESULT ? record.reached_at + ANSHIN_FLOW_RESULT_LIFE : end;
    } else if (begins_in_store(flow)) {
        return ANSHIN_EDENIED;
    } else {
        flow->stage = ANSHIN_STAGE_OPENED; /* a run of before may have thought further */
    }
    return end > op->now ? APR_SUCCESS : ANSHIN_EDENIED;
}

apr_status_t anshin_flow_waits(anshin_op_t *op, anshin_txn_t *txn, anshin_flow_stage_t stage)
{
    anshin_flow_t found;
    apr_status_t status;

    if (op->flow == NULL) {
        return APR_SUCCESS;
    }
    found = *op->flow;
    status = anshin_flow_find_in(op, txn, &found);
    return status == APR_SUCCESS && found.stage != stage ? ANSHIN_EDENIED : status;
}

static apr_status_t find(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_flow_find_in(op, txn, baton);
}

apr_status_t anshin_flow_find(anshin_op_t *op, anshin_flow_t *flow)
{
    return anshin_op_read(op, find, flow);
}

/* The record as it is to be when the flow has come to stage. */
static apr_status_t write_record(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_flow_t *flow)
{
    apr_time_t shown_until = op->now + ANSHIN_FLOW_RESULT_LIFE;
    anshin_progress_t record = {.contract = op->contract->name,
                                .kind = (apr_int64_t)flow->kind,
                                .stage = (apr_int64_t)flow->stage,
                                .user = flow->user,
                                .terminal = flow->terminal,
                                .reached_at = flow->reached,
                                .expires_at = flow->expires_at > shown_until ? flow->expires_at : shown_until,
                                .stamp = begins_in_store(flow) ? flow->token : NULL};

    return anshin_txn_put(txn, &anshin_record_progress, key, &record);
}

apr_status_t anshin_flow_reach(anshin_op_t *op, anshin_txn_t *txn, anshin_flow_stage_t stage, const char *user,
                               apr_int64_t terminal)
{
    anshin_flow_t *flow = op->flow;
    anshin_progress_t record;
    const char *key;
    apr_status_t status;
    int begins;

    if (flow == NULL) {
        return APR_SUCCESS;
    }
    if ((status = key_of(op, flow, &key)) != APR_SUCCESS) {
        return status;
    }
    status = read_record(op, txn, flow, key, &record);
    begins = status == ANSHIN_ENOTFOUND;
    if (begins && begins_in_store(flow) && stage == ANSHIN_STAGE_RESULT) {
        return APR_SUCCESS;
    }
    if (!begins &&
        (status != APR_SUCCESS || record.stage >= ANSHIN_STAGE_RESULT || record.stage > (apr_int64_t)stage)) {
        return status != APR_SUCCESS ? status : ANSHIN_EDENIED;
    }
    flow->stage = stage;
    flow->user = user;
    flow->terminal = terminal;
    flow->reached = op->now;
    status = write_record(op, txn, key, flow);
    if (status == APR_SUCCESS && begins) {
        status = anshin_expiry_file(op, txn, &anshin_record_progress, key, flow->expires_at + ANSHIN_KEEP_FLOW);
    }
    return status;
}

static apr_status_t end_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_flow_t *flow = baton;
    anshin_progress_t record;
    const char *key;
    apr_status_t status = key_of(op, flow, &key);

    status = status == APR_SUCCESS ? read_record(op, txn, flow, key, &record) : status;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    record.stage = ANSHIN_STAGE_ENDED;
    return anshin_txn_put(txn, &anshin_record_progress, key, &record);
}

apr_status_t anshin_flow_end(anshin_op_t *op, anshin_flow_t *flow)
{
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, end_in, flow);

    if (status == APR_SUCCESS) {
        flow->stage = ANSHIN_STAGE_ENDED;
    }
    return status;
}

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return anshin_expiry_over(op, ((const anshin_progress_t *)record)->expires_at + ANSHIN_KEEP_FLOW);
}

const anshin_expiry_rule_t anshin_progress_expiry = {&anshin_record_progress, over, NULL, NULL};

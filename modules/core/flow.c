/*
 * Flows, as four lines of text under AES-256-GCM.
 *
 * SECURITY: the cookie comes from strangers. Whatever does not unseal under the contract's name is not a flow; what
 * does was written here, so that parsing it may rest on its form and still checks every part.
 */
#include "core/flow.h"

#include <apr_encode.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "core/secret.h"

#define PURPOSE "flow"
#define FIELD_MAX 64

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

void anshin_flow_start(anshin_op_t *op, anshin_flow_t *flow, anshin_flow_kind_t kind, const char *token)
{
    flow->kind = kind;
    flow->stage = ANSHIN_STAGE_OPENED;
    flow->expires_at = op->now + op->contract->policy.flow_lifetime;
    flow->token = token;
    flow->secret = "";
    flow->note = "";
}

void anshin_flow_finish(anshin_op_t *op, anshin_flow_t *flow, const char *secret)
{
    flow->stage = ANSHIN_STAGE_RESULT;
    flow->expires_at = op->now + ANSHIN_FLOW_RESULT_LIFE;
    flow->token = "";
    flow->secret = secret ? secret : "";
}

static int line_fits(const char *text, apr_size_t max)
{
    return strlen(text) <= max && strchr(text, '\n') == NULL;
}

apr_status_t anshin_flow_seal(anshin_op_t *op, const anshin_flow_t *flow, const char **text)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_bytes_t sealed;
    apr_status_t status;
    char *clear;

    if (!line_fits(flow->token, FIELD_MAX) || !line_fits(flow->secret, FIELD_MAX) ||
        !line_fits(flow->note, ANSHIN_FLOW_NOTE_MAX)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0287", "flow: a text is too long or of several lines");
    }
    clear = apr_psprintf(op->pool, "%d %d %" APR_TIME_T_FMT "\n%s\n%s\n%s", (int)flow->kind, (int)flow->stage,
                         flow->expires_at, flow->token, flow->secret, flow->note);
    status = crypto->seal(crypto->ctx, &sealed, PURPOSE, op->contract->name, clear, strlen(clear), op->pool);
    anshin_secret_wipe(op, clear);
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0288", "flow: cannot be sealed");
    }
    *text = apr_pencode_base64_binary(op->pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_BASE64URL, NULL);
    return APR_SUCCESS;
}

/* The next decimal number of the first line; -1 when there is none. */
static apr_int64_t take_number(const char **at, char end)
{
    char *stop;
    apr_int64_t number = apr_isdigit(**at) ? apr_strtoi64(*at, &stop, 10) : -1;

    if (number < 0 || *stop != end) {
        return -1;
    }
    *at = stop + 1;
    return number;
}

static int parse(const char *clear, anshin_flow_t *flow, apr_pool_t *pool)
{
    const char *at = clear;
    apr_int64_t kind = take_number(&at, ' ');
    apr_int64_t stage = kind >= 0 ? take_number(&at, ' ') : -1;
    apr_int64_t expires = stage >= 0 ? take_number(&at, '\n') : -1;
    const char *line = expires >= 0 ? strchr(at, '\n') : NULL;
    const char *last;

    last = line != NULL ? strchr(line + 1, '\n') : NULL;
    if (last == NULL || strchr(last + 1, '\n') != NULL || kind >= ANSHIN_FLOW_COUNT || stage > ANSHIN_STAGE_RESULT) {
        return 0;
    }
    flow->kind = (anshin_flow_kind_t)kind;
    flow->stage = (anshin_flow_stage_t)stage;
    flow->expires_at = expires;
    flow->token = apr_pstrmemdup(pool, at, (apr_size_t)(line - at));
    flow->secret = apr_pstrmemdup(pool, line + 1, (apr_size_t)(last - line - 1));
    flow->note = last + 1;
    return 1;
}

apr_status_t anshin_flow_unseal(anshin_op_t *op, const char *text, anshin_flow_kind_t kind, anshin_flow_t *flow)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const unsigned char *sealed;
    anshin_bytes_t clear;
    apr_size_t length;
    apr_status_t status;

    memset(flow, 0, sizeof *flow);
    if (text == NULL || strlen(text) > ANSHIN_FLOW_TEXT_MAX) {
        return ANSHIN_EDENIED;
    }
    sealed = apr_pdecode_base64_binary(op->pool, text, APR_ENCODE_STRING, APR_ENCODE_BASE64URL, &length);
    if (sealed == NULL) {
        return ANSHIN_EDENIED;
    }
    status = crypto->unseal(crypto->ctx, &clear, PURPOSE, op->contract->name, sealed, length, op->pool);
    if (status == ANSHIN_EDENIED) {
        return ANSHIN_EDENIED;
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0289", "flow: cannot be unsealed");
    }
    if (!parse((const char *)clear.data, flow, op->pool) || flow->kind != kind || flow->expires_at <= op->now) {
        memset(flow, 0, sizeof *flow);
        return ANSHIN_EDENIED;
    }
    return APR_SUCCESS;
}

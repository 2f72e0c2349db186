/*
 * The sealed cookie of a flow. The first octet chooses: as a stranger sends it, or as if the rest had been sealed by
 * us (the seal is taken off beforehand, or nothing would get as far as what reads it). Strangers are denied; what is
 * read keeps its bounds, and can be sealed and read again.
 */
#include "fuzz.h"

#include "core/flow.h"

#include <apr_encode.h>

/* A table whose seal is none. */
static apr_status_t take_as_it_is(void *ctx, anshin_bytes_t *data, const char *purpose, const char *bound,
                                  const void *sealed, apr_size_t length, apr_pool_t *pool)
{
    (void)ctx;
    (void)purpose;
    (void)bound;
    data->data = (const unsigned char *)apr_pstrmemdup(pool, sealed, length);
    data->length = length;
    return APR_SUCCESS;
}

static void check_flow(anshin_op_t *op, const anshin_flow_t *flow, anshin_flow_kind_t kind)
{
    anshin_flow_t again;
    const char *text;
    apr_status_t status;

    require(flow->kind == kind && flow->stage >= ANSHIN_STAGE_OPENED && flow->stage <= ANSHIN_STAGE_RESULT);
    require(flow->expires_at > op->now);
    require(flow->token != NULL && flow->secret != NULL && flow->note != NULL);
    require(strchr(flow->token, '\n') == NULL && strchr(flow->secret, '\n') == NULL);
    op->env = fuzz_op(op->pool)->env;
    status = anshin_flow_seal(op, flow, &text);
    if (status == APR_SUCCESS) {
        require(strlen(text) <= ANSHIN_FLOW_TEXT_MAX);
        require(anshin_flow_unseal(op, text, kind, &again) == APR_SUCCESS);
        require(again.stage == flow->stage && again.expires_at == flow->expires_at &&
                strcmp(again.token, flow->token) == 0 && strcmp(again.secret, flow->secret) == 0 &&
                strcmp(again.note, flow->note) == 0);
        for (int other = 0; other < ANSHIN_FLOW_COUNT; other++) {
            require(other == (int)kind || anshin_flow_unseal(op, text, other, &again) == ANSHIN_EDENIED);
        }
    } else {
        require(status == ANSHIN_EINVALID && strlen(flow->token) + strlen(flow->secret) + strlen(flow->note) > 64);
    }
}

static void check_ours(const uint8_t *data, size_t size, apr_pool_t *pool)
{
    anshin_crypto_t table = *fuzz_crypto();
    const char *text = apr_pencode_base64_binary(pool, data, (apr_ssize_t)size, APR_ENCODE_BASE64URL, NULL);

    table.unseal = take_as_it_is;
    for (int kind = 0; kind < ANSHIN_FLOW_COUNT; kind++) {
        anshin_op_t *op = fuzz_op(pool);
        anshin_env_t env = *op->env;
        anshin_flow_t flow;
        apr_status_t status;

        env.crypto = &table;
        op->env = &env;
        status = anshin_flow_unseal(op, text, kind, &flow);
        require(status == APR_SUCCESS || (status == ANSHIN_EDENIED && op->error.status == APR_SUCCESS));
        if (status == APR_SUCCESS) {
            check_flow(op, &flow, kind);
        } else {
            require(flow.token == NULL && flow.secret == NULL && flow.expires_at == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    anshin_op_t *op = fuzz_op(pool);
    anshin_flow_t flow;
    const char *text;

    if (size == 0) {
        return 0;
    }
    text = fuzz_text(data + 1, size - 1);
    (void)anshin_flow_token_valid(text);
    if (data[0] == 'c') {
        require(anshin_flow_unseal(op, text, ANSHIN_FLOW_LOGIN, &flow) == ANSHIN_EDENIED);
        require(op->error.status == APR_SUCCESS && flow.token == NULL);
    } else {
        check_ours(data + 1, size - 1, pool);
    }
    return 0;
}

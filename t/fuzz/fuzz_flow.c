/*
 * The sealed cookie of a flow. The first octet chooses: as a stranger sends it, or as if the rest had been sealed by
 * us (the seal is taken off beforehand, or nothing would get as far as what reads it). Strangers are denied; what is
 * read keeps its bounds, and can be sealed and read again.
 */
#include "fuzz.h"

#include "core/context/flow.h"

#include <apr_encode.h>

/* A table whose seal is none. */
static apr_status_t take_as_it_is(void *ctx, anshin_bytes_t *data, const char *purpose, const char *bound,
                                  anshin_bytes_t sealed, apr_pool_t *pool)
{
    (void)ctx;
    (void)purpose;
    (void)bound;
    data->data = (const unsigned char *)apr_pstrmemdup(pool, (const char *)sealed.data, sealed.length);
    data->length = sealed.length;
    return APR_SUCCESS;
}

#define ID "0123456789abcdef"
#define BROWSER "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"

static void check_flow(anshin_op_t *op, const anshin_flow_t *flow)
{
    anshin_flow_t again;
    const char *text;
    apr_status_t status;

    require(flow->kind > ANSHIN_FLOW_NONE && flow->kind < ANSHIN_FLOW_COUNT && flow->stage == ANSHIN_STAGE_OPENED);
    require(flow->expires_at > 0 && strlen(flow->nonce) == 32);
    require(flow->token != NULL && flow->secret != NULL && flow->user != NULL);
    (void)anshin_flow_text(flow, "address");
    (void)anshin_flow_number(flow, "number");
    op->env = fuzz_op(op->pool)->env;
    status = anshin_flow_seal(op, flow, BROWSER, &text);
    if (status == APR_SUCCESS) {
        require(strlen(text) <= ANSHIN_FLOW_TEXT_MAX);
        require(anshin_flow_unseal(op, text, ID, BROWSER, &again) == APR_SUCCESS);
        require(again.kind == flow->kind && again.expires_at == flow->expires_at &&
                strcmp(again.token, flow->token) == 0 && strcmp(again.secret, flow->secret) == 0 &&
                strcmp(again.user, flow->user) == 0 && json_equal(again.note, flow->note) == (flow->note != NULL));
    } else {
        require(status == ANSHIN_EINVALID);
    }
}

static void check_ours(const uint8_t *data, size_t size, apr_pool_t *pool)
{
    anshin_crypto_t table = *fuzz_crypto();
    const char *text = apr_pencode_base64_binary(pool, data, (apr_ssize_t)size, APR_ENCODE_BASE64URL, NULL);
    anshin_op_t *op = fuzz_op(pool);
    anshin_env_t env = *op->env;
    anshin_flow_t flow;
    apr_status_t status;

    table.unseal = take_as_it_is;
    env.crypto = &table;
    op->env = &env;
    status = anshin_flow_unseal(op, text, ID, BROWSER, &flow);
    require(status == APR_SUCCESS || (status == ANSHIN_EDENIED && op->error.status == APR_SUCCESS) ||
            (status == ANSHIN_EFAULT && op->error.status != APR_SUCCESS));
    if (status == APR_SUCCESS) {
        check_flow(op, &flow);
    } else {
        require(flow.token == NULL && flow.secret == NULL && flow.expires_at == 0);
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
    (void)anshin_flow_id_valid(text);
    if (data[0] == 'c') {
        require(anshin_flow_unseal(op, text, ID, BROWSER, &flow) == ANSHIN_EDENIED);
        require(op->error.status == APR_SUCCESS && flow.token == NULL);
    } else {
        check_ours(data + 1, size - 1, pool);
    }
    return 0;
}

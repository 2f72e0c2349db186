/*
 * Lines of the trail: see line.h.
 *
 * SECURITY: what is read may have been written by anybody. A MAC is made of octets as they stand there, never of what a
 * parser understood of them.
 */
#include "core/audit/line.h"

#include <string.h>

#include <apr_strings.h>

#include "core/context/secret.h"

#define PURPOSE_EVENT "audit-event"
#define PURPOSE_CHAIN "audit-chain"
#define CHAIN ",\"chain\":\""
#define MAC ",\"mac\":\""
#define END "\"}"

const char anshin_chain_none[] = "0000000000000000000000000000000000000000000000000000000000000000";

static const char *const kinds[] = {"{\"begin\":", "{\"event\":", "{\"end\":"};

/* By the nth seal key. NULL: it cannot be made. */
static const char *mac_of(const anshin_op_t *op, int n, const char *purpose, const char *text, apr_pool_t *pool)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char mac[ANSHIN_DIGEST_BYTES];
    apr_status_t status = n == 0 ? crypto->mac(crypto->ctx, mac, purpose, text, strlen(text))
                                 : crypto->mac_by(crypto->ctx, mac, n, purpose, text, strlen(text));

    return status == APR_SUCCESS ? anshin_hex(mac, sizeof(mac), pool) : NULL;
}

/* Which of the seal keys it is by; -1: none. */
static int made_by(const anshin_op_t *op, const char *purpose, const char *text, const char *mac, apr_pool_t *pool)
{
    const char *made;

    for (int n = 0; (made = mac_of(op, n, purpose, text, pool)) != NULL; n++) {
        if (anshin_secret_equal(op, mac, made)) {
            return n;
        }
    }
    return -1;
}

static const char *chain_of(const anshin_op_t *op, const char *head, const char *before, apr_pool_t *pool)
{
    return mac_of(op, 0, PURPOSE_CHAIN, apr_pstrcat(pool, before, head, NULL), pool);
}

const char *anshin_line_mac(const anshin_op_t *op, const char *event, apr_pool_t *pool)
{
    return mac_of(op, 0, PURPOSE_EVENT, event, pool);
}

const char *anshin_line_make(const anshin_op_t *op, const anshin_line_t *line, const char *before, const char **chain,
                             apr_pool_t *pool)
{
    const char *head = apr_pstrcat(pool, kinds[line->kind], line->body, line->mac != NULL ? MAC : "",
                                   line->mac != NULL ? line->mac : "", line->mac != NULL ? "\"" : "", NULL);

    *chain = chain_of(op, head, before, pool);
    return *chain != NULL ? apr_pstrcat(pool, head, CHAIN, *chain, END "\n", NULL) : NULL;
}

static int is_hex(const char *text)
{
    return strspn(text, "0123456789abcdef") >= ANSHIN_CHAIN_TEXT;
}

/* What stands before `name` and 64 digits and `end` at the end of a text, and those digits; 0: it does not end so. */
static int cut(const char *text, const char *name, const char *end, const char **before, const char **digits,
               apr_pool_t *pool)
{
    const apr_size_t length = strlen(text);
    const apr_size_t tail = strlen(name) + ANSHIN_CHAIN_TEXT + strlen(end);
    const char *at = length > tail ? text + length - tail : NULL;

    if (at == NULL || strncmp(at, name, strlen(name)) != 0 || !is_hex(at + strlen(name)) ||
        strcmp(text + length - strlen(end), end) != 0) {
        return 0;
    }
    *before = apr_pstrmemdup(pool, text, length - tail);
    *digits = apr_pstrmemdup(pool, at + strlen(name), ANSHIN_CHAIN_TEXT);
    return 1;
}

apr_status_t anshin_line_read(anshin_line_t *line, const char *text, apr_pool_t *pool)
{
    const char *rest;

    memset(line, 0, sizeof(*line));
    if (!cut(text, CHAIN, END, &line->head, &line->chain, pool)) {
        return ANSHIN_EINVALID;
    }
    rest = line->head;
    for (int kind = ANSHIN_LINE_BEGIN; kind <= ANSHIN_LINE_END; kind++) {
        if (strncmp(line->head, kinds[kind], strlen(kinds[kind])) == 0) {
            line->kind = (anshin_line_kind_t)kind;
            if (kind == ANSHIN_LINE_EVENT && !cut(line->head, MAC, "\"", &rest, &line->mac, pool)) {
                return ANSHIN_EINVALID;
            }
            line->body = rest + strlen(kinds[kind]);
            return APR_SUCCESS;
        }
    }
    return ANSHIN_EINVALID;
}

int anshin_line_follows_by(const anshin_op_t *op, const anshin_line_t *line, const char *before, apr_pool_t *pool)
{
    return made_by(op, PURPOSE_CHAIN, apr_pstrcat(pool, before, line->head, NULL), line->chain, pool);
}

int anshin_line_follows(const anshin_op_t *op, const anshin_line_t *line, const char *before, apr_pool_t *pool)
{
    return anshin_line_follows_by(op, line, before, pool) >= 0;
}

int anshin_line_made_by(const anshin_op_t *op, const char *event, const char *mac, apr_pool_t *pool)
{
    return made_by(op, PURPOSE_EVENT, event, mac, pool);
}

int anshin_line_is_genuine(const anshin_op_t *op, const char *event, const char *mac, apr_pool_t *pool)
{
    return anshin_line_made_by(op, event, mac, pool) >= 0;
}

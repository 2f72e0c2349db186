/*
 * The machines that share a store: see nodes.h.
 */
#include "core/context/nodes.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

/* "VERSION PLACE" */
static const char *place_of(const anshin_fact_t *fact)
{
    const char *space = fact->value != NULL ? strchr(fact->value, ' ') : NULL;

    return space != NULL ? space + 1 : "";
}

typedef struct sign_t {
    const char *place;
    apr_time_t silent;
} sign_t;

static apr_status_t sign(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const sign_t *mine = baton;
    const char *key = apr_pstrcat(op->pool, ANSHIN_NODE_FACT, op->env->node, NULL);
    anshin_fact_t fact;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key, &fact);

    if (status == APR_SUCCESS && strcmp(place_of(&fact), mine->place) != 0 && fact.at != mine->silent) {
        return ANSHIN_ECONFLICT;
    }
    if (status == ANSHIN_ENOTFOUND) {
        status = anshin_expiry_file(op, txn, &anshin_record_fact, key, op->now + ANSHIN_KEEP_NODE);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    fact = (anshin_fact_t){.value = apr_pstrcat(op->pool, ANSHIN_VERSION " ", mine->place, NULL), .at = op->now};
    return anshin_txn_put(txn, &anshin_record_fact, key, &fact);
}

apr_status_t anshin_node_sign(anshin_op_t *op, const char *place, apr_time_t silent)
{
    sign_t mine = {place, silent};

    return anshin_op_write(op, ANSHIN_LAZY, sign, &mine);
}

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    apr_array_header_t *nodes = baton;
    const anshin_fact_t *fact = record;
    const char *value = fact->value != NULL ? fact->value : "";

    APR_ARRAY_PUSH(nodes, anshin_node_t) =
        (anshin_node_t){apr_pstrdup(nodes->pool, key + strlen(ANSHIN_NODE_FACT)),
                        apr_pstrmemdup(nodes->pool, value, strcspn(value, " ")), fact->at};
    return APR_SUCCESS;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(((const anshin_node_t *)one)->name, ((const anshin_node_t *)other)->name);
}

apr_status_t anshin_nodes_in(anshin_op_t *op, anshin_txn_t *txn, apr_array_header_t **nodes)
{
    apr_status_t status;

    *nodes = apr_array_make(op->pool, 4, sizeof(anshin_node_t));
    if (op->env->node == NULL) {
        return APR_SUCCESS;
    }
    status = anshin_txn_each(txn, &anshin_record_fact, ANSHIN_NODE_FACT, collect, *nodes);
    if ((*nodes)->nelts > 1) {
        qsort((*nodes)->elts, (size_t)(*nodes)->nelts, sizeof(anshin_node_t), by_name);
    }
    return status;
}

static apr_status_t read_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_nodes_in(op, txn, baton);
}

apr_status_t anshin_nodes(anshin_op_t *op, apr_array_header_t **nodes)
{
    return anshin_op_read(op, read_in, nodes);
}

int anshin_node_is_gone(const anshin_op_t *op, const anshin_node_t *node)
{
    return node->seen_at <= op->now - ANSHIN_NODE_SILENCE;
}

int anshin_node_lives(const anshin_op_t *op, const apr_array_header_t *nodes, const char *name)
{
    for (int i = 0; i < nodes->nelts; i++) {
        const anshin_node_t *node = &APR_ARRAY_IDX(nodes, i, anshin_node_t);

        if (strcmp(node->name, name) == 0) {
            return !anshin_node_is_gone(op, node);
        }
    }
    return 0;
}

/* --- who is silent ------------------------------------------------------------------------------------------------ */

typedef struct heard_t {
    apr_time_t sign;  /* the last one, by its own clock */
    apr_time_t since; /* uptime since when no other one has come */
} heard_t;

void anshin_node_watch_init(anshin_node_watch_t *watch, apr_pool_t *pool)
{
    *watch = (anshin_node_watch_t){.heard = apr_hash_make(pool), .pool = pool};
}

void anshin_node_watch_note(anshin_node_watch_t *watch, const apr_array_header_t *nodes, apr_time_t uptime)
{
    const int anew = uptime - watch->looked_at > ANSHIN_NODE_GAP;

    for (int i = 0; i < nodes->nelts; i++) {
        const anshin_node_t *node = &APR_ARRAY_IDX(nodes, i, anshin_node_t);
        heard_t *heard = apr_hash_get(watch->heard, node->name, APR_HASH_KEY_STRING);

        if (heard == NULL) {
            heard = apr_pcalloc(watch->pool, sizeof(*heard));
            apr_hash_set(watch->heard, apr_pstrdup(watch->pool, node->name), APR_HASH_KEY_STRING, heard);
        }
        if (anew || heard->sign != node->seen_at) {
            *heard = (heard_t){node->seen_at, uptime};
        }
    }
    watch->looked_at = uptime;
}

apr_time_t anshin_node_silent(const anshin_node_watch_t *watch, const char *name)
{
    const heard_t *heard = apr_hash_get(watch->heard, name, APR_HASH_KEY_STRING);

    return heard != NULL && watch->looked_at - heard->since >= ANSHIN_NODE_SILENCE ? heard->sign : 0;
}

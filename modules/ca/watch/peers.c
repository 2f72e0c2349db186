/*
 * The worker among those of other machines: see peers.h.
 *
 * Two machines of one name would each free what the other has in hand. Whose name it is, the state directory tells: its
 * device and number, and the start of the machine, are no other one's. A machine that was started anew waits until no
 * sign has come under its name for ANSHIN_NODE_SILENCE.
 */
#include "ca/watch/peers.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "ca/log.h"
#include "core/base/waiting.h"
#include "core/mail/job.h"

apr_status_t anshin_peers_init(anshin_peers_t *peers, const anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool)
{
    struct stat seen;

    if (stat(env->config->server.state_dir, &seen) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1871", "%s: %s", env->config->server.state_dir, strerror(errno));
    }
    *peers = (anshin_peers_t){.env = env, .taken_over = apr_hash_make(pool), .pool = pool};
    anshin_node_watch_init(&peers->watch, pool);
    peers->place = apr_psprintf(pool, "%s/%lx/%lx", env->uptime != NULL ? env->uptime->boot : "",
                                (unsigned long)seen.st_dev, (unsigned long)seen.st_ino);
    return APR_SUCCESS;
}

/* Told once, and once when it is over. */
static apr_status_t sign(anshin_peers_t *peers, apr_pool_t *scratch)
{
    anshin_op_t op;
    apr_status_t status;
    int failed;

    anshin_op_init(&op, peers->env, NULL, &anshin_actor_worker, scratch);
    status = anshin_node_sign(&op, peers->place, anshin_node_silent(&peers->watch, peers->env->node));
    failed = status != APR_SUCCESS && status != ANSHIN_EBUSY;
    if (failed && !peers->failed && status == ANSHIN_ECONFLICT) {
        anshin_log(ANSHIN_LOG_ERROR, "AN1872",
                   "another machine is at work under the name %s: give each an AnshinNode of its own",
                   peers->env->node);
    } else if (failed && !peers->failed) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1873", "other machines get no sign of life", status, &op.error);
    } else if (!failed && peers->failed) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1874", "other machines get signs of life again");
    }
    peers->failed = failed;
    return status;
}

static void take_over(anshin_peers_t *peers, const anshin_node_t *node, apr_pool_t *scratch)
{
    apr_time_t *taken = apr_hash_get(peers->taken_over, node->name, APR_HASH_KEY_STRING);
    anshin_op_t op;
    apr_status_t status;
    int released;

    if (taken != NULL && *taken == node->seen_at) {
        return;
    }
    anshin_op_init(&op, peers->env, NULL, &anshin_actor_worker, scratch);
    status = anshin_jobs_take_over(&op, node->name, &released);
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1875", "jobs of a machine that is gone are not free yet", status,
                         &op.error);
        return;
    }
    anshin_log(ANSHIN_LOG_WARNING, "AN1876",
               "the CA worker of %s has given no sign for %d s; %d jobs that it had in hand are begun again",
               node->name, (int)apr_time_sec(op.now - node->seen_at), released);
    if (taken == NULL) {
        taken = apr_palloc(peers->pool, sizeof(*taken));
        apr_hash_set(peers->taken_over, apr_pstrdup(peers->pool, node->name), APR_HASH_KEY_STRING, taken);
    }
    *taken = node->seen_at;
}

static apr_status_t look(anshin_peers_t *peers, apr_array_header_t **nodes, apr_pool_t *scratch)
{
    const apr_time_t now = anshin_uptime_now();
    anshin_op_t op;
    apr_status_t status;

    anshin_op_init(&op, peers->env, NULL, &anshin_actor_worker, scratch);
    status = anshin_nodes(&op, nodes);
    if (status == APR_SUCCESS) { /* of what fails the sign tells */
        anshin_node_watch_note(&peers->watch, *nodes, now);
    }
    return status;
}

int anshin_peers_begin(anshin_peers_t *peers)
{
    apr_pool_t *scratch;
    apr_array_header_t *nodes;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    (void)look(peers, &nodes, scratch);
    status = sign(peers, scratch);
    apr_pool_destroy(scratch);
    return status == APR_SUCCESS;
}

int anshin_peers_step(anshin_peers_t *peers)
{
    apr_pool_t *scratch;
    apr_array_header_t *nodes;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    status = sign(peers, scratch);
    if (status == APR_SUCCESS && look(peers, &nodes, scratch) == APR_SUCCESS) {
        for (int i = 0; i < nodes->nelts; i++) {
            const anshin_node_t *node = &APR_ARRAY_IDX(nodes, i, anshin_node_t);

            if (strcmp(node->name, peers->env->node) != 0 && anshin_node_silent(&peers->watch, node->name) != 0) {
                take_over(peers, node, scratch);
            }
        }
    }
    apr_pool_destroy(scratch);
    return status != ANSHIN_ECONFLICT;
}

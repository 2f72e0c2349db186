/*
 * Commands that wait for a second operator: see hold.h.
 *
 * SECURITY: what is approved is a digest of all that would be done, made anew when the command is given again; that it
 * is approved and was not begun is asked in the transaction that begins it.
 */
#include "core/desk/hold.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/context/bulk_order.h"
#include "core/context/own.h"
#include "core/context/secret.h"
#include "core/desk/approve.h"

static int same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* Lengths stand before texts, so that no two commands make the same. */
static const char *counted(const char *text, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_SIZE_T_FMT ":%s\n", strlen(text), text);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of a request with these facts for all of whom, in whatever order. */
static apr_status_t digest_of(anshin_op_t *op, const anshin_approval_t *facts, const apr_array_header_t *whom,
                              const char **digest)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *const head[] = {facts->number, facts->contract, facts->verb, facts->options};
    const int heads = (int)(sizeof(head) / sizeof(head[0]));
    apr_array_header_t *sorted = apr_array_copy(op->pool, whom);
    apr_array_header_t *parts = apr_array_make(op->pool, whom->nelts + heads, sizeof(const char *));
    unsigned char octets[ANSHIN_DIGEST_BYTES];
    const char *text;

    for (int i = 0; i < heads; i++) {
        APR_ARRAY_PUSH(parts, const char *) = counted(head[i] != NULL ? head[i] : "", op->pool);
    }
    if (sorted->nelts > 1) {
        qsort(sorted->elts, (size_t)sorted->nelts, sizeof(const char *), compare);
    }
    for (int i = 0; i < sorted->nelts; i++) {
        APR_ARRAY_PUSH(parts, const char *) = counted(APR_ARRAY_IDX(sorted, i, const char *), op->pool);
    }
    text = apr_array_pstrcat(op->pool, parts, 0);
    if (crypto->digest(crypto->ctx, octets, text, strlen(text)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1840", "SHA-256 is not available");
    }
    *digest = anshin_hex(octets, sizeof(octets), op->pool);
    return APR_SUCCESS;
}

apr_status_t anshin_hold_is(anshin_op_t *op, const anshin_approval_t *approval, const apr_array_header_t *whom, int *is)
{
    const char *digest = NULL;
    apr_status_t status = digest_of(op, approval, whom, &digest);

    *is = status == APR_SUCCESS && approval->by == ANSHIN_ACTOR_OPERATOR && same(digest, approval->digest);
    return status;
}

/* --- what there is of it already --------------------------------------------------------------------------------- */

typedef struct looking_t {
    const anshin_op_t *op;
    const anshin_hold_t *hold;
    const char *digest;
    const char *id; /* NULL: nothing */
    int approved;   /* 1: that one; 0: it waits */
    apr_time_t until;
    const char *other; /* one of the same command for others, approved and not begun; NULL: none */
} looking_t;

/* In time, and by who has asked. */
static int is_open(const anshin_op_t *op, const anshin_approval_t *approval)
{
    return approval->by == ANSHIN_ACTOR_OPERATOR && anshin_approval_is_asker(&op->actor, approval) &&
           op->now < approval->expires_at;
}

/* What was begun is begun again for a while, where nothing is done twice by it. */
static int is_of(const looking_t *looking, const anshin_op_t *op, const anshin_approval_t *approval)
{
    return is_open(op, approval) && same(approval->digest, looking->digest) &&
           (approval->used_at == 0 || (looking->hold->repeats && op->now < approval->used_at + ANSHIN_HOLD_AGAIN));
}

static apr_status_t look(void *baton, const char *key, const void *record)
{
    looking_t *looking = baton;
    const anshin_approval_t *approval = record;
    const int approved = approval->state == ANSHIN_APPROVAL_APPROVED;

    if (is_of(looking, looking->op, approval)) {
        if (!looking->approved && (approved || approval->state == ANSHIN_APPROVAL_WAITING)) {
            looking->id = apr_pstrdup(looking->op->pool, key);
            looking->approved = approved;
            looking->until = approval->expires_at;
        }
    } else if (approved && approval->used_at == 0 && is_open(looking->op, approval) &&
               same(approval->verb, looking->hold->verb) && same(approval->options, looking->hold->options)) {
        looking->other = apr_pstrdup(looking->op->pool, key);
    }
    return APR_SUCCESS;
}

/* --- it begins --------------------------------------------------------------------------------------------------- */

static apr_status_t begin(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const looking_t *looking = baton;
    anshin_approval_t approval;
    apr_status_t status = anshin_own_get(op, txn, &anshin_record_approval, looking->id, &approval);

    if (status != APR_SUCCESS || approval.state != ANSHIN_APPROVAL_APPROVED ||
        !is_of(looking, op, &approval)) { /* another process was faster */
        return status != APR_SUCCESS && status != ANSHIN_ENOTFOUND
                   ? status
                   : anshin_fail(&op->error, ANSHIN_EDENIED, "AN1841",
                                 "approval %s: is used up; the same command asks for another one", looking->id);
    }
    approval.used_at = approval.used_at != 0 ? approval.used_at : op->now;
    status = anshin_txn_put(txn, &anshin_record_approval, looking->id, &approval);
    return status == APR_SUCCESS ? anshin_approval_tell_go_on_in(op, txn, &approval) : status;
}

/* --- it waits ---------------------------------------------------------------------------------------------------- */

static apr_status_t ask(anshin_op_t *op, const anshin_hold_t *hold, looking_t *looking)
{
    apr_array_header_t first = *hold->whom;
    const anshin_approval_t facts = {.eyes = hold->eyes,
                                     .verb = hold->verb,
                                     .whom = &first,
                                     .options = hold->options,
                                     .digest = looking->digest,
                                     .count = hold->whom->nelts};
    int full;
    apr_status_t status = anshin_secret_name(op, &looking->id);

    first.nelts = first.nelts > ANSHIN_HOLD_WHOM ? ANSHIN_HOLD_WHOM : first.nelts;
    looking->until = op->now + op->contract->policy.four_eyes_lifetime;
    return status == APR_SUCCESS
               ? anshin_approval_ask(op, looking->id, &facts, op->contract->policy.four_eyes_lifetime, 0, &full)
               : status;
}

static apr_status_t tell(anshin_op_t *op, const looking_t *looking)
{
    const char *until = anshin_time_text(looking->until, op->pool);

    if (looking->other != NULL) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1850",
                           "nothing is done: others are meant than were approved in %s, and %s waits for a second "
                           "operator until %s; when another person has run htanshin approval give %s, give the same "
                           "command again",
                           looking->other, looking->hold->verb, until, looking->id);
    }
    return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1843",
                       "nothing is done: %s waits for a second operator until %s; when another person has run "
                       "htanshin approval give %s, give the same command again",
                       looking->hold->verb, until, looking->id);
}

apr_status_t anshin_hold(anshin_op_t *op, const anshin_hold_t *hold)
{
    looking_t looking = {.op = op, .hold = hold};
    const anshin_approval_t facts = {
        .number = op->actor.number, .contract = op->contract->name, .verb = hold->verb, .options = hold->options};
    apr_status_t status;

    if (hold->eyes == ANSHIN_EYES_NONE || !ANSHIN_HAS(op->contract->policy.four_eyes, hold->eyes)) {
        return APR_SUCCESS;
    }
    if (op->actor.number == NULL || op->actor.person == NULL) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1842",
                           "AnshinFourEyes of contract %s: it is not known which person runs this; log in with an "
                           "account of your own, not that of a service, and use sudo, but not sudo -u",
                           op->contract->name);
    }
    op->now = op->env->now(op->env->now_baton); /* whoever was asked before may have thought for long */
    status = digest_of(op, &facts, hold->whom, &looking.digest);
    status = status == APR_SUCCESS ? anshin_own_each(op, &anshin_record_approval, "", look, &looking) : status;
    if (status == APR_SUCCESS && looking.approved) {
        return anshin_op_write(op, ANSHIN_DURABLE, begin, &looking);
    }
    if (status == APR_SUCCESS && looking.id == NULL) {
        status = ask(op, hold, &looking);
    }
    return status == APR_SUCCESS ? tell(op, &looking) : status;
}

/* --- deciding ---------------------------------------------------------------------------------------------------- */

apr_status_t anshin_hold_find(anshin_op_t *op, const char *id, anshin_approval_t *approval)
{
    const anshin_contract_t *contract;
    apr_status_t status =
        anshin_bulk_id_valid(id) ? anshin_op_get(op, &anshin_record_approval, id, approval) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        return status;
    }
    contract = approval->contract != NULL ? anshin_config_contract(op->env->config, approval->contract) : NULL;
    if (contract == NULL || (op->contract != NULL && op->contract != contract)) {
        return ANSHIN_ENOTFOUND;
    }
    op->contract = contract;
    return APR_SUCCESS;
}

typedef struct deciding_t {
    const char *id;
    anshin_approval_state_t how;
    const char *seen;
    const anshin_approval_t *found;
    anshin_approval_t approval;
} deciding_t;

static apr_status_t decide(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    deciding_t *deciding = baton;

    deciding->approval = *deciding->found;
    return anshin_approval_settle_in(op, txn, deciding->id, deciding->how, deciding->seen, &deciding->approval);
}

apr_status_t anshin_hold_decide(anshin_op_t *op, const char *id, anshin_approval_state_t how,
                                anshin_approval_t *approval)
{
    deciding_t deciding = {.id = id, .how = how, .found = approval};
    apr_status_t status;

    if (how != ANSHIN_APPROVAL_REFUSED && approval->by != ANSHIN_ACTOR_OPERATOR) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1844",
                           "approval %s: was asked for at the help desk, and who of its operators runs htanshin is not "
                           "known: approve it as another operator of contract %s at %s/desk/waiting, or withdraw it "
                           "there",
                           id, op->contract->name, op->contract->policy.portal_url);
    }
    status = anshin_approval_digest(op, approval, &deciding.seen);
    status = status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, decide, &deciding) : status;
    if (status == APR_SUCCESS) {
        *approval = deciding.approval;
    }
    return status;
}

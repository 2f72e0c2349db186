/*
 * Sessions.
 *
 * SECURITY: the cookie's value is only ever hashed and compared as a key; the certificate of the connection is held
 * against that of the login on every request.
 */
#include "core/session.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account.h"
#include "core/expiry.h"
#include "core/history.h"
#include "core/secret.h"

#define SESSIONS_MAX 20 /* of one user; the oldest gives way */

static apr_status_t session_key(anshin_op_t *op, const char **key, const char *id)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char digest[ANSHIN_DIGEST_BYTES];

    if (crypto->digest(crypto->ctx, digest, id, strlen(id)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0120", "SHA-256 is not to be had");
    }
    *key = anshin_hex(digest, sizeof(digest), op->pool);
    return APR_SUCCESS;
}

/* Is it the cookie that this connection remembers? */
static int is_remembered(const anshin_op_t *op, const char *id)
{
    const anshin_crypto_t *crypto = op->env->crypto;

    return op->memo != NULL && crypto->equal(crypto->ctx, op->memo->id, id, sizeof(op->memo->id));
}

static void remember(anshin_session_memo_t *memo, const char *id, const char *key, anshin_stamp_t stamp,
                     const anshin_session_t *session)
{
    memcpy(memo->id, id, sizeof(memo->id));
    memcpy(memo->key, key, sizeof(memo->key));
    memo->stamp = anshin_record_copy(&memo->session, &anshin_record_session, session, memo->texts, sizeof(memo->texts),
                                     &memo->texts_length) == APR_SUCCESS
                      ? stamp
                      : ANSHIN_STAMP_NONE;
}

static apr_status_t recall(anshin_session_t *session, const anshin_session_memo_t *memo, apr_pool_t *pool)
{
    char *texts = apr_palloc(pool, memo->texts_length);
    apr_size_t used;

    return anshin_record_copy(session, &anshin_record_session, &memo->session, texts, memo->texts_length, &used);
}

apr_status_t anshin_session_get(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_session_t *session,
                                anshin_account_t *account)
{
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_session, key, session);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!session->contract || strcmp(session->contract, op->contract->name) != 0) {
        return ANSHIN_ENOTFOUND;
    }
    return anshin_account_get_owner(op, txn, session->user, session->account, session->created_at, account);
}

static apr_status_t read_session(anshin_op_t *op, const char *key, anshin_session_t *session)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_session_get(op, txn, key, session, &account);
    anshin_txn_abort(txn);
    return rv;
}

/* The session of a cookie as the store has it now. The stamp that it is remembered with was taken before it was read: a
 * commit between the two counts as one that came after. */
static apr_status_t look_up(anshin_op_t *op, const char *id, anshin_session_t *session, const char **key)
{
    anshin_session_memo_t *memo = op->memo;
    anshin_stamp_t stamp = anshin_store_stamp(op->env->store);
    apr_status_t rv = APR_SUCCESS;

    if (is_remembered(op, id)) {
        *key = apr_pstrmemdup(op->pool, memo->key, sizeof(memo->key) - 1);
        if (stamp != ANSHIN_STAMP_NONE && stamp == memo->stamp) {
            return recall(session, memo, op->pool);
        }
    } else {
        rv = session_key(op, key, id);
    }
    if (rv == APR_SUCCESS) {
        rv = read_session(op, *key, session);
    }
    if (rv == APR_SUCCESS && memo != NULL) {
        remember(memo, id, *key, stamp, session);
    }
    return rv;
}

int anshin_session_over(const anshin_contract_t *contract, const anshin_session_t *session, apr_time_t now)
{
    const anshin_policy_t *policy = &contract->policy;

    return session->created_at + policy->session_lifetime <= now || session->seen_at + policy->session_idle <= now;
}

static apr_status_t list_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_session_list_t *list)
{
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_session_list, anshin_account_key(op, user), list);

    if (rv == ANSHIN_ENOTFOUND) {
        list->keys = NULL;
        rv = APR_SUCCESS;
    }
    if (!list->keys) {
        list->keys = apr_array_make(op->pool, 4, sizeof(const char *));
    }
    return rv;
}

static apr_status_t list_put(anshin_op_t *op, anshin_txn_t *txn, const char *user, const anshin_session_list_t *list)
{
    const char *key = anshin_account_key(op, user);

    if (list->keys->nelts == 0) {
        return anshin_txn_delete(txn, &anshin_record_session_list, key);
    }
    return anshin_txn_put(txn, &anshin_record_session_list, key, list);
}

/* Leave out of the user's list what is over already, and the oldest beyond SESSIONS_MAX - 1. */
static apr_status_t list_prune(anshin_op_t *op, anshin_txn_t *txn, anshin_session_list_t *list)
{
    apr_array_header_t *kept = apr_array_make(op->pool, SESSIONS_MAX, sizeof(const char *));
    int surplus = list->keys->nelts - (SESSIONS_MAX - 1);

    for (int i = 0; i < list->keys->nelts; i++) {
        const char *key = APR_ARRAY_IDX(list->keys, i, const char *);
        anshin_session_t session;
        apr_status_t rv = anshin_txn_get(txn, &anshin_record_session, key, &session);
        if (rv == ANSHIN_ENOTFOUND) {
            continue;
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
        if (anshin_session_over(op->contract, &session, op->now) || i < surplus) {
            if ((rv = anshin_txn_delete(txn, &anshin_record_session, key)) != APR_SUCCESS) {
                return rv;
            }
            continue;
        }
        APR_ARRAY_PUSH(kept, const char *) = key;
    }
    list->keys = kept;
    return APR_SUCCESS;
}

static apr_status_t put_new(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_session_t *session)
{
    apr_status_t rv = anshin_txn_put(txn, &anshin_record_session, key, session);

    return rv == APR_SUCCESS
               ? anshin_expiry_file(op, txn, &anshin_record_session, key, op->now + op->contract->policy.session_idle)
               : rv;
}

apr_status_t anshin_session_open(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                 anshin_session_t *session, const char **id)
{
    anshin_session_list_t list;
    const char *key;
    apr_status_t rv;

    session->contract = op->contract->name;
    session->user = account->user;
    session->account = account->number;
    session->created_at = session->seen_at = session->checked_at = op->now;
    session->address = op->address;
    if ((rv = anshin_secret_token(op, id)) != APR_SUCCESS || (rv = session_key(op, &key, *id)) != APR_SUCCESS ||
        (rv = list_get(op, txn, account->user, &list)) != APR_SUCCESS ||
        (rv = list_prune(op, txn, &list)) != APR_SUCCESS) {
        return rv;
    }
    APR_ARRAY_PUSH(list.keys, const char *) = key;
    if ((rv = put_new(op, txn, key, session)) != APR_SUCCESS) {
        return rv;
    }
    return list_put(op, txn, account->user, &list);
}

/* The certificate of the connection must be the one that the session was opened with (LOG-8). */
static apr_status_t session_bound(const anshin_op_t *op, const anshin_session_t *session, const anshin_peer_t *peer)
{
    if (!session->fingerprint) {
        return APR_SUCCESS;
    }
    if (peer->state == ANSHIN_PEER_FAULT) {
        return ANSHIN_EFAULT;
    }
    if (peer->state != ANSHIN_PEER_GOOD || peer->not_after < op->now) {
        return ANSHIN_EDENIED;
    }
    return strcmp(session->fingerprint, peer->fingerprint) == 0 ? APR_SUCCESS : ANSHIN_EDENIED;
}

apr_status_t anshin_session_find(anshin_op_t *op, const char *id, const anshin_peer_t *peer, anshin_session_t *session,
                                 const char **key)
{
    apr_status_t rv;

    if (strlen(id) != ANSHIN_TOKEN_TEXT) {
        return ANSHIN_ENOTFOUND;
    }
    rv = look_up(op, id, session, key);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!session->contract || strcmp(session->contract, op->contract->name) != 0 || /* remembered, of a neighbour */
        anshin_session_over(op->contract, session, op->now) ||
        !ANSHIN_HAS(op->contract->policy.methods, session->method)) {
        return ANSHIN_ENOTFOUND;
    }
    return session_bound(op, session, peer);
}

apr_status_t anshin_session_touch(anshin_op_t *op, const char *key, const anshin_session_t *session)
{
    anshin_session_t current;
    anshin_txn_t *txn;
    apr_status_t rv;

    if (op->now - session->seen_at < op->contract->policy.session_idle / 10) {
        return APR_SUCCESS;
    }
    rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_session, key, &current);
    if (rv != APR_SUCCESS) {
        anshin_txn_abort(txn);
        return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv; /* ended meanwhile: must not come back to life */
    }
    current.seen_at = op->now;
    return anshin_txn_end(txn, anshin_txn_put(txn, &anshin_record_session, key, &current), ANSHIN_LAZY);
}

static int matches(const anshin_session_match_t *match, const char *key, const anshin_session_t *session)
{
    if ((match->except && strcmp(match->except, key) == 0) || (match->key && strcmp(match->key, key) != 0)) {
        return 0;
    }
    if (match->terminal && match->terminal != session->terminal) {
        return 0;
    }
    return !match->serial || (session->serial && strcmp(match->serial, session->serial) == 0);
}

apr_status_t anshin_sessions_end(anshin_op_t *op, anshin_txn_t *txn, const char *user,
                                 const anshin_session_match_t *match, int *count)
{
    apr_array_header_t *kept = apr_array_make(op->pool, 4, sizeof(const char *));
    anshin_session_list_t list;
    int ended = 0;
    apr_status_t rv = list_get(op, txn, user, &list);

    for (int i = 0; rv == APR_SUCCESS && i < list.keys->nelts; i++) {
        const char *key = APR_ARRAY_IDX(list.keys, i, const char *);
        anshin_session_t session;
        rv = anshin_txn_get(txn, &anshin_record_session, key, &session);
        if (rv == ANSHIN_ENOTFOUND) {
            rv = APR_SUCCESS;
        } else if (rv == APR_SUCCESS && matches(match, key, &session)) {
            rv = anshin_txn_delete(txn, &anshin_record_session, key);
            ended += !anshin_session_over(op->contract, &session, op->now);
        } else {
            APR_ARRAY_PUSH(kept, const char *) = key;
        }
    }
    if (rv == APR_SUCCESS && kept->nelts != list.keys->nelts) {
        list.keys = kept;
        rv = list_put(op, txn, user, &list);
    }
    if (count) {
        *count = ended;
    }
    return rv;
}

apr_status_t anshin_session_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *user)
{
    apr_array_header_t *kept = apr_array_make(op->pool, 4, sizeof(const char *));
    anshin_session_list_t list;
    apr_status_t rv = anshin_txn_delete(txn, &anshin_record_session, key);

    if (rv != APR_SUCCESS || (rv = list_get(op, txn, user, &list)) != APR_SUCCESS) {
        return rv;
    }
    for (int i = 0; i < list.keys->nelts; i++) {
        const char *other = APR_ARRAY_IDX(list.keys, i, const char *);
        if (strcmp(other, key) != 0) {
            APR_ARRAY_PUSH(kept, const char *) = other;
        }
    }
    list.keys = kept;
    return list_put(op, txn, user, &list);
}

apr_status_t anshin_session_replace(anshin_op_t *op, anshin_txn_t *txn, const char *key,
                                    const anshin_session_t *session, const char **id)
{
    anshin_session_t full = *session;
    anshin_session_list_t list;
    const char *fresh;
    apr_status_t rv = anshin_session_remove(op, txn, key, session->user);

    full.seen_at = full.checked_at = op->now;
    if (rv != APR_SUCCESS || (rv = anshin_secret_token(op, id)) != APR_SUCCESS ||
        (rv = session_key(op, &fresh, *id)) != APR_SUCCESS || (rv = put_new(op, txn, fresh, &full)) != APR_SUCCESS ||
        (rv = list_get(op, txn, full.user, &list)) != APR_SUCCESS) {
        return rv;
    }
    APR_ARRAY_PUSH(list.keys, const char *) = fresh;
    return list_put(op, txn, full.user, &list);
}

apr_status_t anshin_sessions_each(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  anshin_session_visit_fn *visit, void *baton)
{
    anshin_session_list_t list;
    apr_status_t rv = list_get(op, txn, account->user, &list);

    for (int i = 0; rv == APR_SUCCESS && i < list.keys->nelts; i++) {
        const char *key = APR_ARRAY_IDX(list.keys, i, const char *);
        anshin_session_t session;
        rv = anshin_txn_get(txn, &anshin_record_session, key, &session);
        if (rv == ANSHIN_ENOTFOUND ||
            (rv == APR_SUCCESS && (anshin_session_over(op->contract, &session, op->now) ||
                                   !anshin_account_owns(account, session.account, session.created_at)))) {
            rv = APR_SUCCESS;
        } else if (rv == APR_SUCCESS) {
            rv = visit(baton, key, &session);
        }
    }
    return rv;
}

/* May whoever asks end sessions of this user? */
static apr_status_t may_close(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *asks)
{
    anshin_account_t account;
    anshin_session_t session;
    apr_status_t rv;

    if (!asks) {
        return anshin_account_get(op, txn, user, &account);
    }
    rv = anshin_session_get(op, txn, asks, &session, &account);
    return rv == ANSHIN_ENOTFOUND || (rv == APR_SUCCESS && strcmp(session.user, user) != 0) ? ANSHIN_EDENIED : rv;
}

apr_status_t anshin_sessions_close(anshin_op_t *op, const char *user, const char *key, const char *except, int *count)
{
    const anshin_session_match_t match = {.key = key, .except = key ? NULL : except};
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if ((rv = may_close(op, txn, user, except)) == APR_SUCCESS) {
        rv = anshin_sessions_end(op, txn, user, &match, count);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

apr_status_t anshin_session_drop(anshin_op_t *op, anshin_txn_t *txn, const char *id)
{
    anshin_session_t session;
    const char *key;
    apr_status_t rv;

    if (strlen(id) != ANSHIN_TOKEN_TEXT) {
        return APR_SUCCESS;
    }
    if ((rv = session_key(op, &key, id)) != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_session, key, &session);
    if (rv == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (rv != APR_SUCCESS || !session.user || strcmp(session.contract, op->contract->name) != 0) {
        return rv;
    }
    return anshin_session_remove(op, txn, key, session.user);
}

apr_status_t anshin_session_end(anshin_op_t *op, const char *key)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_LOGOUT};
    anshin_session_t session;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_session, key, &session);
    if (rv != APR_SUCCESS || !session.user || strcmp(session.contract, op->contract->name) != 0) {
        anshin_txn_abort(txn);
        return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
    }
    entry.terminal = session.terminal;
    entry.method = session.method;
    entry.serial = session.serial;
    if ((rv = anshin_session_remove(op, txn, key, session.user)) == APR_SUCCESS) {
        rv = anshin_history_add(op, txn, session.user, &entry);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

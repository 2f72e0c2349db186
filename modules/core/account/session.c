/*
 * Sessions.
 *
 * SECURITY: the cookie's value is only ever hashed and compared as a key; the certificate of the connection is held
 * against that of the login on every request.
 */
#include "core/account/session.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account/account.h"
#include "core/context/secret.h"

apr_status_t anshin_session_key(anshin_op_t *op, const char **key, const char *id)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char digest[ANSHIN_DIGEST_BYTES];

    if (crypto->digest(crypto->ctx, digest, id, strlen(id)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0120", "SHA-256 is not available");
    }
    *key = anshin_hex(digest, sizeof(digest), op->pool);
    return APR_SUCCESS;
}

static int is_own(const anshin_op_t *op, const char *id)
{
    return op->cache != NULL && id == op->cache->id;
}

/* Is it the cookie that this connection remembers? */
static int is_remembered(const anshin_op_t *op, const char *id)
{
    const anshin_crypto_t *crypto = op->env->crypto;

    return is_own(op, id) ||
           (op->cache != NULL && crypto->equal(crypto->ctx, op->cache->id, id, sizeof(op->cache->id)));
}

static void remember(anshin_session_cache_t *cache, anshin_store_version_t version, const anshin_session_t *session)
{
    cache->version = anshin_record_copy(&cache->session, &anshin_record_session, session, cache->texts,
                                        sizeof(cache->texts), &cache->texts_length) == APR_SUCCESS
                         ? version
                         : ANSHIN_STORE_VERSION_NONE;
}

static void recall(anshin_session_t *session, const anshin_session_cache_t *cache, apr_pool_t *pool)
{
    *session = cache->session;
    anshin_record_move_texts(session, &anshin_record_session, cache->texts,
                             apr_pmemdup(pool, cache->texts, cache->texts_length));
}

apr_status_t anshin_session_get(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_session_t *session,
                                anshin_account_t *account)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_session, key, session);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!session->contract || strcmp(session->contract, op->contract->name) != 0) {
        return ANSHIN_ENOTFOUND;
    }
    return anshin_account_get_owner(op, txn, session->user, session->account, session->created_at, account);
}

typedef struct reading_t {
    const char *key;
    anshin_session_t *session;
    anshin_account_t account;
} reading_t;

static apr_status_t read_session(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    reading_t *reading = baton;

    return anshin_session_get(op, txn, reading->key, reading->session, &reading->account);
}

/* The session of a cookie as the store has it now. The version that it is remembered with was taken before it was read:
 * a commit between the two counts as one that came after. */
static apr_status_t look_up(anshin_op_t *op, const char *id, anshin_session_t *session, const char **key)
{
    anshin_session_cache_t *cache = op->cache;
    anshin_store_version_t version = anshin_store_version(op->env->store);
    int remembered = is_remembered(op, id);
    apr_status_t status = APR_SUCCESS;

    if (remembered) {
        *key = cache->key;
        if (version != ANSHIN_STORE_VERSION_NONE && version == cache->version) {
            recall(session, cache, op->pool);
            return APR_SUCCESS;
        }
    } else {
        status = anshin_session_key(op, key, id);
    }
    if (status == APR_SUCCESS) {
        reading_t reading = {.key = *key, .session = session};

        status = anshin_op_look(op, read_session, &reading); /* an account that is read later is as good */
    }
    if (status == APR_SUCCESS && cache != NULL) {
        if (!remembered) {
            memcpy(cache->id, id, sizeof(cache->id));
            memcpy(cache->key, *key, sizeof(cache->key));
        }
        remember(cache, version, session);
    }
    return status;
}

int anshin_session_over(const anshin_contract_t *contract, const anshin_session_t *session, apr_time_t now)
{
    const anshin_policy_t *policy = &contract->policy;

    return session->created_at + policy->session_lifetime <= now || session->seen_at + policy->session_idle <= now ||
           (session->valid_until != 0 && session->valid_until < now);
}

apr_interval_time_t anshin_session_left(const anshin_contract_t *contract, const anshin_session_t *session,
                                        apr_time_t now, int *final)
{
    const anshin_policy_t *policy = &contract->policy;
    const apr_time_t end = session->created_at + policy->session_lifetime;
    const apr_time_t idle_end = session->seen_at + policy->session_idle;
    const apr_time_t first = idle_end < end ? idle_end : end;

    *final = end < first + apr_time_from_sec(60);
    return first > now ? first - now : 0;
}

static apr_status_t list_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_session_list_t *list)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_session_list, anshin_account_key(op, user), list);

    if (status == ANSHIN_ENOTFOUND) {
        list->keys = NULL;
        status = APR_SUCCESS;
    }
    if (!list->keys) {
        list->keys = apr_array_make(op->pool, 4, sizeof(const char *));
    }
    return status;
}

static apr_status_t list_put(anshin_op_t *op, anshin_txn_t *txn, const char *user, const anshin_session_list_t *list)
{
    const char *key = anshin_account_key(op, user);

    if (list->keys->nelts == 0) {
        return anshin_txn_delete(txn, &anshin_record_session_list, key);
    }
    return anshin_txn_put(txn, &anshin_record_session_list, key, list);
}

/* A session of a list that is there. */
typedef struct listed_t {
    const char *key;
    const anshin_session_t *session;
} listed_t;

static apr_status_t take_listed(void *baton, const char *key, const void *record)
{
    *(listed_t *)apr_array_push(baton) = (listed_t){key, record};
    return APR_SUCCESS;
}

/* The user's list, and what of it is there: *sessions of listed_t. */
static apr_status_t list_read(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_session_list_t *list,
                              apr_array_header_t **sessions)
{
    apr_status_t status = list_get(op, txn, user, list);

    *sessions = apr_array_make(op->pool, 4, sizeof(listed_t));
    return status == APR_SUCCESS ? anshin_txn_get_many(txn, &anshin_record_session, list->keys, take_listed, *sessions)
                                 : status;
}

/* Whoever comes back with the cookie of one that was ended, not over, is told so. */
static const char *ended_key(anshin_op_t *op, const char *key)
{
    return apr_pstrcat(op->pool, "session-ended/", key, NULL);
}

static apr_status_t end_early(anshin_op_t *op, anshin_txn_t *txn, const listed_t *listed)
{
    const anshin_fact_t fact = {.at = op->now};
    const char *key = ended_key(op, listed->key);
    apr_status_t status = anshin_txn_delete(txn, &anshin_record_session, listed->key);

    if (status != APR_SUCCESS || anshin_session_over(op->contract, listed->session, op->now)) {
        return status;
    }
    status = anshin_txn_put(txn, &anshin_record_fact, key, &fact);
    return status == APR_SUCCESS ? anshin_expiry_file(op, txn, &anshin_record_fact, key, op->now + ANSHIN_KEEP_REQUEST)
                                 : status;
}

/* Leave out of the user's list what is over already, and the oldest where a new one would be one too many. */
static apr_status_t list_prune(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_session_list_t *list)
{
    apr_array_header_t *sessions;
    apr_status_t status = list_read(op, txn, user, list, &sessions);
    int surplus = 1 - op->contract->policy.sessions_max;

    for (int i = 0; i < sessions->nelts; i++) {
        surplus += !anshin_session_over(op->contract, APR_ARRAY_IDX(sessions, i, listed_t).session, op->now);
    }
    list->keys = apr_array_make(op->pool, 4, sizeof(const char *));
    for (int i = 0; status == APR_SUCCESS && i < sessions->nelts; i++) {
        const listed_t *listed = &APR_ARRAY_IDX(sessions, i, listed_t);
        int over = anshin_session_over(op->contract, listed->session, op->now);

        if (over || surplus > 0) {
            surplus -= !over;
            status = end_early(op, txn, listed);
        } else {
            APR_ARRAY_PUSH(list->keys, const char *) = listed->key;
        }
    }
    return status;
}

static apr_status_t put_new(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_session_t *session)
{
    apr_status_t status = anshin_txn_put(txn, &anshin_record_session, key, session);

    return status == APR_SUCCESS
               ? anshin_expiry_file(op, txn, &anshin_record_session, key, op->now + op->contract->policy.session_idle)
               : status;
}

/* What the site learns of an account, and its end: in each session, so that a request reads one record (ATT-1). */
static void take_attributes(const anshin_op_t *op, anshin_session_t *session, const anshin_account_t *account)
{
    session->name = account->name;
    session->organisation = account->organisation;
    session->groups = account->groups != NULL ? apr_array_pstrcat(op->pool, account->groups, ',') : NULL;
    session->valid_until = account->valid_until;
}

apr_status_t anshin_session_open(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                 anshin_session_t *session, const char **id)
{
    anshin_session_list_t list;
    const char *key;
    apr_status_t status;

    session->contract = op->contract->name;
    session->user = account->user;
    session->account = account->number;
    session->created_at = session->seen_at = session->checked_at = op->now;
    session->address = op->actor.address;
    session->client = op->actor.client;
    take_attributes(op, session, account);
    if ((status = anshin_secret_token(op, id)) != APR_SUCCESS ||
        (status = anshin_session_key(op, &key, *id)) != APR_SUCCESS ||
        (status = list_prune(op, txn, account->user, &list)) != APR_SUCCESS) {
        return status;
    }
    APR_ARRAY_PUSH(list.keys, const char *) = key;
    if ((status = put_new(op, txn, key, session)) != APR_SUCCESS) {
        return status;
    }
    return list_put(op, txn, account->user, &list);
}

/* The certificate of the connection must be the one that the session was opened with (LOG-8). */
static apr_status_t session_bound(const anshin_op_t *op, const anshin_session_t *session,
                                  const anshin_presented_t *presented)
{
    if (!session->fingerprint) {
        return APR_SUCCESS;
    }
    if (presented->state == ANSHIN_PRESENTED_FAULT) {
        return ANSHIN_EFAULT;
    }
    if (presented->state != ANSHIN_PRESENTED_GOOD || presented->not_after < op->now) {
        return ANSHIN_EDENIED;
    }
    return strcmp(session->fingerprint, presented->fingerprint) == 0 ? APR_SUCCESS : ANSHIN_EDENIED;
}

apr_status_t anshin_session_find(anshin_op_t *op, const char *id, const anshin_presented_t *presented,
                                 anshin_session_t *session, const char **key)
{
    apr_status_t status;

    if (!is_own(op, id) && strlen(id) != ANSHIN_TOKEN_TEXT) {
        return ANSHIN_ENOTFOUND;
    }
    status = look_up(op, id, session, key);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!session->contract || strcmp(session->contract, op->contract->name) != 0 || /* remembered, of a neighbour */
        anshin_session_over(op->contract, session, op->now) ||
        !ANSHIN_HAS(op->contract->policy.methods, session->method)) {
        return ANSHIN_ENOTFOUND;
    }
    return session_bound(op, session, presented);
}

typedef struct looking_back_t {
    const char *key;
    anshin_session_past_t *past;
} looking_back_t;

static apr_status_t look_back(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const looking_back_t *looking = baton;
    anshin_session_past_t *past = looking->past;
    anshin_account_t account;
    anshin_fact_t fact;
    apr_status_t status = anshin_session_get(op, txn, looking->key, &past->session, &account);

    past->end = ANSHIN_SESSION_GONE;
    if (status == APR_SUCCESS) {
        past->end =
            anshin_session_over(op->contract, &past->session, op->now) ? ANSHIN_SESSION_OVER : ANSHIN_SESSION_GONE;
        return APR_SUCCESS;
    }
    past->session.user = NULL;
    if (status == ANSHIN_ENOTFOUND) {
        status = anshin_txn_get(txn, &anshin_record_fact, ended_key(op, looking->key), &fact);
        past->end = status == APR_SUCCESS ? ANSHIN_SESSION_ENDED : ANSHIN_SESSION_GONE;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_session_past(anshin_op_t *op, const char *id, anshin_session_past_t *past)
{
    looking_back_t looking = {NULL, past};
    apr_status_t status = APR_SUCCESS;

    memset(past, 0, sizeof(*past));
    if (strlen(id) == ANSHIN_TOKEN_TEXT && (status = anshin_session_key(op, &looking.key, id)) == APR_SUCCESS) {
        status = anshin_op_read(op, look_back, &looking);
    }
    return status;
}

/* One that ended meanwhile must not come back to life. */
static apr_status_t touch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *key = *(const char **)baton;
    anshin_session_t current;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_session, key, &current);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    current.seen_at = op->now;
    return anshin_txn_put(txn, &anshin_record_session, key, &current);
}

apr_status_t anshin_session_touch(anshin_op_t *op, const char *key, anshin_session_t *session)
{
    apr_status_t status;

    if (op->now - session->seen_at < op->contract->policy.session_idle / 10) {
        return APR_SUCCESS;
    }
    status = anshin_op_write(op, ANSHIN_LAZY, touch, &key);
    session->seen_at = status == APR_SUCCESS ? op->now : session->seen_at;
    return status;
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

apr_status_t anshin_sessions_end_in(anshin_op_t *op, anshin_txn_t *txn, const char *user,
                                    const anshin_session_match_t *match, int *count)
{
    apr_array_header_t *kept = apr_array_make(op->pool, 4, sizeof(const char *)), *sessions;
    anshin_session_list_t list;
    int ended = 0;
    apr_status_t status = list_read(op, txn, user, &list, &sessions);

    for (int i = 0; status == APR_SUCCESS && i < sessions->nelts; i++) {
        const listed_t *listed = &APR_ARRAY_IDX(sessions, i, listed_t);

        if (matches(match, listed->key, listed->session)) {
            status = end_early(op, txn, listed);
            ended += !anshin_session_over(op->contract, listed->session, op->now);
        } else {
            APR_ARRAY_PUSH(kept, const char *) = listed->key;
        }
    }
    if (status == APR_SUCCESS && kept->nelts != list.keys->nelts) {
        list.keys = kept;
        status = list_put(op, txn, user, &list);
    }
    if (count) {
        *count = ended;
    }
    return status;
}

static apr_status_t list_remove(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *key)
{
    apr_array_header_t *kept = apr_array_make(op->pool, 4, sizeof(const char *));
    anshin_session_list_t list;
    apr_status_t status = list_get(op, txn, user, &list);

    if (status != APR_SUCCESS) {
        return status;
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

apr_status_t anshin_session_end_in(anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    anshin_session_t session;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_session, key, &session);

    if (status != APR_SUCCESS || !session.user || !session.contract ||
        strcmp(session.contract, op->contract->name) != 0) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = anshin_txn_delete(txn, &anshin_record_session, key);
    return status == APR_SUCCESS ? list_remove(op, txn, session.user, key) : status;
}

apr_status_t anshin_session_replace(anshin_op_t *op, anshin_txn_t *txn, const char *key,
                                    const anshin_session_t *session, const char **id)
{
    anshin_session_t full = *session;
    anshin_session_list_t list;
    const char *fresh;
    apr_status_t status = anshin_session_end_in(op, txn, key);

    full.seen_at = full.checked_at = op->now;
    if (status != APR_SUCCESS || (status = anshin_secret_token(op, id)) != APR_SUCCESS ||
        (status = anshin_session_key(op, &fresh, *id)) != APR_SUCCESS ||
        (status = put_new(op, txn, fresh, &full)) != APR_SUCCESS ||
        (status = list_get(op, txn, full.user, &list)) != APR_SUCCESS) {
        return status;
    }
    APR_ARRAY_PUSH(list.keys, const char *) = fresh;
    return list_put(op, txn, full.user, &list);
}

apr_status_t anshin_sessions_refresh_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                        const anshin_terminal_t *terminal)
{
    anshin_session_list_t list;
    apr_array_header_t *sessions;
    apr_status_t status = list_read(op, txn, account->user, &list, &sessions);

    for (int i = 0; status == APR_SUCCESS && i < sessions->nelts; i++) {
        const listed_t *listed = &APR_ARRAY_IDX(sessions, i, listed_t);
        anshin_session_t session = *listed->session;

        if (!anshin_account_owns(account, session.account, session.created_at)) {
            continue;
        }
        take_attributes(op, &session, account);
        if (terminal != NULL && session.terminal == terminal->number) {
            session.terminal_kind = terminal->kind;
        }
        status = anshin_txn_put(txn, &anshin_record_session, listed->key, &session);
    }
    return status;
}

apr_status_t anshin_sessions_each(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  anshin_session_visit_fn *visit, void *baton)
{
    anshin_session_list_t list;
    apr_array_header_t *sessions;
    apr_status_t status = list_read(op, txn, account->user, &list, &sessions);

    for (int i = 0; status == APR_SUCCESS && i < sessions->nelts; i++) {
        const listed_t *listed = &APR_ARRAY_IDX(sessions, i, listed_t);

        if (!anshin_session_over(op->contract, listed->session, op->now) &&
            anshin_account_owns(account, listed->session->account, listed->session->created_at)) {
            status = visit(baton, listed->key, listed->session);
        }
    }
    return status;
}

typedef struct listing_t {
    const char *user;
    anshin_session_visit_fn *visit;
    void *baton; /* of visit */
} listing_t;

static apr_status_t list_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const listing_t *listing = baton;
    anshin_account_t account;
    apr_status_t status = anshin_account_get(op, txn, listing->user, &account);

    return status == APR_SUCCESS ? anshin_sessions_each(op, txn, &account, listing->visit, listing->baton) : status;
}

apr_status_t anshin_sessions_list(anshin_op_t *op, const char *user, anshin_session_visit_fn *visit, void *baton)
{
    return anshin_op_read(op, list_in, &(listing_t){user, visit, baton});
}

apr_status_t anshin_session_read(anshin_op_t *op, const char *user, const char *key, anshin_session_t *session)
{
    reading_t reading = {.key = key, .session = session};
    apr_status_t status = anshin_op_read(op, read_session, &reading);

    return status == APR_SUCCESS && strcmp(reading.account.user, user) != 0 ? ANSHIN_ENOTFOUND : status;
}

/* --- expiry ----------------------------------------------------------------------------------------------------- */

/* One in use is looked at once an hour, not at every end of its idle limit. */
static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_session_t *session = record;
    const anshin_contract_t *contract =
        session->contract != NULL ? anshin_config_contract(op->env->config, session->contract) : NULL;
    const apr_time_t soon = op->now + apr_time_from_sec(3600);
    apr_time_t idle_end;
    apr_time_t end;

    (void)key;
    if (contract == NULL) {
        return op->now + ANSHIN_EXPIRY_DAY; /* a contract that is not declared today may be so again tomorrow */
    }
    if (anshin_session_over(contract, session, op->now)) {
        return 0;
    }
    end = session->created_at + contract->policy.session_lifetime;
    if (session->valid_until != 0 && session->valid_until < end) {
        end = session->valid_until;
    }
    idle_end = session->seen_at + contract->policy.session_idle;
    idle_end = idle_end < soon ? soon : idle_end;
    return idle_end < end ? idle_end : end;
}

static apr_status_t remove_over(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    const anshin_session_t *session = record;
    anshin_op_t of_contract = *op;

    of_contract.contract = anshin_config_contract(op->env->config, session->contract);
    return list_remove(&of_contract, txn, session->user, key);
}

const anshin_expiry_rule_t anshin_session_expiry = {&anshin_record_session, over, remove_over, NULL};

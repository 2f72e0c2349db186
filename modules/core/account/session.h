/*
 * Sessions (LOG-8, LOG-9, S14-S18). The id is 256 random bits in a cookie; the store has only its SHA-256.
 */
#ifndef ANSHIN_CORE_ACCOUNT_SESSION_H
#define ANSHIN_CORE_ACCOUNT_SESSION_H

#include "core/account/account.h"
#include "core/base/presented.h"
#include "core/context/expiry.h"
#include "core/context/secret.h"

extern const anshin_expiry_rule_t anshin_session_expiry;

/* Under which key the store has the session of a cookie. ANSHIN_EFAULT. */
apr_status_t anshin_session_key(anshin_op_t *op, const char **key, const char *id);

/* Open one for an account inside a write transaction; *id (base64url) goes into the cookie and nowhere else. What the
 * session is filled up with stands in *session then. */
apr_status_t anshin_session_open(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                 anshin_session_t *session, const char **id);

/* What a connection remembers of its last request: a cookie that comes again and again need not be hashed each time,
 * nor its session read while nobody has committed anything (anshin_store_version()). All that may end a session is a
 * commit or the clock, and the clock is looked at each time. All zeros: nothing yet. Holds a secret, so its owner wipes
 * it. */
typedef struct anshin_session_cache_t {
    char id[ANSHIN_TOKEN_TEXT + 1];
    char key[2 * ANSHIN_DIGEST_BYTES + 1]; /* of the record, in hexadecimal */
    anshin_store_version_t version;        /* of the store that had the record so; ANSHIN_STORE_VERSION_NONE: read it */
    anshin_session_t session;
    char texts[2048]; /* of the session; one with longer ones is not kept */
    apr_size_t texts_length;
} anshin_session_cache_t;

/* The session of a cookie on this connection: one read of the store, or of what the connection remembers. APR_SUCCESS;
 * ANSHIN_ENOTFOUND (none, ended, over its idle or absolute limit, of another contract, of a method that the contract
 * does not admit any more); ANSHIN_EDENIED (opened with another certificate than the connection's, or the certificate
 * no longer verifies); ANSHIN_EFAULT. *key: under which the store has it, valid as long as the caller has op->cache.
 * Reads and writes op->cache, if any; an id that is that of the cache itself is taken for compared. */
apr_status_t anshin_session_find(anshin_op_t *op, const char *id, const anshin_presented_t *presented,
                                 anshin_session_t *session, const char **key);

/* A session of this contract by its key and the account that it was opened for, inside a transaction: the one place
 * where a session is taken for somebody's. Also ANSHIN_ENOTFOUND: there is none, or its account is gone, whoever has
 * the ID now. */
apr_status_t anshin_session_get(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_session_t *session,
                                anshin_account_t *account);

/* What is known of a session that nobody is logged in by any more (U28). */
typedef enum anshin_session_end_t {
    ANSHIN_SESSION_GONE, /* nothing, or it does not serve on this connection */
    ANSHIN_SESSION_OVER, /* its time was over */
    ANSHIN_SESSION_ENDED /* somebody ended it: elsewhere, by a change, or the operator. Known for a day */
} anshin_session_end_t;

typedef struct anshin_session_past_t {
    anshin_session_end_t end;
    anshin_session_t session; /* whose it was; .user is NULL where the store does not have it any more */
} anshin_session_past_t;

/* By the cookie, in a read transaction of its own; it lets nobody in. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_session_past(anshin_op_t *op, const char *id, anshin_session_past_t *past);

/* 1 when it is over its idle or absolute limit, or its account's validity. */
int anshin_session_over(const anshin_contract_t *contract, const anshin_session_t *session, apr_time_t now);

/* How long one that is not over has left when nobody uses it any more. *final: 1, no use of it makes that later by more
 * than a minute, since its login is so long ago. */
apr_interval_time_t anshin_session_left(const anshin_contract_t *contract, const anshin_session_t *session,
                                        apr_time_t now, int *final);

/* Note that it is used: writes lazily, and only when the last note is older than a tenth of the idle limit; then
 * session->seen_at is now. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_session_touch(anshin_op_t *op, const char *key, anshin_session_t *session);

/* Put a session under a new id inside a write transaction (re-authentication, S14): all as it was, checked just now. */
apr_status_t anshin_session_replace(anshin_op_t *op, anshin_txn_t *txn, const char *key,
                                    const anshin_session_t *session, const char **id);

/* The attributes of an account have changed, or the kind of one of its terminals (NULL: of none): let its sessions have
 * them, so that they count from the next request on. Inside the write transaction of the change. ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_sessions_refresh_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                        const anshin_terminal_t *terminal);

/* Walk the sessions of an account that are not over, inside a transaction. */
typedef apr_status_t anshin_session_visit_fn(void *baton, const char *key, const anshin_session_t *session);
apr_status_t anshin_sessions_each(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  anshin_session_visit_fn *visit, void *baton);

/* The same for the user who has this ID (canonical) now, in a read transaction of its own. ANSHIN_ENOTFOUND: no such
 * user. */
apr_status_t anshin_sessions_list(anshin_op_t *op, const char *user, anshin_session_visit_fn *visit, void *baton);

/* One session by its key, in a read transaction of its own. ANSHIN_ENOTFOUND: there is none, or it is not this
 * user's. */
apr_status_t anshin_session_read(anshin_op_t *op, const char *user, const char *key, anshin_session_t *session);

/* End one by its key inside a write transaction, of whichever user it is; one that is gone is no failure. */
apr_status_t anshin_session_end_in(anshin_op_t *op, anshin_txn_t *txn, const char *key);

/* Inside a write transaction: end all of a user, one key alone (NULL: any), those of one terminal (0: any) or
 * certificate (NULL: any), except one key (NULL: none). *count (may be NULL): how many ended that were not over by
 * themselves; whoever was logged in by one of these is told when he comes back (anshin_session_past()). */
typedef struct anshin_session_match_t {
    const char *key;
    apr_int64_t terminal;
    const char *serial;
    const char *except;
} anshin_session_match_t;
apr_status_t anshin_sessions_end_in(anshin_op_t *op, anshin_txn_t *txn, const char *user,
                                    const anshin_session_match_t *match, int *count);

#endif

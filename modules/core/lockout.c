/*
 * Counters of attempts.
 *
 * SECURITY: whatever a guess costs, it is paid for here first: no check without a reservation that every process sees.
 */
#include "core/lockout.h"

#include <apr_strings.h>
#include <arpa/inet.h>
#include <string.h>

#include "core/expiry.h"

static const char *const kind_names[] = {"password", "code", "download", "answer", "stranger"};
#define BUSY_PAUSE apr_time_from_msec(20)
#define BUSY_LIMIT apr_time_from_sec(5)
#define KIND_COUNT (sizeof(kind_names) / sizeof(kind_names[0]))

static const char *counter_key(anshin_op_t *op, const char *user, anshin_counter_kind_t kind)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", user, "/", kind_names[kind], NULL);
}

static int counter_limit(const anshin_policy_t *policy, anshin_counter_kind_t kind)
{
    switch (kind) {
    case ANSHIN_COUNTER_CODE:
        return policy->code_attempts;
    case ANSHIN_COUNTER_DOWNLOAD:
        return policy->download_attempts;
    case ANSHIN_COUNTER_ANSWER:
        return policy->answer_attempts;
    case ANSHIN_COUNTER_PASSWORD:
    case ANSHIN_COUNTER_STRANGER:
        break;
    }
    return policy->password_attempts;
}

static apr_status_t counter_get(anshin_txn_t *txn, const char *key, anshin_counter_t *counter)
{
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_counter, key, counter);

    if (rv == ANSHIN_ENOTFOUND) {
        memset(counter, 0, sizeof(*counter));
        return APR_SUCCESS;
    }
    return rv;
}

/* Without the reservation made at `without` (0: none) and without those whose process must have died. */
static apr_array_header_t *reservations_kept(anshin_op_t *op, const apr_array_header_t *old, apr_time_t without)
{
    apr_array_header_t *kept = apr_array_make(op->pool, 8, sizeof(apr_int64_t));

    for (int i = 0; old && i < old->nelts; i++) {
        apr_int64_t at = APR_ARRAY_IDX(old, i, apr_int64_t);
        if (at == without) {
            without = 0; /* one only: two may have been made in the same microsecond */
            continue;
        }
        if (at + ANSHIN_RESERVATION_LIFE > op->now) {
            APR_ARRAY_PUSH(kept, apr_int64_t) = at;
        }
    }
    return kept;
}

/* A lock that time opens (AnshinUnlockAfter) is gone. */
static void open_in_time(anshin_op_t *op, anshin_counter_t *counter)
{
    apr_interval_time_t after = op->contract->policy.unlock_after;

    if (counter->locked_at && after > 0 && counter->locked_at + after <= op->now) {
        counter->locked_at = 0;
        counter->failures = 0;
    }
}

/* One that is nobody's, for housekeeping. One that was never changed is new. */
static apr_status_t file_new(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_counter_t *counter,
                             apr_interval_time_t life)
{
    return counter->changed_at ? APR_SUCCESS : anshin_expiry_file(op, txn, &anshin_record_counter, key, op->now + life);
}

apr_status_t anshin_attempt_reserve(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *user,
                                    anshin_attempt_t *attempt)
{
    anshin_counter_t counter;
    apr_status_t rv;

    memset(attempt, 0, sizeof(*attempt));
    attempt->key = counter_key(op, user, kind);
    attempt->limit = counter_limit(&op->contract->policy, kind);
    attempt->phantom = kind == ANSHIN_COUNTER_STRANGER;
    attempt->reserved_at = op->now;
    if ((rv = counter_get(txn, attempt->key, &counter)) != APR_SUCCESS) {
        return rv;
    }
    open_in_time(op, &counter);
    counter.reservations = reservations_kept(op, counter.reservations, 0);
    if (!counter.locked_at && counter.failures >= attempt->limit) {
        counter.locked_at = op->now; /* the contract's limit was lowered below what had been counted */
        counter.changed_at = op->now;
        if ((rv = anshin_txn_put(txn, &anshin_record_counter, attempt->key, &counter)) != APR_SUCCESS) {
            return rv;
        }
    }
    if (counter.locked_at) {
        attempt->locked = 1;
        attempt->locked_at = counter.locked_at;
        return ANSHIN_EDENIED;
    }
    if (counter.failures + counter.reservations->nelts >= attempt->limit) {
        return ANSHIN_EBUSY;
    }
    if (attempt->phantom && (rv = file_new(op, txn, attempt->key, &counter, ANSHIN_PHANTOM_LIFE)) != APR_SUCCESS) {
        return rv;
    }
    APR_ARRAY_PUSH(counter.reservations, apr_int64_t) = attempt->reserved_at;
    counter.phantom = attempt->phantom;
    counter.changed_at = op->now;
    return anshin_txn_put(txn, &anshin_record_counter, attempt->key, &counter);
}

apr_status_t anshin_attempt_settle(anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt, int failed,
                                   int success)
{
    anshin_counter_t counter;
    apr_status_t rv = counter_get(txn, attempt->key, &counter);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    counter.reservations = reservations_kept(op, counter.reservations, attempt->reserved_at);
    if (failed) {
        counter.failures++;
        if (!counter.locked_at && counter.failures >= attempt->limit) {
            counter.locked_at = op->now;
        }
    } else if (success && !counter.locked_at) {
        counter.failures = 0;
    }
    attempt->locked = counter.locked_at != 0;
    attempt->locked_at = counter.locked_at;
    attempt->remaining = attempt->limit > counter.failures ? (int)(attempt->limit - counter.failures) : 0;
    counter.phantom = attempt->phantom;
    counter.changed_at = op->now;
    if (!counter.failures && !counter.locked_at && counter.reservations->nelts == 0) {
        rv =
            anshin_txn_delete(txn, &anshin_record_counter, attempt->key); /* the state of most users most of the time */
    } else {
        rv = anshin_txn_put(txn, &anshin_record_counter, attempt->key, &counter);
    }
    if (rv == APR_SUCCESS && success && attempt->locked) {
        return ANSHIN_EDENIED;
    }
    return rv;
}

int anshin_attempt_wait(anshin_op_t *op, apr_interval_time_t *waited)
{
    if (op->error.status != APR_SUCCESS || *waited >= BUSY_LIMIT) {
        return 0;
    }
    if (!anshin_gate_enter(op->env->waiting)) {
        return 0;
    }
    apr_sleep(BUSY_PAUSE);
    anshin_gate_leave(op->env->waiting);
    *waited += BUSY_PAUSE;
    op->now = op->env->now(op->env->now_baton);
    return 1;
}

void anshin_attempt_give_back(anshin_op_t *op, anshin_attempt_t *attempt)
{
    anshin_error_t ignored; /* the first cause is what counts; a reservation that stays vanishes in time */
    anshin_txn_t *txn;

    anshin_error_clear(&ignored);
    if (anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_WRITE, &ignored, op->pool) != APR_SUCCESS) {
        return;
    }
    (void)anshin_txn_end(txn, anshin_attempt_settle(op, txn, attempt, 0, 0), ANSHIN_LAZY);
}

apr_status_t anshin_counters_locked(anshin_op_t *op, anshin_txn_t *txn, const char *user, unsigned *locked)
{
    *locked = 0;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        anshin_counter_t counter;
        apr_status_t rv = counter_get(txn, counter_key(op, user, (anshin_counter_kind_t)kind), &counter);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        open_in_time(op, &counter);
        if (counter.locked_at) {
            *locked |= 1u << kind;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_counters_reset(anshin_op_t *op, anshin_txn_t *txn, const char *user, int *was_locked)
{
    unsigned locked;
    apr_status_t rv = anshin_counters_locked(op, txn, user, &locked);

    if (rv == APR_SUCCESS && was_locked) {
        *was_locked = locked != 0;
    }
    for (unsigned kind = 0; rv == APR_SUCCESS && kind < KIND_COUNT; kind++) {
        rv = anshin_txn_delete(txn, &anshin_record_counter, counter_key(op, user, (anshin_counter_kind_t)kind));
    }
    return rv;
}

/* The counter of the client's network: the address itself for IPv4, the first 64 bits for IPv6. NULL: no address. */
static const char *address_key(anshin_op_t *op)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; /* ::ffff:0:0/96 */
    unsigned char bytes[16];
    const char *prefix = NULL, *address;

    if (!op->address) {
        return NULL;
    }
    address =
        apr_pstrndup(op->pool, op->address, strcspn(op->address, "%")); /* of a link: fe80::1%eth0 (RFC 4007 11) */
    if (inet_pton(AF_INET, address, bytes) == 1) {
        prefix = anshin_hex(bytes, 4, op->pool);
    } else if (inet_pton(AF_INET6, address, bytes) == 1) {
        prefix = memcmp(bytes, mapped, sizeof(mapped)) == 0 ? anshin_hex(bytes + 12, 4, op->pool)
                                                            : anshin_hex(bytes, 8, op->pool);
    }
    return prefix ? apr_pstrcat(op->pool, op->contract->name, "/@", prefix, "/address", NULL) : NULL;
}

/* APR_SUCCESS with *key NULL: nothing is counted. */
static apr_status_t address_get(anshin_op_t *op, anshin_txn_t *txn, const char **key, anshin_counter_t *counter)
{
    *key = address_key(op);
    return *key ? counter_get(txn, *key, counter) : APR_SUCCESS;
}

apr_status_t anshin_address_check(anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_policy_t *policy = &op->contract->policy;
    const char *key;
    anshin_counter_t counter;
    apr_status_t rv = address_get(op, txn, &key, &counter);

    if (rv != APR_SUCCESS || !key) {
        return rv;
    }
    if (counter.failures >= policy->address_attempts && counter.since + policy->address_window > op->now) {
        return ANSHIN_EDENIED;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_address_count(anshin_op_t *op, anshin_txn_t *txn)
{
    const char *key;
    anshin_counter_t counter;
    apr_status_t rv = address_get(op, txn, &key, &counter);

    if (rv != APR_SUCCESS || !key) {
        return rv;
    }
    if ((rv = file_new(op, txn, key, &counter, ANSHIN_KEEP_ADDRESS)) != APR_SUCCESS) {
        return rv;
    }
    if (counter.since + op->contract->policy.address_window <= op->now) {
        counter.since = op->now;
        counter.failures = 0;
    }
    counter.failures++;
    counter.phantom = 1;
    counter.changed_at = op->now;
    return anshin_txn_put(txn, &anshin_record_counter, key, &counter);
}

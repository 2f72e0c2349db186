/*
 * Counters of attempts.
 *
 * SECURITY: whatever a guess costs, it is paid for here first: no check without a reservation that every process sees.
 */
#include "core/account/lockout.h"

#include <apr_strings.h>
#include <arpa/inet.h>
#include <string.h>

#include "core/account/account.h"
#include "core/context/expiry.h"

#define STRANDED apr_time_from_sec(60) /* longer than any check takes */

#define OF_ACCOUNT (1u << ANSHIN_COUNTER_PASSWORD | 1u << ANSHIN_COUNTER_CODE | 1u << ANSHIN_COUNTER_ANSWER)

#define OF_ITSELF 0u /* the kind that asks */

static const struct {
    const char *name;
    unsigned together;
    int opens;
    int fades;
} kinds[] = {
#define COUNTER(member, value, name, together, opens, fades) [value] = {name, together, opens, fades},
#include "core/account/counter.def"
#undef COUNTER
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const anshin_word_t anshin_counter_words[] = {
#define COUNTER(member, value, name, together, opens, fades) {name, ANSHIN_COUNTER_##member},
#include "core/account/counter.def"
#undef COUNTER
    {NULL, 0}};

static int locks_with(anshin_counter_kind_t kind, unsigned other)
{
    return other == (unsigned)kind || (kinds[kind].together & 1u << other) != 0;
}

int anshin_counter_locks_account(anshin_counter_kind_t kind)
{
    return kinds[kind].together != OF_ITSELF;
}

static const char *counter_key(anshin_op_t *op, const char *subject, anshin_counter_kind_t kind)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", subject, "/", kinds[kind].name, NULL);
}

const char *anshin_download_subject(anshin_op_t *op, const char *user, apr_int64_t terminal)
{
    return apr_psprintf(op->pool, "%s/%" APR_INT64_T_FMT, user, terminal);
}

static int counter_limit(const anshin_policy_t *policy, anshin_counter_kind_t kind)
{
    switch (kind) {
    case ANSHIN_COUNTER_CODE:
    case ANSHIN_COUNTER_REGISTRATION:
    case ANSHIN_COUNTER_ADDRESS:
        return policy->code_attempts;
    case ANSHIN_COUNTER_DOWNLOAD:
        return policy->download_attempts;
    case ANSHIN_COUNTER_ANSWER:
    case ANSHIN_COUNTER_LOST_DEVICE:
        return policy->answer_attempts;
    case ANSHIN_COUNTER_PASSWORD:
    case ANSHIN_COUNTER_STRANGER:
        break;
    }
    return policy->password_attempts;
}

static apr_status_t counter_get(anshin_txn_t *txn, const char *key, anshin_counter_t *counter)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_counter, key, counter);

    if (status == ANSHIN_ENOTFOUND) {
        memset(counter, 0, sizeof(*counter));
        return APR_SUCCESS;
    }
    return status;
}

/* The counter of an attempt, as it counts now. */
static apr_status_t counter_now(const anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_counter_kind_t kind,
                                anshin_counter_t *counter)
{
    apr_status_t status = counter_get(txn, key, counter);

    if (status == APR_SUCCESS && kinds[kind].fades && counter->locked_at == 0 &&
        counter->changed_at + ANSHIN_PHANTOM_LIFE <= op->now) {
        counter->failures = 0;
    }
    return status;
}

/* --- reservations ----------------------------------------------------------------------------------------------- */

#define NOT_TOLD "-" /* the owner of a reservation whose process has no name */

static const char *self(const anshin_op_t *op)
{
    return op->env->owners ? op->env->owners->self : NOT_TOLD;
}

const char *anshin_reservation_owner(const anshin_counter_t *counter, int i)
{
    return counter->owners && i < counter->owners->nelts ? APR_ARRAY_IDX(counter->owners, i, const char *) : NOT_TOLD;
}

static int has_died(const anshin_op_t *op, const char *owner)
{
    const anshin_owners_t *owners = op->env->owners;

    return owners && strcmp(owner, NOT_TOLD) != 0 && !owners->lives(owners->ctx, owner, op->pool);
}

/* Drop our reservation made at `without` (0: none) and those that are too old; with look those of dead processes. */
static void drop_reservations(anshin_op_t *op, anshin_counter_t *counter, apr_time_t without, int look)
{
    apr_array_header_t *times = apr_array_make(op->pool, 8, sizeof(apr_int64_t));
    apr_array_header_t *owners = apr_array_make(op->pool, 8, sizeof(const char *));

    for (int i = 0; counter->reservations && i < counter->reservations->nelts; i++) {
        apr_int64_t at = APR_ARRAY_IDX(counter->reservations, i, apr_int64_t);
        const char *owner = anshin_reservation_owner(counter, i);

        if (at == without && strcmp(owner, self(op)) == 0) {
            without = 0; /* one only: two may have been made in the same microsecond */
            continue;
        }
        if (at + ANSHIN_RESERVATION_LIFE > op->now && !(look && has_died(op, owner))) {
            APR_ARRAY_PUSH(times, apr_int64_t) = at;
            APR_ARRAY_PUSH(owners, const char *) = owner;
        }
    }
    counter->reservations = times;
    counter->owners = owners;
}

static int is_below(const anshin_counter_t *counter, apr_int64_t failures, int limit)
{
    return failures + counter->reservations->nelts < limit;
}

/* Who waits for a check waits for moments; for one that should long be over, until it counts no more (O1). */
static int has_room(anshin_op_t *op, anshin_counter_t *counter, apr_int64_t failures, int limit)
{
    op->wait_until = 0;
    drop_reservations(op, counter, 0, 0);
    if (is_below(counter, failures, limit)) {
        return 1;
    }
    drop_reservations(op, counter, 0, 1);
    if (is_below(counter, failures, limit)) {
        return 1;
    }
    if (counter->reservations->nelts > 0) {
        apr_time_t oldest = APR_ARRAY_IDX(counter->reservations, 0, apr_int64_t);
        op->wait_until = oldest + STRANDED <= op->now ? oldest + ANSHIN_RESERVATION_LIFE : 0;
    }
    return 0;
}

static void push_reservation(const anshin_op_t *op, anshin_counter_t *counter, apr_time_t at)
{
    APR_ARRAY_PUSH(counter->reservations, apr_int64_t) = at;
    APR_ARRAY_PUSH(counter->owners, const char *) = self(op);
}

/* --- the lock --------------------------------------------------------------------------------------------------- */

/* As the counters have it, whether its time is over or not. */
static apr_status_t read_lock(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject,
                              anshin_lock_t *lock)
{
    apr_interval_time_t after = kinds[kind].opens ? op->contract->policy.unlock_after : 0;

    memset(lock, 0, sizeof(*lock));
    for (unsigned i = 0; i < KINDS; i++) {
        anshin_counter_t counter;
        apr_status_t status;

        if (!locks_with(kind, i)) {
            continue;
        }
        if ((status = counter_get(txn, counter_key(op, subject, (anshin_counter_kind_t)i), &counter)) != APR_SUCCESS) {
            return status;
        }
        if (counter.locked_at) {
            lock->kinds |= 1u << i;
            lock->since = counter.locked_at > lock->since ? counter.locked_at : lock->since;
        }
    }
    lock->unlock_at = lock->kinds && after > 0 ? lock->since + after : 0;
    return APR_SUCCESS;
}

static int is_over(const anshin_op_t *op, const anshin_lock_t *lock)
{
    return lock->unlock_at != 0 && lock->unlock_at <= op->now;
}

apr_status_t anshin_lock_get(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject,
                             anshin_lock_t *lock)
{
    apr_status_t status = read_lock(op, txn, kind, subject, lock);

    if (status == APR_SUCCESS && is_over(op, lock)) {
        memset(lock, 0, sizeof(*lock));
    }
    return status;
}

apr_status_t anshin_counter_clear(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject)
{
    return anshin_txn_delete(txn, &anshin_record_counter, counter_key(op, subject, kind));
}

/* The lock of a kind, opened where its time is over: that clears all counters that it hung on. */
static apr_status_t open_in_time(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject,
                                 anshin_lock_t *lock)
{
    apr_status_t status = read_lock(op, txn, kind, subject, lock);

    if (status != APR_SUCCESS || !is_over(op, lock)) {
        return status;
    }
    memset(lock, 0, sizeof(*lock));
    for (unsigned i = 0; status == APR_SUCCESS && i < KINDS; i++) {
        if (locks_with(kind, i)) {
            status = anshin_counter_clear(op, txn, (anshin_counter_kind_t)i, subject);
        }
    }
    return status;
}

/* *counted stays where it had no failure. */
static apr_status_t forget(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject,
                           int *counted)
{
    anshin_counter_t counter;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_counter, counter_key(op, subject, kind), &counter);

    *counted |= status == APR_SUCCESS && counter.failures > 0;
    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? anshin_counter_clear(op, txn, kind, subject) : status;
}

apr_status_t anshin_counters_forget(anshin_op_t *op, anshin_txn_t *txn, const char *user, int *counted)
{
    anshin_account_t account;
    apr_status_t status = APR_SUCCESS;

    *counted = 0;
    for (unsigned kind = 0; status == APR_SUCCESS && kind < KINDS; kind++) {
        status = forget(op, txn, (anshin_counter_kind_t)kind, user, counted);
    }
    if (status != APR_SUCCESS || (status = anshin_account_get(op, txn, user, &account)) != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    for (int i = 0; status == APR_SUCCESS && account.terminals && i < account.terminals->nelts; i++) {
        status = forget(op, txn, ANSHIN_COUNTER_DOWNLOAD,
                        anshin_download_subject(op, user, APR_ARRAY_IDX(account.terminals, i, apr_int64_t)), counted);
    }
    return status;
}

/* --- attempts --------------------------------------------------------------------------------------------------- */

/* One that is nobody's, for housekeeping. One that was never changed is new. */
static apr_status_t file_new(anshin_op_t *op, anshin_txn_t *txn, const char *key, const anshin_counter_t *counter,
                             apr_interval_time_t life)
{
    return counter->changed_at ? APR_SUCCESS : anshin_expiry_file(op, txn, &anshin_record_counter, key, op->now + life);
}

static void set_locked(anshin_attempt_t *attempt, const anshin_lock_t *lock)
{
    attempt->locked = 1;
    attempt->lock = *lock;
}

/* The contract's limit was lowered below what had been counted. */
static apr_status_t lock_lowered(anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt, const char *key,
                                 anshin_counter_t *counter)
{
    anshin_lock_t lock;
    apr_status_t status;

    counter->locked_at = counter->changed_at = op->now;
    if ((status = anshin_txn_put(txn, &anshin_record_counter, key, counter)) != APR_SUCCESS ||
        (status = read_lock(op, txn, attempt->kind, attempt->subject, &lock)) != APR_SUCCESS) {
        return status;
    }
    set_locked(attempt, &lock);
    return ANSHIN_EDENIED;
}

apr_status_t anshin_attempt_reserve(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject,
                                    anshin_attempt_t *attempt)
{
    const char *key = counter_key(op, subject, kind);
    anshin_counter_t counter;
    anshin_lock_t lock;
    apr_status_t status;

    memset(attempt, 0, sizeof(*attempt));
    attempt->subject = subject;
    attempt->kind = kind;
    attempt->limit = counter_limit(&op->contract->policy, kind);
    attempt->reserved_at = op->now;
    if ((status = open_in_time(op, txn, kind, subject, &lock)) != APR_SUCCESS ||
        (status = counter_now(op, txn, key, kind, &counter)) != APR_SUCCESS) {
        return status;
    }
    if (lock.kinds) {
        set_locked(attempt, &lock);
        return ANSHIN_EDENIED;
    }
    if (counter.failures >= attempt->limit) {
        return lock_lowered(op, txn, attempt, key, &counter);
    }
    if (!has_room(op, &counter, counter.failures, attempt->limit)) {
        return ANSHIN_EBUSY;
    }
    counter.phantom = kind == ANSHIN_COUNTER_STRANGER;
    if (counter.phantom && (status = file_new(op, txn, key, &counter, ANSHIN_PHANTOM_LIFE)) != APR_SUCCESS) {
        return status;
    }
    push_reservation(op, &counter, attempt->reserved_at);
    counter.changed_at = op->now;
    status = anshin_txn_put(txn, &anshin_record_counter, key, &counter);
    attempt->reserved = status == APR_SUCCESS;
    return status;
}

/* The outcome, into the counter. */
static void count(const anshin_op_t *op, anshin_counter_t *counter, anshin_attempt_t *attempt,
                  anshin_attempt_outcome_t outcome, int was_locked)
{
    if (outcome == ANSHIN_ATTEMPT_FAILED) {
        counter->failures++;
        if (!was_locked && counter->failures >= attempt->limit) {
            counter->locked_at = op->now;
            attempt->locked_now = 1;
        }
    } else if (outcome == ANSHIN_ATTEMPT_SUCCEEDED && !was_locked) {
        counter->failures = 0;
    }
    attempt->remaining = attempt->limit > counter->failures ? (int)(attempt->limit - counter->failures) : 0;
    counter->changed_at = op->now;
}

apr_status_t anshin_attempt_settle(anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt,
                                   anshin_attempt_outcome_t outcome)
{
    const char *key = counter_key(op, attempt->subject, attempt->kind);
    anshin_counter_t counter;
    anshin_lock_t lock;
    apr_status_t status;

    if ((status = anshin_lock_get(op, txn, attempt->kind, attempt->subject, &lock)) != APR_SUCCESS ||
        (status = counter_get(txn, key, &counter)) != APR_SUCCESS) {
        return status;
    }
    attempt->outcome = outcome;
    drop_reservations(op, &counter, attempt->reserved_at, 0);
    counter.phantom = attempt->kind == ANSHIN_COUNTER_STRANGER;
    count(op, &counter, attempt, outcome, lock.kinds != 0);
    if (!counter.failures && !counter.locked_at && counter.reservations->nelts == 0) {
        status = anshin_txn_delete(txn, &anshin_record_counter, key); /* the state of most users most of the time */
    } else {
        status = anshin_txn_put(txn, &anshin_record_counter, key, &counter);
    }
    if (status != APR_SUCCESS ||
        (status = anshin_lock_get(op, txn, attempt->kind, attempt->subject, &lock)) != APR_SUCCESS) {
        return status;
    }
    attempt->locked = 0;
    if (lock.kinds) {
        set_locked(attempt, &lock);
    }
    return attempt->locked && outcome == ANSHIN_ATTEMPT_SUCCEEDED ? ANSHIN_EDENIED : APR_SUCCESS;
}

/* --- addresses -------------------------------------------------------------------------------------------------- */

/* Wider networks have larger limits: of the contract's, so many times. */
typedef struct network_t {
    const char *key;
    int times;
    anshin_counter_t counter;
} network_t;

enum { NETWORKS = 3 };

static const struct prefix_t {
    apr_size_t octets;
    int times;
} prefixes4[] = {{4, 1}, {3, 16}}, prefixes6[] = {{8, 1}, {7, 4}, {6, 16}};

/* Octets of the address, 4 or 16; 0: there is none. */
static apr_size_t address_octets(anshin_op_t *op, unsigned char octets[16])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; /* ::ffff:0:0/96 */
    const char *address;

    if (!op->actor.address) {
        return 0;
    }
    address = apr_pstrndup(op->pool, op->actor.address,
                           strcspn(op->actor.address, "%")); /* of a link: fe80::1%eth0 (RFC 4007 11) */
    if (inet_pton(AF_INET, address, octets) == 1) {
        return 4;
    }
    if (inet_pton(AF_INET6, address, octets) != 1) {
        return 0;
    }
    if (memcmp(octets, mapped, sizeof(mapped)) == 0) {
        memmove(octets, octets + sizeof(mapped), 4);
        return 4;
    }
    return 16;
}

/* The networks that the address lies in, the narrowest first; how many. */
static int networks_of(anshin_op_t *op, network_t networks[NETWORKS])
{
    unsigned char octets[16];
    apr_size_t length = address_octets(op, octets);
    const struct prefix_t *prefixes = length == 4 ? prefixes4 : prefixes6;
    int count = length == 0 ? 0 : length == 4 ? 2 : 3;

    for (int i = 0; i < count; i++) {
        networks[i].key = apr_pstrcat(op->pool, op->contract->name, "/@",
                                      anshin_hex(octets, prefixes[i].octets, op->pool), "/address", NULL);
        networks[i].times = prefixes[i].times;
    }
    return count;
}

static apr_status_t networks_get(anshin_op_t *op, anshin_txn_t *txn, network_t networks[NETWORKS], int *count)
{
    apr_status_t status = APR_SUCCESS;

    *count = networks_of(op, networks);
    for (int i = *count - 1; status == APR_SUCCESS && i >= 0; i--) { /* in the order of owners: the widest first */
        status = counter_get(txn, networks[i].key, &networks[i].counter);
    }
    return status;
}

static int limit_of(const anshin_op_t *op, const network_t *network)
{
    return op->contract->policy.address_attempts * network->times;
}

static apr_int64_t failures_of(const anshin_op_t *op, const network_t *network)
{
    return network->counter.since + op->contract->policy.address_window > op->now ? network->counter.failures : 0;
}

/* The widest network that must wait; NULL: none. */
static network_t *denied(anshin_op_t *op, network_t *networks, int count)
{
    network_t *widest = NULL;

    op->wait_until = 0;
    for (int i = 0; i < count; i++) {
        apr_time_t end = networks[i].counter.since + op->contract->policy.address_window;

        if (failures_of(op, &networks[i]) >= limit_of(op, &networks[i])) {
            widest = &networks[i];
            op->wait_until = end > op->wait_until ? end : op->wait_until;
        }
    }
    return widest;
}

apr_status_t anshin_address_check(anshin_op_t *op, anshin_txn_t *txn, int *told)
{
    network_t networks[NETWORKS];
    const network_t *network;
    int count;
    apr_status_t status = networks_get(op, txn, networks, &count);

    *told = 0;
    if (status != APR_SUCCESS || (network = denied(op, networks, count)) == NULL) {
        return status;
    }
    *told = network->counter.told_at >= network->counter.since;
    return ANSHIN_EDENIED;
}

apr_status_t anshin_address_tell(anshin_op_t *op, anshin_txn_t *txn)
{
    network_t networks[NETWORKS];
    network_t *network;
    int count;
    apr_status_t status = networks_get(op, txn, networks, &count);

    if (status != APR_SUCCESS || (network = denied(op, networks, count)) == NULL) {
        return status;
    }
    network->counter.told_at = network->counter.changed_at = op->now;
    return anshin_txn_put(txn, &anshin_record_counter, network->key, &network->counter);
}

apr_status_t anshin_address_reserve(anshin_op_t *op, anshin_txn_t *txn, anshin_address_attempt_t *attempt)
{
    network_t networks[NETWORKS];
    int count;
    apr_status_t status = networks_get(op, txn, networks, &count);

    attempt->reserved_at = 0;
    if (status != APR_SUCCESS || denied(op, networks, count) != NULL) {
        return status == APR_SUCCESS ? ANSHIN_EDENIED : status;
    }
    for (int i = 0; status == APR_SUCCESS && i < count; i++) {
        anshin_counter_t *counter = &networks[i].counter;

        if (!has_room(op, counter, failures_of(op, &networks[i]), limit_of(op, &networks[i]))) {
            return ANSHIN_EBUSY;
        }
        push_reservation(op, counter, op->now);
        counter->phantom = 1;
        counter->changed_at = op->now;
        status = anshin_txn_put(txn, &anshin_record_counter, networks[i].key, counter);
    }
    attempt->reserved_at = count > 0 ? op->now : 0;
    return status;
}

/* Housekeeping hears of it with the first failure: without one there is no counter when nobody has a place in it. */
static apr_status_t count_failure(anshin_op_t *op, anshin_txn_t *txn, network_t *network)
{
    anshin_counter_t *counter = &network->counter;
    apr_status_t status = APR_SUCCESS;

    if (counter->since == 0) {
        status = anshin_expiry_file(op, txn, &anshin_record_counter, network->key, op->now + ANSHIN_KEEP_ADDRESS);
    }
    if (counter->since + op->contract->policy.address_window <= op->now) {
        counter->since = op->now;
        counter->failures = 0;
    }
    counter->failures++;
    counter->phantom = 1;
    return status;
}

apr_status_t anshin_address_settle(anshin_op_t *op, anshin_txn_t *txn, anshin_address_attempt_t *attempt,
                                   anshin_attempt_outcome_t outcome)
{
    network_t networks[NETWORKS];
    int count;
    apr_status_t status = networks_get(op, txn, networks, &count);

    for (int i = 0; status == APR_SUCCESS && i < count; i++) {
        anshin_counter_t *counter = &networks[i].counter;

        drop_reservations(op, counter, attempt->reserved_at, 0);
        if (outcome == ANSHIN_ATTEMPT_FAILED) {
            status = count_failure(op, txn, &networks[i]);
        }
        counter->changed_at = op->now;
        if (status == APR_SUCCESS) {
            status = counter->since == 0 && counter->reservations->nelts == 0
                         ? anshin_txn_delete(txn, &anshin_record_counter, networks[i].key)
                         : anshin_txn_put(txn, &anshin_record_counter, networks[i].key, counter);
        }
    }
    attempt->reserved_at = 0;
    return status;
}

apr_status_t anshin_address_count(anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_address_attempt_t none = {0};

    return anshin_address_settle(op, txn, &none, ANSHIN_ATTEMPT_FAILED);
}

/* Of IPv6 a line's customer. */
const char *anshin_address_network(anshin_op_t *op)
{
    network_t networks[NETWORKS];
    int count = networks_of(op, networks);

    return count == 0 ? NULL : networks[count == 3].key;
}

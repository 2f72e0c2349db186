/*
 * When counters of attempts are forgotten: see lockout_expiry.h.
 */
#include "core/account/lockout_expiry.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/lockout.h"

/* When the lock of a counter opens by itself, 0: never; and at once where its contract is not declared. */
static apr_time_t opens_at(const anshin_op_t *op, const char *key, const anshin_counter_t *counter)
{
    const char *slash = strchr(key, '/');
    const anshin_contract_t *contract =
        slash != NULL
            ? anshin_config_contract(op->env->config, apr_pstrmemdup(op->pool, key, (apr_size_t)(slash - key)))
            : NULL;

    if (contract == NULL) {
        return counter->locked_at;
    }
    return contract->policy.unlock_after != 0 ? counter->locked_at + contract->policy.unlock_after : 0;
}

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_counter_t *counter = record;
    /* CONTRACT/@PREFIX/address; no user ID begins with that sign. */
    apr_interval_time_t keep = strstr(key, "/@") != NULL ? ANSHIN_KEEP_ADDRESS : ANSHIN_PHANTOM_LIFE;

    if (counter->locked_at != 0 && opens_at(op, key, counter) == 0) {
        return op->now + ANSHIN_PHANTOM_LIFE; /* as long as a real one, which nobody but the operator opens (S-12) */
    }
    return anshin_expiry_over(op, counter->changed_at + keep);
}

const anshin_expiry_rule_t anshin_counter_expiry = {&anshin_record_counter, over, NULL, NULL};

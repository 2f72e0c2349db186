/*
 * When counters of attempts are forgotten: see lockout_expiry.h.
 */
#include "core/account/lockout_expiry.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/lockout.h"

/* NULL: it is not declared. */
static const anshin_contract_t *contract_of(const anshin_op_t *op, const char *key)
{
    const char *slash = strchr(key, '/');

    return slash != NULL
               ? anshin_config_contract(op->env->config, apr_pstrmemdup(op->pool, key, (apr_size_t)(slash - key)))
               : NULL;
}

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_counter_t *counter = record;
    /* CONTRACT/@PREFIX/address; no user ID begins with that sign. */
    apr_interval_time_t keep = strstr(key, "/@") != NULL ? ANSHIN_KEEP_ADDRESS : ANSHIN_PHANTOM_LIFE;

    const anshin_contract_t *contract = contract_of(op, key);

    if (counter->locked_at != 0 && contract == NULL) {
        return op->now + ANSHIN_EXPIRY_DAY; /* a contract that is not declared today may be so again tomorrow */
    }
    if (counter->locked_at != 0 && contract->policy.unlock_after == 0) {
        /* As a real one, which nobody but the operator opens (S-12): nobody waits ten years to tell them apart. */
        const apr_time_t end = counter->changed_at + ANSHIN_KEEP_LOCK, again = op->now + ANSHIN_PHANTOM_LIFE;

        return counter->phantom && end < again ? anshin_expiry_over(op, end) : again;
    }
    return anshin_expiry_over(op, counter->changed_at + keep);
}

const anshin_expiry_rule_t anshin_counter_expiry = {&anshin_record_counter, over, NULL, NULL};

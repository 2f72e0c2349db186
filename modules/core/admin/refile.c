/*
 * Reminders filed anew: see refile.h.
 */
#include "core/admin/refile.h"

#include <string.h>

#include <apr_strings.h>

#include "core/admin/walk.h"
#include "core/certificate/reminder.h"
#include "core/mail/password_reminder.h"

#define FACT "reminders" /* what the configuration said when all was filed */
#define BATCH 50         /* records of a transaction */

/* --- what it depends on ----------------------------------------------------------------------------------------- */

static const char *const directives[] = {"AnshinCertificateReminders", "AnshinCertificateRetention",
                                         "AnshinCertificateRenewAfter", "AnshinPasswordReminders",
                                         "AnshinPasswordMaxAge"};

/* As long as a store can keep it, however many contracts there are. */
static apr_status_t rules(const anshin_op_t *op, const char **digest)
{
    unsigned char octets[ANSHIN_DIGEST_BYTES];
    const char *text = "";
    apr_status_t status;

    for (int i = 0; i < op->env->config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(op->env->config->contracts, i, const anshin_contract_t *);

        text = apr_pstrcat(op->pool, text, contract->name, "\n", NULL);
        for (size_t d = 0; d < sizeof(directives) / sizeof(directives[0]); d++) {
            const anshin_option_t *option = anshin_option_find(anshin_policy_options, directives[d]);

            text = apr_pstrcat(op->pool, text, anshin_option_print(&contract->policy, option, op->pool), "\n", NULL);
        }
    }
    status = op->env->crypto->digest(op->env->crypto->ctx, octets, text, strlen(text));
    *digest = anshin_hex(octets, sizeof(octets), op->pool);
    return status;
}

/* --- the walks -------------------------------------------------------------------------------------------------- */

static apr_int64_t look_at_certificate(const anshin_op_t *op, const void *record)
{
    return anshin_certificate_look(op, record);
}

static apr_int64_t look_at_password(const anshin_op_t *op, const void *record)
{
    return anshin_password_look(op, record);
}

static apr_status_t file_certificate(anshin_op_t *op, anshin_txn_t *txn, const char *key, apr_int64_t when)
{
    return anshin_expiry_file(op, txn, &anshin_record_certificate, key, when);
}

static apr_status_t file_account(anshin_op_t *op, anshin_txn_t *txn, const char *key, apr_int64_t when)
{
    return anshin_expiry_file(op, txn, &anshin_record_account, key, when);
}

static const anshin_walk_kind_t kinds[] = {
    {&anshin_record_certificate, "", BATCH, look_at_certificate, file_certificate},
    {&anshin_record_account, "", BATCH, look_at_password, file_account}};

/* --- the whole -------------------------------------------------------------------------------------------------- */

static apr_status_t note(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_fact_t fact = {.value = baton, .at = op->now};

    return anshin_txn_put(txn, &anshin_record_fact, FACT, &fact);
}

apr_status_t anshin_refile(anshin_op_t *op, int *filed)
{
    anshin_fact_t fact;
    const char *now;
    apr_status_t status = rules(op, &now);

    *filed = 0;
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, status, "AN1203", "reminders: the configuration cannot be digested");
    }
    status = anshin_op_get(op, &anshin_record_fact, FACT, &fact);
    if (status == APR_SUCCESS && fact.value != NULL && strcmp(fact.value, now) == 0) {
        return APR_SUCCESS;
    }
    status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    for (size_t i = 0; status == APR_SUCCESS && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        status = anshin_walk(op, &kinds[i], filed);
    }
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_LAZY, note, (void *)(apr_uintptr_t)now) : status;
}

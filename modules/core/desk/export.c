/*
 * Lists that leave the help desk: see export.h.
 *
 * SECURITY: the act is about nobody, so that no account says whether the role may: the permit here asks it of the
 * contract.
 */
#include "core/desk/export.h"

#include <apr_strings.h>

#include "core/mail/event.h"

/* For an act about nobody alone. */
static int admits(const void *baton, const anshin_op_t *op, const anshin_account_t *account)
{
    return account == NULL && anshin_staff_may(baton, ANSHIN_DESK_EXPORT, op->contract, NULL);
}

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_event_t event = {.act = ANSHIN_ACT_LIST_EXPORTED, .after = baton};

    return anshin_event(op, txn, &event);
}

static int count_of(const apr_array_header_t *rows, const anshin_contract_t *contract)
{
    int count = 0;

    for (int i = 0; i < rows->nelts && i < ANSHIN_DESK_ROWS_MAX; i++) {
        count += APR_ARRAY_IDX(rows, i, anshin_desk_row_t).contract == contract;
    }
    return count;
}

static apr_status_t tell_contract(anshin_op_t *op, const anshin_staff_t *staff, const anshin_contract_t *contract,
                                  const char *what)
{
    const anshin_permit_t permit = {staff, admits, NULL};
    anshin_staff_deed_t deed = {.staff = staff, .verb = ANSHIN_DESK_EXPORT};
    anshin_op_t other;
    apr_status_t status;

    anshin_staff_op(&other, op, contract, &deed);
    other.actor.permit = &permit;
    status = anshin_op_write(&other, ANSHIN_DURABLE, tell, (void *)(uintptr_t)what);
    op->error = other.error;
    return status;
}

apr_status_t anshin_desk_export(anshin_op_t *op, const anshin_staff_t *staff, anshin_desk_list_t list,
                                apr_array_header_t **rows)
{
    const apr_array_header_t *contracts = op->env->config->contracts;
    apr_array_header_t *found;
    apr_status_t status =
        anshin_role_may(staff->role, ANSHIN_DESK_EXPORT) ? anshin_desk_list(op, staff, list, &found) : ANSHIN_EDENIED;

    *rows = NULL;
    for (int i = 0; status == APR_SUCCESS && i < contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        const int count = count_of(found, contract);

        if (count > 0) {
            status = tell_contract(
                op, staff, contract,
                apr_psprintf(op->pool, "%s %d", anshin_word_name(anshin_desk_list_words, list, ""), count));
        }
    }
    if (status == APR_SUCCESS) {
        *rows = found;
    }
    return status;
}

/*
 * Commands that do something to a second user: see many.h.
 */
#include "htanshin/approval/many.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/user_id.h"

typedef struct first_t {
    char contract[ANSHIN_CONTRACT_MAX + 1]; /* "": nobody was meant so far */
    char user[ANSHIN_USER_MAX + 1];
} first_t;

struct anshin_many_t {
    anshin_permit_t permit; /* whose baton this is */
    int approved;
    first_t *first;
};

/* A rehearsal is about nobody. */
static int admits(const void *baton, const anshin_op_t *op, const anshin_account_t *account)
{
    const anshin_many_t *many = baton;
    first_t *first = many->first;

    if (account == NULL || account->user == NULL || op->dry || many->approved || op->contract == NULL ||
        !ANSHIN_HAS(op->contract->policy.four_eyes, ANSHIN_EYES_BULK)) {
        return 1;
    }
    if (first->contract[0] == '\0') {
        apr_cpystrn(first->contract, op->contract->name, sizeof(first->contract));
        apr_cpystrn(first->user, account->user, sizeof(first->user));
    }
    return strcmp(first->contract, op->contract->name) == 0 && strcmp(first->user, account->user) == 0;
}

void anshin_many_watch(anshin_call_t *call)
{
    if (call->many == NULL) {
        call->many = apr_pcalloc(call->pool, sizeof(*call->many));
        call->many->first = apr_pcalloc(call->pool, sizeof(first_t));
        call->many->permit = (anshin_permit_t){call->many, admits, NULL};
    }
    call->op.actor.permit = &call->many->permit;
}

void anshin_many_approved(anshin_call_t *call)
{
    if (call->many != NULL) {
        call->many->approved = 1;
    }
}

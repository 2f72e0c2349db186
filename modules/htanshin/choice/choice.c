/*
 * Users chosen by what they are: see choice.h.
 */
#include "htanshin/choice/choice.h"

#include <string.h>

#include "core/account/attributes.h"
#include "core/admin/stages.h"
#include "core/context/own.h"
#include "htanshin/stream/parts.h"
#include "htanshin/values.h"

apr_status_t anshin_choice_read(anshin_call_t *call, anshin_choice_t *choice)
{
    const char *group = anshin_call_value(call, "group");
    apr_status_t status = anshin_call_word(call, "state", anshin_user_stage_words, -1, &choice->state);

    choice->organisation = choice->group = NULL;
    choice->wanted = NULL;
    if (status == APR_SUCCESS && anshin_call_value(call, "organisation") != NULL) {
        status = anshin_call_organisation(call, &choice->organisation);
    }
    if (status == APR_SUCCESS && group != NULL && (choice->group = anshin_group_canonical(group, call->pool)) == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1335",
                           "--group: must be 1 to %d of a-z 0-9 . _ -, starting with a letter or digit",
                           ANSHIN_GROUP_MAX);
    }
    choice->given = choice->organisation != NULL || choice->group != NULL || choice->state >= 0;
    return status;
}

int anshin_choice_admits(const anshin_choice_t *choice, const anshin_account_t *account)
{
    return (choice->organisation == NULL ||
            (account->organisation != NULL && strcmp(account->organisation, choice->organisation) == 0)) &&
           (choice->group == NULL || anshin_account_in_group(account, choice->group));
}

typedef struct choosing_t {
    anshin_call_t *call;
    const anshin_choice_t *choice;
    anshin_choice_fn *fn;
    void *baton;
} choosing_t;

static int is_wanted(void *baton, const char *key, const void *record)
{
    const choosing_t *choosing = baton;
    const anshin_account_t *account = record;

    (void)key;
    return anshin_own(&choosing->call->op, &anshin_record_account, record) && account->user != NULL &&
           anshin_choice_admits(choosing->choice, account) &&
           (choosing->choice->wanted == NULL || choosing->choice->wanted(choosing->baton, account));
}

/* As the user is now, which may be otherwise than when the part was looked for. */
static apr_status_t take_one(anshin_call_t *call, void *baton, const char *key, const void *record)
{
    const choosing_t *choosing = baton;
    const anshin_choice_t *choice = choosing->choice;
    anshin_particulars_t found;
    apr_status_t status = anshin_particulars_get(&call->op, ((const anshin_account_t *)record)->user, &found);

    (void)key;
    if (status == ANSHIN_ENOTFOUND) {
        anshin_error_clear(&call->op.error);
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS || !anshin_choice_admits(choice, &found.account) ||
        (choice->state >= 0 && (anshin_user_stages(&call->op, &found) & (1u << choice->state)) == 0)) {
        return status;
    }
    return choosing->fn(call, choosing->baton, &found);
}

apr_status_t anshin_choice_each(anshin_call_t *call, const anshin_choice_t *choice, anshin_choice_fn *fn, void *baton)
{
    choosing_t choosing = {call, choice, fn, baton};
    const anshin_parts_t parts = {&anshin_record_account, anshin_account_key(&call->op, ""), is_wanted, take_one,
                                  &choosing};

    return anshin_parts_each(call, &parts);
}

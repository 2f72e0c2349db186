/*
 * Operators at the help desk: see staff.h.
 *
 * SECURITY: the one place that knows who may do what to whom. A role, verb, contract or organisation that it does not
 * know is refused, and nobody without an organisation is of the same one as somebody else.
 */
#include "core/desk/staff.h"

#include <string.h>

#include <apr_strings.h>

static const struct {
    unsigned roles; /* bits 1 << anshin_role_t */
    int changes;
    anshin_desk_gives_t gives;
} verbs[] = {
#define MAY(role, flag) ((flag) ? 1u << ANSHIN_ROLE_##role : 0u)
#define VERB(member, name, viewer, helpdesk, admin, organisation, changes, gives)                                  \
    {MAY(VIEWER, viewer) | MAY(HELPDESK, helpdesk) | MAY(ADMIN, admin) | MAY(ORGANISATION, organisation), changes, \
     gives},
#include "core/desk/verb.def"
#undef VERB
#undef MAY
};

const anshin_word_t anshin_desk_verb_words[] = {
#define VERB(member, name, viewer, helpdesk, admin, organisation, changes, gives) {name, ANSHIN_DESK_##member},
#include "core/desk/verb.def"
#undef VERB
    {NULL, 0}};

static int is_verb(anshin_desk_verb_t verb)
{
    return (unsigned)verb < ANSHIN_DESK_VERBS;
}

int anshin_desk_verb_changes(anshin_desk_verb_t verb)
{
    return is_verb(verb) && verbs[verb].changes != 0;
}

int anshin_desk_verb_makes(anshin_desk_verb_t verb)
{
    return is_verb(verb) && verbs[verb].changes == 2;
}

int anshin_desk_verb_of_device(anshin_desk_verb_t verb)
{
    return is_verb(verb) && verbs[verb].changes == 3;
}

anshin_desk_gives_t anshin_desk_verb_gives(anshin_desk_verb_t verb)
{
    return is_verb(verb) ? verbs[verb].gives : ANSHIN_GIVES_NOTHING;
}

int anshin_role_may(anshin_role_t role, anshin_desk_verb_t verb)
{
    const int known = role == ANSHIN_ROLE_VIEWER || role == ANSHIN_ROLE_HELPDESK || role == ANSHIN_ROLE_ADMIN ||
                      role == ANSHIN_ROLE_ORGANISATION;

    return known && is_verb(verb) && (verbs[verb].roles & (1u << role)) != 0;
}

static int same_organisation(const anshin_staff_t *staff, const anshin_account_t *account)
{
    return staff->organisation != NULL && *staff->organisation != '\0' && account->organisation != NULL &&
           strcmp(staff->organisation, account->organisation) == 0;
}

int anshin_staff_may(const anshin_staff_t *staff, anshin_desk_verb_t verb, const anshin_contract_t *contract,
                     const anshin_account_t *account)
{
    if (staff->contract == NULL || contract == NULL || !anshin_role_may(staff->role, verb) ||
        !anshin_config_operates(staff->contract, contract)) {
        return 0;
    }
    if (account != NULL && (account->contract == NULL || strcmp(account->contract, contract->name) != 0)) {
        return 0;
    }
    return staff->role != ANSHIN_ROLE_ORGANISATION || account == NULL || same_organisation(staff, account);
}

int anshin_staff_may_open(const anshin_staff_t *staff, anshin_desk_verb_t verb, const anshin_account_t *account)
{
    const int disabled = account->state == ANSHIN_ACCOUNT_DISABLED;
    const int locked = account->state == ANSHIN_ACCOUNT_LOCKED && account->locked_by != ANSHIN_LOCKED_BY_USER;
    const int by_operator = disabled && account->locked_by != ANSHIN_LOCKED_BY_ORGANISATION;

    if (verb == ANSHIN_DESK_UNLOCK) {
        return (!disabled || anshin_role_may(staff->role, ANSHIN_DESK_DISABLE)) &&
               (!by_operator || staff->role != ANSHIN_ROLE_ORGANISATION) &&
               (!locked || anshin_role_may(staff->role, ANSHIN_DESK_LOCK));
    }
    return verb != ANSHIN_DESK_LOCK || !disabled;
}

int anshin_staff_means(const char *number, const anshin_account_t *account)
{
    if (number == NULL || account == NULL) {
        return 0;
    }
    return *number == '\0' ? account->number == NULL || account->unnumbered
                           : account->number != NULL && strcmp(account->number, number) == 0;
}

/* ANSHIN_EDENIED: no operator any more, or none yet. */
static apr_status_t staff_of(const anshin_op_t *op, const anshin_account_t *account, anshin_staff_t *staff)
{
    if (anshin_word_name(anshin_role_words, account->role, NULL) == NULL || account->role == ANSHIN_ROLE_NONE) {
        return ANSHIN_EDENIED;
    }
    *staff = (anshin_staff_t){.contract = op->contract,
                              .user = account->user,
                              .number = account->number,
                              .role = (anshin_role_t)account->role,
                              .organisation = account->organisation};
    return APR_SUCCESS;
}

apr_status_t anshin_staff_known(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *number,
                                anshin_staff_t *staff)
{
    anshin_account_t account;
    apr_status_t status = op->contract->policy.staff ? anshin_account_get(op, txn, user, &account) : ANSHIN_ENOTFOUND;

    *staff = (anshin_staff_t){.role = ANSHIN_ROLE_NONE};
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    if (number == NULL || *number == '\0' || !anshin_staff_means(number, &account) ||
        anshin_account_standing(&account, op->now) != ANSHIN_ACCOUNT_ACTIVE) {
        return ANSHIN_EDENIED;
    }
    return staff_of(op, &account, staff);
}

apr_status_t anshin_staff_find(anshin_op_t *op, const anshin_member_t *member, anshin_staff_t *staff)
{
    anshin_account_t account;
    apr_status_t status = op->contract->policy.staff ? anshin_member_read(op, member, &account) : ANSHIN_EDENIED;

    *staff = (anshin_staff_t){.role = ANSHIN_ROLE_NONE};
    if (status != APR_SUCCESS) {
        return status;
    }
    return staff_of(op, &account, staff);
}

static int admits(const void *baton, const anshin_op_t *op, const anshin_account_t *account)
{
    const anshin_staff_deed_t *deed = baton;

    return anshin_desk_verb_changes(deed->verb) &&
           (anshin_desk_verb_makes(deed->verb) ? account != NULL : anshin_staff_means(deed->number, account)) &&
           anshin_staff_may(deed->staff, deed->verb, op->contract, account) &&
           (deed->asker == NULL || anshin_staff_may(deed->asker, deed->verb, op->contract, account));
}

static int opens(const void *baton, const anshin_account_t *account)
{
    const anshin_staff_deed_t *deed = baton;

    return anshin_staff_may_open(deed->staff, deed->verb, account) &&
           (deed->asker == NULL || anshin_staff_may_open(deed->asker, deed->verb, account));
}

void anshin_staff_op(anshin_op_t *op, const anshin_op_t *from, const anshin_contract_t *contract,
                     anshin_staff_deed_t *deed)
{
    const anshin_staff_t *staff = deed->staff;
    const anshin_actor_t actor = {.kind = ANSHIN_ACTOR_STAFF,
                                  .name = apr_pstrcat(from->pool, staff->contract->name, "/", staff->user, NULL),
                                  .number = staff->number,
                                  .why = deed->why,
                                  .asked = deed->asker != NULL ? apr_pstrcat(from->pool, deed->asker->contract->name,
                                                                             "/", deed->asker->user, NULL)
                                                               : NULL,
                                  .customer = staff->role == ANSHIN_ROLE_ORGANISATION ||
                                              (deed->asker != NULL && deed->asker->role == ANSHIN_ROLE_ORGANISATION),
                                  .permit = &deed->permit,
                                  .address = from->actor.address,
                                  .client = from->actor.client};

    deed->permit = (anshin_permit_t){deed, admits, opens};
    anshin_op_init(op, from->env, contract, &actor, from->pool);
    op->now = from->now;
}

/*
 * An operator invites a user: see invite.h.
 *
 * SECURITY: the organisation of a customer's administrator is that of his account, as it is read here, and the permit
 * of the operation asks once more in the transaction that makes the account.
 */
#include "core/desk/invite.h"

#include <string.h>

#include "core/admin/operator.h"
#include "core/base/address.h"
#include "core/base/attribute.h"
#include "core/desk/bulk.h"
#include "core/mail/invitation.h"

int anshin_desk_invites(const anshin_staff_t *staff, const anshin_contract_t *contract)
{
    return contract != NULL && anshin_staff_may(staff, ANSHIN_DESK_INVITE, contract, NULL) &&
           (anshin_handout_mails(ANSHIN_DESK_INVITE, contract) || anshin_handout_prints(ANSHIN_DESK_INVITE, contract));
}

static const char *text_of(const char *typed)
{
    return typed != NULL ? typed : "";
}

/* Of a name or organisation; none is none. */
static const char *text_error(const char *typed, const char *key, apr_pool_t *pool)
{
    const char *normal = anshin_attribute_typed(text_of(typed), pool);

    return anshin_attribute_advice(normal, ANSHIN_NAME_MAX, pool) != NULL ? key : NULL;
}

static int is_wrong(const anshin_desk_invite_errors_t *errors)
{
    return errors->contract != NULL || errors->user != NULL || errors->address != NULL || errors->name != NULL ||
           errors->organisation != NULL || errors->why != NULL || errors->how != NULL;
}

static void check_form(const anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_invite_t *typed,
                       anshin_desk_invite_errors_t *errors)
{
    const anshin_contract_t *contract = anshin_config_contract(op->env->config, text_of(typed->contract));
    const int invites = anshin_desk_invites(staff, contract);
    int print;

    *errors = (anshin_desk_invite_errors_t){
        .contract = invites ? NULL : "errors.choose",
        .how = invites ? anshin_handout_way(ANSHIN_DESK_INVITE, contract, typed->how, &print) : NULL,
        .user = anshin_user_canonical(text_of(typed->user), op->pool) != NULL ? NULL : "errors.user_form",
        .address = anshin_address_error(anshin_address_rule(anshin_address_typed(text_of(typed->address), op->pool))),
        .name = text_error(typed->name, "errors.name_wrong", op->pool),
        .organisation = staff->role != ANSHIN_ROLE_ORGANISATION
                            ? text_error(typed->organisation, "errors.name_wrong", op->pool)
                            : NULL,
        .why = contract != NULL ? anshin_desk_why_error(contract, typed->why, op->pool) : NULL};
}

/* An operation that acts by INVITE on the contract; deed goes with it. */
static void begin(anshin_op_t *other, const anshin_op_t *op, const anshin_staff_t *staff,
                  const anshin_desk_invite_t *typed, anshin_staff_deed_t *deed)
{
    const anshin_contract_t *contract = anshin_config_contract(op->env->config, text_of(typed->contract));
    const char *why = contract->policy.staff_reason ? typed->why : NULL;

    *deed = (anshin_staff_deed_t){
        .staff = staff, .verb = ANSHIN_DESK_INVITE, .why = why != NULL ? anshin_attribute_typed(why, op->pool) : NULL};
    anshin_staff_op(other, op, contract, deed);
}

/* 1: what was typed is sound, and it is for paper. */
static int is_printed(const anshin_op_t *op, const anshin_desk_invite_t *typed)
{
    int print;

    (void)anshin_handout_way(ANSHIN_DESK_INVITE, anshin_config_contract(op->env->config, text_of(typed->contract)),
                             typed->how, &print);
    return print;
}

typedef struct look_t {
    const anshin_desk_invite_t *typed;
    anshin_desk_invite_errors_t *errors;
} look_t;

/* Whether the ID is free, and the address can get a mail; nothing of it for who has done so many today, since the ID
 * may be of another organisation (S42). */
static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const look_t *looking = baton;
    const anshin_account_t account = {.contract = op->contract->name,
                                      .user = anshin_user_canonical(looking->typed->user, op->pool)};
    anshin_account_t taken;
    apr_status_t status = anshin_invitation_left(op, txn, &looking->errors->address);

    if (status != APR_SUCCESS || looking->errors->address != NULL) {
        return status;
    }
    status = anshin_account_get_typed(op, txn, looking->typed->user, &taken);
    looking->errors->user = status == APR_SUCCESS ? "errors.user_taken" : NULL;
    if (status != ANSHIN_ENOTFOUND) {
        return status;
    }
    return is_printed(op, looking->typed)
               ? APR_SUCCESS
               : anshin_invitation_room(op, txn, &account, anshin_address_typed(looking->typed->address, op->pool),
                                        &looking->errors->address);
}

/* An answer about somebody's ID costs as much as an invitation: one that cannot be counted is not given. */
static apr_status_t count_taken(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_desk_invite_errors_t *errors = ((const look_t *)baton)->errors;
    apr_status_t status = anshin_invitation_left(op, txn, &errors->address);

    errors->user = errors->address == NULL ? "errors.user_taken" : NULL;
    return status == APR_SUCCESS && errors->user != NULL ? anshin_invitation_count(op, txn) : status;
}

apr_status_t anshin_desk_invite_check(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_invite_t *typed,
                                      anshin_desk_invite_errors_t *errors)
{
    anshin_staff_deed_t deed;
    look_t looking;
    anshin_op_t other;
    apr_status_t status;

    check_form(op, staff, typed, errors);
    if (is_wrong(errors)) {
        return APR_SUCCESS;
    }
    begin(&other, op, staff, typed, &deed);
    looking = (look_t){typed, errors};
    status = anshin_op_read(&other, look, &looking);
    if (status == APR_SUCCESS && errors->user != NULL) {
        status = anshin_op_write(&other, ANSHIN_DURABLE, count_taken, &looking);
    }
    op->error = other.error;
    return status;
}

static apr_status_t invite(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_invite_t *typed,
                           anshin_desk_invite_errors_t *errors)
{
    const char *organisation =
        staff->role == ANSHIN_ROLE_ORGANISATION ? staff->organisation : text_of(typed->organisation);
    const anshin_attributes_t attributes = {.given = 1 << ANSHIN_ATTRIBUTE_NAME | 1 << ANSHIN_ATTRIBUTE_ORGANISATION,
                                            .name = text_of(typed->name),
                                            .organisation = organisation};
    const int print = is_printed(op, typed);
    const anshin_account_new_t spec = {.user = typed->user,
                                       .address = typed->address,
                                       .method = -1,
                                       .terminal_kind = ANSHIN_TERMINAL_PC,
                                       .attributes = &attributes,
                                       .handed = print ? ANSHIN_HANDED_ON_PAPER : ANSHIN_HANDED_BY_MAIL};
    anshin_staff_deed_t deed;
    anshin_invitation_t invitation = {.url = NULL};
    anshin_op_t other;
    apr_status_t status;

    begin(&other, op, staff, typed, &deed);
    status = anshin_account_create(&other, &spec, &invitation);
    op->jobs_queued |= other.jobs_queued;
    op->error = other.error;
    errors->user = status == ANSHIN_ECONFLICT ? "errors.user_taken" : NULL;
    errors->address = status == ANSHIN_EINVALID ? invitation.refused : NULL;
    if (is_wrong(errors)) {
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS && print) {
        *typed->handout =
            (anshin_handout_t){.url = invitation.url, .code = invitation.code, .expires_at = invitation.expires_at};
    }
    return status == ANSHIN_EINVALID ? ANSHIN_EFAULT : status; /* of the contract's: all that was typed is asked */
}

/* Under which number it is known from here on. */
static apr_status_t find_made(anshin_op_t *op, const anshin_contract_t *contract, const char *user,
                              anshin_desk_whom_t *whom)
{
    anshin_op_t other = *op;
    anshin_account_t account;
    apr_status_t status;

    other.contract = contract;
    other.cache = NULL;
    other.flow = NULL;
    status = anshin_op_get(&other, &anshin_record_account, anshin_account_key(&other, user), &account);
    *whom = (anshin_desk_whom_t){contract->name, user, status == APR_SUCCESS ? account.number : NULL};
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* Before what was typed is looked at: by now the ID is taken, which says nothing to who has had it made. */
static apr_status_t check_once(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_invite_t *typed)
{
    anshin_desk_bulk_t before;
    apr_status_t status = typed->id != NULL ? anshin_desk_bulk_find(op, staff, typed->id, &before) : ANSHIN_ENOTFOUND;

    return status == APR_SUCCESS ? ANSHIN_ECONFLICT : status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_desk_invite(anshin_op_t *op, const anshin_desk_invite_t *typed, anshin_desk_whom_t *whom,
                                anshin_desk_invite_errors_t *errors)
{
    anshin_staff_t staff;
    apr_status_t status = anshin_staff_find(op, typed->member, &staff);

    *errors = (anshin_desk_invite_errors_t){.user = NULL};
    if (status == APR_SUCCESS &&
        (!anshin_member_fresh(op, typed->member) || !anshin_role_may(staff.role, ANSHIN_DESK_INVITE))) {
        status = ANSHIN_EDENIED;
    }
    status = status == APR_SUCCESS ? check_once(op, &staff, typed) : status;
    status = status == APR_SUCCESS ? anshin_desk_invite_check(op, &staff, typed, errors) : status;
    if (status == APR_SUCCESS && !is_wrong(errors) && is_printed(op, typed)) {
        status =
            typed->handout != NULL ? anshin_handout_begin(op, &staff, ANSHIN_DESK_INVITE, typed->id) : ANSHIN_EINVALID;
    }
    if (status != APR_SUCCESS || is_wrong(errors)) {
        return status;
    }
    status = invite(op, &staff, typed, errors);
    if (status != APR_SUCCESS || is_wrong(errors)) {
        return status;
    }
    return find_made(op, anshin_config_contract(op->env->config, typed->contract),
                     anshin_user_canonical(typed->user, op->pool), whom);
}

/*
 * What the operator does with an account: create, invite, lock, unlock, reset, delete.
 */
#include "core/admin/operator.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/lockout.h"
#include "core/account/password.h"
#include "core/account/session.h"
#include "core/account/token.h"
#include "core/account/toll.h"
#include "core/admin/adopt.h"
#include "core/admin/given.h"
#include "core/certificate/certificate.h"
#include "core/certificate/download.h"
#include "core/certificate/revocation.h"
#include "core/context/rehearsal.h"
#include "core/context/renaming.h"
#include "core/context/secret.h"
#include "core/login/login.h"
#include "core/login/login_code.h"
#include "core/mail/event.h"
#include "core/mail/invitation.h"

/* A fresh link and code for a pending account; an earlier link ends. */
static apr_status_t make_invitation(anshin_op_t *op, anshin_txn_t *txn, const anshin_event_t *event,
                                    anshin_account_t *account, anshin_invitation_t *invitation)
{
    anshin_token_t record = {.kind = ANSHIN_TOKEN_REGISTER};
    const char *token, *key;
    apr_status_t status;

    record.expires_at = op->now + op->contract->policy.registration_lifetime;
    if (account->registration &&
        (status = anshin_txn_delete(txn, &anshin_record_token, account->registration)) != APR_SUCCESS) {
        return status;
    }
    status = anshin_secret_text(op, &invitation->code, ANSHIN_ALPHABET_READABLE, ANSHIN_REGISTRATION_CODE_CHARACTERS);
    if (status != APR_SUCCESS ||
        (status = anshin_secret_mac(op, &record.code_mac, "code", invitation->code)) != APR_SUCCESS ||
        (status = anshin_token_create(op, txn, account, &record, &token, &key)) != APR_SUCCESS) {
        return status;
    }
    account->registration = key;
    invitation->url =
        apr_pstrcat(op->pool, op->contract->portal_origin, op->contract->portal_base, "/register?t=", token, NULL);
    invitation->expires_at = record.expires_at;
    status = anshin_account_put(op, txn, account);
    return status == APR_SUCCESS ? anshin_event(op, txn, event) : status;
}

static apr_status_t invite(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, anshin_account_t *account,
                           anshin_invitation_t *invitation)
{
    return make_invitation(op, txn, &(anshin_event_t){.act = act, .account = account}, account, invitation);
}

/* The same on paper, by one at the help desk: counted like one that is mailed. */
static apr_status_t invite_on_paper(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, anshin_account_t *account,
                                    anshin_invitation_t *invitation)
{
    const anshin_event_t event = {.act = act, .account = account, .after = "printed"};
    apr_status_t status = anshin_invitation_left(op, txn, &invitation->refused);

    if (status != APR_SUCCESS || invitation->refused != NULL ||
        (status = make_invitation(op, txn, &event, account, invitation)) != APR_SUCCESS) {
        return status;
    }
    return anshin_invitation_count(op, txn);
}

/* The same by mail. *refused: as of anshin_account_invite_mailed(); nothing is written then. */
static apr_status_t invite_by_mail(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, anshin_account_t *account,
                                   const char **refused)
{
    anshin_invitation_t made = {.url = NULL};
    anshin_terminal_t terminal;
    apr_int64_t first = account->terminals != NULL && account->terminals->nelts > 0
                            ? APR_ARRAY_IDX(account->terminals, 0, apr_int64_t)
                            : 0;
    apr_status_t status = anshin_terminal_get(op, txn, account->user, first, &terminal);

    if (status == APR_SUCCESS) {
        status = anshin_invitation_room(op, txn, account, terminal.address, refused);
    }
    if (status != APR_SUCCESS || *refused != NULL || (status = invite(op, txn, act, account, &made)) != APR_SUCCESS) {
        return status;
    }
    return anshin_invitation_mail(op, txn, account, terminal.address,
                                  &(anshin_invitation_facts_t){made.url, made.code, made.expires_at});
}

static apr_status_t check_new(anshin_op_t *op, const anshin_account_new_t *spec, anshin_account_t *account,
                              anshin_terminal_t *terminal)
{
    const anshin_policy_t *policy = &op->contract->policy;
    int changed;
    apr_status_t status;

    account->user = terminal->user = anshin_user_canonical(spec->user, op->pool);
    account->method = spec->method < 0 ? policy->default_method : spec->method;
    account->language = spec->language ? spec->language : policy->language;
    account->language_given = spec->language != NULL;
    terminal->kind = spec->terminal_kind;
    if (!account->user) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0140",
                           "user ID \"%.80s\": give 1 to %d of a-z 0-9 . _ - + @, starting with a letter or digit",
                           spec->user, ANSHIN_USER_MAX);
    }
    if ((status = anshin_given_address(op, spec->address ? spec->address : "", &terminal->address)) != APR_SUCCESS ||
        (status = anshin_given_label(op, spec->label ? spec->label : "", &terminal->label)) != APR_SUCCESS ||
        (status = anshin_given_method(op, account->method)) != APR_SUCCESS ||
        (status = anshin_given_kind(op, terminal->kind)) != APR_SUCCESS ||
        (status = anshin_given_language(op, account->language)) != APR_SUCCESS) {
        return status;
    }
    return spec->attributes ? anshin_attributes_put(op, account, spec->attributes, &changed) : APR_SUCCESS;
}

apr_status_t anshin_account_new_check(anshin_op_t *op, const anshin_account_new_t *spec)
{
    anshin_account_t account = {0};
    anshin_terminal_t terminal = {0};

    return check_new(op, spec, &account, &terminal);
}

/* A new user, as the operator wants it. */
typedef struct creation_t {
    anshin_account_t account;
    anshin_terminal_t terminal;
    const char *imported; /* a hash in place of the invitation; NULL: none */
    anshin_handed_t handed;
    anshin_invitation_t *invitation;
} creation_t;

static apr_status_t create_mailed(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char **refused)
{
    apr_status_t status = invite_by_mail(op, txn, ANSHIN_ACT_ACCOUNT_CREATED, account, refused);

    return status == APR_SUCCESS && *refused != NULL
               ? anshin_fail(&op->error, ANSHIN_EINVALID, "AN1623",
                             "mail address: no invitation can be mailed there (%s)", *refused)
               : status;
}

static apr_status_t create_printed(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account,
                                   anshin_invitation_t *invitation)
{
    apr_status_t status = invite_on_paper(op, txn, ANSHIN_ACT_ACCOUNT_CREATED, account, invitation);

    return status == APR_SUCCESS && invitation->refused != NULL
               ? anshin_fail(&op->error, ANSHIN_EINVALID, "AN1859", "invitation: none can be printed (%s)",
                             invitation->refused)
               : status;
}

static apr_status_t create_adopted(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char *stored)
{
    const anshin_event_t event = {.act = ANSHIN_ACT_ACCOUNT_CREATED,
                                  .account = account,
                                  .after = apr_pstrcat(op->pool, "imported ", anshin_imported_scheme(stored), NULL)};
    apr_status_t status = anshin_adopt_in(op, txn, account, stored);

    if (status == APR_SUCCESS) {
        status = anshin_account_put(op, txn, account);
    }
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

static apr_status_t create(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const creation_t *creation = baton;
    anshin_account_t account = creation->account;
    anshin_account_t taken;
    anshin_terminal_t there;
    apr_status_t status = anshin_account_get(op, txn, account.user, &taken);

    if (status == APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN0145", "user ID %s is taken in contract %s; give another",
                           account.user, op->contract->name);
    }
    if (status == ANSHIN_ENOTFOUND) {
        status = anshin_terminal_get(op, txn, account.user, 1, &there);
        if (status == APR_SUCCESS) {
            return anshin_fail(
                &op->error, ANSHIN_ECONFLICT, "AN1881",
                "user ID %s: contract %s has a device of it, and no account, as in the midst of htanshin "
                "contract rename; nothing was written over",
                account.user, op->contract->name);
        }
    }
    if (status != ANSHIN_ENOTFOUND ||
        /* counters that strangers left on this ID are not the new user's */
        (status = anshin_counters_reset(op, txn, account.user)) != APR_SUCCESS ||
        (status = anshin_terminal_put(op, txn, &creation->terminal)) != APR_SUCCESS) {
        return status;
    }
    *creation->invitation = (anshin_invitation_t){.url = NULL};
    if (creation->handed == ANSHIN_HANDED_BY_MAIL) {
        return create_mailed(op, txn, &account, &creation->invitation->refused);
    }
    if (creation->handed == ANSHIN_HANDED_ON_PAPER) {
        return create_printed(op, txn, &account, creation->invitation);
    }
    return creation->imported != NULL ? create_adopted(op, txn, &account, creation->imported)
                                      : invite(op, txn, ANSHIN_ACT_ACCOUNT_CREATED, &account, creation->invitation);
}

apr_status_t anshin_account_create(anshin_op_t *op, const anshin_account_new_t *spec, anshin_invitation_t *invitation)
{
    creation_t creation = {.account = {.state = ANSHIN_ACCOUNT_PENDING, .next_terminal = 2},
                           .terminal = {.number = 1},
                           .handed = spec->handed,
                           .invitation = invitation};
    anshin_account_t *account = &creation.account;
    apr_status_t status = check_new(op, spec, account, &creation.terminal);

    if (status != APR_SUCCESS || (status = anshin_renaming_refuse(op)) != APR_SUCCESS ||
        (status = anshin_secret_name(op, &account->number)) != APR_SUCCESS) {
        return status;
    }
    if (spec->imported != NULL && account->method == ANSHIN_METHOD_PASSWORD &&
        ((status = anshin_imported_seal(op, &creation.imported, spec->imported)) != APR_SUCCESS ||
         (status = anshin_toll_raise(op, spec->imported)) != APR_SUCCESS)) {
        return status;
    }
    account->contract = creation.terminal.contract = op->contract->name;
    account->created_at = creation.terminal.created_at = op->now;
    account->terminals = apr_array_make(op->pool, 1, sizeof(apr_int64_t));
    APR_ARRAY_PUSH(account->terminals, apr_int64_t) = 1;
    return anshin_op_write(op, ANSHIN_DURABLE, create, &creation);
}

/* What the operator orders for a user. */
typedef struct order_t {
    const char *user; /* as typed */
    anshin_account_state_t state;
    int undoes; /* who is disabled may be locked */
    anshin_invitation_t *invitation;
} order_t;

static apr_status_t invite_again(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const order_t *order = baton;
    anshin_account_t account;
    apr_status_t status = anshin_account_get_typed(op, txn, order->user, &account);

    if (status == APR_SUCCESS && account.state != ANSHIN_ACCOUNT_PENDING) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN0147",
                           "user %s is %s; only a pending user can be invited again", account.user,
                           anshin_account_state_name(account.state));
    }
    if (status != APR_SUCCESS || (status = anshin_counters_reset(op, txn, account.user)) != APR_SUCCESS) {
        return status;
    }
    return invite(op, txn, ANSHIN_ACT_ACCOUNT_INVITED, &account, order->invitation);
}

apr_status_t anshin_account_invite(anshin_op_t *op, const char *user, anshin_invitation_t *invitation)
{
    order_t order = {.user = user, .invitation = invitation};

    return anshin_op_write(op, ANSHIN_DURABLE, invite_again, &order);
}

/* ANSHIN_ECONFLICT: others have closed it than who acts may open. Who may not act on it at all is refused by the event
 * (core/mail/event.c). */
static apr_status_t check_opens(anshin_op_t *op, const anshin_account_t *account)
{
    const anshin_permit_t *permit = op->actor.permit;

    if (op->actor.kind != ANSHIN_ACTOR_STAFF || permit == NULL || !permit->admits(permit->baton, op, account) ||
        (permit->opens != NULL && permit->opens(permit->baton, account))) {
        return APR_SUCCESS;
    }
    return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1620", "help desk: %s may not open what has closed user %s",
                       op->actor.name != NULL ? op->actor.name : "nobody", account->user);
}

/* What the operator has closed stays so whoever closes it once more. */
static anshin_locked_by_t closed_by(const anshin_op_t *op, const anshin_account_t *account)
{
    const int closed = account->state == ANSHIN_ACCOUNT_LOCKED || account->state == ANSHIN_ACCOUNT_DISABLED;

    return op->actor.customer && !(closed && account->locked_by == ANSHIN_LOCKED_BY_OPERATOR)
               ? ANSHIN_LOCKED_BY_ORGANISATION
               : ANSHIN_LOCKED_BY_OPERATOR;
}

typedef struct handing_t {
    const char *user;
    int printed;
    anshin_invitation_t *invitation; /* by mail its refused alone */
} handing_t;

static apr_status_t hand_again(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const handing_t *handing = baton;
    anshin_invitation_t *invitation = handing->invitation;
    const anshin_act_t act = ANSHIN_ACT_ACCOUNT_INVITED;
    anshin_account_t account;
    apr_status_t status = anshin_account_get_typed(op, txn, handing->user, &account);

    *invitation = (anshin_invitation_t){.url = NULL};
    if (status == APR_SUCCESS && account.state != ANSHIN_ACCOUNT_PENDING) {
        invitation->refused = account.registered_at != 0 ? "desk.registered" : "desk.not_active";
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS) {
        status = handing->printed ? invite_on_paper(op, txn, act, &account, invitation)
                                  : invite_by_mail(op, txn, act, &account, &invitation->refused);
    }
    return status == APR_SUCCESS && invitation->refused == NULL ? anshin_counters_reset(op, txn, account.user) : status;
}

apr_status_t anshin_account_invite_mailed(anshin_op_t *op, const char *user, const char **refused)
{
    anshin_invitation_t invitation = {.url = NULL};
    handing_t handing = {user, 0, &invitation};
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, hand_again, &handing);

    *refused = invitation.refused;
    return status;
}

apr_status_t anshin_account_invite_printed(anshin_op_t *op, const char *user, anshin_invitation_t *invitation)
{
    handing_t handing = {user, 1, invitation};

    *invitation = (anshin_invitation_t){.url = NULL};
    return anshin_op_write(op, ANSHIN_DURABLE, hand_again, &handing);
}

static apr_status_t lock(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    static const anshin_session_match_t every = {0};
    const order_t *order = baton;
    anshin_account_t account;
    anshin_account_state_t state;
    anshin_event_t event = {.account = &account};
    apr_status_t status = anshin_account_get_typed(op, txn, order->user, &account);

    if (status != APR_SUCCESS || (status = check_opens(op, &account)) != APR_SUCCESS) {
        return status;
    }
    state = account.state == ANSHIN_ACCOUNT_DISABLED && !order->undoes ? ANSHIN_ACCOUNT_DISABLED : order->state;
    op->unchanged = account.state == (apr_int64_t)state && account.locked_by == (apr_int64_t)closed_by(op, &account);
    if (op->unchanged) {
        return APR_SUCCESS;
    }
    event.act = state == ANSHIN_ACCOUNT_DISABLED ? ANSHIN_ACT_ACCOUNT_DISABLED : ANSHIN_ACT_ACCOUNT_LOCKED;
    event.before = anshin_account_state_name(account.state);
    event.after = anshin_account_state_name(state);
    account.locked_by = closed_by(op, &account);
    account.state = state;
    account.disabled_at = account.locked_at = op->now;
    if ((status = anshin_account_put(op, txn, &account)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, account.user, &every, NULL)) != APR_SUCCESS) {
        return status;
    }
    return anshin_event(op, txn, &event);
}

apr_status_t anshin_account_lock(anshin_op_t *op, const char *user, anshin_account_state_t state)
{
    order_t order = {.user = user, .state = state};

    return anshin_op_write(op, ANSHIN_DURABLE, lock, &order);
}

apr_status_t anshin_account_relock(anshin_op_t *op, const char *user)
{
    order_t order = {.user = user, .state = ANSHIN_ACCOUNT_LOCKED, .undoes = 1};

    return anshin_op_write(op, ANSHIN_DURABLE, lock, &order);
}

static apr_status_t unlock(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const order_t *order = baton;
    anshin_account_t account;
    anshin_event_t event = {.act = ANSHIN_ACT_ACCOUNT_UNLOCKED, .account = &account};
    int counted;
    apr_status_t status = anshin_account_get_typed(op, txn, order->user, &account);

    if (status != APR_SUCCESS || (status = check_opens(op, &account)) != APR_SUCCESS ||
        (status = anshin_counters_forget(op, txn, account.user, &counted)) != APR_SUCCESS) {
        return status;
    }
    op->unchanged = !counted && account.state != ANSHIN_ACCOUNT_LOCKED && account.state != ANSHIN_ACCOUNT_DISABLED;
    if (op->unchanged) {
        return APR_SUCCESS;
    }
    event.before = anshin_account_state_name(account.state);
    account.state = account.registered_at ? ANSHIN_ACCOUNT_ACTIVE : ANSHIN_ACCOUNT_PENDING;
    event.after = anshin_account_state_name(account.state);
    account.disabled_at = 0;
    account.locked_by = ANSHIN_LOCKED_BY_OPERATOR;
    status = anshin_account_put(op, txn, &account);
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

apr_status_t anshin_account_unlock(anshin_op_t *op, const char *user)
{
    order_t order = {.user = user};

    return anshin_op_write(op, ANSHIN_DURABLE, unlock, &order);
}

/* --- begin anew -------------------------------------------------------------------------------------------------- */

/* What the user has to log in with; the last password stays known, so that it is not taken again. */
static void drop_secrets(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account)
{
    if (account->password_hash) {
        anshin_password_set(op, account, NULL);
    }
    account->password_set_at = account->registered_at = account->password_reminded_at = 0;
    account->password_reissued_at = account->certificate_reissued_at = 0;
    account->question = account->answer_hash = account->proof_mac = NULL;
    account->proof_expires_at = 0;
    if (account->totp_blob) {
        anshin_txn_wipe(txn, account->totp_blob);
    }
    account->totp_blob = NULL;
    account->totp_step = 0;
    account->totp_steps = NULL;
}

/* The terminals stay; nothing on them lets in any more. */
static apr_status_t end_certificates(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account)
{
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);

        status = anshin_certificates_end_in(op, txn, terminal, ANSHIN_REASON_SUPERSEDED);
        if (status == APR_SUCCESS) {
            status = anshin_download_finish_in(op, txn, account->user, terminal->number);
        }
    }
    return status;
}

/* One that is locked or disabled stays so: a reset is no way round that. */
static apr_status_t reset(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    static const anshin_session_match_t every = {0};
    const order_t *order = baton;
    anshin_account_t account;
    anshin_act_t act;
    apr_status_t status = anshin_account_get_typed(op, txn, order->user, &account);

    if (status == APR_SUCCESS && account.state != ANSHIN_ACCOUNT_ACTIVE && account.state != ANSHIN_ACCOUNT_PENDING) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1435",
                           "user %s is %s; unlock the user first (htanshin user unlock %s)", account.user,
                           anshin_account_state_name(account.state), account.user);
    }
    if (status != APR_SUCCESS || (status = end_certificates(op, txn, &account)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, account.user, &every, NULL)) != APR_SUCCESS ||
        (status = anshin_login_code_forget(op, txn, account.user)) != APR_SUCCESS ||
        (status = anshin_counters_reset(op, txn, account.user)) != APR_SUCCESS) {
        return status;
    }
    act = account.state == ANSHIN_ACCOUNT_PENDING ? ANSHIN_ACT_ACCOUNT_INVITED : ANSHIN_ACT_ACCOUNT_RESET;
    drop_secrets(op, txn, &account);
    account.state = ANSHIN_ACCOUNT_PENDING;
    return invite(op, txn, act, &account, order->invitation);
}

apr_status_t anshin_account_reset(anshin_op_t *op, const char *user, anshin_invitation_t *invitation)
{
    order_t order = {.user = user, .invitation = invitation};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, reset, &order);
}

static apr_status_t must_change(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const order_t *order = baton;
    anshin_account_t account;
    const anshin_event_t event = {.act = ANSHIN_ACT_PASSWORD_MUST_CHANGE, .account = &account};
    apr_status_t status = anshin_account_get_typed(op, txn, order->user, &account);

    if (status == APR_SUCCESS && !account.password_hash) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1436",
                           "user %s is %s and has no password; the registration sets one", account.user,
                           anshin_account_state_name(account.state));
    }
    op->unchanged = status == APR_SUCCESS && account.password_must_change != 0;
    if (status != APR_SUCCESS || op->unchanged) {
        return status;
    }
    account.password_must_change = 1;
    status = anshin_account_put(op, txn, &account);
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

apr_status_t anshin_account_must_change(anshin_op_t *op, const char *user)
{
    order_t order = {.user = user};

    return anshin_op_write(op, ANSHIN_DURABLE, must_change, &order);
}

/* --- delete ------------------------------------------------------------------------------------------------------ */

/* Terminals with their certificates and waiting downloads. */
static apr_status_t delete_terminals(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account)
{
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if ((status = anshin_certificates_end_in(op, txn, terminal, ANSHIN_REASON_CESSATION)) == APR_SUCCESS &&
            (status = anshin_download_finish_in(op, txn, account->user, terminal->number)) == APR_SUCCESS) {
            status = anshin_terminal_remove(op, txn, terminal);
        }
    }
    return status;
}

static apr_status_t delete_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    static const anshin_session_match_t every = {0};
    const order_t *order = baton;
    anshin_account_t account;
    const anshin_event_t event = {.act = ANSHIN_ACT_ACCOUNT_DELETED, .account = &account};
    apr_status_t status = anshin_account_get_typed(op, txn, order->user, &account);

    if (status != APR_SUCCESS || (status = delete_terminals(op, txn, &account)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, account.user, &every, NULL)) != APR_SUCCESS ||
        (status = anshin_login_code_forget(op, txn, account.user)) != APR_SUCCESS ||
        (status = anshin_txn_delete(txn, &anshin_record_places, anshin_account_key(op, account.user))) != APR_SUCCESS ||
        (status = anshin_counters_reset(op, txn, account.user)) != APR_SUCCESS ||
        (account.registration &&
         (status = anshin_txn_delete(txn, &anshin_record_token, account.registration)) != APR_SUCCESS) ||
        (status = anshin_txn_delete(txn, &anshin_record_account, anshin_account_key(op, account.user))) !=
            APR_SUCCESS) {
        return status;
    }
    anshin_txn_wipe(txn, account.totp_blob);
    return anshin_event(op, txn, &event);
}

apr_status_t anshin_account_delete(anshin_op_t *op, const char *user)
{
    order_t order = {.user = user};

    return anshin_op_write(op, ANSHIN_DURABLE, delete_all, &order);
}

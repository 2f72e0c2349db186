/*
 * htanshin user show: one user, as core hands it out.
 */
#include "htanshin/user/user_show.h"

#include <string.h>

#include "core/account/history.h"
#include "core/account/imported.h"
#include "core/admin/particulars.h"
#include "core/certificate/certificate.h"
#include "htanshin/result.h"
#include "htanshin/user/user_attributes.h"

static void show_account(json_t *result, const anshin_account_t *account, apr_time_t now, apr_pool_t *pool)
{
    anshin_result_text(result, "user", account->user, pool);
    anshin_result_text(result, "contract", account->contract, pool);
    anshin_result_text(result, "number", account->number, pool);
    anshin_result_text(result, "state", anshin_account_state_name(account->state), pool);
    anshin_result_text(result, "method", anshin_method_name(account->method), pool);
    anshin_result_text(result, "language", account->language, pool);
    anshin_user_put_attributes(result, account, pool);
    anshin_result_flag(result, "valid_now", anshin_account_valid(account, now));
    anshin_result_time(result, "created_at", account->created_at, pool);
    anshin_result_time(result, "registered_at", account->registered_at, pool);
    anshin_result_time(result, "password_set_at", account->password_set_at, pool);
    anshin_result_time(result, "last_login_at", account->last_login_at, pool);
    if (account->disabled_at != 0) {
        anshin_result_time(result, "disabled_at", account->disabled_at, pool);
        anshin_result_text(result, "locked_by", anshin_word_name(anshin_locked_by_words, account->locked_by, "unknown"),
                           pool);
    }
    anshin_result_flag(result, "password_must_change", account->password_must_change != 0);
    anshin_result_text(result, "imported_password", anshin_imported_scheme(account->password_hash), pool);
    anshin_result_flag(result, "authenticator", account->totp_blob != NULL);
}

/* Until when the user can still register. */
static void show_invitation(json_t *result, const anshin_particulars_t *found, apr_time_t now, apr_pool_t *pool)
{
    if (found->registration_until != 0) {
        anshin_result_time(result, "registration_until", found->registration_until, pool);
        anshin_result_flag(result, "registration_expired", found->registration_until <= now);
    }
}

/* The lock of the account (LCK-2), by which attempts, since and until when; and that of the invitation. */
static void show_locks(json_t *result, const anshin_particulars_t *found, apr_pool_t *pool)
{
    json_t *locks = json_array();

    for (const anshin_word_t *kind = anshin_counter_words; kind->name != NULL; kind++) {
        if ((found->lock.kinds & (1u << kind->value)) != 0) {
            json_array_append_new(locks, json_string(kind->name));
        }
    }
    json_object_set_new(result, "locked_by_attempts", locks);
    if (found->lock.kinds != 0) {
        anshin_result_time(result, "locked_since", found->lock.since, pool);
    }
    if (found->lock.unlock_at != 0) {
        anshin_result_time(result, "locked_until", found->lock.unlock_at, pool);
    }
    anshin_result_flag(result, "lost_device_locked", found->lost_device_lock.kinds != 0);
    if (found->account.state == ANSHIN_ACCOUNT_PENDING) {
        anshin_result_flag(result, "registration_locked", found->registration_lock.kinds != 0);
    }
}

static void show_terminal(json_t *row, const anshin_terminal_facts_t *facts, apr_time_t now, apr_pool_t *pool)
{
    const anshin_certificate_t *certificate = &facts->certificate;

    anshin_result_number(row, "number", facts->terminal.number);
    anshin_result_text(row, "label", facts->terminal.label, pool);
    anshin_result_text(row, "kind", anshin_terminal_kind_name(facts->terminal.kind), pool);
    anshin_result_text(row, "address", facts->terminal.address, pool);
    anshin_result_text(row, "certificate", facts->terminal.certificate, pool);
    anshin_result_text(row, "certificate_state",
                       facts->has_certificate ? anshin_word_name(anshin_standing_words,
                                                                 anshin_certificate_standing(certificate, now), NULL)
                                              : NULL,
                       pool);
    anshin_result_time(row, "certificate_until", facts->has_certificate ? certificate->not_after : 0, pool);
    anshin_result_text(row, "renewing", facts->terminal.renewing, pool);
    anshin_result_time(row, "renewing_until", facts->has_renewing ? facts->renewing.not_after : 0, pool);
    anshin_result_flag(row, "download_waits", facts->has_download && facts->download_until > now);
    if (facts->has_download) {
        anshin_result_flag(row, "download_locked", facts->download_lock.kinds != 0);
    }
}

#define ACTS_SHOWN 5   /* of operators, the newest */
#define ACTS_AMONG 200 /* entries of the history */

typedef struct acts_t {
    json_t *rows;
    const char *account;
    apr_pool_t *pool;
} acts_t;

static apr_status_t show_act(void *baton, const anshin_history_t *entry)
{
    const acts_t *acts = baton;
    const char *who = entry->operator;
    json_t *row;

    if (who == NULL || *who == '\0' || json_array_size(acts->rows) >= ACTS_SHOWN ||
        entry->account == NULL || strcmp(entry->account, acts->account) != 0) {
        return APR_SUCCESS;
    }
    row = json_object();
    anshin_result_time(row, "at", entry->at, acts->pool);
    anshin_result_text(row, "act", anshin_history_result_name(entry->result), acts->pool);
    anshin_result_text(row, "operator", who, acts->pool);
    return json_array_append_new(acts->rows, row) == 0 ? APR_SUCCESS : APR_ENOMEM;
}

/* What operators did to the account, newest first; the trail has all of it. */
static apr_status_t show_acts(anshin_call_t *call, const anshin_account_t *account, json_t *result)
{
    anshin_history_walk_t walk = {.user = account->user, .total = -1};
    acts_t acts = {json_array(), account->number, call->pool};

    json_object_set_new(result, "operators", acts.rows);
    return anshin_history_part(&call->op, &walk, ACTS_AMONG, show_act, &acts);
}

apr_status_t anshin_user_show(anshin_call_t *call, const char *user, json_t **result)
{
    anshin_particulars_t found;
    json_t *rows;
    apr_status_t status = anshin_particulars_get(&call->op, user, &found);

    if (status != APR_SUCCESS) {
        return status;
    }
    *result = json_object();
    show_account(*result, &found.account, call->op.now, call->pool);
    show_invitation(*result, &found, call->op.now, call->pool);
    show_locks(*result, &found, call->pool);
    anshin_result_number(*result, "sessions", found.sessions);
    rows = json_array();
    json_object_set_new(*result, "terminals", rows);
    for (int i = 0; i < found.terminals->nelts; i++) {
        json_t *row = json_object();

        json_array_append_new(rows, row);
        show_terminal(row, &APR_ARRAY_IDX(found.terminals, i, anshin_terminal_facts_t), call->op.now, call->pool);
    }
    return show_acts(call, &found.account, *result);
}

json_t *anshin_user_invitation(const anshin_call_t *call, const char *user, const anshin_invitation_t *invitation)
{
    json_t *result = json_object();

    anshin_result_text(result, "user", user, call->pool);
    anshin_result_text(result, "registration_url", invitation->url, call->pool);
    anshin_result_text(result, "registration_code", invitation->code, call->pool);
    anshin_result_time(result, "valid_until", invitation->expires_at, call->pool);
    return result;
}

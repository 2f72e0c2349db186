/*
 * htanshin cert: the certificates that the CA worker issued.
 */
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/account/account.h"
#include "core/certificate/certificate.h"
#include "core/certificate/revocation.h"
#include "htanshin/approval/hold.h"
#include "htanshin/bulk/cert_verbs.h"
#include "htanshin/bulk/targets.h"
#include "htanshin/call.h"
#include "htanshin/list.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

#define WITHIN_MAX (APR_INT64_C(3650) * 86400)

static const char *reason_name(apr_int64_t reason)
{
    return anshin_word_name(anshin_reason_words, reason, "other");
}

static const char *state_name(const anshin_call_t *call, const anshin_certificate_t *certificate)
{
    return anshin_word_name(anshin_standing_words, anshin_certificate_standing(certificate, call->op.now), NULL);
}

static apr_status_t read_serial(anshin_call_t *call, const char *typed, const char **serial)
{
    *serial = anshin_serial_typed(typed, call->pool);
    return *serial != NULL ? APR_SUCCESS
                           : anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0850",
                                         "SERIAL: must be at most 40 hexadecimal digits, with or without colons");
}

static json_t *certificate_row(const anshin_call_t *call, const anshin_certificate_t *certificate, apr_pool_t *pool)
{
    json_t *row = json_object();

    anshin_result_text(row, "serial", certificate->serial, pool);
    anshin_result_text(row, "user", certificate->user, pool);
    anshin_result_number(row, "terminal", certificate->terminal);
    anshin_result_text(row, "label", certificate->label, pool);
    anshin_result_text(row, "name", certificate->name, pool);
    anshin_result_text(row, "state", state_name(call, certificate), pool);
    anshin_result_time(row, "issued_at", certificate->issued_at, pool);
    anshin_result_time(row, "not_after", certificate->not_after, pool);
    return row;
}

static apr_status_t find(anshin_call_t *call, const char *serial, anshin_certificate_t *certificate)
{
    return anshin_call_missing(call, anshin_own_find(&call->op, &anshin_record_certificate, serial, certificate),
                               "certificate", serial);
}

typedef struct listing_t {
    const anshin_call_t *call;
    anshin_filter_t filter;
    apr_interval_time_t within; /* the active ones that end so soon alone, the first to end first; 0: all */
    const char *organisation;   /* of the users, in normal form; NULL: any */
    apr_hash_t *users;          /* with organisation: its users, and the numbers of their accounts */
    anshin_rows_t *rows;
} listing_t;

/* By what the list is in order. */
static apr_time_t place_of(const listing_t *listing, const anshin_certificate_t *certificate)
{
    return listing->within != 0 ? certificate->not_after : certificate->issued_at;
}

static apr_status_t keep_user(void *baton, const char *key, const void *record)
{
    const anshin_account_t *account = record;
    const listing_t *listing = baton;
    apr_pool_t *pool = listing->call->pool;

    (void)key;
    if (account->organisation != NULL && strcmp(account->organisation, listing->organisation) == 0) {
        apr_hash_set(listing->users, apr_pstrdup(pool, account->user), APR_HASH_KEY_STRING,
                     apr_pstrdup(pool, account->number != NULL ? account->number : ""));
    }
    return APR_SUCCESS;
}

/* A certificate says who had it, not what the account says today: so the users come first (REN-4). */
static apr_status_t read_organisation(anshin_call_t *call, listing_t *listing)
{
    apr_status_t status = APR_SUCCESS;

    if (anshin_call_value(call, "organisation") == NULL) {
        return APR_SUCCESS;
    }
    listing->users = apr_hash_make(call->pool);
    status = anshin_call_organisation(call, &listing->organisation);
    return status == APR_SUCCESS ? anshin_own_each(&call->op, &anshin_record_account, anshin_account_key(&call->op, ""),
                                                   keep_user, listing)
                                 : status;
}

/* Of a user of the organisation, not of somebody who had the ID before. */
static int is_of_organisation(const listing_t *listing, const anshin_certificate_t *certificate)
{
    const char *number;

    if (listing->users == NULL || certificate->user == NULL) {
        return listing->users == NULL;
    }
    number = apr_hash_get(listing->users, certificate->user, APR_HASH_KEY_STRING);
    return number != NULL && (certificate->account == NULL || strcmp(certificate->account, number) == 0);
}

static int is_wanted(const listing_t *listing, const anshin_certificate_t *certificate)
{
    apr_time_t now = listing->call->op.now;
    anshin_standing_t standing = anshin_certificate_standing(certificate, now);

    return anshin_filter_admits(&listing->filter, certificate->user, standing) &&
           is_of_organisation(listing, certificate) &&
           (listing->within == 0 ||
            (standing == ANSHIN_STANDING_ACTIVE && certificate->not_after <= now + listing->within));
}

static apr_status_t list_one(void *baton, const char *serial, const void *record)
{
    const anshin_certificate_t *certificate = record;
    const listing_t *listing = baton;
    const anshin_call_t *call = listing->call;
    const char *place;

    if (!is_wanted(listing, certificate) ||
        (place = anshin_rows_place(listing->rows, place_of(listing, certificate), serial)) == NULL) {
        return APR_SUCCESS;
    }
    return anshin_rows_add(listing->rows, place,
                           certificate_row(call, certificate, anshin_rows_scratch(listing->rows)));
}

static apr_status_t list_walk(anshin_call_t *call, void *baton, anshin_rows_t *rows)
{
    listing_t *listing = baton;

    listing->rows = rows;
    return anshin_own_each(&call->op, &anshin_record_certificate, "", list_one, listing);
}

static apr_status_t list_after(anshin_call_t *call, void *baton, const char *given, apr_time_t *at, const char **key)
{
    anshin_certificate_t certificate;
    apr_status_t status = read_serial(call, given, key);

    if (status == APR_SUCCESS && (status = find(call, *key, &certificate)) == APR_SUCCESS) {
        *at = place_of(baton, &certificate);
    }
    return status;
}

static apr_status_t cert_list(anshin_call_t *call)
{
    listing_t listing = {.call = call};
    anshin_list_t list = {.after = list_after, .walk = list_walk};
    apr_status_t status = anshin_call_filter(call, anshin_standing_words, &listing.filter);

    if (status == APR_SUCCESS) {
        status = anshin_call_span(call, "expires-within", WITHIN_MAX, &listing.within);
    }
    if (status == APR_SUCCESS) {
        status = read_organisation(call, &listing);
    }
    list.descending = listing.within == 0;
    return status == APR_SUCCESS ? anshin_list(call, &list, &listing) : status;
}

static apr_status_t cert_show(anshin_call_t *call)
{
    anshin_certificate_t certificate;
    const char *serial;
    apr_status_t status = read_serial(call, call->operands[0], &serial);

    if (status != APR_SUCCESS || (status = find(call, serial, &certificate)) != APR_SUCCESS) {
        return status;
    }
    call->result = certificate_row(call, &certificate, call->pool);
    anshin_result_time(call->result, "not_before", certificate.not_before, call->pool);
    anshin_result_text(call->result, "fingerprint", certificate.fingerprint, call->pool);
    if (certificate.state == ANSHIN_CERTIFICATE_REVOKED) {
        anshin_result_time(call->result, "revoked_at", certificate.revoked_at, call->pool);
        anshin_result_text(call->result, "reason", reason_name(certificate.reason), call->pool);
    }
    return APR_SUCCESS;
}

static apr_status_t revoke_one(anshin_call_t *call, const char *serial, int reason)
{
    apr_status_t status =
        anshin_call_missing(call, anshin_certificate_revoke(&call->op, serial, reason), "certificate", serial);

    if (status == ANSHIN_ECONFLICT) {
        return anshin_fail(&call->op.error, status, "AN0853", "certificate %s: is revoked already", serial);
    }
    if (status == APR_SUCCESS) {
        json_array_append_new(json_object_get(call->result, "revoked"), json_string(serial));
    }
    return status;
}

static apr_status_t revoke_user(anshin_call_t *call, int reason)
{
    json_t *revoked = json_object_get(call->result, "revoked");
    apr_array_header_t *serials;
    const char *user;
    apr_status_t status = anshin_call_user(call, anshin_call_value(call, "user"), &user);

    if (status == APR_SUCCESS) {
        status = anshin_certificates_revoke(&call->op, user, reason, &serials);
    }
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&call->op.error, status, "AN0854", "user %s: has no active certificate in contract %s", user,
                           call->op.contract->name);
    }
    for (int i = 0; status == APR_SUCCESS && i < serials->nelts; i++) {
        json_array_append_new(revoked, json_string(APR_ARRAY_IDX(serials, i, const char *)));
    }
    return status;
}

/* All those of a user, who may have several devices. */
static apr_status_t hold_user(anshin_call_t *call)
{
    apr_array_header_t *targets = apr_array_make(call->pool, 1, sizeof(anshin_target_t));
    anshin_target_t target = {.serial = NULL};
    int again;
    apr_status_t status = anshin_call_user(call, anshin_call_value(call, "user"), &target.user);

    APR_ARRAY_PUSH(targets, anshin_target_t) = target;
    return status == APR_SUCCESS ? anshin_hold_many(call, 1, targets, &again) : status;
}

/* 1: many are meant. */
static int chooses(const anshin_call_t *call)
{
    return anshin_call_value(call, "file") != NULL || anshin_call_value(call, "organisation") != NULL ||
           anshin_call_value(call, "group") != NULL || anshin_call_value(call, "state") != NULL;
}

/* 1: what would come of it is asked, or what came of it wanted as a list has it. */
static int tells_first(const anshin_call_t *call)
{
    return anshin_call_value(call, "dry-run") != NULL || anshin_call_value(call, "result") != NULL ||
           anshin_call_value(call, "after") != NULL;
}

static apr_status_t cert_revoke(anshin_call_t *call)
{
    const char *serial;
    int reason;
    int by_user = anshin_call_value(call, "user") != NULL;
    apr_status_t status = anshin_call_word(call, "reason", anshin_reason_words, ANSHIN_REASON_UNSPECIFIED, &reason);

    if (status == APR_SUCCESS && call->operand_count + by_user + chooses(call) != 1) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0855",
                             "cert revoke: give a SERIAL or --user USER, or --file, or options that choose users");
    }
    if (status == APR_SUCCESS && anshin_bulk_wanted(call) && (!by_user || tells_first(call))) {
        return anshin_bulk_revoke(call, reason);
    }
    status = status == APR_SUCCESS && by_user ? hold_user(call) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    call->result = json_object();
    json_object_set_new(call->result, "revoked", json_array());
    anshin_result_text(call->result, "reason", reason_name(reason), call->pool);
    if (by_user) {
        return revoke_user(call, reason);
    }
    status = read_serial(call, call->operands[0], &serial);
    return status == APR_SUCCESS ? revoke_one(call, serial, reason) : status;
}

static const anshin_command_option_t list_options[] = {
    {"user", "USER", "Only those of this user.", 0},
    {"state", "STATE", "Only those that are active, expired or revoked.", 0},
    {"expires-within", "TIME", "Only active ones that end within this time, such as 40d; the first to end first.", 0},
    {"organisation", "NAME", "Only those of users of this organisation.", 0},
    ANSHIN_LIST_CSV,
    ANSHIN_LIST_LIMIT,
    ANSHIN_LIST_AFTER("SERIAL", "the last certificate of the list before"),
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t revoke_options[] = {
    {"user", "USER", "Every active certificate of this user.", 0},
    {"reason", "REASON",
     "unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation or "
     "privilegeWithdrawn.",
     0},
    ANSHIN_BULK_OPTIONS,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t bulk_options[] = {ANSHIN_BULK_OPTIONS, {NULL, NULL, NULL, 0}};

const anshin_command_t anshin_commands_cert[] = {
    {"cert", "list", "", 0, 0, list_options, ANSHIN_ACCESS_STORE, cert_list,
     "List the contract's certificates, newest first."},
    {"cert", "show", "SERIAL", 1, 1, NULL, ANSHIN_ACCESS_STORE, cert_show, "Show a certificate and its state."},
    {"cert", "revoke", "[SERIAL]", 0, 1, revoke_options, ANSHIN_ACCESS_FILES, cert_revoke,
     "Revoke a certificate, or those of a user or of many; it takes effect with the very next request, and their "
     "sessions end."},
    {"cert", "renew", "[SERIAL]", 0, 1, bulk_options, ANSHIN_ACCESS_FILES, anshin_bulk_renew,
     "Have the certificate made that is to follow one, or each of many; the present ones work until it is first used. "
     "Gives the download passwords, to be handed out."},
    {"cert", "reissue", "[SERIAL]", 0, 1, bulk_options, ANSHIN_ACCESS_FILES, anshin_bulk_reissue,
     "Have a certificate made in place of one, or each of many; these are revoked. Gives the download passwords."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

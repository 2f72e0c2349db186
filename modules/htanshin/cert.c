/*
 * htanshin cert: the certificates that the CA worker issued.
 */
#include <ctype.h>
#include <string.h>

#include <apr_strings.h>

#include "core/account.h"
#include "core/certificate.h"
#include "htanshin/list.h"

#define SERIAL_DIGITS_MAX 40 /* RFC 5280 4.1.2.2: 20 octets */

/* CRLReason, RFC 5280 5.3.1. Those that a certificate authority gives to users' certificates. */
static const struct {
    const char *name;
    int code;
} reasons[] = {
    {"unspecified", 0}, {"keyCompromise", 1},        {"affiliationChanged", 3},
    {"superseded", 4},  {"cessationOfOperation", 5}, {"privilegeWithdrawn", 9},
};

static const char *reason_name(apr_int64_t code)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].code == code) {
            return reasons[i].name;
        }
    }
    return "other";
}

static const char *state_name(const anshin_certificate_t *certificate, apr_time_t now)
{
    if (certificate->state == ANSHIN_CERTIFICATE_REVOKED) {
        return "revoked";
    }
    return certificate->not_after < now ? "expired" : "active";
}

/* A serial as tools print it ("0A:1B", "0x0a1b", leading zero octets) in the store's form. */
static apr_status_t read_serial(anshin_call_t *call, const char *typed, const char **serial)
{
    char *digits = apr_palloc(call->pool, strlen(typed) + 2);
    char *end = digits;
    const char *at = strncmp(typed, "0x", 2) == 0 || strncmp(typed, "0X", 2) == 0 ? typed + 2 : typed;

    for (; *at != '\0'; at++) {
        if (isxdigit((unsigned char)*at)) {
            *end++ = (char)tolower((unsigned char)*at);
        } else if (*at != ':') {
            break;
        }
    }
    *end = '\0';
    if ((end - digits) % 2 != 0) {
        memmove(digits + 1, digits, (size_t)(end - digits) + 1);
        digits[0] = '0';
        end++;
    }
    while (end - digits > 2 && digits[0] == '0' && digits[1] == '0') {
        digits += 2;
    }
    if (*at != '\0' || digits == end || end - digits > SERIAL_DIGITS_MAX) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0850",
                           "SERIAL: must be at most %d hexadecimal digits, with or without colons", SERIAL_DIGITS_MAX);
    }
    *serial = digits;
    return APR_SUCCESS;
}

static apr_status_t read_reason(anshin_call_t *call, int *reason)
{
    const char *value = anshin_call_value(call, "reason");
    const char *all = "";

    *reason = 0;
    for (size_t i = 0; value != NULL && i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(reasons[i].name, value) == 0) {
            *reason = reasons[i].code;
            return APR_SUCCESS;
        }
        all = apr_pstrcat(call->pool, all, i > 0 ? ", " : "", reasons[i].name, NULL);
    }
    return value == NULL ? APR_SUCCESS
                         : anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0851", "--reason: must be one of %s", all);
}

static json_t *certificate_row(const anshin_call_t *call, const anshin_certificate_t *certificate, apr_pool_t *pool)
{
    json_t *row = json_object();

    anshin_result_text(row, "serial", certificate->serial, pool);
    anshin_result_text(row, "user", certificate->user, pool);
    anshin_result_number(row, "terminal", certificate->terminal);
    anshin_result_text(row, "name", certificate->name, pool);
    anshin_result_text(row, "state", state_name(certificate, call->op.now), pool);
    anshin_result_time(row, "issued_at", certificate->issued_at, pool);
    anshin_result_time(row, "not_after", certificate->not_after, pool);
    return row;
}

/* A certificate of this contract; another contract's is not there. */
static apr_status_t find(anshin_call_t *call, const char *serial, anshin_certificate_t *certificate)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(&call->op, ANSHIN_TXN_READ, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_get(txn, &anshin_record_certificate, serial, certificate);
    anshin_txn_abort(txn);
    if (status == ANSHIN_ENOTFOUND || (status == APR_SUCCESS && !anshin_call_owns(call, certificate->contract))) {
        return anshin_fail(&call->op.error, ANSHIN_ENOTFOUND, "AN0852", "certificate %s: there is none in contract %s",
                           serial, call->op.contract->name);
    }
    return status;
}

typedef struct listing_t {
    const anshin_call_t *call;
    anshin_filter_t filter;
    anshin_rows_t *rows;
} listing_t;

static apr_status_t list_one(void *baton, const char *key, const void *record)
{
    const listing_t *listing = baton;
    const anshin_certificate_t *certificate = record;
    const anshin_call_t *call = listing->call;
    const char *place;

    if (!anshin_call_admits(call, &listing->filter, certificate->contract, certificate->user,
                            state_name(certificate, call->op.now)) ||
        (place = anshin_rows_place(listing->rows, certificate->issued_at, key)) == NULL) {
        return APR_SUCCESS;
    }
    return anshin_rows_add(listing->rows, place,
                           certificate_row(call, certificate, anshin_rows_scratch(listing->rows)));
}

static apr_status_t list_walk(anshin_call_t *call, void *baton, anshin_txn_t *txn, anshin_rows_t *rows)
{
    listing_t *listing = baton;

    (void)call;
    listing->rows = rows;
    return anshin_txn_each(txn, &anshin_record_certificate, "", list_one, listing);
}

static apr_status_t list_after(anshin_call_t *call, void *baton, const char *given, apr_time_t *at, const char **key)
{
    anshin_certificate_t certificate;
    apr_status_t status = read_serial(call, given, key);

    (void)baton;
    if (status == APR_SUCCESS && (status = find(call, *key, &certificate)) == APR_SUCCESS) {
        *at = certificate.issued_at;
    }
    return status;
}

static apr_status_t cert_list(anshin_call_t *call)
{
    static const char *const states[] = {"active", "expired", "revoked", NULL};
    static const anshin_list_t list = {.descending = 1, .after = list_after, .walk = list_walk};
    listing_t listing = {.call = call};
    apr_status_t status = anshin_call_filter(call, states, &listing.filter);

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
    anshin_certificate_t certificate;
    apr_status_t status = find(call, serial, &certificate);

    if (status == APR_SUCCESS) {
        status = anshin_certificate_revoke(&call->op, serial, reason);
    }
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

static apr_status_t cert_revoke(anshin_call_t *call)
{
    const char *serial;
    int reason;
    int by_user = anshin_call_value(call, "user") != NULL;
    apr_status_t status = read_reason(call, &reason);

    if (status == APR_SUCCESS && (call->operand_count == 1) == by_user) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0855", "cert revoke: give a SERIAL or --user USER");
    }
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
    ANSHIN_LIST_LIMIT,
    ANSHIN_LIST_AFTER("SERIAL", "the last certificate of the list before"),
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t revoke_options[] = {
    {"user", "USER", "Every active certificate of this user.", 0},
    {"reason", "REASON",
     "unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation or privilegeWithdrawn.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_cert[] = {
    {"cert", "list", "", 0, 0, list_options, ANSHIN_ACCESS_STORE, cert_list,
     "List the contract's certificates, newest first."},
    {"cert", "show", "SERIAL", 1, 1, NULL, ANSHIN_ACCESS_STORE, cert_show, "Show a certificate and its state."},
    {"cert", "revoke", "[SERIAL]", 0, 1, revoke_options, ANSHIN_ACCESS_STORE, cert_revoke,
     "Revoke a certificate, or those of a user; it takes effect with the very next request, and its sessions end."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

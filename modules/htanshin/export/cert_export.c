/*
 * htanshin cert export: certificates that were issued, and what has become of them.
 */
#include "htanshin/export/cert_export.h"

#include <string.h>

#include "core/account/account.h"
#include "core/certificate/certificate.h"
#include "core/certificate/revocation.h"
#include "htanshin/export/export.h"
#include "htanshin/stream/parts.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

#define WITHIN_MAX (APR_INT64_C(3650) * 86400)

static const anshin_export_column_t columns[] = {
    {"serial", "証明書番号"},
    {"user", "ユーザID"},
    {"terminal", "端末番号"},
    {"label", "端末名"},
    {"name", "証明書の名前"},
    {"state", "状態"},
    {"issued-at", "発行日時"},
    {"not-before", "有効開始日時"},
    {"not-after", "有効期限"},
    {"fetched-at", "ダウンロード日時"},
    {"used-at", "初回ログイン日時"},
    {"revoked-at", "失効日時"},
    {"reason", "失効理由"},
    {"fingerprint", "フィンガープリント"},
    {"ca", "認証局"},
};

typedef struct exporting_t {
    anshin_export_t export;
    anshin_filter_t filter;
    const char *organisation;   /* of the users, in normal form; NULL: any */
    apr_interval_time_t within; /* 0: any */
} exporting_t;

static int is_wanted(void *baton, const char *key, const void *record)
{
    const exporting_t *exporting = baton;
    const anshin_certificate_t *certificate = record;
    const anshin_op_t *op = &exporting->export.call->op;
    anshin_standing_t standing = anshin_certificate_standing(certificate, op->now);

    (void)key;
    return anshin_own(op, &anshin_record_certificate, record) &&
           anshin_filter_admits(&exporting->filter, certificate->user, standing) &&
           (exporting->within == 0 ||
            (standing == ANSHIN_STANDING_ACTIVE && certificate->not_after <= op->now + exporting->within));
}

/* Of a user of the organisation as the account says today, not of somebody who had the ID before. */
static apr_status_t look_at_user(const exporting_t *exporting, const anshin_certificate_t *certificate, int *wanted)
{
    anshin_op_t *op = &exporting->export.call->op;
    anshin_account_t account;
    apr_status_t status =
        certificate->user != NULL
            ? anshin_own_find(op, &anshin_record_account, anshin_account_key(op, certificate->user), &account)
            : ANSHIN_ENOTFOUND;

    *wanted = status == APR_SUCCESS && account.organisation != NULL &&
              strcmp(account.organisation, exporting->organisation) == 0 &&
              anshin_account_owns(&account, certificate->account, certificate->issued_at);
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t export_one(anshin_call_t *call, void *baton, const char *key, const void *record)
{
    exporting_t *exporting = baton;
    const anshin_certificate_t *certificate = record;
    apr_pool_t *pool = call->pool;
    int wanted = is_wanted(baton, key, record);
    json_t *row;

    if (wanted && exporting->organisation != NULL) {
        apr_status_t status = look_at_user(exporting, certificate, &wanted);

        if (status != APR_SUCCESS) {
            return status;
        }
    }
    if (!wanted) {
        return APR_SUCCESS;
    }
    row = json_object();
    anshin_result_text(row, "serial", certificate->serial, pool);
    anshin_result_text(row, "user", certificate->user, pool);
    anshin_result_number(row, "terminal", certificate->terminal);
    anshin_result_text(row, "label", certificate->label, pool);
    anshin_result_text(row, "name", certificate->name, pool);
    anshin_result_text(
        row, "state",
        anshin_word_name(anshin_standing_words, anshin_certificate_standing(certificate, call->op.now), NULL), pool);
    anshin_result_time(row, "issued-at", certificate->issued_at, pool);
    anshin_result_time(row, "not-before", certificate->not_before, pool);
    anshin_result_time(row, "not-after", certificate->not_after, pool);
    anshin_result_time(row, "fetched-at", certificate->fetched_at, pool);
    anshin_result_time(row, "used-at", certificate->used_at, pool);
    anshin_result_time(row, "revoked-at", certificate->revoked_at, pool);
    anshin_result_text(row, "reason",
                       certificate->state == ANSHIN_CERTIFICATE_REVOKED
                           ? anshin_word_name(anshin_reason_words, certificate->reason, "other")
                           : NULL,
                       pool);
    anshin_result_text(row, "fingerprint", certificate->fingerprint, pool);
    anshin_result_text(row, "ca", certificate->ca, pool);
    return anshin_export_row(&exporting->export, row);
}

apr_status_t anshin_cert_export(anshin_call_t *call)
{
    exporting_t exporting = {.organisation = NULL};
    const anshin_parts_t parts = {&anshin_record_certificate, "", is_wanted, export_one, &exporting};
    apr_status_t status = anshin_call_filter(call, anshin_standing_words, &exporting.filter);

    if (status == APR_SUCCESS) {
        status = anshin_call_span(call, "expires-within", WITHIN_MAX, &exporting.within);
    }
    if (status == APR_SUCCESS && anshin_call_value(call, "organisation") != NULL) {
        status = anshin_call_organisation(call, &exporting.organisation);
    }
    if (status == APR_SUCCESS) {
        status = anshin_export_begin(
            &exporting.export, call,
            &(anshin_export_of_t){columns, (int)(sizeof(columns) / sizeof(columns[0])), exporting.filter.user});
    }
    return status == APR_SUCCESS ? anshin_export_end(&exporting.export, anshin_parts_each(call, &parts)) : status;
}

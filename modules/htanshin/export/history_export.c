/*
 * htanshin history export: what was tried, by user ID and time. Those who had an ID before are told apart by the number
 * of the account (IDN-1).
 */
#include "htanshin/export/history_export.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/history.h"
#include "htanshin/audit/show.h"
#include "htanshin/export/export.h"
#include "htanshin/stream/parts.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

static const anshin_export_column_t columns[] = {
    {"user", "ユーザID"},
    {"at", "日時"},
    {"result", "結果"},
    {"operator", "操作者"},
    {"address", "接続元アドレス"},
    {"client", "ブラウザ"},
    {"terminal", "端末番号"},
    {"certificate", "証明書番号"},
    {"typed", "入力されたID"},
    {"account", "アカウント番号"},
};

typedef struct exporting_t {
    anshin_export_t export;
    apr_time_t since;
    apr_time_t until; /* 0: any */
    int unknown;      /* 1: of users who do not exist */
} exporting_t;

static int is_wanted(void *baton, const char *key, const void *record)
{
    const exporting_t *exporting = baton;
    const anshin_history_t *entry = record;
    const char *user = strchr(key, '/'); /* CONTRACT/USER/SEQUENCE, CONTRACT//SEQUENCE */

    return user != NULL && (user[1] == '/') == exporting->unknown && entry->at >= exporting->since &&
           (exporting->until == 0 || entry->at < exporting->until);
}

static apr_status_t export_one(anshin_call_t *call, void *baton, const char *key, const void *record)
{
    exporting_t *exporting = baton;
    const anshin_history_t *entry = record;
    const char *user = strchr(key, '/') + 1;
    apr_pool_t *pool = call->pool;
    json_t *row = json_object();

    anshin_result_text(row, "user", exporting->unknown ? NULL : apr_pstrmemdup(pool, user, strcspn(user, "/")), pool);
    anshin_result_time(row, "at", entry->at, pool);
    anshin_result_text(row, "result", anshin_history_result_name(entry->result), pool);
    anshin_result_text(row, "operator", entry->operator, pool);
    anshin_result_text(row, "address", entry->address, pool);
    anshin_result_text(row, "client", entry->client, pool);
    anshin_result_number(row, "terminal", entry->terminal);
    anshin_result_text(row, "certificate", entry->serial, pool);
    anshin_result_text(row, "typed", entry->user, pool);
    anshin_result_text(row, "account", entry->account, pool);
    return anshin_export_row(&exporting->export, row);
}

apr_status_t anshin_history_export(anshin_call_t *call)
{
    exporting_t exporting = {.unknown = anshin_call_value(call, "unknown") != NULL};
    anshin_parts_t parts = {&anshin_record_history, apr_pstrcat(call->pool, call->op.contract->name, "/", NULL),
                            is_wanted, export_one, &exporting};
    const char *user = NULL;
    apr_status_t status = anshin_audit_time(call, "since", &exporting.since);

    if (status == APR_SUCCESS) {
        status = anshin_audit_time(call, "until", &exporting.until);
    }
    if (status == APR_SUCCESS && call->operand_count == 1 && exporting.unknown) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1338", "history export: give a USER or --unknown");
    }
    if (status == APR_SUCCESS && call->operand_count == 1) {
        status = anshin_call_user(call, call->operands[0], &user);
    }
    if (user != NULL || exporting.unknown) {
        parts.prefix = apr_pstrcat(call->pool, parts.prefix, user != NULL ? user : "", "/", NULL);
    }
    if (status == APR_SUCCESS) {
        status = anshin_export_begin(&exporting.export, call,
                                     &(anshin_export_of_t){columns, (int)(sizeof(columns) / sizeof(columns[0])), user});
    }
    return status == APR_SUCCESS ? anshin_export_end(&exporting.export, anshin_parts_each(call, &parts)) : status;
}

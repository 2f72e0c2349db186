/*
 * htanshin user export, cert export, history export (IMP-3): what they have in common.
 *
 * SECURITY. An export leaves the store: no column is a secret or the hash of one, and a file of it is its owner's
 * alone. The trail knows who has taken what out before the first row is written.
 */
#include "htanshin/export/export.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/words.h"
#include "core/keeping/outside.h"
#include "htanshin/values.h"

enum { ENGLISH, JAPANESE };

static const anshin_word_t languages[] = {{"en", ENGLISH}, {"ja", JAPANESE}, {NULL, 0}};

static apr_status_t unwritten(anshin_export_t *export)
{
    anshin_error_t *err = &export->call->op.error;

    anshin_error_clear(err);
    return anshin_fail(err, ANSHIN_EFAULT, "AN1336", "the export could not be written whole: %d rows were begun",
                       export->count);
}

/* "user export --organisation "Kanda" --state locked": what was asked for, but no user ID. */
static const char *asked(const anshin_call_t *call)
{
    static const char *const kept[] = {"organisation", "group", "state", "expires-within", "since", "until", "unknown"};
    const char *text = apr_pstrcat(call->pool, call->command->family, " ", call->command->verb, NULL);

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const char *value = anshin_call_value(call, kept[i]);

        if (value != NULL) {
            text = apr_pstrcat(call->pool, text, " --", kept[i], value[0] != '\0' ? " " : "", value, NULL);
        }
    }
    return text;
}

apr_status_t anshin_export_begin(anshin_export_t *export, anshin_call_t *call, const anshin_export_of_t *of)
{
    const anshin_event_t event = {.act = ANSHIN_ACT_LIST_EXPORTED, .user = of->user, .after = asked(call)};
    const anshin_export_column_t *columns = of->columns;
    const int count = of->count;
    apr_array_header_t *names = apr_array_make(call->pool, count, sizeof(const char *));
    int headers;
    apr_status_t status = anshin_call_word(call, "headers", languages, ENGLISH, &headers);

    if (status == APR_SUCCESS && anshin_call_value(call, "overwrite") != NULL && call->output < 0) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1337", "--overwrite: give --output as well");
    }
    status = status == APR_SUCCESS ? anshin_outside_tell(&call->op, &event, NULL, NULL) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    *export = (anshin_export_t){.call = call, .columns = columns, .japanese = headers == JAPANESE};
    for (int i = 0; i < count; i++) {
        APR_ARRAY_PUSH(names, const char *) = headers == JAPANESE ? columns[i].japanese : columns[i].name;
    }
    status = anshin_rows_out_open(&export->out, call->output, call->json);
    return status == APR_SUCCESS && anshin_rows_out_names(&export->out, (const char *const *)(const void *)names->elts,
                                                          count, call->pool) != 0
               ? unwritten(export)
               : status;
}

apr_status_t anshin_export_row(anshin_export_t *export, json_t *row)
{
    export->count++;
    return anshin_rows_out_put(&export->out, row, export->call->pool) == 0 ? APR_SUCCESS : unwritten(export);
}

apr_status_t anshin_export_end(anshin_export_t *export, apr_status_t status)
{
    return anshin_rows_out_close(&export->out) != 0 && status == APR_SUCCESS ? unwritten(export) : status;
}

/*
 * Rows of an import that wait: see import_rows.h.
 */
#include "htanshin/import/import_rows.h"

#include <apr_strings.h>

#include "htanshin/call.h"

void anshin_import_rows_hold(anshin_import_rows_t *rows, json_t *row)
{
    rows->rows[rows->count++] = row;
}

apr_status_t anshin_import_rows_unwritten(anshin_call_t *call, int line, const char *user)
{
    anshin_error_t *err = &call->op.error;
    const char *then =
        user == NULL
            ? ""
            : apr_psprintf(call->pool, "; user %s is created all the same: htanshin user invite %s gives a new pair",
                           user, user);

    anshin_error_clear(err);
    return anshin_fail(err, ANSHIN_EFAULT, "AN1499", "line %d: what came of it could not be written%s", line, then);
}

static int line_of(const json_t *row)
{
    return (int)json_integer_value(json_object_get(row, "line"));
}

/* Whose code the row alone has; NULL: nobody's. */
static const char *holder_of(const json_t *row)
{
    return json_is_string(json_object_get(row, "registration_code")) ? json_string_value(json_object_get(row, "user"))
                                                                     : NULL;
}

apr_status_t anshin_import_rows_tell(anshin_import_rows_t *rows, anshin_rows_out_t *out, anshin_call_t *call)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < rows->count; i++) {
        json_t *row = rows->rows[i];
        const char *holder = holder_of(row);

        if (status == APR_SUCCESS && anshin_rows_out_row(out, json_incref(row), call->pool) != 0) {
            status = anshin_import_rows_unwritten(call, line_of(row), holder);
        } else if (status != APR_SUCCESS && holder != NULL) {
            anshin_call_tell(call, status);
            status = anshin_import_rows_unwritten(call, line_of(row), holder);
        }
        json_decref(row);
    }
    rows->count = 0;
    return status;
}

void anshin_import_rows_doubt(anshin_import_rows_t *rows, apr_status_t status, anshin_call_t *call)
{
    anshin_error_t *err = &call->op.error;
    const char *why = apr_psprintf(call->pool, "%s (%s)", err->text, err->id);

    if (rows->count > 0) {
        anshin_error_clear(err);
        (void)anshin_fail(err, status, "AN1826",
                          "lines %d to %d: not known to be durable, so what came of them is not written: %s; the same "
                          "command goes on with them",
                          line_of(rows->rows[0]), line_of(rows->rows[rows->count - 1]), why);
    }
    for (int i = 0; i < rows->count; i++) {
        json_decref(rows->rows[i]);
    }
    rows->count = 0;
}

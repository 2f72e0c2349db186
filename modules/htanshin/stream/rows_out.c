/*
 * Rows of an answer that may be long: see rows_out.h.
 */
#include "htanshin/stream/rows_out.h"

#include <unistd.h>

#include "core/base/csv_cell.h"
#include "htanshin/csv.h"
#include "htanshin/print.h"

apr_status_t anshin_rows_out_open(anshin_rows_out_t *out, int fd, int json)
{
    *out = (anshin_rows_out_t){.file = fd >= 0 ? fdopen(fd, "w") : stdout, .json = json};
    return out->file != NULL ? APR_SUCCESS : ANSHIN_EFAULT;
}

int anshin_rows_out_names(anshin_rows_out_t *out, const char *const *names, int count, apr_pool_t *pool)
{
    if (out->json) {
        return 0;
    }
    fputs(ANSHIN_CSV_BOM, out->file);
    out->rows++;
    return anshin_csv_names(out->file, names, count, pool);
}

int anshin_rows_out_put(anshin_rows_out_t *out, json_t *row, apr_pool_t *pool)
{
    int written;

    if (out->json) {
        written = anshin_print_json(out->file, row, JSON_COMPACT) == 0 && fputc('\n', out->file) != EOF;
    } else {
        json_t *rows = json_array();

        json_array_append(rows, row);
        if (out->rows == 0) {
            fputs(ANSHIN_CSV_BOM, out->file);
        }
        written = anshin_csv_rows(out->file, rows, out->rows == 0, pool) == 0;
        json_decref(rows);
    }
    json_decref(row);
    out->rows++;
    return written ? 0 : -1;
}

int anshin_rows_out_row(anshin_rows_out_t *out, json_t *row, apr_pool_t *pool)
{
    int written = anshin_rows_out_put(out, row, pool);

    return fflush(out->file) == 0 ? written : -1;
}

int anshin_rows_out_close(anshin_rows_out_t *out)
{
    int good = fflush(out->file) == 0 && !ferror(out->file);

    if (out->file == stdout) {
        return good ? 0 : -1;
    }
    good = fsync(fileno(out->file)) == 0 && good;
    return fclose(out->file) == 0 && good ? 0 : -1;
}

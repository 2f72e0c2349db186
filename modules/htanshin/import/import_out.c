/*
 * What came of each line: see import_out.h.
 */
#include "htanshin/import/import_out.h"

#include <unistd.h>

#include "htanshin/csv.h"
#include "htanshin/print.h"

apr_status_t anshin_import_out_open(anshin_import_out_t *out, int fd, int json)
{
    *out = (anshin_import_out_t){.file = fd >= 0 ? fdopen(fd, "w") : stdout, .json = json};
    return out->file != NULL ? APR_SUCCESS : ANSHIN_EFAULT;
}

int anshin_import_out_row(anshin_import_out_t *out, json_t *row, apr_pool_t *pool)
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
    return fflush(out->file) == 0 && written ? 0 : -1;
}

int anshin_import_out_close(anshin_import_out_t *out)
{
    int good = fflush(out->file) == 0 && !ferror(out->file);

    if (out->file == stdout) {
        return good ? 0 : -1;
    }
    good = fsync(fileno(out->file)) == 0 && good;
    return fclose(out->file) == 0 && good ? 0 : -1;
}

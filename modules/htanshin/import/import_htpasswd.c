/*
 * Lines of htpasswd: see import_htpasswd.h.
 */
#include "htanshin/import/import_htpasswd.h"

#include <string.h>

#include <apr_strings.h>

void anshin_import_htpasswd_record(anshin_import_record_t *record, int line, const char *user, const char *hash,
                                   apr_pool_t *pool)
{
    *record = (anshin_import_record_t){.line = line, .wrong_line = line};
    record->cells = anshin_import_columns_cells(pool);
    if (hash == NULL || hash[0] == '\0') {
        record->wrong = "must be USER:HASH";
        return;
    }
    APR_ARRAY_IDX(record->cells, ANSHIN_IMPORT_USER, const char *) = user;
    APR_ARRAY_IDX(record->cells, ANSHIN_IMPORT_HASH, const char *) = hash;
}

static void take_line(anshin_import_record_t *record, const anshin_import_line_t *line, apr_pool_t *pool)
{
    char *user = apr_pstrdup(pool, line->text);
    char *hash = strchr(user, ':');

    if (hash != NULL) {
        *hash++ = '\0';
        hash[strcspn(hash, ": \t\n")] = '\0';
    }
    anshin_import_htpasswd_record(record, line->number, user, hash, pool);
    if (line->wrong != NULL) {
        record->wrong = apr_pstrdup(pool, line->wrong);
    }
}

apr_status_t anshin_import_htpasswd_next(void *reader, anshin_import_record_t *record, anshin_error_t *err,
                                         apr_pool_t *pool)
{
    anshin_import_line_t line;
    apr_status_t status;

    do {
        status = anshin_import_text_next(reader, &line, err);
    } while (status == APR_SUCCESS && line.wrong == NULL &&
             (line.text[0] == '#' || strspn(line.text, " \t\n") == line.length));
    if (status == APR_SUCCESS) {
        take_line(record, &line, pool);
    }
    return status;
}

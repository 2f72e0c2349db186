/*
 * The reader of LDIF (IMP-2): whatever the file is, it ends, lines go up, cells are text, and what is wrong is told with
 * its line.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "core/base/unicode.h"
#include "htanshin/import/import_ldif.h"

static void look_at(const anshin_import_record_t *record, int before, apr_pool_t *pool)
{
    require(record->cells->nelts == ANSHIN_IMPORT_COLUMNS);
    require(record->line > before);
    require(record->wrong == NULL || record->wrong_line >= record->line);
    for (int i = 0; i < record->cells->nelts; i++) {
        const char *cell = APR_ARRAY_IDX(record->cells, i, const char *);

        require(cell != NULL && strlen(cell) <= ANSHIN_IMPORT_LDIF_VALUE_MAX);
        require(cell[0] == '\0' || anshin_unicode_typed(cell, 0, pool) != NULL);
    }
    require(record->wrong != NULL || APR_ARRAY_IDX(record->cells, ANSHIN_IMPORT_USER, const char *)[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    anshin_import_text_t *text;
    anshin_import_record_t record;
    anshin_error_t err;
    int before = 0;
    int records = 0;
    apr_status_t status;

    anshin_error_clear(&err);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    status = anshin_import_text_open(&text, fd, ANSHIN_IMPORT_AUTO, &err, pool);
    while (status == APR_SUCCESS && (status = anshin_import_ldif_next(text, &record, &err, pool)) == APR_SUCCESS) {
        look_at(&record, before, pool);
        before = record.line;
        require((size_t)++records <= size);
    }
    require(status == APR_EOF || status == ANSHIN_EINVALID);
    require(close(fd) == 0);
    return 0;
}

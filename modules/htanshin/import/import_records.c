/*
 * The records of a CSV file: see import_records.h.
 */
#include "htanshin/import/import_records.h"

#include <string.h>

#include <apr_strings.h>
#include <csv.h>

struct anshin_import_records_t {
    anshin_import_text_t *text;
    struct csv_parser parser;
    int ready;    /* the parser is there */
    int begun;    /* a line that is not empty was seen */
    char between; /* what separates cells */
    int skip;     /* lines that are still to be passed over */
};

/* A record while it is read. */
typedef struct reading_t {
    anshin_import_record_t *record;
    apr_pool_t *pool;
    apr_size_t octets;
    int line;  /* at hand */
    int quote; /* where the cell begins that is not ended yet */
    int done;  /* its end was read */
} reading_t;

static void wrong(reading_t *reading, int line, const char *why)
{
    if (reading->record->wrong == NULL) {
        reading->record->wrong = why;
        reading->record->wrong_line = line;
    }
}

static void take_cell(void *cell, size_t length, void *baton)
{
    reading_t *reading = baton;

    if (reading->record->cells->nelts < ANSHIN_IMPORT_CELLS_MAX) {
        APR_ARRAY_PUSH(reading->record->cells, const char *) = apr_pstrmemdup(reading->pool, cell, length);
    } else {
        wrong(reading, reading->line, "there are more than 256 cells");
    }
    reading->quote = reading->line;
}

static void end_record(int ended_by, void *baton)
{
    reading_t *reading = baton;

    (void)ended_by;
    reading->done = 1;
}

static void free_parser(anshin_import_records_t *records)
{
    if (records->ready) {
        csv_free(&records->parser);
    }
    records->ready = 0;
}

static apr_status_t broken(anshin_error_t *err, const char *why)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN1493", "libcsv, which reads the file: %s", why);
}

/* Begin with the next line as if nothing had been before. */
static apr_status_t restart(anshin_import_records_t *records, anshin_error_t *err)
{
    free_parser(records);
    if (csv_init(&records->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
        return broken(err, "cannot be started");
    }
    records->ready = 1;
    csv_set_delim(&records->parser, (unsigned char)records->between);
    return APR_SUCCESS;
}

static apr_status_t close_records(void *data)
{
    free_parser(data);
    return APR_SUCCESS;
}

apr_status_t anshin_import_records_open(anshin_import_records_t **records, anshin_import_text_t *text, int skip,
                                        anshin_error_t *err, apr_pool_t *pool)
{
    anshin_import_records_t *opened = apr_pcalloc(pool, sizeof(*opened));

    opened->text = text;
    opened->between = ',';
    opened->skip = skip;
    *records = opened;
    apr_pool_cleanup_register(pool, opened, close_records, apr_pool_cleanup_null);
    return restart(opened, err);
}

static int is_blank(const anshin_import_line_t *line)
{
    return strspn(line->text, " \t\n") == line->length;
}

static const char *not_closed(const reading_t *reading, const char *until)
{
    return apr_psprintf(reading->pool,
                        "the quotation mark of a cell that begins here is not closed until %s; "
                        "the lines from here to %d were not taken",
                        until, reading->line);
}

/* By the first line: a tab, else a comma; else a semicolon, as Excel writes where the comma is in numbers. */
static char separator_of(const anshin_import_line_t *line)
{
    return memchr(line->text, '\t', line->length) != NULL  ? '\t'
           : memchr(line->text, ',', line->length) != NULL ? ','
           : memchr(line->text, ';', line->length) != NULL ? ';'
                                                           : ',';
}

/* Hand a line to the grammar. It is over with the record when that is wrong. */
static apr_status_t feed(anshin_import_records_t *records, reading_t *reading, const anshin_import_line_t *line,
                         anshin_error_t *err)
{
    struct csv_parser *parser = &records->parser;

    reading->octets += line->length;
    if (line->wrong != NULL) {
        wrong(reading, line->number, apr_pstrdup(reading->pool, line->wrong));
    }
    if (csv_parse(parser, line->text, line->length, take_cell, end_record, reading) != line->length) {
        if (csv_error(parser) != CSV_EPARSE) {
            return broken(err, csv_strerror(csv_error(parser)));
        }
        wrong(reading, line->number,
              "a quotation mark stands inside a cell: put the whole cell in quotation marks, and write each of its own "
              "twice");
        reading->done = 1;
        return restart(records, err);
    }
    if (line->cut && !reading->done) {
        reading->done = 1;
        return restart(records, err);
    }
    if (!reading->done && reading->octets > ANSHIN_IMPORT_RECORD_MAX) {
        wrong(reading, reading->quote, not_closed(reading, "256 KiB later"));
        reading->done = 1;
        return restart(records, err);
    }
    return APR_SUCCESS;
}

/* One record, be it of empty cells alone. */
static apr_status_t read_one(anshin_import_records_t *records, reading_t *reading, anshin_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    anshin_import_line_t line;

    while (status == APR_SUCCESS && !reading->done) {
        status = anshin_import_text_next(records->text, &line, err);
        if (status == APR_EOF && reading->record->line > 0) {
            wrong(reading, reading->quote, not_closed(reading, "the end of the file"));
            return restart(records, err);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        if (records->skip > 0 || (reading->record->line == 0 && is_blank(&line) && line.wrong == NULL)) {
            records->skip -= records->skip > 0;
            continue;
        }
        if (!records->begun) {
            records->begun = 1;
            records->between = separator_of(&line);
            csv_set_delim(&records->parser, (unsigned char)records->between);
        }
        if (reading->record->line == 0) {
            reading->record->line = reading->quote = line.number;
        }
        reading->line = line.number;
        status = feed(records, reading, &line, err);
    }
    return status;
}

static int is_empty(const anshin_import_record_t *record)
{
    for (int i = 0; i < record->cells->nelts; i++) {
        if (APR_ARRAY_IDX(record->cells, i, const char *)[0] != '\0') {
            return 0;
        }
    }
    return record->wrong == NULL;
}

apr_status_t anshin_import_records_next(anshin_import_records_t *records, anshin_import_record_t *record,
                                        anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status;

    do {
        reading_t reading = {.record = record, .pool = pool};

        *record = (anshin_import_record_t){.cells = apr_array_make(pool, 16, sizeof(const char *))};
        status = read_one(records, &reading, err);
    } while (status == APR_SUCCESS && is_empty(record));
    return status;
}

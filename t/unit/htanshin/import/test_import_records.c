/*
 * The records of a CSV file (htanshin/import/import_records.h): the grammar, and of which line is told (IMP-1).
 */
#include <apr_general.h>
#include <sys/mman.h>
#include <unistd.h>

#include "htanshin/import/import_records.h"
#include "unit/tap.h"

static apr_pool_t *pool;

/* "LINE[cell][cell] ", and "LINE!WRONGLINE " for one that is wrong. */
static const char *records_of(const char *octets, size_t length, int skip)
{
    static char all[1048576];
    anshin_import_text_t *text;
    anshin_import_records_t *records;
    anshin_import_record_t record;
    anshin_error_t err;
    int fd = memfd_create("import", 0);
    apr_status_t status;

    all[0] = '\0';
    anshin_error_clear(&err);
    (void)!write(fd, octets, length);
    (void)lseek(fd, 0, SEEK_SET);
    status = anshin_import_text_open(&text, fd, ANSHIN_IMPORT_AUTO, &err, pool);
    status = status == APR_SUCCESS ? anshin_import_records_open(&records, text, skip, &err, pool) : status;
    while (status == APR_SUCCESS &&
           (status = anshin_import_records_next(records, &record, &err, pool)) == APR_SUCCESS) {
        (void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%d", record.line);
        if (record.wrong != NULL) {
            (void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "!%d", record.wrong_line);
        }
        for (int i = 0; record.wrong == NULL && i < record.cells->nelts; i++) {
            (void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "[%s]",
                           APR_ARRAY_IDX(record.cells, i, const char *));
        }
        (void)strcat(all, " ");
    }
    (void)close(fd);
    return status == APR_EOF ? all : "FAULT";
}

int main(void)
{
    static const struct {
        const char *what, *octets, *records;
    } rows[] = {
        {"cells with commas", "a,b\r\nc,\n", "1[a][b] 2[c][] "},
        {"cells with tabs, where the first line has one", "a\tb,c\nd\te\n", "1[a][b,c] 2[d][e] "},
        {"empty lines, lines of commas and spaces", "\r\n a , b \n,,,\n  \n\nc,d", "2[a][b] 6[c][d] "},
        {"quoted cells", "\"a,b\",\"say \"\"x\"\"\"\n\"\",c\n", "1[a,b][say \"x\"] 2[][c] "},
        {"line breaks in cells", "a,\"b\r\nc\n\nd\",e\nf,g\n", "1[a][b\nc\n\nd][e] 5[f][g] "},
        {"a mark inside of a cell", "a,b\"c\nd,e\n", "1!1 2[d][e] "},
        {"text behind a mark", "a,\"b\"c\nd,e\n", "1!1 2[d][e] "},
        {"a mark in a later line of a record", "a,\"b\nc\"d\ne,f\n", "1!2 3[e][f] "},
        {"a cell that is not ended", "a,b\nc,\"d\ne,f\n", "1[a][b] 2!2 "},
        {"the second cell that is not ended", "a,\"b\nc\",\"d\ne", "1!2 "},
        {"octets that are no text, in a later line", "a,\"b\nc\rd\"\ne,f\n", "1!2 3[e][f] "},
        {"nothing", "", ""},
    };
    size_t length = 2 * ANSHIN_IMPORT_RECORD_MAX;
    char *octets = malloc(length);

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *records = records_of(rows[i].octets, strlen(rows[i].octets), 0);

        ok(same_text(records, rows[i].records), "IMP-1: %s", rows[i].what);
    }
    ok(same_text(records_of("title\n\na,b\n", 11, 2), "3[a][b] "), "IMP-1: lines that are passed over");
    for (size_t i = 0; i < length; i++) {
        octets[i] = i % 64 == 63 ? '\n' : 'a';
    }
    octets[0] = '"';
    ok(strncmp(records_of(octets, length, 0), "1!1 ", 4) == 0 && strlen(records_of(octets, length, 0)) > 100,
       "IMP-1: a cell that does not end for 256 KiB; it goes on behind it");
    memset(octets, ',', length);
    octets[500] = 'a';
    octets[600] = '\n';
    ok(strncmp(records_of(octets, 601, 0), "1!1 ", 4) == 0, "IMP-1: more cells than any table has");
    free(octets);
    apr_pool_destroy(pool);
    return done();
}

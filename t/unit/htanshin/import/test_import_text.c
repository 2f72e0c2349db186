/*
 * The lines of a file that an office made (htanshin/import/import_text.h): encodings, line ends, what is wrong (IMP-1).
 */
#include <apr_general.h>
#include <sys/mman.h>
#include <unistd.h>

#include "htanshin/import/import_text.h"
#include "unit/tap.h"

static apr_pool_t *pool;
static anshin_error_t err;

/* A file, or a pipe, with these octets. */
static int given(const char *octets, size_t length, int by_pipe)
{
    int ends[2];

    if (by_pipe && pipe(ends) == 0) {
        (void)!write(ends[1], octets, length);
        (void)close(ends[1]);
        return ends[0];
    }
    ends[0] = memfd_create("import", 0);
    (void)!write(ends[0], octets, length);
    (void)lseek(ends[0], 0, SEEK_SET);
    return ends[0];
}

/* All lines, with "|" behind each, and "!" before one that is wrong. */
static const char *lines_of(const char *octets, size_t length, anshin_import_encoding_t encoding, int by_pipe)
{
    static char all[8192];
    anshin_import_text_t *text;
    anshin_import_line_t line;
    int fd = given(octets, length, by_pipe);
    apr_status_t status;

    all[0] = '\0';
    anshin_error_clear(&err);
    status = anshin_import_text_open(&text, fd, encoding, &err, pool);
    while (status == APR_SUCCESS && (status = anshin_import_text_next(text, &line, &err)) == APR_SUCCESS) {
        (void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%.*s|", line.wrong != NULL ? "!" : "",
                       (int)line.length - 1, line.text);
    }
    (void)close(fd);
    return status == APR_EOF ? all : err.id;
}

#define UTF8 "髙橋,㈱①,ｶﾞｲﾄﾞ"
#define CP932 "\xfb\xfc\x8b\xb4,\x87\x8a\x87\x40,\xb6\xde\xb2\xc4\xde"

static void check_encodings(void)
{
    static const struct {
        const char *what, *octets, *lines;
        anshin_import_encoding_t encoding;
    } rows[] = {
        {"UTF-8", UTF8 "\r\nb\n", UTF8 "|b|", ANSHIN_IMPORT_AUTO},
        {"UTF-8 with a byte order mark", "\xef\xbb\xbf" UTF8 "\n", UTF8 "|", ANSHIN_IMPORT_AUTO},
        {"the same, told", "\xef\xbb\xbf" UTF8 "\n", UTF8 "|", ANSHIN_IMPORT_UTF8},
        {"CP932, recognised", CP932 "\r\nb\r\n", UTF8 "|b|", ANSHIN_IMPORT_AUTO},
        {"CP932, told", CP932 "\r\n", UTF8 "|", ANSHIN_IMPORT_CP932},
        {"CP932 behind lines of ASCII", "a\nb\n" CP932 "\n", "a|b|" UTF8 "|", ANSHIN_IMPORT_AUTO},
        {"CP932 whose first line would pass for UTF-8", "\xc3\xb1\n" CP932 "\n", "ﾃｱ|" UTF8 "|", ANSHIN_IMPORT_AUTO},
        {"no octets", "", "", ANSHIN_IMPORT_AUTO},
        {"empty lines, no end of the last", "\n\r\na", "||a|", ANSHIN_IMPORT_AUTO},
        {"an octet that is not UTF-8, told to be",
         "a\xff"
         "b\nc\n",
         "!a\xef\xbf\xbd"
         "b|c|",
         ANSHIN_IMPORT_UTF8},
        {"an octet that is not CP932", CP932 "\n\x81\x20x\n", UTF8 "|!\xef\xbf\xbd x|", ANSHIN_IMPORT_AUTO},
        {"half a character at the end of CP932", "a\x81", "!a\xef\xbf\xbd|", ANSHIN_IMPORT_AUTO},
        {"a CR alone", "a\rb\nc\r\r\n", "!a b|!c |", ANSHIN_IMPORT_AUTO},
        {"UTF-16",
         "\xff\xfe"
         "a",
         "AN1491", ANSHIN_IMPORT_AUTO},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int by_pipe = 0; by_pipe < 2; by_pipe++) {
            const char *lines = lines_of(rows[i].octets, strlen(rows[i].octets), rows[i].encoding, by_pipe);

            ok(same_text(lines, rows[i].lines), "IMP-1: %s, by %s: %s", rows[i].what, by_pipe ? "a pipe" : "a file",
               lines);
        }
    }
    ok(same_text(lines_of("a\0b\nc\n", 6, ANSHIN_IMPORT_AUTO, 0), "!a?b|c|"), "IMP-1: NUL");
}

static void check_lengths(void)
{
    size_t length = 3 * ANSHIN_IMPORT_LINE_MAX;
    char *octets = malloc(length);
    anshin_import_text_t *text;
    anshin_import_line_t line;
    int fd;

    memset(octets, 'a', length);
    octets[2 * ANSHIN_IMPORT_LINE_MAX] = '\n';
    octets[length - 1] = '\n';
    fd = given(octets, length, 0);
    ok(anshin_import_text_open(&text, fd, ANSHIN_IMPORT_AUTO, &err, pool) == APR_SUCCESS &&
           anshin_import_text_size(text) == (apr_int64_t)length,
       "IMP-1: how long it is");
    ok(anshin_import_text_next(text, &line, &err) == APR_SUCCESS && line.cut && line.wrong != NULL && line.number == 1,
       "IMP-1: a line that is too long");
    ok(anshin_import_text_next(text, &line, &err) == APR_SUCCESS && !line.cut && line.wrong == NULL && line.number == 2,
       "IMP-1: the next one is whole");
    ok(anshin_import_text_next(text, &line, &err) == APR_EOF && anshin_import_text_at(text) == (apr_int64_t)length,
       "IMP-1: all of it was taken");
    (void)close(fd);
    free(octets);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    check_encodings();
    check_lengths();
    apr_pool_destroy(pool);
    return done();
}

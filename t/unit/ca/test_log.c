/* ca/log.c: whatever a line of worker or signer quotes, it stays one line that does nothing but be read (S27, S28). */
#include <stdlib.h>
#include <unistd.h>

#include "ca/log.h"
#include "unit/tap.h"

static char line[4096];

/* What was written to standard error since, as one text. */
static int written(int in)
{
    ssize_t got = read(in, line, sizeof(line) - 1);

    line[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static int is_one_line(void)
{
    const char *end = strchr(line, '\n');

    return (line[0] == '[' || line[0] == '<') && strchr(line, ']') != NULL && end != NULL && end[1] == '\0';
}

static int has_controls(void)
{
    for (const unsigned char *at = (const unsigned char *)line; *at != '\0' && at[1] != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)) {
            return 1;
        }
    }
    return 0;
}

static void hostile(int in)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"a\r\n[Fri Jan 01 1999] [anshin-ca:error] forged", "a??[Fri Jan 01 1999] [anshin-ca:error] forged"},
        {"a\n", "a?"},
        {"\x1b]0;title\x07\x1b[2J\x7f\t\b", "?]0;title??[2J???"},
        {"%s%n%x", "%s%n%x"},
        {"\xc2\x9b[2J\xc2\x85new", "??[2J??new"},
        {"\xc2\xa9 \xe3\x81\x82", "\xc2\xa9 \xe3\x81\x82"},
        {"\xc2", "\xc2"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        anshin_error_t err;

        anshin_error_clear(&err);
        anshin_log(ANSHIN_LOG_ERROR, "AN0001", "quoted: %s", cases[i].text);
        ok(written(in) && is_one_line() && !has_controls(), "S27: hostile text %d is one line without controls",
           (int)i);
        ok(strstr(line, cases[i].shown) != NULL, "S27: in which it is %d", (int)i);
        (void)anshin_fail(&err, ANSHIN_EFAULT, "AN0002", "%s", cases[i].text);
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0003", "cause", ANSHIN_EFAULT, &err);
        ok(written(in) && is_one_line() && !has_controls(), "S27: as a cause, too");
    }
}

static void too_long(int in)
{
    char *text = malloc(100001);

    memset(text, 'x', 100000);
    text[100000] = '\0';
    anshin_log(ANSHIN_LOG_ERROR, "AN0001", "%s\n%s", text, text);
    ok(written(in) && is_one_line() && strlen(line) < 1300, "S32: what is too long is cut, and still one line");
    free(text);
}

int main(void)
{
    int ends[2];

    if (apr_initialize() != APR_SUCCESS || pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0) {
        return 1;
    }
    anshin_log_open("anshin-ca", ANSHIN_LOG_NOTICE);
    hostile(ends[0]);
    too_long(ends[0]);
    anshin_log(ANSHIN_LOG_NOTICE, "AN0001", "kept");
    ok(written(ends[0]) && strstr(line, "] [anshin-ca:notice] [pid ") != NULL &&
           strstr(line, "] AN0001: kept\n") != NULL,
       "S28: with its time, program, level and id");
    anshin_log(ANSHIN_LOG_INFO, "AN0001", "not kept");
    anshin_log(ANSHIN_LOG_ERROR, "AN0002", "kept");
    ok(written(ends[0]) && is_one_line() && strstr(line, "AN0002") != NULL,
       "what is less grave than asked for is not written");
    anshin_log_for_reader();
    anshin_log(ANSHIN_LOG_WARNING, "AN0003", "a\n<3>b %s", "\xc2\x9b");
    ok(written(ends[0]) && strncmp(line, "<4>anshin-ca[", 13) == 0 && strstr(line, "]: AN0003: a?<3>b ??\n") != NULL,
       "B23: who reads them is told the level, and adds the date");
    too_long(ends[0]);
    return done();
}

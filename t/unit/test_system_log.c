/* ca/system_log.c: httpd's ErrorLog as httpd reads it. ca/relay.c: lines of anybody, bounded and harmless (B23). */
#include <syslog.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ca/relay.h"
#include "ca/system_log.h"
#include "tap.h"

static void names(void)
{
    static const struct {
        const char *error_log;
        int facility; /* -1: it is none */
        const char *tag;
    } cases[] = {
        {"syslog", LOG_LOCAL7, "apache2"},
        {"syslog:", LOG_LOCAL7, "apache2"},
        {"syslog::", LOG_LOCAL7, "apache2"},
        {"syslog:local1", LOG_LOCAL1, "apache2"},
        {"syslog:local1:", LOG_LOCAL1, "apache2"},
        {"syslog:local1:shop", LOG_LOCAL1, "shop"},
        {"syslog::shop", LOG_LOCAL7, "shop"},
        {"syslog:user:a:b", LOG_USER, "a:b"},
        {"Syslog:LOCAL0", LOG_LOCAL0, "apache2"},
        {"syslog:auth", LOG_AUTH, "apache2"},
        {"syslog:authp", LOG_AUTHPRIV, "apache2"},
        {"syslog:local", LOG_LOCAL0, "apache2"},
        {"syslog:syslog", LOG_SYSLOG, "apache2"},
        {"syslog:local8", -1, NULL},
        {"syslog:local11", -1, NULL},
        {"syslog: ", -1, NULL},
        {"syslog.log", -1, NULL},
        {"/var/log/syslog", -1, NULL},
        {"logs/error_log", -1, NULL},
        {"|syslog", -1, NULL},
        {"", -1, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        anshin_system_log_t log = {.facility = -2};
        apr_status_t status = anshin_system_log_parse(&log, cases[i].error_log, "apache2");

        if (cases[i].facility < 0) {
            ok(status == ANSHIN_EINVALID && log.tag == NULL, "B23: not a log of the system: \"%s\"",
               cases[i].error_log);
            continue;
        }
        ok(status == APR_SUCCESS && log.facility == cases[i].facility, "B23: the facility of \"%s\"",
           cases[i].error_log);
        ok(log.tag != NULL && strcmp(log.tag, cases[i].tag) == 0, "B23: and its tag");
    }
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

static struct {
    anshin_log_level_t level;
    char text[ANSHIN_RELAY_LINE_MAX + 16];
} said[8];
static int count;

static void listen_to(anshin_log_level_t level, const char *line)
{
    if (count < (int)(sizeof(said) / sizeof(said[0]))) {
        said[count].level = level;
        apr_cpystrn(said[count].text, line, sizeof(said[count].text));
    }
    count++;
}

/* What the sink is told of so much, written at once. */
static void relay(const char *text, apr_size_t length)
{
    int ends[2];

    count = 0;
    if (pipe(ends) != 0 || write(ends[1], text, length) != (ssize_t)length) {
        return;
    }
    close(ends[1]);
    anshin_relay_run(ends[0], listen_to);
    close(ends[0]);
}

static void levels(void)
{
    static const struct {
        const char *line;
        anshin_log_level_t level;
        const char *shown;
    } cases[] = {
        {"[Sun Nov 22 15:30:28 2026] [anshin-signer:warn] [pid 7] AN0722: no", ANSHIN_LOG_WARNING,
         "[anshin-signer:warn] [pid 7] AN0722: no"},
        {"[Sun Nov 22 15:30:28 2026] [anshin-signer:error] [pid 7] x", ANSHIN_LOG_ERROR,
         "[anshin-signer:error] [pid 7] x"},
        {"[date] [anshin-signer:notice] x", ANSHIN_LOG_NOTICE, "[anshin-signer:notice] x"},
        {"[date] [anshin-signer:info] x", ANSHIN_LOG_INFO, "[anshin-signer:info] x"},
        {"[date] [anshin-signer:infos] x", ANSHIN_LOG_ERROR, "[date] [anshin-signer:infos] x"},
        {"[date] [x] a:info]", ANSHIN_LOG_ERROR, "[date] [x] a:info]"},
        {"[date] [", ANSHIN_LOG_ERROR, "[date] ["},
        {"[", ANSHIN_LOG_ERROR, "["},
        {"malloc(): corrupted top size", ANSHIN_LOG_ERROR, "malloc(): corrupted top size"},
        {"\x1b[2J\rforged\xc2\x9b", ANSHIN_LOG_ERROR, "?[2J?forged??"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        relay(cases[i].line, strlen(cases[i].line));
        ok(count == 1 && said[0].level == cases[i].level, "B23: the level of line %d, and its end without a newline",
           (int)i);
        ok(strcmp(said[0].text, cases[i].shown) == 0, "B23: what is handed on of it");
    }
}

static void lines(void)
{
    static const char next[] = {'\n', 'n', 'e', 'x', 't', '\n'};
    static char text[60000];

    relay("one\n\ntwo\nthree", 14);
    ok(count == 3, "B23: three lines, no empty one");
    ok(strcmp(said[2].text, "three") == 0, "B23: the last has no end of its own");
    relay("a\0b\n", 4);
    ok(strcmp(said[0].text, "a?b") == 0, "S27: a NUL ends no line");
    relay("", 0);
    ok(count == 0, "B23: nothing of nothing");
    memset(text, 'x', sizeof(text));
    memcpy(text + 50000, next, sizeof(next));
    relay(text, 50006);
    ok(count == 2 && strlen(said[0].text) == ANSHIN_RELAY_LINE_MAX, "S32: a long line is cut");
    ok(strcmp(said[1].text, "next") == 0, "S32: and its rest is no line");
}

int main(void)
{
    if (apr_initialize() != APR_SUCCESS) {
        return 1;
    }
    names();
    levels();
    lines();
    return done();
}

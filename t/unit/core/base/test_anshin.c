/*
 * core/base/anshin.c: causes of failures, status names, hexadecimal.
 */
#include <stdlib.h>

#include <apr_general.h>

#include "core/base/anshin.h"
#include "unit/tap.h"

static void test_first_cause_wins(void)
{
    anshin_error_t err = {0};

    ok(anshin_fail(&err, ANSHIN_EBUSY, "AN9001", "no slot for %s", "aiko") == ANSHIN_EBUSY, "the status comes back");
    ok(err.status == ANSHIN_EBUSY && same_text(err.id, "AN9001") && same_text(err.text, "no slot for aiko"),
       "the cause is recorded");
    ok(anshin_fail(&err, ANSHIN_EFAULT, "AN9002", "later") == ANSHIN_EFAULT, "a later failure still answers its own");
    ok(err.status == ANSHIN_EBUSY && same_text(err.id, "AN9001"), "but the first cause stays: it is the deepest");
    anshin_error_clear(&err);
    ok(err.status == APR_SUCCESS && same_text(err.id, "") && same_text(err.text, ""), "cleared, nothing is left");
    ok(anshin_fail(&err, ANSHIN_EFAULT, "AN9003", "new") == ANSHIN_EFAULT && same_text(err.id, "AN9003"),
       "and the next cause is recorded");
    ok(anshin_fail(NULL, ANSHIN_EDENIED, "AN9004", "%d", 1) == ANSHIN_EDENIED, "nobody needs to listen");
}

static void test_hostile_texts(void)
{
    anshin_error_t err = {0};
    char text[400];

    anshin_fail(&err, ANSHIN_EFAULT, "AN9005", "a\nb\r\x1b[31mc\x7f");
    ok(same_text(err.text, "a?b??[31mc?"), "control characters cannot forge log lines");

    anshin_error_clear(&err);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    anshin_fail(&err, ANSHIN_EFAULT, "AN9006", "%s", text);
    ok(strlen(err.text) == sizeof(err.text) - 1, "a long text is cut");

    anshin_error_clear(&err);
    text[254] = '\xe3';
    text[255] = '\x81';
    text[256] = '\x82';
    anshin_fail(&err, ANSHIN_EFAULT, "AN9007", "%s", text);
    ok(strlen(err.text) == 254 && err.text[253] == 'x', "never within a character (%d)", (int)strlen(err.text));

    anshin_error_clear(&err);
    anshin_fail(&err, ANSHIN_EFAULT, "AN9008", "%s", "\xe5\xae\x89\xe5\xbf\x83");
    ok(same_text(err.text, "\xe5\xae\x89\xe5\xbf\x83"), "Japanese passes unchanged");
}

static void test_names(void)
{
    ok(same_text(anshin_status_name(APR_SUCCESS), "success"), "success has a name");
    ok(same_text(anshin_status_name(ANSHIN_ENOTFOUND), "not found"), "not found");
    ok(same_text(anshin_status_name(ANSHIN_ECONFLICT), "conflict"), "conflict");
    ok(same_text(anshin_status_name(ANSHIN_EBUSY), "busy"), "busy");
    ok(same_text(anshin_status_name(ANSHIN_EINVALID), "invalid"), "invalid");
    ok(same_text(anshin_status_name(ANSHIN_EDENIED), "denied"), "denied");
    ok(same_text(anshin_status_name(APR_ENOMEM), "fault") && same_text(anshin_status_name(ANSHIN_EFAULT), "fault"),
       "all else is a fault");
}

int main(void)
{
    static const unsigned char bytes[] = {0x00, 0x0f, 0xf0, 0xff, 0x5a};
    apr_pool_t *pool;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    test_first_cause_wins();
    test_hostile_texts();
    test_names();
    ok(same_text(anshin_hex(bytes, sizeof(bytes), pool), "000ff0ff5a"),
       "hexadecimal is lower case, two digits an octet");
    ok(same_text(anshin_hex(NULL, 0, pool), ""), "of nothing it is empty");
    return done();
}

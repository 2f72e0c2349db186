/* core/web/client_cert.c: the header of a client's certificate, in each of its forms (APP-2, S22, S32). */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/web/client_cert.h"
#include "unit/tap.h"

#define B "-----BEGIN%20CERTIFICATE-----%0A"
#define E "-----END%20CERTIFICATE-----"

typedef struct case_t {
    anshin_client_cert_format_t format;
    const char *value, *octets; /* NULL: refused */
} case_t;

static const case_t cases[] = {
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0A" E "%0A", "\1\2\3"},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0a" E, "\1\2\3"},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0A%2b%2F%2B/%0A" E "%0A", "\1\2\3\xfb\xff\xbf"},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQI%3D%0A" E "%0A", "\1\2"},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "+/+/%0A" E, "\xfb\xff\xbf"},
    {ANSHIN_CLIENT_CERT_PEM_URL, "-----BEGIN CERTIFICATE-----%0AAQID%0A-----END CERTIFICATE-----%0A", "\1\2\3"},
    {ANSHIN_CLIENT_CERT_PEM_URL, "", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, "%", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, "%4", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, ":AQID:", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, "AQID", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B E "%0A", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0A", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "%0AAQID%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0A%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQ ID%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQI%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQ%3D%3DAQID%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%00%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0D%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQ%C3%A9%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQ%zz%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0A" E "%0A%0A", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0A" E "%0A" B "AQID%0A" E "%0A", NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, B "AQID%0A" E ", " B "AQID%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, "x" B "AQID%0A" E, NULL},
    {ANSHIN_CLIENT_CERT_PEM_URL, "-----BEGIN%20PRIVATE%20KEY-----%0AAQID%0A-----END%20PRIVATE%20KEY-----%0A", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"" B "AQID%0A" E "%0A\"", "\1\2\3"},
    {ANSHIN_CLIENT_CERT_XFCC, "By=a;Hash=0f;cert=\"" B "AQID%0A" E "%0A\";URI=b", "\1\2\3"},
    {ANSHIN_CLIENT_CERT_XFCC, "Subject=\"CN=\\\",;Cert=\";CERT=" B "AQID%0A" E "%0A", "\1\2\3"},
    {ANSHIN_CLIENT_CERT_XFCC, "Chain=\"x\";DNS=a;DNS=b;Cert=" B "AQID%0A" E, "\1\2\3"},
    {ANSHIN_CLIENT_CERT_XFCC, "", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Hash=00", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"\"", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"" B "AQID%0A" E "%0A", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"" B "AQID%0A" E "%0A\\", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"" B "AQID%0A" E "%0A\"x", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"" B "AQID%0A" E "%0A\";", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, ";Cert=\"" B "AQID%0A" E "%0A\"", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"" B "AQID%0A" E "\";Cert=\"" B "AQID%0A" E "\"", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Hash=0,Cert=\"" B "AQID%0A" E "\"", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"" B "AQID%0A" E "\",Hash=0", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Cert=\"" B "AQID%0A" E "\", By=b", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, "Certificate=\"" B "AQID%0A" E "\"", NULL},
    {ANSHIN_CLIENT_CERT_XFCC, ":AQID:", NULL},
};

/* On the heap, so that a step beyond the end shows. */
static void test_forms(apr_pool_t *pool)
{
    anshin_bytes_t der;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *value = strdup(cases[i].value);
        apr_status_t status = anshin_client_cert_read(&der, cases[i].format, value, pool);

        if (cases[i].octets != NULL) {
            ok(status == APR_SUCCESS && der.length == strlen(cases[i].octets) &&
                   memcmp(der.data, cases[i].octets, der.length) == 0,
               "APP-2: %s is read", cases[i].value);
        } else {
            ok(status == ANSHIN_EINVALID && der.data == NULL && der.length == 0, "S22: \"%s\" is refused",
               cases[i].value);
        }
        free(value);
    }
}

static void test_names(void)
{
    static const char *const good[] = {"Client-Cert", "X-SSL-Client-Cert", "x-forwarded-client-cert", "SSL-Cert2"};
    static const char *const bad[] = {"",   "Client_Cert", "A b",      "Cookie", "host",          "X-Forwarded-For",
                                      "Ä",  "Anshin-User", "If-Match", "Via",    "X-Anshin-Ca",   "Content-Type",
                                      "A:", "Connection",  "Referer",  "Origin", "Sec-Fetch-Site"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ok(anshin_client_cert_name_valid(good[i]), "APP-2: %s may carry certificates", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(!anshin_client_cert_name_valid(bad[i]), "S22: \"%s\" may not", bad[i]);
    }
}

int main(void)
{
    static const struct {
        const char *value, *octets;
    } good[] = {{":AQID:", "\1\2\3"},
                {":AQI=:", "\1\2"},
                {":AQ==:", "\1"},
                {" \t:AQID:\t ", "\1\2\3"},
                {":+/+/:", "\xfb\xff\xbf"}};
    static const char *const bad[] = {"",         " ",
                                      ":",        "::",
                                      ":::",      "AQID",
                                      ":AQID",    "AQID:",
                                      ":AQI:",    ":AQID:;a=1",
                                      ":AQID:,",  ":AQID:x",
                                      ":A===:",   ":====:",
                                      ":AQ==AQ:", ":AQ =:",
                                      ":_-_-:",   ":AQID:, :AQID:",
                                      "\"AQID\"", ":AQ\xc3\xa9:",
                                      ":AQID\n:", ":AQID:\n",
                                      ": AQID:",  "*AQID*"};
    apr_pool_t *pool;
    anshin_bytes_t der;
    char *longest;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ok(anshin_client_cert_parse(&der, good[i].value, pool) == APR_SUCCESS && der.length == strlen(good[i].octets) &&
               memcmp(der.data, good[i].octets, der.length) == 0,
           "APP-2: \"%s\" is a byte sequence", good[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(anshin_client_cert_parse(&der, bad[i], pool) == ANSHIN_EINVALID && der.data == NULL && der.length == 0,
           "S22: number %lu of the others is none", (unsigned long)i);
    }
    test_forms(pool);
    test_names();
    longest = apr_pcalloc(pool, ANSHIN_CLIENT_CERT_MAX / 3 * 4 + 16);
    memset(longest, 'A', ANSHIN_CLIENT_CERT_MAX / 3 * 4 + 10);
    longest[0] = ':';
    longest[ANSHIN_CLIENT_CERT_MAX / 3 * 4 + 1] = ':';
    longest[ANSHIN_CLIENT_CERT_MAX / 3 * 4 + 2] = '\0';
    ok(anshin_client_cert_parse(&der, longest, pool) == APR_SUCCESS && der.length <= ANSHIN_CLIENT_CERT_MAX,
       "the longest is read");
    memset(longest, 'A', ANSHIN_CLIENT_CERT_MAX / 3 * 4 + 9);
    longest[0] = ':';
    longest[ANSHIN_CLIENT_CERT_MAX / 3 * 4 + 9] = ':';
    longest[ANSHIN_CLIENT_CERT_MAX / 3 * 4 + 10] = '\0';
    ok(anshin_client_cert_parse(&der, longest, pool) == ANSHIN_EINVALID, "S32: and a longer one is refused");
    apr_terminate();
    return done();
}

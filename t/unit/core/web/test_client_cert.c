/* core/web/client_cert.c: the Client-Cert header of RFC 9440 (APP-2, S22, S32). */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/web/client_cert.h"
#include "unit/tap.h"

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

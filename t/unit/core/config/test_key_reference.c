/*
 * Where a CA's key is: URIs of keys on tokens (RFC 7512), good and bad (CAS-3).
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "core/config/key_reference.h"
#include "unit/tap.h"

static apr_pool_t *pool;

#define MODULE "?module-path=/usr/lib/softhsm/libsofthsm2.so"

static apr_status_t read_uri(anshin_token_uri_t *uri, const char *text, anshin_error_t *err)
{
    anshin_error_clear(err);
    return anshin_token_uri_read(uri, text, "AnshinCAKey", err, pool);
}

static void test_good(void)
{
    anshin_token_uri_t uri;
    anshin_error_t err;

    ok(read_uri(&uri, "pkcs11:token=my%20token;object=CA" MODULE, &err) == APR_SUCCESS &&
           same_text(uri.token, "my token") && same_text(uri.object, "CA") && uri.serial == NULL &&
           uri.id.length == 0 && same_text(uri.module, "/usr/lib/softhsm/libsofthsm2.so"),
       "token, object, module (%s)", err.text);
    ok(read_uri(&uri, "PKCS11:serial=0f;id=%01%00%fF;type=private" MODULE, &err) == APR_SUCCESS && uri.id.length == 3 &&
           memcmp(uri.id.data, "\1\0\377", 3) == 0 && same_text(uri.serial, "0f"),
       "serial and id, any octets (%s)", err.text);
    ok(read_uri(&uri, "pkcs11:token=%E9%8D%B5;object=a=b" MODULE, &err) == APR_SUCCESS && same_text(uri.token, "鍵") &&
           same_text(uri.object, "a=b"),
       "UTF-8, and '=' in a value");
    ok(anshin_key_is_on_token("pkcs11:") && !anshin_key_is_on_token("/etc/pkcs11:x") &&
           !anshin_key_is_on_token("pkcs11"),
       "what is a URI at all");
}

static void test_bad(void)
{
    static const struct {
        const char *uri;
        const char *words;
    } cases[] = {
        {"pkcs11:", "token"},
        {"pkcs11:object=a" MODULE, "token of the"},
        {"pkcs11:token=a" MODULE, "object of the"},
        {"pkcs11:token=a;object=b", "module-path"},
        {"pkcs11:token=a;object=b?module-path=lib.so", "absolute"},
        {"pkcs11:token=a;object=b?module-name=x", "module-name"},
        {"pkcs11:token=a;object=b;type=cert" MODULE, "private"},
        {"pkcs11:token=a;object=b;slot-id=0" MODULE, "slot-id"},
        {"pkcs11:token=a;token=c;object=b" MODULE, "twice"},
        {"pkcs11:token=a;id=%01;id=%01" MODULE, "twice"},
        {"pkcs11:token=a;object=b" MODULE "&module-path=/x", "twice"},
        {"pkcs11:token=;object=b" MODULE, "value"},
        {"pkcs11:token;object=b" MODULE, "no value"},
        {"pkcs11:token=a%2;object=b" MODULE, "value"},
        {"pkcs11:token=a%zz;object=b" MODULE, "value"},
        {"pkcs11:token=a b;object=b" MODULE, "value"},
        {"pkcs11:token=a%00b;object=b" MODULE, "control"},
        {"pkcs11:token=a%0Ab;object=b" MODULE, "control"},
        {"pkcs11:token=a%ff;object=b" MODULE, "UTF-8"},
        {"pkcs11:module-path=/x;token=a;object=b", "module-path"},
        {"pkcs11:token=a;object=b;pin-value=4711" MODULE, "show the PIN"},
        {"pkcs11:token=a;object=b" MODULE "&pin-value=4711", "AnshinCAPassphrase"},
        {"pkcs11:token=a;object=b" MODULE "&pin-source=file:/4711", "AnshinCAPassphrase"},
        {"pkcs11:token=a;object=b;pin-value=47 11" MODULE, "show the PIN"},
    };
    anshin_token_uri_t uri;
    anshin_error_t err;

    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(read_uri(&uri, cases[i].uri, &err) == ANSHIN_EINVALID && strstr(err.text, cases[i].words) != NULL &&
               strstr(err.text, "11") != NULL && strstr(err.text, "47") == NULL,
           "CAS-3: %s: refused without a value (%s)", cases[i].uri, err.text);
    }
    ok(read_uri(&uri, apr_pstrcat(pool, "pkcs11:object=b;token=", apr_psprintf(pool, "%0600d", 0), MODULE, NULL),
                &err) == ANSHIN_EINVALID,
       "a value of 600 octets: refused");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_good();
    test_bad();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

/*
 * Where the private key of a CA is: see key_reference.h.
 *
 * SECURITY: a URI stands in the configuration, in config.json and in lists of processes, which many may read. A PIN has
 * no place in it, and an error about it shows no value, since the value might be one.
 */
#include "core/config/key_reference.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/unicode.h"

#define SCHEME "pkcs11:"
#define VALUE_MAX 512 /* octets */

int anshin_key_is_on_token(const char *reference)
{
    return strncasecmp(reference, SCHEME, strlen(SCHEME)) == 0;
}

typedef struct reading_t {
    anshin_token_uri_t *uri;
    const char *directive;
    const char *type;
    anshin_error_t *err;
    apr_pool_t *pool;
} reading_t;

static apr_status_t refuse(const reading_t *reading, const char *name, const char *rule)
{
    return anshin_fail(reading->err, ANSHIN_EINVALID, "AN1261", "%s: %.40s of the pkcs11: URI %s", reading->directive,
                       name, rule);
}

static int hex_value(char digit)
{
    return apr_isdigit(digit) ? digit - '0' : apr_isxdigit(digit) ? apr_tolower(digit) - 'a' + 10 : -1;
}

/* 0: not well formed, or longer than VALUE_MAX. */
static int decode(anshin_bytes_t *value, const char *text, apr_pool_t *pool)
{
    static const char plain[] = "-._~:[]@!$'()*+,=&/|"; /* RFC 7512 2.3, beside letters and digits */
    unsigned char *octets = apr_palloc(pool, VALUE_MAX + 1);
    apr_size_t length = 0;

    for (; *text != '\0' && length < VALUE_MAX; text++) {
        if (*text == '%' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0) {
            octets[length++] = (unsigned char)(hex_value(text[1]) * 16 + hex_value(text[2]));
            text += 2;
        } else if (apr_isalnum(*text) || strchr(plain, *text) != NULL) {
            octets[length++] = (unsigned char)*text;
        } else {
            return 0;
        }
    }
    octets[length] = '\0';
    *value = (anshin_bytes_t){octets, length};
    return *text == '\0' && length > 0;
}

/* Attributes of RFC 7512 that we use, and where their values go. */
static const struct {
    const char *name;
    apr_size_t offset; /* in anshin_token_uri_t */
    int is_query;
} texts[] = {
    {"token", offsetof(anshin_token_uri_t, token), 0},
    {"serial", offsetof(anshin_token_uri_t, serial), 0},
    {"object", offsetof(anshin_token_uri_t, object), 0},
    {"module-path", offsetof(anshin_token_uri_t, module), 1},
};

static const char **text_of(const reading_t *reading, const char *name, int is_query)
{
    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].is_query == is_query && strcmp(texts[i].name, name) == 0) {
            return (const char **)(void *)((char *)reading->uri + texts[i].offset);
        }
    }
    return NULL;
}

static apr_status_t take(reading_t *reading, const char *name, const char *given, int is_query)
{
    const char **text = text_of(reading, name, is_query);
    anshin_bytes_t value;

    if (strcmp(name, "pin-value") == 0 || strcmp(name, "pin-source") == 0) {
        return anshin_fail(reading->err, ANSHIN_EINVALID, "AN1262",
                           "%s: %s of the pkcs11: URI would show the PIN, or where it is, to all who can read the "
                           "configuration; leave it out, and name a program that prints the PIN by AnshinCAPassphrase",
                           reading->directive, name);
    }
    if (!decode(&value, given, reading->pool)) {
        return refuse(reading, name, "must have a value of at most 512 octets, others than letters and digits by %XX");
    }
    if (!is_query && strcmp(name, "id") == 0) {
        if (reading->uri->id.length > 0) {
            return refuse(reading, name, "stands there twice");
        }
        reading->uri->id = value;
        return APR_SUCCESS;
    }
    if (!is_query && strcmp(name, "type") == 0) {
        text = &reading->type;
    }
    if (text == NULL) {
        return refuse(reading, name,
                      "is not used; name the key by token, serial, object and id, and the module by ?module-path=");
    }
    if (*text != NULL) {
        return refuse(reading, name, "stands there twice");
    }
    if (strlen((const char *)value.data) != value.length || !anshin_unicode_clean((const char *)value.data)) {
        return refuse(reading, name, "must be UTF-8 without control characters");
    }
    *text = (const char *)value.data;
    return APR_SUCCESS;
}

/* "name=value" each, between separators. */
static apr_status_t take_all(reading_t *reading, char *list, const char *separator, int is_query)
{
    apr_status_t status = APR_SUCCESS;
    char *last;

    for (char *part = apr_strtok(list, separator, &last); part != NULL && status == APR_SUCCESS;
         part = apr_strtok(NULL, separator, &last)) {
        char *value = strchr(part, '=');

        if (value == NULL) {
            return refuse(reading, "an attribute", "has no value; each is name=value");
        }
        *value++ = '\0';
        status = take(reading, part, value, is_query);
    }
    return status;
}

static apr_status_t check(const reading_t *reading)
{
    const anshin_token_uri_t *uri = reading->uri;

    if (uri->token == NULL && uri->serial == NULL) {
        return refuse(reading, "token", "is missing; give token= or serial=, so that one token alone gets the PIN");
    }
    if (uri->object == NULL && uri->id.length == 0) {
        return refuse(reading, "object", "is missing; give object= or id= of the key");
    }
    if (reading->type != NULL && strcmp(reading->type, "private") != 0) {
        return refuse(reading, "type", "must be private");
    }
    if (uri->module == NULL || uri->module[0] != '/') {
        return refuse(reading, "module-path",
                      "must be the absolute path of the token's PKCS#11 module, as in ?module-path=/usr/lib/…");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_token_uri_read(anshin_token_uri_t *uri, const char *text, const char *directive,
                                   anshin_error_t *err, apr_pool_t *pool)
{
    reading_t reading = {.uri = uri, .directive = directive, .err = err, .pool = pool};
    char *path = apr_pstrdup(pool, text + strlen(SCHEME));
    char *query = strchr(path, '?');
    apr_status_t status;

    memset(uri, 0, sizeof(*uri));
    if (query != NULL) {
        *query++ = '\0';
    }
    status = take_all(&reading, path, ";", 0);
    if (status == APR_SUCCESS && query != NULL) {
        status = take_all(&reading, query, "&", 1);
    }
    return status == APR_SUCCESS ? check(&reading) : status;
}

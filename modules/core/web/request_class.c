/*
 * What a request's headers say of who sent it: see request_class.h. All of it comes from the network.
 */
#include "core/web/request_class.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

/* Is media type one of those listed (RFC 9110 12.5.1)? Parameters do not matter here, q=0 apart, which nobody sends. */
static int accepts(const char *list, const char *type)
{
    apr_size_t length = strlen(type);

    while (*list != '\0') {
        list += strspn(list, " \t,");
        if (strncasecmp(list, type, length) == 0 && strchr(",; \t", list[length]) != NULL) {
            return 1;
        }
        list += strcspn(list, ",");
    }
    return 0;
}

static int is_navigation(const anshin_request_headers_t *headers)
{
    if (headers->fetch_mode != NULL) {
        return strcasecmp(headers->fetch_mode, "navigate") == 0;
    }
    return headers->requested_with == NULL && headers->accept != NULL && accepts(headers->accept, "text/html");
}

anshin_request_class_t anshin_request_class(const anshin_request_headers_t *headers)
{
    if (!is_navigation(headers)) {
        return ANSHIN_REQUEST_API;
    }
    if (strcmp(headers->method, "GET") == 0 || strcmp(headers->method, "HEAD") == 0) {
        return ANSHIN_REQUEST_VISIT;
    }
    return strcmp(headers->method, "POST") == 0 ? ANSHIN_REQUEST_FORM : ANSHIN_REQUEST_API;
}

#define LOWER(sign) ((sign) | 0x20) /* of ASCII letters; of nothing else does it make one */

/* Compare name with text of small letters, whose '-' stands for any sign that is neither letter nor digit. The bytes of
 * name behind it, or NULL when it does not start so. Locales have no say here. */
static const char *behind(const char *name, const char *text)
{
    for (; *text != '\0'; name++, text++) {
        int same = *text == '-' ? *name != '\0' && !apr_isalnum(*name) : LOWER(*name) == *text;

        if (!same) {
            return NULL;
        }
    }
    return name;
}

#define BETWEEN ", \t" /* the names of a list; no header's name has them */

static int ends(const char *rest)
{
    return strchr(BETWEEN, *rest) != NULL; /* or at its '\0' */
}

static int is_name(const char *name, const char *text)
{
    const char *rest = behind(name, text);

    return rest != NULL && ends(rest);
}

int anshin_header_certificate(const char *name)
{
    const char *rest = behind(name, "client-cert");

    return rest != NULL && (ends(rest) || is_name(rest, "-chain"));
}

int anshin_header_reserved(const char *name)
{
    switch (LOWER(*name)) { /* most headers end here: this is done for each of every request */
    case 'a':
        return LOWER(name[1]) == 'n' && behind(name, "anshin-") != NULL;
    case 'c':
        return LOWER(name[1]) == 'l' && anshin_header_certificate(name);
    case 'r':
        return is_name(name, "remote-user");
    case 'x':
        return behind(name, "x-anshin-") != NULL || is_name(name, "x-remote-user");
    default:
        return 0;
    }
}

int anshin_header_own(const char *name)
{
    const char *rest = LOWER(*name) == 'x' ? behind(name, "x-") : name;

    return rest != NULL && behind(rest, "anshin-") != NULL;
}

static int names_reserved(const char *list)
{
    for (list += strspn(list, BETWEEN); *list != '\0'; list += strspn(list, BETWEEN)) {
        if (anshin_header_reserved(list)) {
            return 1;
        }
        list += strcspn(list, BETWEEN);
    }
    return 0;
}

const char *anshin_connection_clean(const char *value, apr_pool_t *pool)
{
    char *rest, *left, *to, *last;

    if (strcasecmp(value, "keep-alive") == 0 || !names_reserved(value)) { /* nearly all say that */
        return value;
    }
    rest = apr_pstrdup(pool, value);
    to = left = apr_palloc(pool, strlen(value) * 2 + 1); /* ',' may become ", " */
    for (char *name = apr_strtok(rest, BETWEEN, &last); name != NULL; name = apr_strtok(NULL, BETWEEN, &last)) {
        if (anshin_header_reserved(name)) {
            continue;
        }
        if (to != left) {
            *to++ = ',';
            *to++ = ' ';
        }
        to = apr_cpystrn(to, name, strlen(name) + 1);
    }
    *to = '\0';
    return left;
}

/*
 * What a request's headers say of who sent it: see visitor.h. All of it comes from the network.
 */
#include "core/visitor.h"

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

static int is_navigation(const anshin_visitor_t *visitor)
{
    if (visitor->fetch_mode != NULL) {
        return strcasecmp(visitor->fetch_mode, "navigate") == 0;
    }
    return visitor->requested_with == NULL && visitor->accept != NULL && accepts(visitor->accept, "text/html");
}

anshin_request_kind_t anshin_request_kind(const anshin_visitor_t *visitor)
{
    if (!is_navigation(visitor)) {
        return ANSHIN_REQUEST_API;
    }
    if (strcmp(visitor->method, "GET") == 0 || strcmp(visitor->method, "HEAD") == 0) {
        return ANSHIN_REQUEST_VISIT;
    }
    return strcmp(visitor->method, "POST") == 0 ? ANSHIN_REQUEST_FORM : ANSHIN_REQUEST_API;
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

#define RESERVED_LONGEST 17 /* client-cert-chain */

int anshin_header_reserved(const char *name)
{
    static const char *const families[] = {"anshin-", "x-anshin-"};
    static const char *const names[] = {"remote-user", "x-remote-user", "client-cert", "client-cert-chain"};

    if (LOWER(*name) != 'a' && LOWER(*name) != 'r' && LOWER(*name) != 'x' && LOWER(*name) != 'c') {
        return 0; /* most headers */
    }
    for (apr_size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (behind(name, families[i]) != NULL) {
            return 1;
        }
    }
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *rest = behind(name, names[i]);

        if (rest != NULL && *rest == '\0') {
            return 1;
        }
    }
    return 0;
}

#define BETWEEN ", \t" /* the names of a list */

static int names_reserved(const char *list)
{
    for (list += strspn(list, BETWEEN); *list != '\0'; list += strspn(list, BETWEEN)) {
        apr_size_t length = strcspn(list, BETWEEN);
        char name[RESERVED_LONGEST + 2];

        apr_cpystrn(name, list, length < sizeof(name) ? length + 1 : sizeof(name));
        if (anshin_header_reserved(name)) {
            return 1;
        }
        list += length;
    }
    return 0;
}

const char *anshin_connection_clean(const char *value, apr_pool_t *pool)
{
    char *rest, *left, *to, *last;

    if (!names_reserved(value)) {
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

/*
 * The address of a contract's portal: see portal_url.h.
 */
#include "core/config/portal_url.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

static const char scheme[] = "https://";

static int is_host_sign(char c)
{
    return apr_isalnum(c) || c == '-' || c == '.';
}

/* Length of the host at the start of text, an IPv6 address with its brackets; 0 when there is none. */
static apr_size_t host_length(const char *text)
{
    apr_size_t length = 0;

    if (*text == '[') {
        length = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
        return length > 2 && text[length] == ']' ? length + 1 : 0;
    }
    while (is_host_sign(text[length])) {
        length++;
    }
    return length > 0 && apr_isalnum(text[0]) && apr_isalnum(text[length - 1]) ? length : 0;
}

/* ":8443" into *port, with *length of what was read; 0 when it is no port. */
static int read_port(const char *text, int *port, apr_size_t *length)
{
    *port = 443;
    *length = 0;
    if (*text != ':') {
        return 1;
    }
    *port = 0;
    for (*length = 1; apr_isdigit(text[*length]) && *length <= 5; (*length)++) {
        *port = *port * 10 + (text[*length] - '0');
    }
    return *length > 1 && *port >= 1 && *port <= 65535;
}

/* Segments of unreserved characters, none empty and none that climbs. */
static int is_plain_path(const char *path)
{
    while (*path == '/') {
        apr_size_t length = 0;

        path++;
        while (apr_isalnum(path[length]) || (path[length] != '\0' && strchr("-._~", path[length]) != NULL)) {
            length++;
        }
        if (length == 0 && *path != '\0') {
            return 0;
        }
        if ((length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.')) {
            return 0;
        }
        path += length;
    }
    return *path == '\0';
}

/* host is changed to small letters. */
static const char *origin_text(char *host, int port, apr_pool_t *pool)
{
    for (char *at = host; *at != '\0'; at++) {
        *at = (char)apr_tolower(*at);
    }
    return apr_pstrcat(pool, scheme, host, port == 443 ? "" : apr_psprintf(pool, ":%d", port), NULL);
}

const char *anshin_portal_origin(const char *host, int port, apr_pool_t *pool)
{
    if (host == NULL) {
        return "";
    }
    host = strchr(host, ':') != NULL && *host != '[' ? apr_pstrcat(pool, "[", host, "]", NULL) : host;
    return origin_text(apr_pstrdup(pool, host), port == 0 ? 443 : port, pool);
}

int anshin_portal_url_split(const char *url, const char **origin, const char **base, apr_pool_t *pool)
{
    apr_size_t length, host;
    int port;

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0) {
        return 0;
    }
    url += sizeof(scheme) - 1;
    host = host_length(url);
    if (host == 0 || !read_port(url + host, &port, &length) || !is_plain_path(url + host + length)) {
        return 0;
    }
    *origin = origin_text(apr_pstrmemdup(pool, url, host), port, pool);
    url += host + length;
    length = strlen(url);
    *base = apr_pstrmemdup(pool, url, length > 0 && url[length - 1] == '/' ? length - 1 : length);
    return 1;
}

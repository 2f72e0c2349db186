/*
 * Headers that a few words are looked for in, a line each: method, Sec-Fetch-Mode, Accept, X-Requested-With,
 * Connection, a header's name, Content-Type, Content-Encoding, Origin, Sec-Fetch-Site, User-Agent; "-": not sent.
 */
#include "fuzz.h"

#include <strings.h>

#include "core/web/csrf.h"
#include "core/web/form.h"
#include "core/web/request_class.h"
#include "portal/request/device.h"

enum { METHOD, FETCH_MODE, ACCEPT, REQUESTED_WITH, CONNECTION, NAME, TYPE, CODING, ORIGIN, FETCH_SITE, AGENT, COUNT };

static void check_kind(char **lines)
{
    const anshin_request_headers_t headers = {lines[METHOD], lines[FETCH_MODE], lines[ACCEPT], lines[REQUESTED_WITH]};
    anshin_request_class_t kind = anshin_request_class(&headers);

    if (kind == ANSHIN_REQUEST_VISIT) {
        require(strcmp(lines[METHOD], "GET") == 0 || strcmp(lines[METHOD], "HEAD") == 0);
    }
    if (kind == ANSHIN_REQUEST_FORM) {
        require(strcmp(lines[METHOD], "POST") == 0);
    }
    if (kind != ANSHIN_REQUEST_API) {
        require(lines[FETCH_MODE] != NULL ? strcasecmp(lines[FETCH_MODE], "navigate") == 0
                                          : lines[REQUESTED_WITH] == NULL && lines[ACCEPT] != NULL);
    }
}

/* The whole name, or the first of a list. */
static int is_name(const char *name, const char *folded, const char *text)
{
    return strncmp(folded, text, strlen(text)) == 0 && strchr(", \t", name[strlen(text)]) != NULL;
}

/* Signs are folded and letters made small, as CGI does it: then it must not look like one of ours. */
static void check_reserved(const char *name, apr_pool_t *pool)
{
    char *folded = apr_pstrdup(pool, name);
    int ours;

    for (char *at = folded; *at != '\0'; at++) {
        int letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');

        *at = (char)(!letter ? '_' : *at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    }
    ours = strncmp(folded, "anshin_", 7) == 0 || strncmp(folded, "x_anshin_", 9) == 0 ||
           is_name(name, folded, "remote_user") || is_name(name, folded, "x_remote_user") ||
           is_name(name, folded, "client_cert") || is_name(name, folded, "client_cert_chain");
    require(anshin_header_reserved(name) == ours);
}

static void check_connection(const char *value, apr_pool_t *pool)
{
    const char *left = anshin_connection_clean(value, pool);
    char *rest = apr_pstrdup(pool, left);
    char *last;

    for (char *name = apr_strtok(rest, ", \t", &last); name != NULL; name = apr_strtok(NULL, ", \t", &last)) {
        require(!anshin_header_reserved(name) && strstr(value, name) != NULL);
    }
    require(strcmp(anshin_connection_clean(left, pool), left) == 0);
    require(strlen(left) <= 2 * strlen(value));
}

static void check_form_type(const char *type, const char *coding)
{
    if (anshin_form_type(type, coding)) {
        size_t length = strlen("application/x-www-form-urlencoded");

        require(coding == NULL && strncasecmp(type, "application/x-www-form-urlencoded", length) == 0);
        require(type[length] == '\0' || type[length] == ';' || type[length] == ' ' || type[length] == '\t');
    }
}

static void check_origin(const char *origin, const char *site)
{
    static const char *const ours = "https://login.example";

    if (anshin_csrf_origin_allowed(ours, origin, site)) {
        require(origin == NULL || strcasecmp(origin, ours) == 0);
        require(site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    char *lines[COUNT];

    fuzz_split(lines, COUNT, data, size, '\n');
    check_reserved(lines[NAME], pool);
    check_connection(lines[CONNECTION], pool);
    for (int i = 0; i < COUNT; i++) {
        lines[i] = strcmp(lines[i], "-") == 0 && i != METHOD ? NULL : lines[i];
    }
    check_kind(lines);
    check_form_type(lines[TYPE], lines[CODING]);
    check_origin(lines[ORIGIN], lines[FETCH_SITE]);
    require((unsigned)anshin_device_guess(lines[AGENT]) <= ANSHIN_DEVICE_ANDROID);
    return 0;
}

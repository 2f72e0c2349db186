/*
 * What the protected site learns of who was let in: REMOTE_USER, variables, request headers for back ends (APP-1). And
 * what it must never see: such headers from clients (S22), and our cookies.
 */
#include "auth/identity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_network_io.h>
#include <http_core.h>
#include <http_log.h>

#include "auth/config/config.h"
#include "auth/request.h"
#include "core/account/account.h"
#include "core/web/request_class.h"
#include "http/env.h"

APLOG_USE_MODULE(anshin_auth);

/* --- headers of clients --- */

/* A client must not take our headers away from a back end either, by calling them hop-by-hop. */
static void clean_connection(request_rec *r, const char *sent)
{
    const char *left = anshin_connection_clean(sent, r->pool);

    if (left == sent) {
        return;
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "AN0551: a Connection header named a header of ours and was mended");
    if (*left != '\0') {
        apr_table_setn(r->headers_in, "Connection", left);
    } else {
        apr_table_unset(r->headers_in, "Connection");
    }
}

static void drop(request_rec *r, int (*test)(const char *name))
{
    const apr_array_header_t *headers = apr_table_elts(r->headers_in);
    const apr_table_entry_t *entries = (const apr_table_entry_t *)(const void *)headers->elts;

    for (int i = headers->nelts - 1; i >= 0; i--) {
        if (entries[i].key == NULL || !test(entries[i].key)) {
            continue;
        }
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r,
                      "AN0550: a client sent a header that only we may set; it was dropped");
        apr_table_unset(r->headers_in, entries[i].key);
        i = headers->nelts; /* what is left may have moved */
    }
}

/* What one look at all headers finds. */
typedef struct seen_t {
    const char *connection; /* the Connection header; NULL: none */
    int reserved;           /* 1: one that may not be sent */
} seen_t;

static seen_t look(const request_rec *r, int (*test)(const char *name))
{
    const apr_array_header_t *headers = apr_table_elts(r->headers_in);
    const apr_table_entry_t *entries = (const apr_table_entry_t *)(const void *)headers->elts;
    seen_t seen = {NULL, 0};

    for (int i = headers->nelts - 1; i >= 0; i--) {
        const char *key = entries[i].key;

        if (key == NULL) {
            continue;
        }
        seen.reserved |= test(key);
        if ((*key | 0x20) == 'c' && strcasecmp(key, "Connection") == 0) { /* as apr_table_get() does */
            seen.connection = entries[i].val; /* in the end the first one, as everybody takes it */
        }
    }
    return seen;
}

/* Those that AnshinClientCertHeader names, on whichever host: what one host believes, no client may say to it through
 * another one of ours. */
static void drop_certificates(request_rec *r)
{
    const apr_array_header_t *names = anshin_site_of(r->server)->main->cert_headers;

    for (int i = 0; i < names->nelts; i++) {
        apr_table_unset(r->headers_in, APR_ARRAY_IDX(names, i, const char *));
    }
}

void anshin_identity_clean(request_rec *r, int served)
{
    int (*test)(const char *name) = served ? anshin_header_reserved : anshin_header_own;
    const seen_t seen = look(r, test);

    if (seen.reserved) {
        drop(r, test);
    }
    if (served) {
        drop_certificates(r);
    }
    if (seen.connection != NULL) {
        clean_connection(r, seen.connection);
    }
}

/* --- what goes on to a host of ours --- */

/* 1: an address of this machine, or one that cannot be tried. */
static int is_here(const struct sockaddr *address, socklen_t length)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int here = fd < 0 || bind(fd, address, length) == 0 || errno != EADDRNOTAVAIL;

    if (fd >= 0) {
        (void)close(fd);
    }
    return here;
}

/* 1: host (with a port perhaps) is the address of another machine, written out in numbers. What a name leads to is
 * known when it is too late: names may be this machine's. */
static int is_elsewhere(const char *host, apr_pool_t *pool)
{
    const char *name = apr_pstrmemdup(pool, host, strcspn(host, "/?#"));
    struct sockaddr_in inet = {.sin_family = AF_INET};
    struct sockaddr_in6 inet6 = {.sin6_family = AF_INET6};
    char *bare, *scope;
    apr_port_t port;

    if (apr_parse_addr_port(&bare, &scope, &port, name, pool) != APR_SUCCESS || bare == NULL || scope != NULL) {
        return 0;
    }
    if (inet_pton(AF_INET, bare, &inet.sin_addr) == 1) {
        return !is_here((const struct sockaddr *)(const void *)&inet, sizeof(inet));
    }
    return inet_pton(AF_INET6, bare, &inet6.sin6_addr) == 1 && !IN6_IS_ADDR_V4MAPPED(&inet6.sin6_addr) &&
           !is_here((const struct sockaddr *)(const void *)&inet6, sizeof(inet6));
}

/* 1: where, which is the name of a file or of a handler, has mod_proxy lead the request to what may be this machine. A
 * socket of the file system is no host of ours: httpd listens on none. */
static int leads_here(const char *where, apr_pool_t *pool)
{
    const char *host;

    if (where == NULL || ap_cstr_casecmpn(where, "proxy:", 6) != 0 || ap_cstr_casecmpn(where + 6, "unix:", 5) == 0) {
        return 0;
    }
    host = ap_strstr_c(where + 6, "://");
    return host == NULL || !is_elsewhere(host + 3, pool);
}

/* Where a host without a contract is a proxy to one of ours, which believes a header of this machine when it is named
 * as a terminator, what the client sent under that name must not arrive. So it goes on to addresses of other machines
 * alone, whether ProxyPass, RewriteRule or SetHandler names them. What the proxy itself says, by RequestHeader, is said
 * behind us. */
void anshin_identity_pass_on(request_rec *r)
{
    if (leads_here(r->filename, r->pool) || leads_here(r->handler, r->pool)) {
        drop(r, anshin_header_certificate);
        drop_certificates(r);
    }
}

/* --- who was let in --- */

/* count digits of value at the end of the text that stands before `end`. */
static void put_digits(char *end, int value, int count)
{
    while (count-- > 0) {
        *--end = (char)('0' + value % 10);
        value /= 10;
    }
}

/* RFC 3339, UTC. By hand, since a proxy's connection may bring another user with each request. */
static void put_time(char *text, apr_time_t time)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    apr_time_exp_t parts;

    memcpy(text, form, sizeof(form));
    apr_time_exp_gmt(&parts, time);
    put_digits(text + 4, parts.tm_year + 1900, 4);
    put_digits(text + 7, parts.tm_mon + 1, 2);
    put_digits(text + 10, parts.tm_mday, 2);
    put_digits(text + 13, parts.tm_hour, 2);
    put_digits(text + 16, parts.tm_min, 2);
    put_digits(text + 19, parts.tm_sec, 2);
}

/* What of a session must be made first, as the connection remembers it; without a connection that does, in the pool. */
static const anshin_identity_texts_t *texts_of(const anshin_session_t *session, anshin_identity_texts_t *remembered,
                                               apr_pool_t *pool)
{
    anshin_identity_texts_t *texts = remembered != NULL ? remembered : apr_pcalloc(pool, sizeof(*texts));

    if (texts->created_at != session->created_at || texts->terminal != session->terminal) {
        texts->created_at = session->created_at;
        texts->terminal = session->terminal;
        put_time(texts->login_time, session->created_at);
        apr_snprintf(texts->number, sizeof(texts->number), "%" APR_INT64_T_FMT, session->terminal);
    }
    return texts;
}

/* Found at once for all of our variables: to look for each by its name costs more than all else that is told. */
static int has_ours(const apr_table_t *variables)
{
    const apr_array_header_t *all = apr_table_elts(variables);
    const apr_table_entry_t *entries = (const apr_table_entry_t *)(const void *)all->elts;

    for (int i = 0; i < all->nelts; i++) {
        if (entries[i].key != NULL && ap_cstr_casecmpn(entries[i].key, "ANSHIN_", 7) == 0) {
            return 1;
        }
    }
    return 0;
}

enum {
    USER,
    CONTRACT,
    METHOD,
    TERMINAL,
    TERMINAL_KIND,
    CERTIFICATE_SERIAL,
    LOGIN_TIME,
    NAME,
    ORGANISATION,
    GROUPS,
    FACTS
};

static const struct {
    const char *variable, *header;
} names[FACTS] = {[USER] = {"ANSHIN_USER", "Anshin-User"},
                  [CONTRACT] = {"ANSHIN_CONTRACT", "Anshin-Contract"},
                  [METHOD] = {"ANSHIN_METHOD", "Anshin-Method"},
                  [TERMINAL] = {"ANSHIN_TERMINAL", "Anshin-Terminal"},
                  [TERMINAL_KIND] = {"ANSHIN_TERMINAL_KIND", "Anshin-Terminal-Kind"},
                  [CERTIFICATE_SERIAL] = {"ANSHIN_CERTIFICATE_SERIAL", "Anshin-Certificate-Serial"},
                  [LOGIN_TIME] = {"ANSHIN_LOGIN_TIME", "Anshin-Login-Time"},
                  [NAME] = {"ANSHIN_NAME", "Anshin-Name"},
                  [ORGANISATION] = {"ANSHIN_ORGANISATION", "Anshin-Organisation"},
                  [GROUPS] = {"ANSHIN_GROUPS", "Anshin-Groups"}};

/* A terminal's number, of which few users have a tenth: these stand still, and are not copied for each request. */
static const char *number_text(const anshin_identity_texts_t *texts, apr_int64_t number, apr_pool_t *pool)
{
    static const char digits[][2] = {"", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

    return number > 0 && number < 10 ? digits[number] : apr_pstrdup(pool, texts->number);
}

/* What there is nothing of is left out. */
static void put(request_rec *r, int fact, const char *value)
{
    if (value != NULL) {
        apr_table_addn(r->subprocess_env, names[fact].variable, value);
        apr_table_addn(r->headers_in, names[fact].header, value);
    }
}

/* A header holds visible US-ASCII for sure (RFC 9110 5.5), so that the octets of all else, and '%', are percent-encoded
 * (RFC 3986 2.1). */
static const char *header_text(const char *text, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = apr_palloc(pool, 3 * strlen(text) + 1);
    char *to = encoded;

    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at >= 0x20 && *at < 0x7f && *at != '%') {
            *to++ = (char)*at;
            continue;
        }
        *to++ = '%';
        *to++ = digits[*at >> 4];
        *to++ = digits[*at & 15];
    }
    *to = '\0';
    return encoded;
}

/* What people write: UTF-8 as a variable. */
static void put_text(request_rec *r, int fact, const char *value)
{
    if (value != NULL) {
        apr_table_addn(r->subprocess_env, names[fact].variable, value);
        apr_table_addn(r->headers_in, names[fact].header, header_text(value, r->pool));
    }
}

static void put_facts(request_rec *r, const anshin_session_t *session, const anshin_identity_texts_t *texts)
{
    put(r, USER, session->user);
    put(r, CONTRACT, session->contract);
    put(r, METHOD, anshin_method_name(session->method));
    if (session->terminal != 0) {
        put(r, TERMINAL, number_text(texts, session->terminal, r->pool));
        put(r, TERMINAL_KIND, anshin_terminal_kind_name(session->terminal_kind));
    }
    put(r, CERTIFICATE_SERIAL, session->serial);
    put(r, LOGIN_TIME, apr_pmemdup(r->pool, texts->login_time, sizeof(texts->login_time)));
    put_text(r, NAME, session->name);
    put_text(r, ORGANISATION, session->organisation);
    put(r, GROUPS, session->groups);
}

/* Where another place of the same request has told of somebody else, or SetEnvIf has set a variable. */
static void forget_variables(request_rec *r)
{
    for (int i = 0; i < FACTS; i++) {
        apr_table_unset(r->subprocess_env, names[i].variable);
    }
}

static void forget_headers(request_rec *r)
{
    for (int i = 0; i < FACTS; i++) {
        apr_table_unset(r->headers_in, names[i].header);
    }
}

/* Internal redirects inherit the user, not the variables. */
void anshin_identity_tell(request_rec *r, const anshin_session_t *session, anshin_identity_texts_t *remembered)
{
    anshin_request_t *whole;

    if (!anshin_request_tell(r, session)) {
        return;
    }
    whole = anshin_request_of(r);
    r->user = (char *)(uintptr_t)session->user;
    r->ap_auth_type = (char *)(uintptr_t) "Anshin"; /* nobody writes there */
    if (has_ours(r->subprocess_env)) {
        forget_variables(r);
    }
    if (whole->told) { /* anshin_identity_clean() has dropped a client's */
        forget_headers(r);
    }
    put_facts(r, session, texts_of(session, remembered, r->pool));
    whole->told = 1;
}

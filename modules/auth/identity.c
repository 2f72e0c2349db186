/*
 * What the protected site learns of who was let in: REMOTE_USER, variables, request headers for back ends (APP-1). And
 * what it must never see: such headers from clients (S22), and our cookies.
 */
#include <apr_strings.h>
#include <apr_network_io.h>
#include <http_core.h>
#include <http_main.h>

#include "auth/auth.h"
#include "core/account.h"
#include "core/cookie_header.h"
#include "core/visitor.h"

APLOG_USE_MODULE(anshin_auth);

/* --- headers of clients --- */

/* A client must not take our headers away from a back end either, by calling them hop-by-hop. */
static void clean_connection(request_rec *r)
{
    const char *sent = apr_table_get(r->headers_in, "Connection");
    const char *left = sent != NULL ? anshin_connection_clean(sent, r->pool) : NULL;

    if (left == sent) {
        return;
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "AN0551: a Connection header that names a header of ours was mended");
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
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "AN0550: a header that a client may not send was dropped");
        apr_table_unset(r->headers_in, entries[i].key);
        i = headers->nelts; /* what is left may have moved */
    }
}

void anshin_identity_clean(request_rec *r, int served)
{
    drop(r, served ? anshin_header_reserved : anshin_header_own);
    clean_connection(r);
}

/* --- what goes on to a host of ours --- */

/* An address of this machine by which the request might come back to us: one that is written out, or a name that one
 * of our hosts has. */
static int is_here(const request_rec *r, const char *host)
{
    apr_size_t length = strcspn(host, "/?#");
    const char *name = apr_pstrmemdup(r->pool, host, length);
    char *bare, *scope;
    apr_port_t port;

    if (apr_parse_addr_port(&bare, &scope, &port, name, r->pool) != APR_SUCCESS || bare == NULL) {
        return 1;
    }
    if (strncmp(bare, "127.", 4) == 0 || strcmp(bare, "::1") == 0 || ap_cstr_casecmp(bare, "localhost") == 0 ||
        strcmp(bare, r->connection->local_ip) == 0) {
        return 1;
    }
    for (const server_rec *server = ap_server_conf; server != NULL; server = server->next) {
        if (server->server_hostname != NULL && ap_cstr_casecmp(bare, server->server_hostname) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Where a host without a contract is a proxy to one of ours, which believes a header of this machine when it is named
 * as a terminator, what the client sent under that name must not arrive. What the proxy itself says, by RequestHeader,
 * is said behind us. A balancer's members are not known here. */
void anshin_identity_pass_on(request_rec *r)
{
    const char *target = r->filename != NULL && strncmp(r->filename, "proxy:", 6) == 0 ? r->filename + 6 : NULL;
    const char *host = target != NULL ? ap_strstr_c(target, "://") : NULL;

    if (host == NULL || strncmp(target, "unix:", 5) == 0) {
        return;
    }
    if (strncmp(target, "balancer:", 9) == 0 || is_here(r, host + 3)) {
        drop(r, anshin_header_certificate);
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

/* RFC 3339, UTC. By hand, since this is done for every request. */
static const char *time_text(apr_time_t time, apr_pool_t *pool)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    char *text = apr_pmemdup(pool, form, sizeof(form));
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, time);
    put_digits(text + 4, parts.tm_year + 1900, 4);
    put_digits(text + 7, parts.tm_mon + 1, 2);
    put_digits(text + 10, parts.tm_mday, 2);
    put_digits(text + 13, parts.tm_hour, 2);
    put_digits(text + 16, parts.tm_min, 2);
    put_digits(text + 19, parts.tm_sec, 2);
    return text;
}

/* What is told, and where: in a table that may have entries of these names (another place of the same request told of
 * somebody else, SetEnvIf set a variable) they are looked for first. */
typedef struct told_t {
    apr_table_t *variables, *headers;
    int new_variables, new_headers; /* there are none of ours in there */
} told_t;

static void put(apr_table_t *table, int fresh, const char *name, const char *value)
{
    if (!fresh) {
        apr_table_unset(table, name);
    }
    if (value != NULL) {
        apr_table_addn(table, name, value);
    }
}

/* A variable and its header; what there is nothing of is left out. */
static void tell(const told_t *told, const char *variable, const char *header, const char *value)
{
    put(told->variables, told->new_variables, variable, value);
    put(told->headers, told->new_headers, header, value);
}

void anshin_identity_tell(request_rec *r, const anshin_session_t *session)
{
    const char *terminal = session->terminal == 0 ? NULL : apr_off_t_toa(r->pool, session->terminal);
    anshin_guest_t *guest = anshin_guest_of(r);
    const told_t told = {.variables = r->subprocess_env,
                         .headers = r->headers_in,
                         .new_variables = apr_is_empty_table(r->subprocess_env),
                         .new_headers = !guest->told}; /* anshin_identity_clean() has dropped what a client sent */

    guest->told = 1;
    r->user = (char *)(uintptr_t)session->user;
    r->ap_auth_type = (char *)(uintptr_t) "Anshin"; /* nobody writes there */
    tell(&told, "ANSHIN_USER", "Anshin-User", session->user);
    tell(&told, "ANSHIN_CONTRACT", "Anshin-Contract", session->contract);
    tell(&told, "ANSHIN_METHOD", "Anshin-Method", anshin_method_name(session->method));
    tell(&told, "ANSHIN_TERMINAL", "Anshin-Terminal", terminal);
    tell(&told, "ANSHIN_TERMINAL_KIND", "Anshin-Terminal-Kind",
         terminal == NULL ? NULL : anshin_terminal_kind_name(session->terminal_kind));
    tell(&told, "ANSHIN_CERTIFICATE_SERIAL", "Anshin-Certificate-Serial", session->serial);
    tell(&told, "ANSHIN_LOGIN_TIME", "Anshin-Login-Time", time_text(session->created_at, r->pool));
}

/* --- cookies --- */

/* Whoever has the cookie is the user: no program behind httpd needs it but the portal. */
void anshin_identity_hide_cookies(request_rec *r)
{
    anshin_guest_t *guest = anshin_guest_of(r);

    if (guest->cookie == NULL) {
        return;
    }
    if (!guest->site_cookie_known) {
        guest->site_cookie =
            anshin_cookie_strip(guest->cookie, ANSHIN_SESSION_COOKIE_PREFIX, anshin_first_request(r)->pool);
        guest->site_cookie_known = 1;
    }
    if (r->handler != NULL && strcmp(r->handler, ANSHIN_HANDLER) == 0) {
        apr_table_setn(r->headers_in, "Cookie", guest->cookie);
    } else if (guest->site_cookie == NULL) {
        apr_table_unset(r->headers_in, "Cookie");
    } else if (guest->site_cookie != guest->cookie) {
        apr_table_setn(r->headers_in, "Cookie", guest->site_cookie);
    }
}

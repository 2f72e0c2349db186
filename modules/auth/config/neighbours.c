/*
 * Lines of others that have to do with ours: see neighbours.h.
 *
 * SECURITY: certificates are made nameless as well (crypto/pki/tls.h), which holds for .htaccess, too. This is for
 * those who write the configuration: a line that protects nothing must not look as if it did.
 */
#include "auth/config/neighbours.h"

#include <ctype.h>

#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>

#include "auth/config/tree.h"

APLOG_USE_MODULE(anshin_auth);

/* --- places of ours --- */

static int is_place(const ap_directive_t *line, void *none)
{
    (void)none;
    return (anshin_tree_is(line, "AuthType") || anshin_tree_is(line, "SetHandler")) &&
           ap_strcasestr(line->args, "anshin") != NULL;
}

int anshin_neighbours_place(const server_rec *server)
{
    return anshin_tree_find(server, is_place, NULL) != NULL;
}

/* --- lines that use certificates --- */

static int is_on(const char *args, apr_pool_t *pool)
{
    return ap_cstr_casecmp(ap_getword_conf(pool, &args), "off") != 0;
}

static int is_not_none(const char *args, apr_pool_t *pool)
{
    return ap_cstr_casecmp(ap_getword_conf(pool, &args), "none") != 0;
}

static int always(const char *args, apr_pool_t *pool)
{
    (void)args;
    (void)pool;
    return 1;
}

static int fakes_basic(const char *args, apr_pool_t *pool)
{
    const char *word = ap_getword_conf(pool, &args);

    while (*word != '\0' && ap_cstr_casecmp(word + (*word == '+'), "FakeBasicAuth") != 0) {
        word = ap_getword_conf(pool, &args);
    }
    return *word != '\0';
}

/* Whatever a certificate says; SSL_CLIENT_VERIFY alone tells the truth of ours. */
static int names_holder(const char *args, apr_pool_t *pool)
{
    static const char prefix[] = "SSL_CLIENT_", verify[] = "VERIFY";
    const char *at = args;

    (void)pool;
    while ((at = ap_strcasestr(at, prefix)) != NULL) {
        at += sizeof(prefix) - 1;
        if (ap_cstr_casecmpn(at, verify, sizeof(verify) - 1) != 0 || isalnum((unsigned char)at[sizeof(verify) - 1]) ||
            at[sizeof(verify) - 1] == '_') {
            return 1;
        }
    }
    return ap_strcasestr(args, "PeerExtList") != NULL;
}

/* It is asked before the truth is written back on connections older than TLS 1.3. */
static int asks_anything(const char *args, apr_pool_t *pool)
{
    return ap_strcasestr(args, "SSL_CLIENT_") != NULL || ap_strcasestr(args, "OID(") != NULL ||
           names_holder(args, pool);
}

static int never(const char *args, apr_pool_t *pool)
{
    (void)args;
    (void)pool;
    return 0;
}

static const struct {
    const char *directive;
    int (*conflicts)(const char *args, apr_pool_t *pool);
} rules[] = {
    {"SSLVerifyClient", is_not_none},
    {"SSLUserName", always},
    {"SSLOptions", fakes_basic},
    {"SSLRequire", asks_anything},
    {"SSLOCSPEnable", is_on},
    {"SSLCARevocationCheck", is_not_none},
    {"LogFormat", never},
    {"CustomLog", never},
    {"GlobalLog", never},
    {"ErrorLogFormat", never},
    {"LogMessage", never},
    {"TransferLog", never},
    {NULL, names_holder}, /* every other: Require expr, <If>, SetEnvIfExpr, RewriteCond, RequestHeader, AuthBasicFake */
};

static int conflicts(const ap_directive_t *line, void *pool)
{
    int i = 0;

    while (rules[i].directive != NULL && ap_cstr_casecmp(rules[i].directive, line->directive) != 0) {
        i++;
    }
    return rules[i].conflicts(line->args, pool);
}

int anshin_neighbours_check(server_rec *server, apr_pool_t *ptemp)
{
    const ap_directive_t *line = anshin_tree_find(server, conflicts, ptemp);

    if (line == NULL) {
        return OK;
    }
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, server,
                 "AN0944: line %d of %s: \"%s %s\" uses client certificates on host %s, where Anshin asks for them and "
                 "judges them by itself, so that the line would not protect what it protects elsewhere; move it into a "
                 "virtual host of its own that says AnshinUse none",
                 line->line_num, line->filename, line->directive, line->args, server->server_hostname);
    return HTTP_INTERNAL_SERVER_ERROR;
}

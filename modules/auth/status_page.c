/*
 * SetHandler anshin-status: see status_page.h.
 *
 * SECURITY: it tells of no user, but how many there are. The place must be restricted: configtest refuses one that is
 * not, and what it cannot see (.htaccess, another section over it) is looked at here, for each request.
 */
#include "auth/status_page.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <jansson.h>

#include "auth/config/restricted.h"
#include "auth/process/process.h"
#include "core/status/status_json.h"
#include "core/status/status_openmetrics.h"
#include "core/status/status_text.h"
#include "http/env.h"
#include "http/page_headers.h"
#include "runtime/signs.h"

APLOG_USE_MODULE(anshin_auth);

enum { TEXT, JSON, OPENMETRICS };
static const anshin_word_t formats[] = {{"text", TEXT}, {"json", JSON}, {"openmetrics", OPENMETRICS}, {NULL, 0}};
static const char *const types[] = {"text/plain; charset=utf-8", "application/json", ANSHIN_OPENMETRICS_TYPE};

/* -1: no such format. */
static int format_of(const request_rec *r)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");
    const char *query = r->args != NULL ? r->args : "";

    if (strncmp(query, "format=", strlen("format=")) == 0) {
        return anshin_word_value(formats, query + strlen("format="), -1);
    }
    if (accept != NULL && strstr(accept, "application/openmetrics-text") != NULL) {
        return OPENMETRICS;
    }
    return accept != NULL && strstr(accept, "application/json") != NULL ? JSON : TEXT;
}

static const char *json_of(const anshin_status_t *status, apr_pool_t *pool)
{
    json_t *json = anshin_status_json(status);
    char *dumped = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
    const char *text = dumped != NULL ? apr_pstrcat(pool, dumped, "\n", NULL) : NULL;

    free(dumped);
    json_decref(json);
    return text;
}

/* A process that has no store says so. */
static void look(anshin_status_t *status, request_rec *r, const anshin_config_t *config)
{
    const anshin_actor_t stranger = {.kind = ANSHIN_ACTOR_STRANGER};
    const anshin_env_t none = {.config = config, .now = anshin_clock_system};
    const anshin_env_t *env = anshin_process_env(r->server);
    anshin_signs_t signs;
    anshin_op_t op;

    env = env != NULL ? env : &none;
    anshin_op_init(&op, env, NULL, &stranger, r->pool);
    anshin_signs_look(&signs, config, env->board, r->pool);
    anshin_status_look(status, &op, &signs);
}

static int answer(request_rec *r, const anshin_config_t *config, int format)
{
    anshin_status_t status;
    const char *text;

    look(&status, r, config);
    text = format == TEXT   ? anshin_status_text(&status, r->pool)
           : format == JSON ? json_of(&status, r->pool)
                            : anshin_status_openmetrics(&status, r->pool);
    if (text == NULL) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    anshin_page_headers(r, NULL);
    r->status = status.health == ANSHIN_DOWN && format != OPENMETRICS ? HTTP_SERVICE_UNAVAILABLE : HTTP_OK;
    ap_set_content_type(r, types[format]);
    ap_set_content_length(r, (apr_off_t)strlen(text));
    if (!r->header_only) {
        ap_rputs(text, r);
    }
    return OK;
}

int anshin_status_page(request_rec *r)
{
    const anshin_config_t *config;
    int format;

    if (!anshin_handler_is(r, ANSHIN_STATUS_HANDLER)) {
        return DECLINED;
    }
    config = anshin_site_of(r->server)->main->config;
    r->allowed |= AP_METHOD_BIT << M_GET;
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    if (!anshin_restricted(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AN1672: the state of the system is not told here: no Require restricts this place");
        return HTTP_FORBIDDEN;
    }
    if (config == NULL) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    format = format_of(r);
    return format >= 0 ? answer(r, config, format) : HTTP_BAD_REQUEST;
}

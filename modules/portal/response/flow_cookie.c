/*
 * The flows of a browser: a cookie each, at most ANSHIN_FLOWS_MAX of a contract side by side (FLO-1, FLO-2).
 *
 * A cookie is called PREFIX CONTRACT.ID, so that contracts and servers of one host do not meet; no contract's name has
 * a '.', so it is none of a session's either.
 *
 * SECURITY: the cookies are the browser's, or anybody's. The one comparison of a flow's user with who is logged in
 * stands here, in open_one(), through which every flow of every page comes (S29).
 */
#include "portal/response/flow_cookie.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/web/cookie_header.h"
#include "portal/request/cookie.h"

#define FLOWS_MAX 4
#define OURS_MAX 2900 /* bytes of all our cookies as the browser sends them: below 3 KiB with those of the answer */

typedef struct kept_t {
    const char *id;
    const char *value;
} kept_t;

typedef struct jar_t {
    apr_array_header_t *kept; /* of kept_t: the flows of this contract, the oldest first */
    apr_size_t octets;        /* of all cookies of ours */
} jar_t;

static const char *prefix_of(const anshin_portal_request_t *request)
{
    return apr_pstrcat(request->op.pool, ANSHIN_SESSION_COOKIE_PREFIX "flow.", request->op.contract->name, ".", NULL);
}

static void take_flow(void *baton, const char *id, const char *value)
{
    jar_t *jar = baton;

    if (anshin_flow_id_valid(id)) {
        APR_ARRAY_PUSH(jar->kept, kept_t) = (kept_t){id, value};
    }
}

static void take_size(void *baton, const char *rest, const char *value)
{
    jar_t *jar = baton;

    jar->octets += strlen(ANSHIN_SESSION_COOKIE_PREFIX) + strlen(rest) + strlen(value) + strlen("=; ");
}

static int older_first(const void *a, const void *b)
{
    return strcmp(((const kept_t *)a)->id, ((const kept_t *)b)->id);
}

static void read_jar(const anshin_portal_request_t *request, jar_t *jar)
{
    const char *header = apr_table_get(request->r->headers_in, "Cookie");

    jar->kept = apr_array_make(request->op.pool, FLOWS_MAX, sizeof(kept_t));
    jar->octets = 0;
    anshin_cookie_each(header, prefix_of(request), take_flow, jar, request->op.pool);
    anshin_cookie_each(header, ANSHIN_SESSION_COOKIE_PREFIX, take_size, jar, request->op.pool);
    qsort(jar->kept->elts, (size_t)jar->kept->nelts, sizeof(kept_t), older_first);
}

static apr_size_t octets_of(const char *name, const char *value)
{
    return strlen(name) + strlen(value) + strlen("=; ");
}

/* Nothing is lost with it: it is over, its time is, or it is none. */
static int is_over(anshin_portal_request_t *request, const kept_t *kept)
{
    anshin_flow_t flow;

    return anshin_flow_unseal(&request->op, kept->value, kept->id, request->browser, &flow) == ANSHIN_EDENIED ||
           anshin_flow_find(&request->op, &flow) == ANSHIN_EDENIED || flow.stage >= ANSHIN_STAGE_RESULT;
}

/* Make room for the cookie of request->flow: first what is over goes, then the oldest. */
static void make_room(anshin_portal_request_t *request, apr_size_t octets)
{
    const char *prefix = prefix_of(request);
    jar_t jar;
    int left;

    read_jar(request, &jar);
    left = jar.kept->nelts;
    octets += jar.octets;
    for (int all = 0; all <= 1; all++) {
        for (int i = 0; i < jar.kept->nelts && (left >= FLOWS_MAX || octets > OURS_MAX); i++) {
            kept_t *kept = &APR_ARRAY_IDX(jar.kept, i, kept_t);
            if (kept->id != NULL && (strcmp(kept->id, request->flow.id) == 0 || all || is_over(request, kept))) {
                const char *name = apr_pstrcat(request->op.pool, prefix, kept->id, NULL);
                octets -= octets_of(name, kept->value);
                left--;
                if (strcmp(kept->id, request->flow.id) != 0) {
                    anshin_cookie_clear(request->r, name);
                }
                kept->id = NULL;
            }
        }
    }
}

apr_status_t anshin_flow_cookie_keep(anshin_portal_request_t *request)
{
    const char *name = apr_pstrcat(request->op.pool, prefix_of(request), request->flow.id, NULL);
    const char *text;
    apr_status_t status = anshin_flow_seal(&request->op, &request->flow, request->browser, &text);

    if (status == APR_SUCCESS) {
        make_room(request, octets_of(name, text));
        anshin_cookie_set(request->r, name, text, 0);
    }
    return status;
}

/* Flows that began behind a login are of the one who was logged in. */
static int of_another(const anshin_portal_request_t *request)
{
    int member = request->flow.kind == ANSHIN_FLOW_TERMINAL || request->flow.kind == ANSHIN_FLOW_METHOD ||
                 request->flow.kind == ANSHIN_FLOW_AUTHENTICATOR || request->flow.kind == ANSHIN_FLOW_RENEWAL ||
                 request->flow.kind == ANSHIN_FLOW_SELF_LOCK;

    return member && request->logged_in && strcmp(request->flow.user, request->session.user) != 0;
}

/* The flow of one cookie into request->flow, which is none otherwise. */
static apr_status_t open_one(anshin_portal_request_t *request, const char *id, const char *value,
                             anshin_flow_kind_t kind)
{
    apr_status_t status = anshin_flow_unseal(&request->op, value, id, request->browser, &request->flow);

    if (status == APR_SUCCESS) {
        status = request->flow.kind == kind ? anshin_flow_find(&request->op, &request->flow) : ANSHIN_EDENIED;
    }
    if (status == APR_SUCCESS && of_another(request)) {
        status = ANSHIN_EDENIED;
    } else if (status == ANSHIN_EDENIED && request->flow.stage >= ANSHIN_STAGE_RESULT && !of_another(request)) {
        request->flow_over = 1; /* its time is over, and nothing else is (U12) */
    }
    if (status != APR_SUCCESS) {
        memset(&request->flow, 0, sizeof(request->flow));
    }
    return status;
}

const char *anshin_flow_cookie_id(const anshin_portal_request_t *request)
{
    return anshin_portal_request_value(request, "flow");
}

apr_status_t anshin_flow_cookie_open(anshin_portal_request_t *request, anshin_flow_kind_t kind)
{
    const char *id = anshin_flow_cookie_id(request);

    if (id == NULL || !anshin_flow_id_valid(id)) {
        return ANSHIN_EDENIED;
    }
    return open_one(request, id,
                    anshin_cookie_get(request->r, apr_pstrcat(request->op.pool, prefix_of(request), id, NULL)), kind);
}

apr_status_t anshin_flow_cookie_newest(anshin_portal_request_t *request, anshin_flow_kind_t kind, const char *token)
{
    apr_status_t status = ANSHIN_EDENIED;
    jar_t jar;

    read_jar(request, &jar);
    for (int i = jar.kept->nelts - 1; i >= 0; i--) {
        const kept_t *kept = &APR_ARRAY_IDX(jar.kept, i, kept_t);

        status = open_one(request, kept->id, kept->value, kind);
        if (status == APR_SUCCESS && (token == NULL || strcmp(token, request->flow.token) == 0)) {
            return APR_SUCCESS;
        }
        memset(&request->flow, 0, sizeof(request->flow));
        if (status != APR_SUCCESS && status != ANSHIN_EDENIED) {
            return status;
        }
    }
    request->flow_over = 0; /* the page has named none of them */
    return ANSHIN_EDENIED;
}

void anshin_flow_cookie_forget(anshin_portal_request_t *request)
{
    anshin_cookie_clear(request->r, apr_pstrcat(request->op.pool, prefix_of(request), request->flow.id, NULL));
}

const char *anshin_flow_cookie_path(const anshin_portal_request_t *request, const char *path)
{
    const char *back = anshin_portal_request_value(request, "return");

    path = apr_pstrcat(request->op.pool, path, strchr(path, '?') != NULL ? "&flow=" : "?flow=", request->flow.id, NULL);
    return back != NULL ? apr_pstrcat(request->op.pool, path, "&return=", back, NULL) : path;
}

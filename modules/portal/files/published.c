/*
 * What the CA tells everybody: see published.h.
 *
 * SECURITY: no part of the address comes into the path of a file. What is served is signed, so that plain http takes
 * nothing from it.
 */
#include "portal/files/published.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "core/certificate/crl.h"
#include "core/config/ca_files.h"
#include "portal/files/ocsp.h"
#include "portal/request/page.h"
#include "portal/files/static.h"

#define CRL ".crl"
#define CRL_TYPE "application/pkix-crl"
#define SOON "10" /* seconds until the worker has written one */

/* Its time is that of the list in it, so that it says how long the list counts. */
static const char *crl_control(const request_rec *r, apr_time_t at)
{
    apr_time_t rest = at + ANSHIN_CRL_LIFE - r->request_time;

    return rest > 0 ? apr_psprintf(r->pool, "public, max-age=%" APR_TIME_T_FMT, apr_time_sec(rest)) : "no-cache";
}

/* The CA whose list this is; NULL: no such CA. The name is ours, not the address's. */
static const char *find_ca(request_rec *r, const anshin_config_t *config, const char *name)
{
    const apr_array_header_t *cas = anshin_ca_all(config, r->pool);

    for (int i = 0; i < cas->nelts; i++) {
        const char *ca = APR_ARRAY_IDX(cas, i, anshin_ca_files_t).name;
        apr_size_t length = strlen(ca);

        if (strncmp(name, ca, length) == 0 && strcmp(name + length, CRL) == 0) {
            return ca;
        }
    }
    return NULL;
}

/* Where machines share the store: the list that is out, when it is later than the one that this machine's worker has
 * written. Who asks one machine after the other is never told an older one. 0: there is none, or the store cannot be
 * asked. */
static int find_later(request_rec *r, const anshin_request_state_t *state, const char *ca, anshin_crl_out_t *out,
                      anshin_bytes_t *der)
{
    const anshin_actor_t stranger = {.kind = ANSHIN_ACTOR_STRANGER, .address = r->useragent_ip};
    anshin_op_t op;

    if (state->env->node == NULL) {
        return 0;
    }
    anshin_op_init(&op, state->env, NULL, &stranger, r->pool);
    return anshin_crl_look(&op, ca, 0, out, NULL) == APR_SUCCESS && out->number != 0 &&
           apr_time_sec(out->made_at) > apr_time_sec(r->finfo.mtime) &&
           anshin_crl_look(&op, ca, 0, out, der) == APR_SUCCESS && der->data != NULL;
}

static int crl_get(request_rec *r, const anshin_request_state_t *state, const char *ca)
{
    const char *path = apr_pstrcat(r->pool, state->env->config->server.crl_dir, "/", ca, CRL, NULL);
    anshin_crl_out_t out;
    anshin_bytes_t der;
    apr_file_t *file;
    int found;

    if (r->method_number != M_GET) {
        apr_table_setn(r->err_headers_out, "Allow", "GET, HEAD");
        return anshin_page_bare(r, HTTP_METHOD_NOT_ALLOWED);
    }
    found = anshin_static_open(r, &file, path);
    r->finfo.mtime = found ? r->finfo.mtime : 0;
    if (find_later(r, state, ca, &out, &der)) {
        return anshin_static_send_octets(r, &der, out.made_at, CRL_TYPE, crl_control(r, out.made_at));
    }
    if (!found) {
        apr_table_setn(r->err_headers_out, "Retry-After", SOON);
        return anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
    }
    return anshin_static_send(r, file, CRL_TYPE, crl_control(r, r->finfo.mtime));
}

static int is_ocsp(const char *name)
{
    apr_size_t length = strlen(ANSHIN_OCSP_NAME);

    return strncmp(name, ANSHIN_OCSP_NAME, length) == 0 && (name[length] == '\0' || name[length] == '/');
}

int anshin_published_serve(request_rec *r, const anshin_request_state_t *state, const char *name)
{
    const char *ca = find_ca(r, state->env->config, name);

    if (ca != NULL) {
        return crl_get(r, state, ca);
    }
    return is_ocsp(name) ? anshin_ocsp_serve(r, state, name) : anshin_page_bare(r, HTTP_NOT_FOUND);
}

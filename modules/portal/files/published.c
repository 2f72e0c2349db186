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

#include "core/certificate/revoked.h"
#include "core/config/ca_files.h"
#include "portal/files/ocsp.h"
#include "portal/request/page.h"
#include "portal/files/static.h"

#define CRL ".crl"
#define SOON "10" /* seconds until the worker has written one */

/* Its time is that of the list in it, so that it says how long the list counts. */
static const char *crl_control(request_rec *r)
{
    apr_time_t rest = r->finfo.mtime + ANSHIN_CRL_LIFE - r->request_time;

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

static int crl_get(request_rec *r, const anshin_server_t *server, const char *ca)
{
    apr_file_t *file;

    if (r->method_number != M_GET) {
        apr_table_setn(r->err_headers_out, "Allow", "GET, HEAD");
        return anshin_page_bare(r, HTTP_METHOD_NOT_ALLOWED);
    }
    if (!anshin_static_open(r, &file, apr_pstrcat(r->pool, server->crl_dir, "/", ca, CRL, NULL))) {
        apr_table_setn(r->err_headers_out, "Retry-After", SOON);
        return anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
    }
    return anshin_static_send(r, file, "application/pkix-crl", crl_control(r));
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
        return crl_get(r, &state->env->config->server, ca);
    }
    return is_ocsp(name) ? anshin_ocsp_serve(r, state, name) : anshin_page_bare(r, HTTP_NOT_FOUND);
}

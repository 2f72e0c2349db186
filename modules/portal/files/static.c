/*
 * Style sheet, script and pictures of the portal.
 *
 * SECURITY: the name comes from the address; asset.c says which are served.
 */
#include "portal/files/static.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include "portal/request/page.h"
#include "http/page_headers.h"
#include "portal/files/asset.h"

APLOG_USE_MODULE(anshin_portal);

static void set_headers(request_rec *r, const char *type, const char *control)
{
    anshin_page_headers_cached(r, control);
    ap_set_content_type(r, type);
    ap_update_mtime(r, r->finfo.mtime);
    ap_set_last_modified(r);
    apr_table_setn(r->headers_out, "ETag", ap_make_etag(r, 0));
}

int anshin_static_open(request_rec *r, apr_file_t **file, const char *path)
{
    return apr_file_open(file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, r->pool) == APR_SUCCESS &&
           apr_file_info_get(&r->finfo, APR_FINFO_NORM, *file) == APR_SUCCESS && r->finfo.filetype == APR_REG;
}

/* 1: there is more to send than headers. */
static int has_body(request_rec *r, const char *type, const char *control)
{
    int answer;

    set_headers(r, type, control);
    answer = ap_meets_conditions(r);
    if (answer != OK) {
        r->status = answer; /* 304 or 412: headers alone, of ours */
        return 0;
    }
    ap_set_content_length(r, r->finfo.size);
    return !r->header_only;
}

int anshin_static_send_octets(request_rec *r, const anshin_bytes_t *octets, apr_time_t at, const char *type,
                              const char *control)
{
    r->finfo.filetype = APR_REG;
    r->finfo.size = (apr_off_t)octets->length;
    r->finfo.mtime = apr_time_from_sec(apr_time_sec(at));
    if (has_body(r, type, control)) {
        (void)ap_rwrite(octets->data, (int)octets->length, r);
    }
    return OK;
}

int anshin_static_send(request_rec *r, apr_file_t *file, const char *type, const char *control)
{
    apr_bucket_brigade *bb;

    if (!has_body(r, type, control)) {
        return OK;
    }
    bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_brigade_insert_file(bb, file, 0, r->finfo.size, r->pool);
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(r->connection->bucket_alloc));
    return ap_pass_brigade(r->output_filters, bb) == APR_SUCCESS || r->connection->aborted ? OK : AP_FILTER_ERROR;
}

int anshin_static_get(request_rec *r, const char *share_dir, const char *name)
{
    const char *type = anshin_asset_type(name);
    apr_file_t *file;

    if (type == NULL) {
        return anshin_page_bare(r, HTTP_NOT_FOUND);
    }
    if (r->method_number != M_GET) {
        apr_table_setn(r->err_headers_out, "Allow", "GET, HEAD");
        return anshin_page_bare(r, HTTP_METHOD_NOT_ALLOWED);
    }
    if (!anshin_static_open(r, &file, apr_pstrcat(r->pool, share_dir, "/static/", name, NULL))) {
        return anshin_page_bare(r, HTTP_NOT_FOUND);
    }
    return anshin_static_send(r, file, type, "max-age=3600, must-revalidate");
}

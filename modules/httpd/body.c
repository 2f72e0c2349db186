/*
 * Reading a form from a request's body.
 *
 * SECURITY: faces strangers. The limit holds whether or not the client announces a length; the buffer is of fixed size
 * and wiped on every way out, since it holds passwords.
 */
#include "httpd/body.h"

#include <apr_buckets.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>
#include <util_filter.h>

#define READ_BYTES 8192
#define DISCARD_MAX 65536

static int is_form(const request_rec *r)
{
    return anshin_form_type(apr_table_get(r->headers_in, "Content-Type"),
                            apr_table_get(r->headers_in, "Content-Encoding"));
}

static int announced_too_long(const request_rec *r)
{
    const char *text = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t length;
    char *end;

    /* httpd has refused what is no number. */
    return text != NULL && (apr_strtoff(&length, text, &end, 10) != APR_SUCCESS || length > ANSHIN_FORM_BODY_MAX);
}

/* Append what the brigade holds to buffer; *ended when the body is over. */
static int take(apr_bucket_brigade *bb, char *buffer, apr_size_t *length, int *ended)
{
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(bb); bucket != APR_BRIGADE_SENTINEL(bb); bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t got;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *ended = 1;
            return OK;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        if (apr_bucket_read(bucket, &data, &got, APR_BLOCK_READ) != APR_SUCCESS) {
            return HTTP_BAD_REQUEST;
        }
        if (got > ANSHIN_FORM_BODY_MAX - *length) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
        memcpy(buffer + *length, data, got);
        *length += got;
    }
    return OK;
}

static int read_all(request_rec *r, char *buffer, apr_size_t *length)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int ended = 0;
    int answer = OK;

    while (answer == OK && !ended) {
        apr_status_t status = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, READ_BYTES);

        if (status != APR_SUCCESS) {
            answer = ap_map_http_request_error(status, HTTP_BAD_REQUEST);
            break;
        }
        answer = take(bb, buffer, length, &ended);
        apr_brigade_cleanup(bb);
    }
    apr_brigade_destroy(bb);
    return answer;
}

int anshin_body_discard(request_rec *r)
{
    apr_bucket_brigade *brigade;
    apr_off_t length, total = 0;
    apr_status_t rv;

    if (r->connection->master == NULL || !ap_request_has_body(r)) {
        return OK;
    }
    brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    do {
        rv = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, HUGE_STRING_LEN);
        if (rv != APR_SUCCESS) {
            return ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        }
        if (APR_BRIGADE_EMPTY(brigade) || APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade))) {
            return OK;
        }
        rv = apr_brigade_length(brigade, 1, &length);
        total += length;
        apr_brigade_cleanup(brigade);
    } while (rv == APR_SUCCESS && total < DISCARD_MAX);
    return OK;
}

/* Refuse without having read. OK is never returned. */
static int refuse(request_rec *r, int status)
{
    int answer = anshin_body_discard(r);

    r->connection->keepalive = AP_CONN_CLOSE; /* rather than read what nobody wants */
    return answer == OK ? status : answer;
}

int anshin_body_form(request_rec *r, const anshin_crypto_t *crypto, anshin_form_t **form, anshin_error_t *err)
{
    apr_size_t length = 0;
    char *buffer;
    int answer;

    *form = NULL;
    if (announced_too_long(r)) {
        return refuse(r, HTTP_REQUEST_ENTITY_TOO_LARGE);
    }
    if (!is_form(r)) {
        return refuse(r, HTTP_UNSUPPORTED_MEDIA_TYPE);
    }
    buffer = apr_palloc(r->pool, ANSHIN_FORM_BODY_MAX);
    answer = read_all(r, buffer, &length);
    if (answer == OK && anshin_form_parse(form, buffer, length, err, r->pool) != APR_SUCCESS) {
        answer = HTTP_BAD_REQUEST;
    } else if (answer != OK) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    crypto->wipe(crypto->ctx, buffer, length);
    return answer;
}

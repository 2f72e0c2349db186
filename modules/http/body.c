/*
 * Reading a form from a request's body.
 *
 * SECURITY: faces strangers. The limit holds whether or not the client announces a length; the buffer is of fixed size
 * and wiped on every way out, since it holds passwords. The whole body has a deadline: mod_reqtimeout sees nothing of
 * HTTP/2, whose streams may be silent for as long as Timeout says.
 */
#include "http/body.h"

#include <apr_buckets.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>
#include <util_filter.h>

#define READ_BYTES 8192
#define DISCARD_MAX 65536
#define DISCARD_WAIT apr_time_from_msec(500) /* for what is on its way already */
#define PAUSE_MIN apr_time_from_msec(1)
#define PAUSE_MAX apr_time_from_msec(50)

static int is_form(const request_rec *r)
{
    return anshin_form_type(apr_table_get(r->headers_in, "Content-Type"),
                            apr_table_get(r->headers_in, "Content-Encoding"));
}

static int announced_too_long(const request_rec *r, apr_size_t most)
{
    const char *text = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t length;
    char *end;

    /* httpd has refused what is no number. */
    return text != NULL && (apr_strtoff(&length, text, &end, 10) != APR_SUCCESS || length > (apr_off_t)most);
}

typedef struct buffer_t {
    char *data;
    apr_size_t length;
    apr_size_t most;
} buffer_t;

/* Append what the brigade holds to buffer; *ended when the body is over. */
static int take(apr_bucket_brigade *bb, buffer_t *buffer, int *ended)
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
        if (got > buffer->most - buffer->length) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
        memcpy(buffer->data + buffer->length, data, got);
        buffer->length += got;
    }
    return OK;
}

/* The next part of the body. No filter can be told how long to wait for it, so it is asked for again and again, at
 * first after a moment. *waited counts for the whole body; APR_TIMEUP once it has come to most. */
static apr_status_t next_part(request_rec *r, apr_bucket_brigade *bb, apr_interval_time_t most,
                              apr_interval_time_t *waited)
{
    for (;;) {
        apr_status_t status = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_NONBLOCK_READ, READ_BYTES);
        apr_interval_time_t pause = *waited / 8;

        if (status == APR_SUCCESS ? !APR_BRIGADE_EMPTY(bb) : !APR_STATUS_IS_EAGAIN(status)) {
            return status;
        }
        if (*waited >= most) {
            return APR_TIMEUP;
        }
        pause = pause < PAUSE_MIN ? PAUSE_MIN : pause > PAUSE_MAX ? PAUSE_MAX : pause;
        apr_sleep(pause);
        *waited += pause;
    }
}

static int read_all(request_rec *r, apr_interval_time_t most, buffer_t *buffer)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_interval_time_t waited = 0;
    int ended = 0;
    int answer = OK;

    while (answer == OK && !ended) {
        apr_status_t status = next_part(r, bb, most, &waited);

        if (status != APR_SUCCESS) {
            answer = APR_STATUS_IS_TIMEUP(status) ? HTTP_REQUEST_TIME_OUT
                                                  : ap_map_http_request_error(status, HTTP_BAD_REQUEST);
            break;
        }
        answer = take(bb, buffer, &ended);
        apr_brigade_cleanup(bb);
    }
    apr_brigade_destroy(bb);
    if (answer != OK) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    return answer;
}

int anshin_body_discard(request_rec *r)
{
    apr_bucket_brigade *bb;
    apr_interval_time_t waited = 0;
    apr_off_t total = 0;
    apr_status_t status = APR_SUCCESS;

    if (r->connection->master == NULL || !ap_request_has_body(r)) {
        return OK;
    }
    bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    while (status == APR_SUCCESS && total < DISCARD_MAX) {
        apr_off_t length = 0;

        status = next_part(r, bb, DISCARD_WAIT, &waited);
        if (status == APR_SUCCESS && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb))) {
            break;
        }
        if (status == APR_SUCCESS) {
            status = apr_brigade_length(bb, 1, &length);
            total += length;
        }
        apr_brigade_cleanup(bb);
    }
    return status == APR_SUCCESS || APR_STATUS_IS_TIMEUP(status) ? OK
                                                                 : ap_map_http_request_error(status, HTTP_BAD_REQUEST);
}

/* Refuse without having read. OK is never returned. */
static int refuse(request_rec *r, int status)
{
    int answer = anshin_body_discard(r);

    r->connection->keepalive = AP_CONN_CLOSE; /* rather than read what nobody wants */
    return answer == OK ? status : answer;
}

int anshin_body_form(request_rec *r, const anshin_env_t *env, int most, anshin_form_t **form, anshin_error_t *err)
{
    const anshin_crypto_t *crypto = env->crypto;
    buffer_t buffer = {.most = ANSHIN_FORM_BODY_MAX};
    int answer;

    *form = NULL;
    if (announced_too_long(r, buffer.most)) {
        return refuse(r, HTTP_REQUEST_ENTITY_TOO_LARGE);
    }
    if (!is_form(r)) {
        return refuse(r, HTTP_UNSUPPORTED_MEDIA_TYPE);
    }
    buffer.data = apr_palloc(r->pool, buffer.most);
    answer = read_all(r, env->config->server.body_timeout, &buffer);
    if (answer == OK && anshin_form_parse(form, buffer.data, buffer.length, most, err, r->pool) != APR_SUCCESS) {
        answer = HTTP_BAD_REQUEST;
    }
    crypto->wipe(crypto->ctx, buffer.data, buffer.length);
    return answer;
}

static int is_of_type(const request_rec *r, const char *type)
{
    const char *given = apr_table_get(r->headers_in, "Content-Type");
    apr_size_t length = given != NULL ? strcspn(given, "; \t") : 0;

    return length == strlen(type) && ap_cstr_casecmpn(given, type, length) == 0 &&
           apr_table_get(r->headers_in, "Content-Encoding") == NULL;
}

int anshin_body_octets(request_rec *r, const anshin_env_t *env, const char *type, apr_size_t most, anshin_bytes_t *body)
{
    buffer_t buffer = {.most = most};
    int answer;

    if (announced_too_long(r, most)) {
        return refuse(r, HTTP_REQUEST_ENTITY_TOO_LARGE);
    }
    if (!is_of_type(r, type)) {
        return refuse(r, HTTP_UNSUPPORTED_MEDIA_TYPE);
    }
    buffer.data = apr_palloc(r->pool, most);
    answer = read_all(r, env->config->server.body_timeout, &buffer);
    *body = (anshin_bytes_t){(const unsigned char *)buffer.data, buffer.length};
    return answer;
}

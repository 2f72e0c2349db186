/*
 * Closing an HTTP/2 connection: see goaway.h.
 *
 * An output filter of the connection follows the frames that mod_http2 writes (RFC 9113 4.1), to know where one ends:
 * only there can another be put in. It reads nothing but the nine octets at the head of each frame.
 */
#include "auth/goaway.h"

#include <apr_atomic.h>
#include <http_protocol.h>
#include <util_filter.h>

#define FILTER "ANSHIN_GOAWAY"
#define HEAD_OCTETS 9

struct anshin_goaway_t {
    apr_uint32_t asked; /* set by any thread */
    int sent;
    unsigned char head[HEAD_OCTETS];
    apr_size_t have;    /* octets of the head that were seen */
    apr_size_t payload; /* octets that are to come before the next head */
};

/* Length 8, type 7, no flags, stream 0; last stream 2^31-1, error 0. */
static const char frame[] = {0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, (char)0xff, (char)0xff, (char)0xff, 0, 0, 0, 0};

static void follow(anshin_goaway_t *goaway, const unsigned char *data, apr_size_t length)
{
    while (length > 0) {
        apr_size_t step;

        if (goaway->payload > 0) {
            step = length < goaway->payload ? length : goaway->payload;
            goaway->payload -= step;
        } else {
            step = 1;
            goaway->head[goaway->have++] = *data;
            if (goaway->have == HEAD_OCTETS) {
                goaway->payload =
                    (apr_size_t)goaway->head[0] << 16 | (apr_size_t)goaway->head[1] << 8 | goaway->head[2];
                goaway->have = 0;
            }
        }
        data += step;
        length -= step;
    }
}

/* Put the frame in before a bucket, where it is wanted and may stand. */
static void put_in(anshin_goaway_t *goaway, ap_filter_t *filter, apr_bucket *before)
{
    int fits = goaway->have == 0 && goaway->payload == 0;

    if (fits && !goaway->sent && apr_atomic_read32(&goaway->asked)) {
        goaway->sent = 1;
        APR_BUCKET_INSERT_BEFORE(before, apr_bucket_immortal_create(frame, sizeof(frame), filter->c->bucket_alloc));
    }
}

static apr_status_t watch(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    anshin_goaway_t *goaway = filter->ctx;
    int written = 0;

    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade) && !goaway->sent;
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t length;
        apr_status_t status;

        if (written) {
            put_in(goaway, filter, bucket);
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        status = apr_bucket_read(bucket, &data, &length, APR_BLOCK_READ);
        if (status != APR_SUCCESS) {
            return status;
        }
        follow(goaway, (const unsigned char *)data, length);
        written = 1;
    }
    if (written) {
        put_in(goaway, filter, APR_BRIGADE_SENTINEL(brigade));
    }
    if (goaway->sent) {
        ap_remove_output_filter(filter);
    }
    return ap_pass_brigade(filter->next, brigade);
}

anshin_goaway_t *anshin_goaway_watch(conn_rec *c)
{
    anshin_goaway_t *goaway;

    if (strcmp(ap_get_protocol(c), "h2") != 0) {
        return NULL;
    }
    goaway = apr_pcalloc(c->pool, sizeof(*goaway));
    ap_add_output_filter(FILTER, goaway, NULL, c);
    return goaway;
}

void anshin_goaway_ask(anshin_goaway_t *goaway)
{
    if (goaway != NULL) {
        apr_atomic_set32(&goaway->asked, 1);
    }
}

void anshin_goaway_filters(void)
{
    ap_register_output_filter(FILTER, watch, NULL, AP_FTYPE_CONNECTION);
}

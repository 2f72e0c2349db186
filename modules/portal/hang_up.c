/*
 * Ending a client's connection after an answer (LOG-3).
 *
 * HTTP/1.1 has "Connection: close" for it, HTTP/2 has not, and mod_http2 offers no function. What it does offer: when
 * its connection's input ends, it says GOAWAY with the last request that it took (RFC 9113 6.8), and the browser sends
 * the next one over a connection of its own. So a filter between TLS and mod_http2 lets the input end once a request
 * has asked for it; not at once, since mod_http2 then drops answers that are not sent yet, but when something arrives
 * after a moment.
 */
#include "portal/portal.h"

#include <apr_atomic.h>
#include <http_connection.h>
#include <http_protocol.h>
#include <util_filter.h>

#define FILTER "ANSHIN_HANG_UP"
#define MOMENT 2 /* seconds, one more or less by rounding */

/* Of a connection that a client opened; requests of HTTP/2 set it from threads of their own. */
typedef struct line_t {
    apr_uint32_t over_at; /* seconds since 1970; 0: goes on */
} line_t;

static apr_status_t read_input(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode, apr_read_type_e block,
                               apr_off_t bytes)
{
    line_t *line = f->ctx;
    apr_uint32_t over_at = apr_atomic_read32(&line->over_at);

    if (over_at != 0 && (apr_uint32_t)apr_time_sec(apr_time_now()) >= over_at && mode != AP_MODE_INIT) {
        return APR_EOF;
    }
    return ap_get_brigade(f->next, bb, mode, block, bytes);
}

int anshin_hang_up_prepare(conn_rec *c, void *socket)
{
    line_t *line;

    (void)socket;
    if (c->master != NULL) { /* one request of HTTP/2 */
        return DECLINED;
    }
    line = apr_pcalloc(c->pool, sizeof *line);
    ap_set_module_config(c->conn_config, &anshin_portal_module, line);
    ap_add_input_filter(FILTER, line, NULL, c);
    return OK;
}

void anshin_hang_up(request_rec *r)
{
    conn_rec *c = r->connection;
    line_t *line = c->master ? ap_get_module_config(c->master->conn_config, &anshin_portal_module) : NULL;

    if (line != NULL) {
        apr_atomic_set32(&line->over_at, (apr_uint32_t)apr_time_sec(apr_time_now()) + MOMENT);
        return;
    }
    c->keepalive = AP_CONN_CLOSE;
    apr_table_setn(r->err_headers_out, "Connection", "close");
}

void anshin_hang_up_register(void)
{
    ap_register_input_filter(FILTER, read_input, NULL, AP_FTYPE_CONNECTION + 1);
}

/*
 * The OCSP responder over HTTP: see ocsp.h.
 *
 * SECURITY: anybody asks, by plain http as well: what is answered is signed. A request is bounded before it is read,
 * and what does not end in an answer costs no more than a look at it.
 */
#include "portal/files/ocsp.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>

#include "core/certificate/responder.h"
#include "http/body.h"
#include "http/page_headers.h"
#include "portal/request/link_token.h"
#include "portal/request/page.h"

APLOG_USE_MODULE(anshin_portal);

#define PREFIX "/ca/" ANSHIN_OCSP_NAME "/"
#define REQUEST_TYPE "application/ocsp-request"
#define RESPONSE_TYPE "application/ocsp-response"

/* --- requests --------------------------------------------------------------------------------------------------- */

int anshin_ocsp_shorten(request_rec *r)
{
    anshin_request_state_t state;
    apr_size_t length;
    char *at;

    if (anshin_link_token_is_none(r)) { /* nearly all */
        return DECLINED;
    }
    at = r->parsed_uri.path != NULL ? strstr(r->parsed_uri.path, PREFIX) : NULL;
    if (at == NULL) {
        return DECLINED;
    }
    anshin_request_state_get(r, &state);
    length = (apr_size_t)(at - r->parsed_uri.path);
    if (state.contract != NULL && strlen(state.contract->portal_base) == length &&
        strncmp(r->parsed_uri.path, state.contract->portal_base, length) == 0) {
        at[strlen(PREFIX)] = '\0';
        r->uri = r->parsed_uri.path;
    }
    return DECLINED;
}

/* From the address as it came: percent-encoded base64, whose slashes the path would not keep. 0: it is none. */
static int read_address(request_rec *r, const anshin_contract_t *contract, anshin_bytes_t *der)
{
    const char *prefix = apr_pstrcat(r->pool, contract->portal_base, PREFIX, NULL);
    const char *at = r->unparsed_uri != NULL ? ap_strstr_c(r->unparsed_uri, prefix) : NULL;
    char *text = at != NULL ? apr_pstrdup(r->pool, at + strlen(prefix)) : NULL;

    if (text == NULL) {
        return 0;
    }
    text[strcspn(text, "?#")] = '\0';
    if (ap_unescape_url_keep2f(text, 1) != OK) {
        return 0;
    }
    der->data = apr_pdecode_base64_binary(r->pool, text, APR_ENCODE_STRING, APR_ENCODE_NONE, &der->length);
    return der->data != NULL;
}

/* OK, also where there is nothing to read: that is malformed. Else the status to answer with. */
static int read_request(request_rec *r, const anshin_request_state_t *state, int in_address, anshin_bytes_t *der)
{
    if (r->method_number == M_POST) {
        return anshin_body_octets(r, state->env, REQUEST_TYPE, ANSHIN_OCSP_REQUEST_MAX, der);
    }
    if (r->method_number == M_GET && in_address) {
        if (!read_address(r, state->contract, der)) {
            *der = (anshin_bytes_t){NULL, 0};
        }
        return OK;
    }
    apr_table_setn(r->err_headers_out, "Allow", in_address ? "GET, HEAD, POST" : "POST");
    return HTTP_METHOD_NOT_ALLOWED;
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

/* RFC 5019 6.2: as long as it counts. */
static void set_cached(request_rec *r, const anshin_op_t *op, const anshin_ocsp_response_t *response)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char digest[ANSHIN_DIGEST_BYTES];
    char *expires = apr_palloc(r->pool, APR_RFC822_DATE_LEN);
    apr_time_t rest = response->next_update - r->request_time;

    anshin_page_headers_cached(r, apr_psprintf(r->pool,
                                               "public, max-age=%" APR_TIME_T_FMT ", no-transform, must-revalidate",
                                               rest > 0 ? apr_time_sec(rest) : 0));
    ap_update_mtime(r, response->this_update);
    ap_set_last_modified(r);
    (void)apr_rfc822_date(expires, response->next_update);
    apr_table_setn(r->headers_out, "Expires", expires);
    if (crypto->digest(crypto->ctx, digest, response->der.data, response->der.length) == APR_SUCCESS) {
        apr_table_setn(r->headers_out, "ETag",
                       apr_pstrcat(r->pool, "\"", anshin_hex(digest, sizeof(digest), r->pool), "\"", NULL));
    }
}

static int send_answer(request_rec *r, const anshin_op_t *op, const anshin_ocsp_response_t *response)
{
    int answer = OK;

    if (response->next_update != 0) {
        set_cached(r, op, response);
        answer = r->method_number == M_GET ? ap_meets_conditions(r) : OK;
    } else {
        anshin_page_headers(r, NULL);
    }
    ap_set_content_type(r, RESPONSE_TYPE);
    if (answer != OK) {
        r->status = answer; /* 304 or 412: headers alone, of ours */
        return OK;
    }
    ap_set_content_length(r, (apr_off_t)response->der.length);
    (void)ap_rwrite(response->der.data, (int)response->der.length, r);
    return OK;
}

int anshin_ocsp_serve(request_rec *r, const anshin_request_state_t *state, const char *name)
{
    const anshin_actor_t stranger = {.kind = ANSHIN_ACTOR_STRANGER, .address = r->useragent_ip};
    anshin_bytes_t der = {NULL, 0};
    anshin_ocsp_response_t response;
    anshin_op_t op;
    apr_status_t status;
    int answer = read_request(r, state, name[strlen(ANSHIN_OCSP_NAME)] == '/', &der);

    if (answer != OK) {
        return answer == AP_FILTER_ERROR ? answer : anshin_page_bare(r, answer);
    }
    anshin_op_init(&op, state->env, NULL, &stranger, r->pool);
    status = anshin_responder_answer(&op, &der, &response);
    if (status != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, status == ANSHIN_EBUSY ? APLOG_INFO : APLOG_ERR, 0, r,
                      "AN1214: an OCSP request could not be answered: %s (%s)", op.error.text, op.error.id);
    }
    return send_answer(r, &op, &response);
}

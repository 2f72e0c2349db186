/*
 * OCSP: see ocsp.h.
 */
#include "core/certificate/ocsp.h"

#include <string.h>

#include <apr_encode.h>
#include <apr_strings.h>

#include "core/certificate/certificate.h"

#define LANE "kept"
#define AHEAD "ahead"
#define MARK '.'

static const char *key_of(const anshin_op_t *op, const anshin_ocsp_request_t *request)
{
    return request->issuer == NULL ? apr_pstrcat(op->pool, AHEAD "/", request->asked[0], NULL)
                                   : apr_psprintf(op->pool, LANE "/%s%c%s", request->issuer, MARK, request->asked[0]);
}

/* --- what is said ----------------------------------------------------------------------------------------------- */

/* ca NULL: what is kept was of the right one when it was made. */
static apr_status_t look_up_one(anshin_txn_t *txn, const char *serial, const anshin_revoked_ca_t *ca,
                                anshin_ocsp_state_t *state)
{
    anshin_certificate_t certificate;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_certificate, serial, &certificate);

    *state = (anshin_ocsp_state_t){.status = ANSHIN_OCSP_UNKNOWN};
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (ca != NULL && !anshin_revoked_is_whose(certificate.ca, ca)) {
        return APR_SUCCESS;
    }
    if (certificate.state == ANSHIN_CERTIFICATE_REVOKED) {
        *state = (anshin_ocsp_state_t){ANSHIN_OCSP_REVOKED, certificate.revoked_at, (int)certificate.reason};
    } else if (certificate.state == ANSHIN_CERTIFICATE_ACTIVE) {
        state->status = ANSHIN_OCSP_GOOD;
    }
    return APR_SUCCESS;
}

typedef struct looking_t {
    const anshin_ocsp_request_t *request;
    const anshin_revoked_ca_t *ca;
    anshin_ocsp_state_t *states;
} looking_t;

static apr_status_t look_up(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const looking_t *looking = baton;
    apr_status_t status = APR_SUCCESS;

    (void)op;
    for (apr_size_t i = 0; i < looking->request->count && status == APR_SUCCESS; i++) {
        status = look_up_one(txn, looking->request->asked[i], looking->ca, &looking->states[i]);
    }
    return status;
}

apr_status_t anshin_ocsp_look_up(anshin_op_t *op, const anshin_ocsp_request_t *request, const anshin_revoked_ca_t *ca,
                                 anshin_ocsp_state_t states[ANSHIN_OCSP_ASKED_MAX])
{
    return anshin_op_read(op, look_up, &(looking_t){request, ca, states});
}

/* --- what is kept ----------------------------------------------------------------------------------------------- */

apr_status_t anshin_ocsp_ahead(anshin_op_t *op, anshin_txn_t *txn, const char *serial)
{
    const anshin_ocsp_request_t request = {.asked = {serial}};
    const anshin_ocsp_t record = {.response = NULL};
    const char *key = key_of(op, &request);
    apr_status_t status = anshin_txn_put(txn, &anshin_record_ocsp, key, &record);

    /* A store may be a second late. */
    return status == APR_SUCCESS
               ? anshin_txn_due(txn, &anshin_record_ocsp, key, apr_time_from_sec(apr_time_sec(op->now)))
               : status;
}

static apr_time_t revoked_at(const anshin_ocsp_state_t *state)
{
    return state->status == ANSHIN_OCSP_REVOKED ? state->revoked_at : 0;
}

static apr_status_t put(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_ocsp_keep_t *keep = baton;
    const anshin_ocsp_response_t *response = keep->response;
    const char *key = key_of(op, keep->request);
    anshin_ocsp_t record;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_ocsp, key, &record);

    if (status == ANSHIN_ENOTFOUND) {
        memset(&record, 0, sizeof(record));
        status = APR_SUCCESS;
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    record.response = apr_pencode_base64_binary(op->pool, response->der.data, (apr_ssize_t)response->der.length,
                                                APR_ENCODE_NONE, NULL);
    record.this_update = response->this_update;
    record.next_update = response->next_update;
    record.revoked_at = revoked_at(keep->state);
    record.sha256 = keep->request->sha256;
    record.asked_at = keep->asked ? op->now : record.asked_at;
    status = anshin_txn_put(txn, &anshin_record_ocsp, key, &record);
    if (status == APR_SUCCESS && keep->ahead) {
        const anshin_ocsp_request_t served = {.asked = {keep->request->asked[0]}};

        status = anshin_txn_delete(txn, &anshin_record_ocsp, key_of(op, &served));
    }
    return status == APR_SUCCESS
               ? anshin_txn_due(txn, &anshin_record_ocsp, key,
                                response->this_update + (response->next_update - response->this_update) / 2)
               : status;
}

apr_status_t anshin_ocsp_keep(anshin_op_t *op, const anshin_ocsp_keep_t *keep)
{
    anshin_ocsp_keep_t kept = *keep;

    return anshin_op_write(op, ANSHIN_LAZY, put, &kept);
}

typedef struct finding_t {
    const anshin_ocsp_request_t *request;
    anshin_ocsp_t record;
    anshin_ocsp_state_t state;
} finding_t;

static apr_status_t find(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    finding_t *finding = baton;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_ocsp, key_of(op, finding->request), &finding->record);

    return status == APR_SUCCESS ? look_up_one(txn, finding->request->asked[0], NULL, &finding->state) : status;
}

apr_status_t anshin_ocsp_kept(anshin_op_t *op, const anshin_ocsp_request_t *request, anshin_ocsp_response_t *response)
{
    finding_t finding = {.request = request};
    const anshin_ocsp_t *record = &finding.record;
    apr_status_t status = anshin_op_read(op, find, &finding);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (finding.state.status == ANSHIN_OCSP_UNKNOWN || record->revoked_at != revoked_at(&finding.state) ||
        record->response == NULL || op->now < record->this_update || op->now >= record->next_update) {
        return ANSHIN_ENOTFOUND;
    }
    response->der.data = apr_pdecode_base64_binary(op->pool, record->response, APR_ENCODE_STRING, APR_ENCODE_NONE,
                                                   &response->der.length);
    response->this_update = record->this_update;
    response->next_update = record->next_update;
    return response->der.data != NULL
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1211", "an OCSP answer in the store is not base64");
}

/* --- what is to be made anew ------------------------------------------------------------------------------------ */

/* Of a key LANE/ISSUER.SERIAL. 0: it is none. */
static int parse_key(anshin_ocsp_request_t *request, const char *key, apr_pool_t *pool)
{
    const char *issuer = strchr(key, '/');
    const char *mark = issuer != NULL ? strchr(issuer, MARK) : NULL;

    if (mark == NULL) {
        return 0;
    }
    request->issuer = apr_pstrmemdup(pool, issuer + 1, (apr_size_t)(mark - issuer - 1));
    request->asked[0] = apr_pstrdup(pool, mark + 1);
    request->count = 1;
    return 1;
}

/* Of a key of either lane. ANSHIN_ENOTFOUND: nothing is to be done about it. */
static apr_status_t look_at(anshin_ocsp_aging_t *found, anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    anshin_certificate_t certificate;
    anshin_ocsp_t record;
    apr_status_t status;

    *found = (anshin_ocsp_aging_t){.wanted = 1};
    if (parse_key(&found->request, key, op->pool)) {
        status = anshin_txn_get(txn, &anshin_record_ocsp, key, &record);
        found->request.sha256 = status == APR_SUCCESS && record.sha256 != 0;
        found->wanted = status == APR_SUCCESS && record.asked_at + ANSHIN_OCSP_MEMORY > op->now;
        return status;
    }
    found->request.asked[0] = apr_pstrdup(op->pool, key + strlen(AHEAD "/"));
    found->request.count = 1;
    status = anshin_txn_get(txn, &anshin_record_certificate, found->request.asked[0], &certificate);
    found->wanted = status == APR_SUCCESS;
    found->ca = status == APR_SUCCESS ? certificate.ca : NULL;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t list_lane(anshin_op_t *op, anshin_txn_t *txn, const char *lane, apr_array_header_t *aging)
{
    const anshin_due_queue_t queue = {&anshin_record_ocsp, lane};
    apr_array_header_t *due;
    apr_status_t status = anshin_txn_list_due(txn, &queue, ANSHIN_OCSP_TAKE - aging->nelts, &due);

    for (int i = 0; status == APR_SUCCESS && i < due->nelts; i++) {
        const anshin_due_entry_t *entry = &APR_ARRAY_IDX(due, i, anshin_due_entry_t);
        anshin_ocsp_aging_t found;

        if (entry->when > op->now) {
            continue;
        }
        status = look_at(&found, op, txn, entry->key);
        if (status == APR_SUCCESS) {
            APR_ARRAY_PUSH(aging, anshin_ocsp_aging_t) = found;
        }
    }
    return status;
}

static apr_status_t list_aging(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_array_header_t *aging = baton;
    apr_status_t status;

    apr_array_clear(aging);
    status = list_lane(op, txn, AHEAD, aging);
    return status == APR_SUCCESS && aging->nelts < ANSHIN_OCSP_TAKE ? list_lane(op, txn, LANE, aging) : status;
}

apr_status_t anshin_ocsp_aging(anshin_op_t *op, apr_array_header_t **aging)
{
    *aging = apr_array_make(op->pool, 8, sizeof(anshin_ocsp_aging_t));
    return anshin_op_read(op, list_aging, *aging);
}

static apr_status_t forget(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_ocsp_request_t *request = baton;

    return anshin_txn_delete(txn, &anshin_record_ocsp, key_of(op, request));
}

apr_status_t anshin_ocsp_forget(anshin_op_t *op, const anshin_ocsp_request_t *request)
{
    anshin_ocsp_request_t forgotten = *request;

    return anshin_op_write(op, ANSHIN_LAZY, forget, &forgotten);
}

anshin_ocsp_response_t anshin_ocsp_refuse(anshin_ocsp_refusal_t refusal, apr_pool_t *pool)
{
    /* SEQUENCE { ENUMERATED refusal } */
    const unsigned char der[] = {0x30, 0x03, 0x0a, 0x01, (unsigned char)refusal};

    return (anshin_ocsp_response_t){.der = {apr_pmemdup(pool, der, sizeof(der)), sizeof(der)}};
}

/*
 * The requests that the signer takes: see request.h.
 *
 * SECURITY: the worker may have been taken over. What it can get here is certificates for client authentication (and
 * other uses of a closed list), with a name, an organization, a mail address and a time within bounds, lists of revoked
 * ones, OCSP answers, profiles for Apple devices, and nothing else: no signature over octets of its choice, no CA, no
 * server. Names are not proven here, they cannot be: whom a certificate lets in is decided by the store, by serial and
 * fingerprint.
 */
#include "ca/signer/request.h"

#include <limits.h>
#include <string.h>

#include "ca/signer/apple.h"
#include "ca/signer/crl.h"
#include "ca/signer/ocsp.h"
#include "crypto/ocsp.h"
#include "core/base/address.h"

#define SPKI_MIN 32
#define SPKI_MAX 1024 /* RSA of 4,096 bits takes 550 */
#define URL_MAX 400
#define NAME_MAX_OCTETS 256

typedef apr_status_t handler_fn(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer, apr_time_t now,
                                anshin_error_t *err, apr_pool_t *pool);

typedef struct request_t {
    unsigned char type;
    unsigned char answer;
    handler_fn *handle; /* appends to the answer, whose head is there already */
} request_t;

/* --- hello ------------------------------------------------------------------------------------------------------ */

static apr_status_t put_ca(anshin_wire_t *answer, const anshin_signer_ca_t *opened, anshin_error_t *err,
                           apr_pool_t *pool)
{
    const anshin_ca_t *ca = opened->ca;
    const anshin_bytes_t certificate = ca != NULL ? anshin_ca_certificate(ca) : (anshin_bytes_t){NULL, 0};
    apr_status_t status = anshin_wire_put_text(answer, ca != NULL ? anshin_ca_opened_id(ca) : "");

    if (status == APR_SUCCESS) {
        status = anshin_wire_put_number(answer, ca != NULL ? (apr_uint64_t)apr_time_sec(anshin_ca_end(ca)) : 0);
    }
    for (int sha256 = 0; sha256 < 2 && status == APR_SUCCESS; sha256++) {
        const char *issuer = "";

        status = ca != NULL ? anshin_ocsp_issuer(&issuer, sha256, &certificate, err, pool) : status;
        status = status == APR_SUCCESS ? anshin_wire_put_text(answer, issuer) : status;
    }
    return status == APR_SUCCESS ? anshin_wire_put_text(answer, opened->why) : status;
}

static apr_status_t handle_hello(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer, apr_time_t now,
                                 anshin_error_t *err, apr_pool_t *pool)
{
    apr_uint64_t version;
    apr_status_t status;

    (void)now;
    if (anshin_wire_get_number(request, &version) != APR_SUCCESS || anshin_wire_get_end(request) != APR_SUCCESS) {
        return anshin_signer_malformed(err);
    }
    if (version != ANSHIN_WIRE_VERSION) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0711", "signer: worker and signer are of different versions");
    }
    status = anshin_wire_put_number(answer, ANSHIN_WIRE_VERSION);
    for (int i = 0; status == APR_SUCCESS && i < signer->cas->nelts; i++) {
        status = put_ca(answer, &APR_ARRAY_IDX(signer->cas, i, anshin_signer_ca_t), err, pool);
    }
    status = status == APR_SUCCESS ? anshin_wire_put_text(answer, signer->apple.why) : status;
    return status == APR_SUCCESS
               ? status
               : anshin_fail(err, ANSHIN_EFAULT, "AN0712", "signer: there are more CAs than fit into a message");
}

/* --- issue ------------------------------------------------------------------------------------------------------ */

static apr_status_t parse_issue(anshin_issue_t *wanted, anshin_wire_t *request, apr_time_t now, anshin_error_t *err,
                                apr_pool_t *pool)
{
    const apr_uint64_t longest = (apr_uint64_t)apr_time_sec(ANSHIN_SIGNER_LIFETIME_MAX);
    apr_uint64_t lifetime;
    apr_uint64_t uses;

    memset(wanted, 0, sizeof(*wanted));
    if (anshin_wire_get_string(request, &wanted->public_key, SPKI_MIN, SPKI_MAX) != APR_SUCCESS ||
        anshin_wire_get_string(request, &wanted->serial, 1, ANSHIN_WIRE_SERIAL_MAX) != APR_SUCCESS ||
        anshin_wire_get_text(request, &wanted->common_name, NAME_MAX_OCTETS, pool) != APR_SUCCESS ||
        anshin_wire_get_text(request, &wanted->organization, NAME_MAX_OCTETS, pool) != APR_SUCCESS ||
        anshin_wire_get_text(request, &wanted->organizational_unit, NAME_MAX_OCTETS, pool) != APR_SUCCESS ||
        anshin_wire_get_text(request, &wanted->mail, ANSHIN_ADDRESS_MAX, pool) != APR_SUCCESS ||
        anshin_wire_get_number(request, &uses) != APR_SUCCESS || uses > INT_MAX ||
        anshin_wire_get_number(request, &lifetime) != APR_SUCCESS ||
        anshin_wire_get_text(request, &wanted->crl_url, URL_MAX, pool) != APR_SUCCESS ||
        anshin_wire_get_text(request, &wanted->ocsp_url, URL_MAX, pool) != APR_SUCCESS ||
        anshin_wire_get_end(request) != APR_SUCCESS) {
        return anshin_signer_malformed(err);
    }
    if (*wanted->common_name == '\0') {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0713", "signer: a certificate must have a name");
    }
    if (lifetime == 0 || lifetime > longest) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0714",
                           "signer: a lifetime must be 1 to %" APR_UINT64_T_FMT " seconds", longest);
    }
    wanted->uses = (int)uses;
    wanted->not_before = now;
    wanted->not_after = now + apr_time_from_sec((apr_int64_t)lifetime);
    return APR_SUCCESS;
}

static apr_status_t handle_issue(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer, apr_time_t now,
                                 anshin_error_t *err, apr_pool_t *pool)
{
    anshin_issue_t wanted;
    anshin_issued_t issued;
    anshin_bytes_t own;
    anshin_signer_ca_t *ca;
    apr_status_t status = anshin_signer_get_ca(&ca, signer, request, err, pool);

    if (status == APR_SUCCESS) {
        status = parse_issue(&wanted, request, now, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = anshin_ca_issue(&issued, ca->ca, &wanted, err, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    own = anshin_ca_certificate(ca->ca);
    if (anshin_wire_put_string(answer, issued.certificate.data, issued.certificate.length) != APR_SUCCESS ||
        anshin_wire_put_text(answer, issued.fingerprint) != APR_SUCCESS ||
        anshin_wire_put_number(answer, (apr_uint64_t)apr_time_sec(issued.not_before)) != APR_SUCCESS ||
        anshin_wire_put_number(answer, (apr_uint64_t)apr_time_sec(issued.not_after)) != APR_SUCCESS ||
        anshin_wire_put_string(answer, own.data, own.length) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0715", "signer: a certificate is too long for a message");
    }
    return APR_SUCCESS;
}

/* --- the table -------------------------------------------------------------------------------------------------- */

static const request_t requests[] = {
    {ANSHIN_WIRE_HELLO, ANSHIN_WIRE_WELCOME, handle_hello},
    {ANSHIN_WIRE_ISSUE, ANSHIN_WIRE_ISSUED, handle_issue},
    {ANSHIN_WIRE_CRL_BEGIN, ANSHIN_WIRE_CRL_BEGUN, anshin_signer_crl_begin},
    {ANSHIN_WIRE_CRL_ADD, ANSHIN_WIRE_CRL_ADDED, anshin_signer_crl_add},
    {ANSHIN_WIRE_CRL_END, ANSHIN_WIRE_CRL_ENDED, anshin_signer_crl_end},
    {ANSHIN_WIRE_CRL_READ, ANSHIN_WIRE_CRL_PART, anshin_signer_crl_read},
    {ANSHIN_WIRE_OCSP, ANSHIN_WIRE_OCSP_SIGNED, anshin_signer_ocsp},
    {ANSHIN_WIRE_APPLE, ANSHIN_WIRE_APPLE_SIGNED, anshin_signer_apple},
};

static const request_t *find_request(unsigned char type)
{
    for (apr_size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (requests[i].type == type) {
            return &requests[i];
        }
    }
    return NULL;
}

static void refuse(anshin_wire_t *answer, apr_uint32_t id, apr_status_t status, const anshin_error_t *err)
{
    anshin_wire_begin(answer, ANSHIN_WIRE_REFUSED, id);
    (void)anshin_wire_put_number(answer,
                                 anshin_wire_refusal(status)); /* three short values fit into an empty message */
    (void)anshin_wire_put_text(answer, err->id);
    if (anshin_wire_put_text(answer, err->text) != APR_SUCCESS) {
        (void)anshin_wire_put_text(answer, "");
    }
}

apr_status_t anshin_signer_answer(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                  apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    const request_t *found;
    unsigned char type = 0;
    apr_uint32_t id = 0;
    apr_status_t status = anshin_wire_get_head(request, &type, &id);

    found = status == APR_SUCCESS ? find_request(type) : NULL;
    if (found == NULL) {
        status = anshin_fail(err, ANSHIN_EINVALID, "AN0716", "signer: a request has the unknown type %d", type);
    } else {
        anshin_wire_begin(answer, found->answer, id);
        status = found->handle(answer, request, signer, now, err, pool);
    }
    if (status != APR_SUCCESS) {
        refuse(answer, id, status, err);
    }
    return status;
}

/*
 * What the signer has in hand: see signer.h.
 */
#include "ca/signer/signer.h"

#include <string.h>

#include "core/config/ca_line.h"

apr_status_t anshin_signer_get_ca(anshin_signer_ca_t **ca, const anshin_signer_t *signer, anshin_wire_t *request,
                                  anshin_error_t *err, apr_pool_t *pool)
{
    const char *id;
    apr_status_t status = anshin_wire_get_text(request, &id, ANSHIN_CA_ID_LENGTH, pool);

    for (int i = 0; status == APR_SUCCESS && i < signer->cas->nelts; i++) {
        *ca = &APR_ARRAY_IDX(signer->cas, i, anshin_signer_ca_t);
        if ((*ca)->ca != NULL && strcmp(anshin_ca_opened_id((*ca)->ca), id) == 0) {
            return APR_SUCCESS;
        }
    }
    return anshin_fail(err, ANSHIN_EINVALID, "AN1231", "signer: a request to a CA that there is not: \"%s\"", id);
}

apr_status_t anshin_signer_malformed(anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EINVALID, "AN0710", "signer: a malformed request");
}

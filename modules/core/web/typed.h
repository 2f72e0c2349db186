/*
 * What was typed into a form that could not be taken, sealed into the address that says why (FLO-2): there the page can
 * be reloaded, gone back to, opened twice and in another language, and nothing of it lies in the store (COST-1).
 *
 * Which fields a page keeps is its row in the portal's route table; passwords, answers and codes are none of them.
 */
#ifndef ANSHIN_CORE_WEB_TYPED_H
#define ANSHIN_CORE_WEB_TYPED_H

#include <jansson.h>

#include "core/context/op.h"
#include "core/web/form.h"

/* Bytes that are kept of a field: more than any page takes, so that what was too long still is; four such fields fit
 * httpd's LimitRequestLine, were they quotation marks alone, which JSON escapes. */
#define ANSHIN_TYPED_FIELD_MAX 600

/* Where it may be shown again: nowhere else. */
typedef struct anshin_typed_place_t {
    const char *browser; /* id */
    const char *account; /* who is logged in: number and ID; "": nobody. NULL, where it is sealed: nobody is any more,
                          * and it is for whom the form's page was shown to, as its CSRF token says */
    const char *path;    /* of the page */
} anshin_typed_place_t;

/* Seal the named fields (NULL behind the last) for op->contract and a place: base64url text in op->pool. It serves as
 * long as a flow would. form: its token is one that anshin_csrf_check() took. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_typed_seal(anshin_op_t *op, const anshin_typed_place_t *place, const anshin_form_t *form,
                               const char *const *names, const char **text);

/* The reverse: an object of texts by field, which goes with op->pool. APR_SUCCESS; ANSHIN_EDENIED (not ours, changed,
 * of another place, or its time is over), which is an answer and leaves no cause in op->error; ANSHIN_EFAULT. */
apr_status_t anshin_typed_unseal(anshin_op_t *op, const anshin_typed_place_t *place, const char *text, json_t **fields);

#endif

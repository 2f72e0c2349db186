/*
 * Fields of a form or query in application/x-www-form-urlencoded (URL standard 5.1), read strictly.
 *
 * Whoever sends what no browser would send gets no guess: the whole form is refused.
 */
#ifndef ANSHIN_CORE_WEB_FORM_H
#define ANSHIN_CORE_WEB_FORM_H

#include "core/base/crypto.h"

#define ANSHIN_FORM_BODY_MAX 16384 /* bytes of a request body */
#define ANSHIN_FORM_FIELDS_MAX 32  /* of a form or query; of one with rows to tick, which are as many as 100: */
#define ANSHIN_FORM_ROWS_MAX 128
#define ANSHIN_FORM_NAME_MAX 64    /* bytes, decoded */
#define ANSHIN_FORM_VALUE_MAX 4096 /* bytes, decoded */

typedef struct anshin_form_t anshin_form_t;

/* 1 when a body of this media type (Content-Type) and coding (Content-Encoding, NULL: none) is such a form: neither
 * multipart nor anything else, nor compressed. type may be NULL. */
int anshin_form_type(const char *type, const char *coding);

/* Parse length bytes (NULL only when 0); the fields are copied into pool. APR_SUCCESS; ANSHIN_EINVALID when there
 * are more than `most` fields, a name is empty or repeated, a name or value is too long, a '%' is not followed by two
 * hexadecimal digits, or something decoded is not UTF-8 (RFC 3629) or holds NUL. The error text holds no value. */
apr_status_t anshin_form_parse(anshin_form_t **form, const char *data, apr_size_t length, int most, anshin_error_t *err,
                               apr_pool_t *pool);

/* The value of a field, NULL when there is none. Owned by the form. */
const char *anshin_form_get(const anshin_form_t *form, const char *name);

/* Overwrite every value, secrets among them; all are "" afterwards. form may be NULL. */
void anshin_form_wipe(anshin_form_t *form, const anshin_crypto_t *crypto);

#endif

/*
 * Forms and queries in application/x-www-form-urlencoded, octet by octet. What is read is what a slow reader of the
 * same octets finds, in its bounds, and gone after wiping; what hides tokens from logs finds every field t.
 */
#include "fuzz.h"

#include <utf8proc.h>

#include "core/web/form.h"
#include "core/web/link_query.h"

/* One name or value decoded, with its NULs counted in *length. */
static const char *decode_slowly(const uint8_t *from, size_t left, size_t *length, apr_pool_t *pool)
{
    char *out = apr_pcalloc(pool, left + 1);

    *length = 0;
    while (left > 0) {
        char digits[3] = {0};
        size_t used = 1;

        if (*from == '%') {
            require(left >= 3); /* it was taken, so it was well formed */
            memcpy(digits, from + 1, 2);
            out[*length] = (char)strtol(digits, NULL, 16);
            used = 3;
        } else {
            out[*length] = (char)(*from == '+' ? ' ' : *from);
        }
        (*length)++;
        from += used;
        left -= used;
    }
    return out;
}

static int is_text(const char *text, size_t length)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    utf8proc_int32_t code;

    while (length > 0) {
        utf8proc_ssize_t used = utf8proc_iterate(at, (utf8proc_ssize_t)length, &code);

        if (used < 1 || code == 0) {
            return 0;
        }
        at += used;
        length -= (size_t)used;
    }
    return 1;
}

static void check_field(const anshin_form_t *form, const uint8_t *at, size_t size, apr_pool_t *pool)
{
    const uint8_t *equals = memchr(at, '=', size);
    size_t name_size = equals != NULL ? (size_t)(equals - at) : size;
    size_t name_length, value_length = 0;
    const char *name = decode_slowly(at, name_size, &name_length, pool);
    const char *value =
        equals != NULL ? decode_slowly(equals + 1, size - name_size - 1, &value_length, pool) : apr_pstrdup(pool, "");

    require(name_length > 0 && name_length <= ANSHIN_FORM_NAME_MAX && is_text(name, name_length));
    require(value_length <= ANSHIN_FORM_VALUE_MAX && is_text(value, value_length));
    require(anshin_form_get(form, name) != NULL && strcmp(anshin_form_get(form, name), value) == 0);
}

static void check_fields(const anshin_form_t *form, const uint8_t *data, size_t size, int most, apr_pool_t *pool)
{
    int count = 0;

    while (size > 0) {
        const uint8_t *stop = memchr(data, '&', size);
        size_t length = stop != NULL ? (size_t)(stop - data) : size;

        if (length > 0) {
            check_field(form, data, length, pool);
            count++;
        }
        data += length + (stop != NULL);
        size -= length + (stop != NULL);
    }
    require(count <= most);
    require(anshin_form_get(form, "") == NULL);
}

static void check_wiped(anshin_form_t *form)
{
    const char *value = anshin_form_get(form, "t");
    size_t length = value != NULL ? strlen(value) : 0;

    anshin_form_wipe(form, fuzz_crypto());
    for (size_t i = 0; i < length; i++) {
        require(value[i] == '\0');
    }
    require(anshin_form_get(form, "t") == NULL);
}

static void check_query(const char *query, apr_pool_t *pool)
{
    const char *token;
    const char *hidden = anshin_link_query_hide(query, &token, pool);
    anshin_form_t *before;
    anshin_form_t *after;
    const char *again;

    if (anshin_form_parse(&before, query, strlen(query), ANSHIN_FORM_FIELDS_MAX, NULL, pool) == APR_SUCCESS) {
        const char *value = anshin_form_get(before, "t");

        require(value == NULL || *value == '\0' || token != NULL);
        if (anshin_form_parse(&after, hidden, strlen(hidden), ANSHIN_FORM_FIELDS_MAX, NULL, pool) == APR_SUCCESS) {
            value = anshin_form_get(after, "t");
            require(value == NULL || *value == '\0' || strcmp(value, "-") == 0);
        }
    }
    require(strlen(hidden) <= 2 * strlen(query));
    require(strcmp(anshin_link_query_hide(hidden, &again, pool), hidden) == 0);
    require((token == NULL) == (again == NULL) && (again == NULL || strcmp(again, "-") == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int most = size % 2 == 0 ? ANSHIN_FORM_FIELDS_MAX : ANSHIN_FORM_ROWS_MAX;
    apr_pool_t *pool = fuzz_pool();
    anshin_error_t err;
    anshin_form_t *form;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_form_parse(&form, (const char *)data, size, most, &err, pool);
    require(status == APR_SUCCESS || (status == ANSHIN_EINVALID && form == NULL && err.text[0] != '\0'));
    if (status == APR_SUCCESS) {
        require(size <= ANSHIN_FORM_BODY_MAX);
        check_fields(form, data, size, most, pool);
        check_wiped(form);
    }
    check_query(fuzz_text(data, size), pool);
    return 0;
}

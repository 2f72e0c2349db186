/*
 * Forms: percent-decoding into one buffer, fields as pointers into it.
 *
 * SECURITY: faces what strangers send. Works on a copy whose length is known beforehand: decoding never grows. All
 * limits are checked before a value is handed out; the buffer holds passwords, so anshin_form_wipe() clears it as a
 * whole.
 */
#include "core/web/form.h"

#include <string.h>
#include <strings.h>

#include "core/base/unicode.h"

#define MEDIA_TYPE "application/x-www-form-urlencoded"

typedef struct field_t {
    const char *name;
    const char *value;
} field_t;

struct anshin_form_t {
    char *buffer; /* names and values, each with its NUL */
    apr_size_t size;
    int most; /* fields that there is room for */
    int count;
    field_t fields[];
};

int anshin_form_type(const char *type, const char *coding)
{
    apr_size_t length = strlen(MEDIA_TYPE);

    return type != NULL && coding == NULL && strncasecmp(type, MEDIA_TYPE, length) == 0 &&
           strchr("; \t", type[length]) != NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/* Decode from up to end into to; the number of bytes written, or -1. */
static apr_ssize_t decode(char *to, const char *from, const char *end)
{
    char *start = to;

    while (from < end) {
        if (*from == '%') {
            int high = end - from >= 3 ? hex_digit(from[1]) : -1;
            int low = high >= 0 ? hex_digit(from[2]) : -1;

            if (low < 0) {
                return -1;
            }
            *to++ = (char)(high * 16 + low);
            from += 3;
            continue;
        }
        *to++ = *from == '+' ? ' ' : *from;
        from++;
    }
    return to - start;
}

/* One name or value: decoded at *to, which moves behind its NUL. */
static const char *take_text(char **to, const char *from, const char *end, apr_ssize_t max, anshin_error_t *err)
{
    char *text = *to;
    apr_ssize_t length = decode(text, from, end);

    if (length < 0) {
        anshin_fail(err, ANSHIN_EINVALID, "AN0280", "form: a '%%' without two hexadecimal digits");
        return NULL;
    }
    if (length > max) {
        anshin_fail(err, ANSHIN_EINVALID, "AN0281", "form: a name or value of more than %d bytes", (int)max);
        return NULL;
    }
    text[length] = '\0';
    if (strlen(text) != (apr_size_t)length || !anshin_unicode_valid(text)) {
        anshin_fail(err, ANSHIN_EINVALID, "AN0282", "form: a name or value with NUL or that is not UTF-8");
        return NULL;
    }
    text[length] = '\0';
    *to = text + length + 1;
    return text;
}

static apr_status_t take_field(anshin_form_t *form, char **to, const char *from, const char *end, anshin_error_t *err)
{
    const char *equals = memchr(from, '=', (apr_size_t)(end - from));
    const char *name = take_text(to, from, equals ? equals : end, ANSHIN_FORM_NAME_MAX, err);
    const char *value = name ? take_text(to, equals ? equals + 1 : end, end, ANSHIN_FORM_VALUE_MAX, err) : NULL;

    if (value == NULL) {
        return ANSHIN_EINVALID;
    }
    if (*name == '\0') {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0283", "form: a field without a name");
    }
    if (anshin_form_get(form, name) != NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0284", "form: a field is repeated");
    }
    if (form->count == form->most) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0285", "form: more than %d fields", form->most);
    }
    form->fields[form->count].name = name;
    form->fields[form->count].value = value;
    form->count++;
    return APR_SUCCESS;
}

apr_status_t anshin_form_parse(anshin_form_t **form, const char *data, apr_size_t length, int most, anshin_error_t *err,
                               apr_pool_t *pool)
{
    const char *at = data;
    const char *end = data + length;
    anshin_form_t *made = apr_pcalloc(pool, sizeof *made + (apr_size_t)most * sizeof(field_t));
    char *to;

    *form = NULL;
    made->most = most;
    if (length > ANSHIN_FORM_BODY_MAX) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0286", "form: more than %d bytes", ANSHIN_FORM_BODY_MAX);
    }
    /* A field of n bytes ("=" and "&" aside) decodes to n bytes at most and gets two NULs: one for its '=', which
     * may be missing, and one for its '&', which the last one lacks. An empty field takes nothing. */
    made->size = 2 * length + 2;
    made->buffer = apr_pcalloc(pool, made->size);
    to = made->buffer;
    while (at < end) {
        const char *next = memchr(at, '&', (apr_size_t)(end - at));
        const char *stop = next ? next : end;

        if (stop > at) {
            apr_status_t status = take_field(made, &to, at, stop, err);

            if (status != APR_SUCCESS) {
                explicit_bzero(made->buffer, made->size); /* passwords that came before what is wrong */
                return status;
            }
        }
        at = next ? next + 1 : end;
    }
    *form = made;
    return APR_SUCCESS;
}

const char *anshin_form_get(const anshin_form_t *form, const char *name)
{
    int i;

    for (i = 0; i < form->count; i++) {
        if (strcmp(form->fields[i].name, name) == 0) {
            return form->fields[i].value;
        }
    }
    return NULL;
}

void anshin_form_wipe(anshin_form_t *form, const anshin_crypto_t *crypto)
{
    int i;

    if (form == NULL) {
        return;
    }
    crypto->wipe(crypto->ctx, form->buffer, form->size);
    for (i = 0; i < form->count; i++) {
        form->fields[i].name = "";
        form->fields[i].value = "";
    }
}

/*
 * Mustache templates (the mustache specification, version 1.4: comments, delimiters, interpolation, inverted, partials,
 * sections; no lambdas) over jansson data. Debian has no C library for it, hence our own.
 *
 * {{name}} is escaped for HTML (& < > " '), {{{name}}} and {{&name}} are not; a template opened as text
 * (ANSHIN_TEMPLATE_TEXT, for mail) escapes nothing. Dotted names are looked up as the specification says.
 */
#ifndef ANSHIN_CORE_RENDER_TEMPLATE_H
#define ANSHIN_CORE_RENDER_TEMPLATE_H

#include <jansson.h>

#include "core/base/anshin.h"

typedef enum anshin_template_mode_t { ANSHIN_TEMPLATE_HTML, ANSHIN_TEMPLATE_TEXT } anshin_template_mode_t;

/* Finds the source of a template or partial by name, "login" or "parts/head". APR_SUCCESS with *source in pool,
 * ANSHIN_ENOTFOUND (a partial that is not there renders as nothing; *err stays as it is, whoever needs the template
 * says so), ANSHIN_EFAULT. */
typedef apr_status_t anshin_template_source_fn(void *baton, const char *name, const char **source, anshin_error_t *err,
                                               apr_pool_t *pool);

typedef struct anshin_template_t {
    const char *source; /* NUL terminated UTF-8 */
    anshin_template_mode_t mode;
    anshin_template_source_fn *find; /* where its partials come from; NULL: it has none */
    void *baton;                     /* of find */
} anshin_template_t;

/* Render with data into pool. APR_SUCCESS with a text that has no NUL; ANSHIN_EINVALID with line and cause when the
 * template is malformed, or nests deeper than ANSHIN_TEMPLATE_DEPTH (partials that include themselves without end), or
 * grows over ANSHIN_TEMPLATE_MAX bytes. */
#define ANSHIN_TEMPLATE_MAX 1048576
apr_status_t anshin_template_render(const char **out, const anshin_template_t *template, json_t *data,
                                    anshin_error_t *err, apr_pool_t *pool);

/* Is it well formed, and what it includes, whatever the data will be? APR_SUCCESS; ANSHIN_EINVALID with line and
 * cause; what find answers but ANSHIN_ENOTFOUND. */
apr_status_t anshin_template_check(const anshin_template_t *template, anshin_error_t *err, apr_pool_t *pool);

#endif

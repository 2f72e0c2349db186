/*
 * Mustache templates: a source is parsed once into a flat list of tokens (template_parse.c), then the list is walked
 * with the data.
 *
 * SECURITY: templates are the operator's and trusted for what they say, not for being well formed: depth, steps and
 * size of the output have limits. Data comes from the network: a value is copied byte by byte and escaped, never
 * parsed.
 */
#include "core/render/template.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/render/template_parse.h"

typedef struct context_t {
    json_t *value;
    const struct context_t *up;
} context_t;

typedef struct render_t {
    const anshin_template_t *template;
    apr_hash_t *partials; /* indent and name -> tokens */
    char *out;
    apr_size_t length;
    apr_size_t room;
    apr_size_t steps; /* tokens walked: bounds partials that multiply without writing anything */
    int depth;
    anshin_error_t *err;
    apr_pool_t *pool;
} render_t;

static apr_status_t write_bytes(render_t *render, const char *bytes, apr_size_t length)
{
    if (length > ANSHIN_TEMPLATE_MAX - render->length) {
        return anshin_fail(render->err, ANSHIN_EINVALID, "AN0201", "template output grows over %d bytes",
                           ANSHIN_TEMPLATE_MAX);
    }
    if (render->length + length + 1 > render->room) {
        apr_size_t room = (render->length + length + 1) * 2;
        char *out = apr_palloc(render->pool, room);

        memcpy(out, render->out, render->length);
        render->out = out;
        render->room = room;
    }
    memcpy(render->out + render->length, bytes, length);
    render->length += length;
    return APR_SUCCESS;
}

/* What a byte of a value is written as, or NULL for itself. A NUL would cut the page short wherever it is taken for a
 * C string. */
static const char *substitute(char c, int escape)
{
    static const char special[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const char *found;

    if (c == '\0') {
        return "\xEF\xBF\xBD"; /* U+FFFD */
    }
    found = escape ? strchr(special, c) : NULL;
    return found ? entities[found - special] : NULL;
}

static apr_status_t write_string(render_t *render, const char *text, apr_size_t length, int escape)
{
    const char *end = text + length;
    const char *plain = text;
    apr_status_t status = APR_SUCCESS;

    for (; text < end && status == APR_SUCCESS; text++) {
        const char *other = substitute(*text, escape);

        if (!other) {
            continue;
        }
        status = write_bytes(render, plain, (apr_size_t)(text - plain));
        if (status == APR_SUCCESS) {
            status = write_bytes(render, other, strlen(other));
        }
        plain = text + 1;
    }
    return status == APR_SUCCESS ? write_bytes(render, plain, (apr_size_t)(end - plain)) : status;
}

/* apr_snprintf writes a decimal point in every locale. */
static apr_status_t write_value(render_t *render, const json_t *value, int escape)
{
    char number[64];

    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return write_string(render, json_string_value(value), json_string_length(value), escape);
    case JSON_INTEGER:
        apr_snprintf(number, sizeof(number), "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
        return write_bytes(render, number, strlen(number));
    case JSON_REAL:
        apr_snprintf(number, sizeof(number), "%.15g", json_real_value(value));
        return write_bytes(render, number, strlen(number));
    default:
        return APR_SUCCESS; /* the others have no text */
    }
}

/* The first part of a dotted name is searched from the innermost context outwards, the others only inside of it. */
static json_t *look_up(const context_t *context, const char *name, apr_size_t length)
{
    const char *dot = memchr(name, '.', length);
    apr_size_t part = dot ? (apr_size_t)(dot - name) : length;
    json_t *value = NULL;

    if (length == 1 && dot) {
        return context->value;
    }
    for (; context && !value; context = context->up) {
        value = json_object_getn(context->value, name, part);
    }
    while (value && part < length) {
        name += part + 1;
        length -= part + 1;
        dot = memchr(name, '.', length);
        part = dot ? (apr_size_t)(dot - name) : length;
        value = json_object_getn(value, name, part);
    }
    return value;
}

/* Nothing, null, false, an empty list and an empty text are false; numbers are true, zero too: they are to be shown. */
static int is_true(const json_t *value)
{
    return value && !json_is_null(value) && !json_is_false(value) &&
           !(json_is_array(value) && json_array_size(value) == 0) &&
           !(json_is_string(value) && json_string_length(value) == 0);
}

static apr_status_t walk(render_t *render, const apr_array_header_t *tokens, int from, int to,
                         const context_t *context);

static apr_status_t render_section(render_t *render, const apr_array_header_t *tokens, int index,
                                   const context_t *context)
{
    const token_t *token = &APR_ARRAY_IDX(tokens, index, token_t);
    context_t inner = {look_up(context, token->text, token->length), context};
    const json_t *list = json_is_array(inner.value) ? inner.value : NULL;
    apr_status_t status = APR_SUCCESS;
    apr_size_t i;

    if (is_true(inner.value) != (token->kind == SECTION)) {
        return APR_SUCCESS;
    }
    if (token->kind == INVERTED || !list) {
        return walk(render, tokens, index + 1, token->end, token->kind == SECTION ? &inner : context);
    }
    for (i = 0; i < json_array_size(list) && status == APR_SUCCESS; i++) {
        inner.value = json_array_get(list, i);
        status = walk(render, tokens, index + 1, token->end, &inner);
    }
    return status;
}

/* Indentation goes in front of the source's lines, never of the lines that a value brings. */
static const char *indented(const char *source, const char *indent, apr_pool_t *pool)
{
    apr_array_header_t *pieces = apr_array_make(pool, 64, sizeof(const char *));
    const char *line;
    const char *end;

    for (line = source; *line; line = end) {
        end = strchr(line, '\n');
        end = end ? end + 1 : line + strlen(line);
        APR_ARRAY_PUSH(pieces, const char *) = indent;
        APR_ARRAY_PUSH(pieces, const char *) = apr_pstrmemdup(pool, line, (apr_size_t)(end - line));
    }
    return apr_array_pstrcat(pool, pieces, 0);
}

/* Find and parse what token includes, unless another one of the same name and indent has done it. A partial that is not
 * there renders as nothing. */
static apr_status_t open_partial(render_t *render, token_t *token)
{
    const char *name = apr_pstrmemdup(render->pool, token->text, token->length);
    const char *indent = token->indent ? token->indent : "";
    const char *key = apr_pstrcat(render->pool, indent, ">", name, NULL);
    const char *source = "";
    apr_status_t status;

    token->partial = apr_hash_get(render->partials, key, APR_HASH_KEY_STRING);
    if (token->partial) {
        return APR_SUCCESS;
    }
    status = render->template->find
                 ? render->template->find(render->template->baton, name, &source, render->err, render->pool)
                 : APR_SUCCESS;
    if (status == ANSHIN_ENOTFOUND) {
        source = "";
    } else if (status != APR_SUCCESS) {
        return status;
    }
    source = *indent ? indented(source, indent, render->pool) : source;
    token->partial = apr_array_make(render->pool, 16, sizeof(token_t));
    apr_hash_set(render->partials, key, APR_HASH_KEY_STRING, token->partial);
    return anshin_template_parse(token->partial, name, source, render->err);
}

/* However often it is walked over, its partial is looked for once: else what that takes would add up without limit. */
static apr_status_t render_partial(render_t *render, token_t *token, const context_t *context)
{
    apr_status_t status = token->partial ? APR_SUCCESS : open_partial(render, token);

    return status == APR_SUCCESS ? walk(render, token->partial, 0, token->partial->nelts, context) : status;
}

static apr_status_t walk(render_t *render, const apr_array_header_t *tokens, int from, int to, const context_t *context)
{
    apr_status_t status = APR_SUCCESS;
    int i;

    if (render->depth == ANSHIN_TEMPLATE_DEPTH) {
        return anshin_fail(render->err, ANSHIN_EINVALID, "AN0202", "template nests deeper than %d levels",
                           ANSHIN_TEMPLATE_DEPTH);
    }
    render->depth++;
    for (i = from; i < to && status == APR_SUCCESS; i++) {
        token_t *token = &APR_ARRAY_IDX(tokens, i, token_t);

        if (++render->steps > ANSHIN_TEMPLATE_MAX) {
            return anshin_fail(render->err, ANSHIN_EINVALID, "AN0203", "template takes too many steps");
        }
        switch (token->kind) {
        case TEXT:
            status = write_bytes(render, token->text, token->length);
            break;
        case SECTION:
        case INVERTED:
            status = render_section(render, tokens, i, context);
            i = token->end - 1;
            break;
        case PARTIAL:
            status = render_partial(render, token, context);
            break;
        default:
            status = write_value(render, look_up(context, token->text, token->length),
                                 token->kind == VALUE && render->template->mode == ANSHIN_TEMPLATE_HTML);
        }
    }
    render->depth--;
    return status;
}

apr_status_t anshin_template_render(const char **out, const anshin_template_t *template, json_t *data,
                                    anshin_error_t *err, apr_pool_t *pool)
{
    render_t render = {.template = template, .err = err, .pool = pool};
    context_t context = {data, NULL};
    apr_array_header_t *tokens = apr_array_make(pool, 64, sizeof(token_t));
    apr_status_t status = anshin_template_parse(tokens, "template", template->source, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    render.partials = apr_hash_make(pool);
    render.room = strlen(template->source) + 1024;
    render.out = apr_palloc(pool, render.room);
    status = walk(&render, tokens, 0, tokens->nelts, &context);
    if (status != APR_SUCCESS) {
        return status;
    }
    render.out[render.length] = '\0';
    *out = render.out;
    return APR_SUCCESS;
}

/* The list is flat: what stands inside sections is looked at, whether or not they would be shown. Partials without
 * their indentation, so that one that includes itself is looked at once. */
static apr_status_t check_partials(render_t *render, const apr_array_header_t *tokens)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < tokens->nelts && status == APR_SUCCESS; i++) {
        token_t token = APR_ARRAY_IDX(tokens, i, token_t);
        unsigned known = apr_hash_count(render->partials);

        if (token.kind != PARTIAL) {
            continue;
        }
        token.indent = NULL;
        status = open_partial(render, &token);
        if (status == APR_SUCCESS && apr_hash_count(render->partials) > known) {
            status = check_partials(render, token.partial);
        }
    }
    return status;
}

apr_status_t anshin_template_check(const anshin_template_t *template, anshin_error_t *err, apr_pool_t *pool)
{
    render_t render = {.template = template, .err = err, .pool = pool};
    apr_array_header_t *tokens = apr_array_make(pool, 64, sizeof(token_t));
    apr_status_t status = anshin_template_parse(tokens, "template", template->source, err);

    render.partials = apr_hash_make(pool);
    return status == APR_SUCCESS ? check_partials(&render, tokens) : status;
}

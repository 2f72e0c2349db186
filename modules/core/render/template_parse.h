/*
 * A template as a row of tokens: the first half of the engine of template.h, which renders them.
 */
#ifndef ANSHIN_CORE_RENDER_TEMPLATE_PARSE_H
#define ANSHIN_CORE_RENDER_TEMPLATE_PARSE_H

#include "core/base/anshin.h"

#define ANSHIN_TEMPLATE_DEPTH 32 /* of sections, and of partials within partials */

typedef enum kind_t { TEXT, VALUE, RAW_VALUE, SECTION, INVERTED, CLOSE, PARTIAL, COMMENT, DELIMITERS } kind_t;

typedef struct token_t {
    kind_t kind;
    const char *text; /* TEXT: the bytes; else the name, not NUL terminated */
    apr_size_t length;
    int end;                     /* SECTION, INVERTED: index of the token that closes it */
    const char *indent;          /* PARTIAL: what every line of it is indented with */
    apr_array_header_t *partial; /* PARTIAL: its tokens, once it was found */
} token_t;

/* Append the tokens of source to tokens. name: of the source, for messages. APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_template_parse(apr_array_header_t *tokens, const char *name, const char *source,
                                   anshin_error_t *err);

#endif

/*
 * Mustache templates, first half: a source becomes a flat list of tokens. See template.h.
 *
 * SECURITY: templates are the operator's and trusted for what they say, not for being well formed.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <utf8proc.h>

#include "core/render/template_parse.h"

#define DELIMITER_MAX 16 /* longer is a mistake; also stands in set_delimiters() */
#define SPACE " \t\r\n"

typedef struct parser_t {
    const char *name; /* of the source, for messages */
    const char *source;
    const char *at; /* first byte that is not in a token yet */
    char open[DELIMITER_MAX + 1];
    char close[DELIMITER_MAX + 1];
    apr_array_header_t *tokens;
    int sections[ANSHIN_TEMPLATE_DEPTH]; /* indexes of the sections that are open */
    int depth;
    anshin_error_t *err;
    apr_pool_t *pool;
} parser_t;

/* A tag as it stands in the source: [start, end), delimiters included. */
typedef struct tag_t {
    token_t token;
    const char *start;
    const char *end;
} tag_t;

static apr_status_t malformed(parser_t *parser, const char *where, const char *cause)
{
    unsigned line = 1;
    const char *p;

    for (p = parser->source; p < where; p++) {
        line += *p == '\n' ? 1 : 0;
    }
    return anshin_fail(parser->err, ANSHIN_EINVALID, "AN0200", "%.80s, line %u: %s", parser->name, line, cause);
}

/* A file in Shift_JIS or Latin-1 would come out as rubbish; say so instead. */
static apr_status_t check_utf8(parser_t *parser)
{
    const char *p = parser->source;
    utf8proc_int32_t codepoint;
    utf8proc_ssize_t used;

    while (*p) {
        used = utf8proc_iterate((const utf8proc_uint8_t *)p, -1, &codepoint);
        if (used < 1) {
            return malformed(parser, p, "not valid UTF-8");
        }
        p += used;
    }
    return APR_SUCCESS;
}

static kind_t kind_of(char sigil)
{
    static const char sigils[] = "#^/>!=&{";
    static const kind_t kinds[] = {SECTION, INVERTED, CLOSE, PARTIAL, COMMENT, DELIMITERS, RAW_VALUE, RAW_VALUE};
    const char *found = sigil ? strchr(sigils, sigil) : NULL;

    return found ? kinds[found - sigils] : VALUE;
}

/* Read the tag at start. {{{name}}} and {{=a b=}} end with a character of their own before the delimiter. */
static apr_status_t read_tag(tag_t *tag, parser_t *parser, const char *start)
{
    const char *inside = start + strlen(parser->open);
    const char *stop;
    const char *last;
    char extra;

    inside += strspn(inside, SPACE);
    *tag = (tag_t){.start = start, .end = start, .token = {.kind = kind_of(*inside)}};
    extra = (*inside == '{') ? '}' : (*inside == '=') ? '=' : '\0';
    if (tag->token.kind != VALUE) {
        inside++;
    }
    stop = extra ? strstr(inside, apr_psprintf(parser->pool, "%c%s", extra, parser->close))
                 : strstr(inside, parser->close);
    if (!stop) {
        return malformed(parser, start, "tag is not closed");
    }
    tag->end = stop + (extra ? 1 : 0) + strlen(parser->close);
    for (last = stop; last > inside && strchr(SPACE, last[-1]); last--) {
        continue;
    }
    inside += strspn(inside, SPACE);
    tag->token.text = inside;
    tag->token.length = last > inside ? (apr_size_t)(last - inside) : 0;
    if (tag->token.kind != COMMENT &&
        (tag->token.length == 0 ||
         (tag->token.kind != DELIMITERS && strcspn(tag->token.text, SPACE) < tag->token.length))) {
        return malformed(parser, start, "tag needs one name");
    }
    return APR_SUCCESS;
}

/* A tag that writes nothing itself and has a line to itself takes the whole line with it: from *from to *to. */
static int stands_alone(const parser_t *parser, const tag_t *tag, const char **from, const char **to)
{
    const char *left = tag->start;
    const char *right = tag->end;

    if (tag->token.kind == VALUE || tag->token.kind == RAW_VALUE) {
        return 0;
    }
    while (left > parser->source && (left[-1] == ' ' || left[-1] == '\t')) {
        left--;
    }
    if (left > parser->source && left[-1] != '\n') {
        return 0;
    }
    right += strspn(right, " \t");
    right += (*right == '\r' && right[1] == '\n') ? 1 : 0;
    if (*right && *right != '\n') {
        return 0;
    }
    *from = left;
    *to = *right ? right + 1 : right;
    return 1;
}

static void add_text(parser_t *parser, const char *from, const char *to)
{
    if (from < to) {
        APR_ARRAY_PUSH(parser->tokens, token_t) =
            (token_t){.kind = TEXT, .text = from, .length = (apr_size_t)(to - from)};
    }
}

/* {{=<% %>=}}: two words without white space or '='. */
static apr_status_t set_delimiters(parser_t *parser, const tag_t *tag)
{
    const char *text = apr_pstrmemdup(parser->pool, tag->token.text, tag->token.length);
    int used = 0;

    if (sscanf(text, "%16s %16s%n", parser->open, parser->close, &used) != 2 || text[used] || strchr(text, '=')) {
        return malformed(parser, tag->start, "delimiters must be two short words without '='");
    }
    return APR_SUCCESS;
}

static apr_status_t close_section(parser_t *parser, const tag_t *tag)
{
    token_t *section;

    if (parser->depth == 0) {
        return malformed(parser, tag->start, "closes a section that is not open");
    }
    section = &APR_ARRAY_IDX(parser->tokens, parser->sections[--parser->depth], token_t);
    if (section->length != tag->token.length || memcmp(section->text, tag->token.text, section->length) != 0) {
        return malformed(parser, tag->start, "closes another section than the one that is open");
    }
    section->end = parser->tokens->nelts;
    return APR_SUCCESS;
}

static apr_status_t add_tag(parser_t *parser, const tag_t *tag)
{
    if (tag->token.kind == COMMENT) {
        return APR_SUCCESS;
    }
    if (tag->token.kind == DELIMITERS) {
        return set_delimiters(parser, tag);
    }
    if (tag->token.kind == CLOSE) {
        return close_section(parser, tag);
    }
    if (tag->token.kind == SECTION || tag->token.kind == INVERTED) {
        if (parser->depth == ANSHIN_TEMPLATE_DEPTH) {
            return malformed(parser, tag->start, "sections are nested too deeply");
        }
        parser->sections[parser->depth++] = parser->tokens->nelts;
    }
    APR_ARRAY_PUSH(parser->tokens, token_t) = tag->token;
    return APR_SUCCESS;
}

apr_status_t anshin_template_parse(apr_array_header_t *tokens, const char *name, const char *source,
                                   anshin_error_t *err)
{
    parser_t parser = {.name = name, .source = source, .at = source, .open = "{{", .close = "}}", .err = err};
    const char *start;
    apr_status_t status;

    parser.pool = tokens->pool;
    parser.tokens = tokens;
    status = check_utf8(&parser);
    while (status == APR_SUCCESS && (start = strstr(parser.at, parser.open)) != NULL) {
        const char *from = start;
        const char *to;
        tag_t tag;

        status = read_tag(&tag, &parser, start);
        if (status != APR_SUCCESS) {
            break;
        }
        to = tag.end;
        if (stands_alone(&parser, &tag, &from, &to) && tag.token.kind == PARTIAL) {
            tag.token.indent = apr_pstrmemdup(parser.pool, from, (apr_size_t)(start - from));
        }
        add_text(&parser, parser.at, from);
        status = add_tag(&parser, &tag);
        parser.at = to;
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (parser.depth > 0) {
        const token_t *section = &APR_ARRAY_IDX(parser.tokens, parser.sections[parser.depth - 1], token_t);
        return malformed(&parser, section->text, "section is not closed");
    }
    add_text(&parser, parser.at, parser.at + strlen(parser.at));
    return APR_SUCCESS;
}

/*
 * The template engine against the rules of the Mustache specification (comments, delimiters, interpolation, inverted,
 * partials, sections), then against templates and data that mean harm.
 */
#include <stdlib.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "core/render/template_dirs.h"
#include "core/render/template.h"
#include "unit/memory.h"
#include "unit/scratch.h"
#include "unit/tap.h"

typedef struct case_t {
    const char *what;
    const char *template;
    const char *data;
    const char *expected; /* NULL: the template is refused */
    const char *partials; /* a JSON object, or NULL */
} case_t;

static const case_t comments[] = {
    {"inline", "ab{{! not shown }}cd", "{}", "abcd", NULL},
    {"several lines", "ab{{!\n one\n two\n}}cd\n", "{}", "abcd\n", NULL},
    {"own line goes", "a\n{{! x }}\nb\n", "{}", "a\nb\n", NULL},
    {"own line with indentation goes", "a\n \t{{! x }} \t\nb\n", "{}", "a\nb\n", NULL},
    {"own line, CRLF", "a\r\n{{! x }}\r\nb", "{}", "a\r\nb", NULL},
    {"own line at the start", "  {{! x }}\na", "{}", "a", NULL},
    {"own line at the end", "a\n  {{! x }}", "{}", "a\n", NULL},
    {"own lines, several", "a\n  {{!\n x\n  }}\nb\n", "{}", "a\nb\n", NULL},
    {"beside text keeps the space", "  1 {{! x }}\n", "{}", "  1 \n", NULL},
    {"between text keeps the space", "1 {{! x }} 2", "{}", "1  2", NULL},
    {"holds other tags' signs", "{{! #a ^b /c {d = & > }}x", "{}", "x", NULL},
    {"empty", "a{{!}}b", "{}", "ab", NULL},
    {"is no variable", "{{! n }}|{{!n}}", "{\"! n\": 1, \"!n\": 2, \"n\": 3}", "|", NULL},
};

static const case_t delimiters[] = {
    {"pair", "{{=<% %>=}}<%a%> {{a}}", "{\"a\": 1}", "1 {{a}}", NULL},
    {"single characters", "({{=[ ]=}}[a])", "{\"a\": 1}", "(1)", NULL},
    {"and back", "{{=| |=}}|a||={{ }}=|{{a}}", "{\"a\": 1}", "11", NULL},
    {"hold after sections", "{{#s}}\n{{a}}|a|\n{{/s}}\n{{= | | =}}\n|#s|\n{{a}}|a|\n|/s|\n", "{\"s\": true, \"a\": 1}",
     "1|a|\n{{a}}1\n", NULL},
    {"hold after inverted sections", "{{^s}}{{a}}{{/s}}{{=| |=}}|^s||a||/s|", "{\"a\": 1}", "11", NULL},
    {"set inside of a section hold after it", "{{#s}}{{=| |=}}|/s||a|", "{\"s\": true, \"a\": 1}", "1", NULL},
    {"do not reach into partials", "{{=| |=}}|>p|", "{\"a\": 1}", "1|a|", "{\"p\": \"{{a}}|a|\"}"},
    {"do not leak out of partials", "{{>p}}{{a}}|a|", "{\"a\": 1}", "11|a|", "{\"p\": \"{{=| |=}}|a|\"}"},
    {"space around stays", "| {{=@ @=}} |", "{}", "|  |", NULL},
    {"space before stays", " | {{=@ @=}}\n", "{}", " | \n", NULL},
    {"own line goes", "a\n  {{=@ @=}}\nb\n", "{}", "a\nb\n", NULL},
    {"own line, CRLF", "a\r\n{{= @ @ =}}\r\nb", "{}", "a\r\nb", NULL},
    {"own line at the start", "  {{=@ @=}}\na", "{}", "a", NULL},
    {"own line at the end", "a\n  {{=@ @=}}", "{}", "a\n", NULL},
    {"padding", "|{{= @   @ =}}|", "{}", "||", NULL},
    {"one word only", "{{=<%=}}", "{}", NULL, NULL},
    {"three words", "{{=a b c=}}", "{}", NULL, NULL},
    {"equals sign inside", "{{=a= b=}}", "{}", NULL, NULL},
    {"too long", "{{=aaaaaaaaaaaaaaaaaaaaaaaaaaa b=}}", "{}", NULL, NULL},
    {"not closed", "{{=a b}}", "{}", NULL, NULL},
};

static const case_t interpolation[] = {
    {"none", "Hello {name}\n", "{}", "Hello {name}\n", NULL},
    {"plain", "Hello, {{name}}!\n", "{\"name\": \"\u6771\u4eac\"}", "Hello, \u6771\u4eac!\n", NULL},
    {"escaped for HTML (S27)", "{{x}}", "{\"x\": \"<a href=\\\"'&\\\">\"}", "&lt;a href=&quot;&#39;&amp;&quot;&gt;",
     NULL},
    {"triple is not escaped", "{{{x}}}", "{\"x\": \"& \\\" < >\"}", "& \" < >", NULL},
    {"ampersand is not escaped", "{{&x}}", "{\"x\": \"& \\\" < >\"}", "& \" < >", NULL},
    {"no second round", "{{x}}{{{x}}}", "{\"x\": \"{{y}}\", \"y\": \"no\"}", "{{y}}{{y}}", NULL},
    {"integer", "{{x}} {{{x}}} {{&x}}", "{\"x\": -85}", "-85 -85 -85", NULL},
    {"large integer", "{{x}}", "{\"x\": 9223372036854775807}", "9223372036854775807", NULL},
    {"decimal", "{{x}} {{{x}}} {{&x}}", "{\"x\": 1.21}", "1.21 1.21 1.21", NULL},
    {"null is empty", "({{x}}{{{x}}}{{&x}})", "{\"x\": null}", "()", NULL},
    {"missing is empty", "({{x}}{{{x}}}{{&x}})", "{}", "()", NULL},
    {"objects and lists have no text", "({{o}}{{l}})", "{\"o\": {\"a\": 1}, \"l\": [1]}", "()", NULL},
    {"dotted", "{{p.n}}{{{p.n}}}{{&p.n}}={{#p}}{{n}}{{/p}}", "{\"p\": {\"n\": \"J\"}}", "JJJ=J", NULL},
    {"dotted, deep", "{{a.b.c.d.e.f}}", "{\"a\": {\"b\": {\"c\": {\"d\": {\"e\": {\"f\": \"x\"}}}}}}", "x", NULL},
    {"dotted, broken chain", "({{a.b.c}})", "{\"a\": {}}", "()", NULL},
    {"dotted, parts only inside of their parent", "({{a.b.c.n}})", "{\"a\": {\"b\": {}}, \"c\": {\"n\": \"no\"}}", "()",
     NULL},
    {"dotted, first part like any name", "{{#a}}{{b.c}}{{/a}}", "{\"a\": {\"b\": {\"c\": 1}}, \"b\": {\"c\": 2}}", "1",
     NULL},
    {"dotted, the inner first part hides the outer", "({{#a}}{{b.c}}{{/a}})", "{\"a\": {\"b\": {}}, \"b\": {\"c\": 2}}",
     "()", NULL},
    {"dotted is never one key", "({{a.b}})", "{\"a.b\": 1}", "()", NULL},
    {"dotted, one key does not hide the chain", "{{a.b}}", "{\"a.b\": 1, \"a\": {\"b\": 2}}", "2", NULL},
    {"the whole data", "{{.}}|{{{.}}}|{{&.}}", "\"<\"", "&lt;|<|<", NULL},
    {"space around stays", "| {{x}} | {{{x}}} | {{&x}} |", "{\"x\": \"-\"}", "| - | - | - |", NULL},
    {"own line stays", " {{x}}\n {{{x}}}\n {{&x}}\n", "{\"x\": \"-\"}", " -\n -\n -\n", NULL},
    {"padding", "|{{ x }}|{{{ x }}}|{{& x }}|{{\n x\n}}|", "{\"x\": \"-\"}", "|-|-|-|-|", NULL},
    {"odd dots find nothing", "({{a.}}{{.a}}{{a..b}}{{..}})", "{\"a\": {\"b\": 1}}", "()", NULL},
};

static const case_t inverted[] = {
    {"false", "({{^x}}yes{{/x}})", "{\"x\": false}", "(yes)", NULL},
    {"true", "({{^x}}no{{/x}})", "{\"x\": true}", "()", NULL},
    {"null", "({{^x}}yes{{/x}})", "{\"x\": null}", "(yes)", NULL},
    {"object", "({{^x}}no{{/x}})", "{\"x\": {\"a\": 1}}", "()", NULL},
    {"list", "({{^x}}no{{/x}})", "{\"x\": [1, 2]}", "()", NULL},
    {"empty list", "({{^x}}yes{{/x}})", "{\"x\": []}", "(yes)", NULL},
    {"empty text", "({{^x}}yes{{/x}})", "{\"x\": \"\"}", "(yes)", NULL},
    {"zero is something to show", "({{^x}}no{{/x}}{{x}})", "{\"x\": 0}", "(0)", NULL},
    {"missing", "({{^x}}yes{{/x}})", "{}", "(yes)", NULL},
    {"twice", "{{^x}}\n1\n{{/x}}\n{{n}}\n{{^x}}\n3\n{{/x}}\n", "{\"x\": false, \"n\": 2}", "1\n2\n3\n", NULL},
    {"nested, false", "A {{^x}}B {{^x}}C{{/x}} D{{/x}} E", "{\"x\": false}", "A B C D E", NULL},
    {"nested, true", "A {{^x}}B {{^x}}C{{/x}} D{{/x}} E", "{\"x\": true}", "A  E", NULL},
    {"dotted", "({{^a.b}}1{{/a.b}}{{^a.c}}2{{/a.c}}{{^a.d.e}}3{{/a.d.e}})", "{\"a\": {\"b\": true, \"c\": false}}",
     "(23)", NULL},
    {"space around stays", " | {{^x}}\t|\t{{/x}} | \n", "{}", " | \t|\t | \n", NULL},
    {"space inside stays", " | {{^x}} {{! c }}\n {{/x}} | \n", "{}", " |  \n  | \n", NULL},
    {"in a line", " {{^x}}1{{/x}}\n {{^x}}2{{/x}}\n", "{}", " 1\n 2\n", NULL},
    {"own lines go", "a\n  {{^x}}\n|\n  {{/x}}\nb\n", "{}", "a\n|\nb\n", NULL},
    {"own lines, CRLF", "|\r\n{{^x}}\r\n{{/x}}\r\n|", "{}", "|\r\n|", NULL},
    {"own line at the start", "  {{^x}}\n^{{/x}}\n/", "{}", "^\n/", NULL},
    {"own line at the end", "^{{^x}}\n/\n  {{/x}}", "{}", "^\n/\n", NULL},
    {"padding", "|{{^ x }}={{/ x }}|", "{}", "|=|", NULL},
};

static const case_t sections[] = {
    {"true", "({{#x}}yes{{/x}})", "{\"x\": true}", "(yes)", NULL},
    {"false", "({{#x}}no{{/x}})", "{\"x\": false}", "()", NULL},
    {"null", "({{#x}}no{{/x}})", "{\"x\": null}", "()", NULL},
    {"missing", "({{#x}}no{{/x}})", "{}", "()", NULL},
    {"empty text", "({{#x}}no{{/x}})", "{\"x\": \"\"}", "()", NULL},
    {"object is the context", "{{#x}}Hi {{n}}.{{/x}}", "{\"x\": {\"n\": \"J\"}}", "Hi J.", NULL},
    {"outer names are seen", "{{#s}}{{a}}{{b}}{{c.d}}{{/s}}",
     "{\"a\": 1, \"b\": 0, \"s\": {\"b\": 2}, \"c\": {\"d\": 3}}", "123", NULL},
    {"a text is the context", "{{#x}}{{.}}={{x}}{{/x}}", "{\"x\": \"v\"}", "v=v", NULL},
    {"lists in lists", "{{#t}}{{#m}}{{n.l}}{{k}}.{{#b}}{{n.u}}{{k}}{{z}}.{{/b}}{{/m}}{{/t}}",
     "{\"t\": [{\"n\": {\"u\": \"A\", \"l\": \"a\"}, \"m\": [{\"k\": 1, \"b\": [{\"z\": \"x\"}, {\"z\": \"y\"}]}]}]}",
     "a1.A1x.A1y.", NULL},
    {"deep contexts", "{{#a}}{{#b}}{{#c.d}}{{one}}{{two}}{{three}}{{#three}}{{.}}{{one}}{{/three}}{{/c.d}}{{/b}}{{/a}}",
     "{\"a\": {\"one\": 1}, \"b\": {\"two\": 2}, \"c\": {\"d\": {\"three\": 3}}}", "12331", NULL},
    {"list", "{{#l}}{{i}}{{/l}}", "{\"l\": [{\"i\": 1}, {\"i\": 2}, {\"i\": 3}]}", "123", NULL},
    {"empty list", "({{#l}}no{{/l}})", "{\"l\": []}", "()", NULL},
    {"twice", "{{#x}}\n1\n{{/x}}\n{{n}}\n{{#x}}\n3\n{{/x}}\n", "{\"x\": true, \"n\": 2}", "1\n2\n3\n", NULL},
    {"nested, true", "A {{#x}}B {{#x}}C{{/x}} D{{/x}} E", "{\"x\": true}", "A B C D E", NULL},
    {"nested, false", "A {{#x}}B {{#x}}C{{/x}} D{{/x}} E", "{\"x\": false}", "A  E", NULL},
    {"list of texts, escaped", "{{#l}}({{.}}){{/l}}", "{\"l\": [\"a\", \"&\", \"<\"]}", "(a)(&amp;)(&lt;)", NULL},
    {"list of texts, triple and ampersand", "{{#l}}({{{.}}}{{&.}}){{/l}}", "{\"l\": [\"&\", \"<\"]}", "(&&)(<<)", NULL},
    {"list of numbers", "{{#l}}({{.}}){{/l}}", "{\"l\": [1, 2.5, 3]}", "(1)(2.5)(3)", NULL},
    {"list of lists", "{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", "{\"l\": [[1, 2], [\"a\", \"b\"]]}", "(12)(ab)", NULL},
    {"the data is a list", "{{#.}}({{v}}){{/.}}", "[{\"v\": \"a\"}, {\"v\": \"b\"}]", "(a)(b)", NULL},
    {"false items of a list count", "{{#l}}.{{/l}}", "{\"l\": [false, null, \"\", 0]}", "....", NULL},
    {"dotted", "({{#a.b}}1{{/a.b}}{{#a.c}}2{{/a.c}}{{#a.d.e}}3{{/a.d.e}})", "{\"a\": {\"b\": true, \"c\": false}}",
     "(1)", NULL},
    {"space around stays", " | {{#x}}\t|\t{{/x}} | \n", "{\"x\": true}", " | \t|\t | \n", NULL},
    {"space inside stays", " | {{#x}} {{! c }}\n {{/x}} | \n", "{\"x\": true}", " |  \n  | \n", NULL},
    {"in a line", " {{#x}}1{{/x}}\n {{#x}}2{{/x}}\n", "{\"x\": true}", " 1\n 2\n", NULL},
    {"two tags share a line, so it stays", "{{#x}} {{/x}}\na", "{\"x\": true}", " \na", NULL},
    {"own lines go", "a\n{{#x}}\n|\n{{/x}}\nb\n", "{\"x\": true}", "a\n|\nb\n", NULL},
    {"own lines with indentation go", "a\n  {{#x}}\n|\n  {{/x}}\nb\n", "{\"x\": true}", "a\n|\nb\n", NULL},
    {"own lines, CRLF", "|\r\n{{#x}}\r\n{{/x}}\r\n|", "{\"x\": true}", "|\r\n|", NULL},
    {"own line at the start", "  {{#x}}\n#{{/x}}\n/", "{\"x\": true}", "#\n/", NULL},
    {"own line at the end", "#{{#x}}\n/\n  {{/x}}", "{\"x\": true}", "#\n/\n", NULL},
    {"padding", "|{{# x }}={{/ x }}|", "{\"x\": true}", "|=|", NULL},
};

static const case_t partials[] = {
    {"plain", "({{>p}})", "{}", "(text)", "{\"p\": \"text\"}"},
    {"missing", "({{>p}})", "{}", "()", "{}"},
    {"missing, no way to find any", "({{>p}})", "{}", "()", NULL},
    {"context", "{{#o}}{{>p}}{{/o}}", "{\"t\": 0, \"o\": {\"t\": 1}}", "*1*", "{\"p\": \"*{{t}}*\"}"},
    {"recursion", "{{>n}}", "{\"c\": \"X\", \"l\": [{\"c\": \"Y\", \"l\": []}]}", "X<Y<>>",
     "{\"n\": \"{{c}}<{{#l}}{{>n}}{{/l}}>\"}"},
    {"nested", "{{>o}}", "{\"a\": \"h\", \"b\": \"w\"}", "*h w!*", "{\"o\": \"*{{a}} {{>i}}*\", \"i\": \"{{b}}!\"}"},
    {"space around stays", "| {{>p}} |", "{}", "| \t|\t |", "{\"p\": \"\\t|\\t\"}"},
    {"beside text: no indentation", "  {{d}}  {{> p}}\n", "{\"d\": \"|\"}", "  |  >\n>\n", "{\"p\": \">\\n>\"}"},
    {"own line, CRLF", "|\r\n{{>p}}\r\n|", "{}", "|\r\n>|", "{\"p\": \">\"}"},
    {"own line at the start", "  {{>p}}\n>", "{}", "  >\n  >>", "{\"p\": \">\\n>\"}"},
    {"own line at the end", ">\n  {{>p}}", "{}", ">\n  >\n  >", "{\"p\": \">\\n>\"}"},
    {"lines are indented, values are not", "\\\n {{>p}}\n/\n", "{\"c\": \"<\\n->\"}", "\\\n |\n <\n->\n |\n/\n",
     "{\"p\": \"|\\n{{{c}}}\\n|\\n\"}"},
    {"indentation adds up", " {{>a}}\n", "{}", " 1\n   2\n   3\n", "{\"a\": \"1\\n  {{>b}}\\n\", \"b\": \"2\\n3\\n\"}"},
    {"own-line sections inside stay own lines", "  {{>p}}\n", "{\"x\": true}", "  a\n",
     "{\"p\": \"{{#x}}\\na\\n{{/x}}\\n\"}"},
    {"same partial with and without indentation", " {{>p}}\n{{>p}}\n", "{}", " a\na\n", "{\"p\": \"a\\n\"}"},
    {"padding", "|{{> p }}|", "{}", "|[]|", "{\"p\": \"[]\"}"},
    {"names of folders", "{{>parts/head}}", "{}", "h", "{\"parts/head\": \"h\"}"},
    {"malformed partial", "{{>p}}", "{}", NULL, "{\"p\": \"{{#a}}\"}"},
};

static const case_t malformed[] = {
    {"tag not closed", "a\n{{b", "{}", NULL, NULL},
    {"tag closed by one brace", "{{b}", "{}", NULL, NULL},
    {"triple closed by two", "{{{b}}", "{}", NULL, NULL},
    {"comment not closed", "{{! b", "{}", NULL, NULL},
    {"only an opening", "{{", "{}", NULL, NULL},
    {"no name", "{{}}", "{}", NULL, NULL},
    {"no name, spaces", "{{   }}", "{}", NULL, NULL},
    {"no name in triple", "{{{}}}", "{}", NULL, NULL},
    {"no name of a section", "{{#}}{{/}}", "{}", NULL, NULL},
    {"no name of a partial", "{{>}}", "{}", NULL, NULL},
    {"two names", "{{a b}}", "{}", NULL, NULL},
    {"section not closed", "{{#a}}", "{}", NULL, NULL},
    {"inverted section not closed", "{{^a}}", "{}", NULL, NULL},
    {"closed but never opened", "{{/a}}", "{}", NULL, NULL},
    {"closed in the wrong order", "{{#a}}{{#b}}{{/a}}{{/b}}", "{}", NULL, NULL},
    {"closed by part of its name", "{{#ab}}{{/a}}", "{}", NULL, NULL},
    {"malformed where it would not be shown", "{{#no}}{{{/no}}", "{}", NULL, NULL},
    {"invalid UTF-8: lone continuation", "a\x80z", "{}", NULL, NULL},
    {"invalid UTF-8: cut at the end", "a\xe6\x97", "{}", NULL, NULL},
    {"invalid UTF-8: overlong", "a\xc0\xafz", "{}", NULL, NULL},
    {"invalid UTF-8: surrogate", "a\xed\xa0\x80z", "{}", NULL, NULL},
    {"Shift_JIS", "\x93\x8c\x8b\x9e", "{}", NULL, NULL},
};

static apr_status_t find_in_json(void *baton, const char *name, const char **source, anshin_error_t *err,
                                 apr_pool_t *pool)
{
    json_t *text = json_object_get(baton, name);

    (void)err;
    if (!text) {
        return ANSHIN_ENOTFOUND;
    }
    *source = apr_pstrdup(pool, json_string_value(text));
    return APR_SUCCESS;
}

/* A malloc'd copy of the source, so that the sanitizer sees a read beyond its end. */
static void run_case(const char *module, const case_t *it, apr_pool_t *pool)
{
    json_t *data = json_loads(it->data, JSON_DECODE_ANY, NULL);
    json_t *parts = it->partials ? json_loads(it->partials, 0, NULL) : NULL;
    char *source = strdup(it->template);
    const anshin_template_t template = {source, ANSHIN_TEMPLATE_HTML, parts ? find_in_json : NULL, parts};
    const char *out = NULL;
    anshin_error_t err = {0};
    apr_status_t status = anshin_template_render(&out, &template, data, &err, pool);

    if (it->expected) {
        ok(data && status == APR_SUCCESS && same_text(out, it->expected) && err.status == APR_SUCCESS, "%s: %s", module,
           it->what);
    } else {
        ok(data && status == ANSHIN_EINVALID && err.status == ANSHIN_EINVALID && strstr(err.text, "line "),
           "%s: %s is refused (%s)", module, it->what, err.text);
    }
    if (it->expected && !same_text(out, it->expected)) {
        printf("# got \"%s\", expected \"%s\" (%s)\n", out ? out : "", it->expected, err.text);
    }
    free(source);
    json_decref(data);
    json_decref(parts);
}

#define RUN(module) run_cases(#module, module, sizeof(module) / sizeof(module[0]), pool)

static void run_cases(const char *module, const case_t *cases, size_t count, apr_pool_t *pool)
{
    for (size_t i = 0; i < count; i++) {
        run_case(module, &cases[i], pool);
    }
}

static apr_status_t render(const char **out, const char *source, json_t *data, anshin_template_mode_t mode,
                           json_t *parts, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_template_t template = {source, mode, parts ? find_in_json : NULL, parts};

    memset(err, 0, sizeof(*err));
    *out = NULL;
    return anshin_template_render(out, &template, data, err, pool);
}

static const char *repeat(const char *text, int count, apr_pool_t *pool)
{
    size_t length = strlen(text);
    char *out = apr_palloc(pool, length * (size_t)count + 1);

    for (int i = 0; i < count; i++) {
        memcpy(out + length * (size_t)i, text, length);
    }
    out[length * (size_t)count] = '\0';
    return out;
}

static void test_modes(apr_pool_t *pool)
{
    json_t *data = json_pack("{s:s, s:s%, s:s}", "x", "<&\"'>", "nul", "a\0b", (size_t)3, "line", "a\r\nBcc: b");
    const char *out;
    anshin_error_t err;

    render(&out, "{{x}}{{{x}}}", data, ANSHIN_TEMPLATE_TEXT, NULL, &err, pool);
    ok(same_text(out, "<&\"'><&\"'>"), "text mode escapes nothing");
    render(&out, "{{nul}}|{{{nul}}}", data, ANSHIN_TEMPLATE_HTML, NULL, &err, pool);
    ok(same_text(out, "a\xEF\xBF\xBD"
                      "b|a\xEF\xBF\xBD"
                      "b"),
       "a NUL in a value does not cut the page short (S27)");
    ok(render(&out, "a{{x}}b", NULL, ANSHIN_TEMPLATE_HTML, NULL, &err, pool) == APR_SUCCESS && same_text(out, "ab"),
       "no data at all");
    ok(render(&out, "", data, ANSHIN_TEMPLATE_HTML, NULL, &err, pool) == APR_SUCCESS && same_text(out, ""),
       "an empty template");
    ok(json_object_size(data) == 3, "the data is left alone");
    json_decref(data);
    data = json_pack("{s:o}", "bad", json_string_nocheck("\xff<\xc3"));
    render(&out, "{{bad}}", data, ANSHIN_TEMPLATE_HTML, NULL, &err, pool);
    ok(same_text(out, "\xff&lt;\xc3"), "bytes that are no UTF-8 do not hide a '<' behind them");
    json_decref(data);
}

static void test_messages(apr_pool_t *pool)
{
    json_t *parts = json_pack("{s:s}", "parts/head", "1\n2\n{{broken");
    const char *out;
    anshin_error_t err;

    render(&out, "a\nb\n\n{{#x}}\n{{y}}\n", NULL, ANSHIN_TEMPLATE_HTML, NULL, &err, pool);
    ok(strstr(err.text, "template, line 4"), "the message names the line: %s", err.text);
    render(&out, "\n\n{{>parts/head}}", NULL, ANSHIN_TEMPLATE_HTML, parts, &err, pool);
    ok(strstr(err.text, "parts/head, line 3"), "... and the partial: %s", err.text);
    ok(anshin_template_render(&out, &(anshin_template_t){.source = "{{"}, NULL, NULL, pool) == ANSHIN_EINVALID,
       "no error object is needed");
    json_decref(parts);
}

static void test_limits(apr_pool_t *pool)
{
    json_t *data = json_pack("{s:b, s:[], s:s}", "x", 1, "none", "big", repeat("0123456789abcdef", 4096, pool));
    json_t *parts = json_pack("{s:s, s:s, s:s, s:s}", "self", "{{>self}}", "two", "{{>two}}{{>two}}", "deeper",
                              " {{>deeper}}\n", "shallow", "{{#x}}{{>shallow}}{{/x}}");
    const char *out;
    anshin_error_t err;
    const char *ok_depth = apr_pstrcat(pool, repeat("{{#x}}", 31, pool), "deep", repeat("{{/x}}", 31, pool), NULL);
    const char *bad_depth = apr_pstrcat(pool, repeat("{{#x}}", 40000, pool), repeat("{{/x}}", 40000, pool), NULL);

    ok(render(&out, ok_depth, data, ANSHIN_TEMPLATE_HTML, NULL, &err, pool) == APR_SUCCESS && same_text(out, "deep"),
       "31 sections in each other");
    ok(render(&out, bad_depth, data, ANSHIN_TEMPLATE_HTML, NULL, &err, pool) == ANSHIN_EINVALID && !out,
       "40,000 sections in each other: %s", err.text);
    ok(render(&out, "{{>self}}", data, ANSHIN_TEMPLATE_HTML, parts, &err, pool) == ANSHIN_EINVALID && !out,
       "a partial that includes itself: %s", err.text);
    ok(render(&out, "{{>two}}", data, ANSHIN_TEMPLATE_HTML, parts, &err, pool) == ANSHIN_EINVALID, "... twice: %s",
       err.text);
    ok(render(&out, " {{>deeper}}\n", data, ANSHIN_TEMPLATE_HTML, parts, &err, pool) == ANSHIN_EINVALID,
       "... with growing indentation: %s", err.text);
    ok(render(&out, "{{>shallow}}", data, ANSHIN_TEMPLATE_HTML, parts, &err, pool) == ANSHIN_EINVALID,
       "... from inside of a section: %s", err.text);
    ok(render(&out, repeat("{{big}}", 15, pool), data, ANSHIN_TEMPLATE_HTML, NULL, &err, pool) == APR_SUCCESS &&
           strlen(out) == (size_t)15 * 65536,
       "960 KiB of output");
    ok(render(&out, repeat("{{big}}", 17, pool), data, ANSHIN_TEMPLATE_HTML, NULL, &err, pool) == ANSHIN_EINVALID &&
           !out,
       "more than ANSHIN_TEMPLATE_MAX: %s", err.text);
    json_decref(data);
    json_decref(parts);
}

/* Partials that include the next one ten times: 10^20 steps that write nothing. */
static void test_multiplication(apr_pool_t *pool)
{
    json_t *parts = json_object();
    const char *out;
    anshin_error_t err;

    for (int i = 0; i < 20; i++) {
        const char *next = apr_psprintf(pool, "{{>p%d}}", i + 1);

        json_object_set_new(parts, apr_psprintf(pool, "p%d", i), json_string(repeat(next, 10, pool)));
    }
    json_object_set_new(parts, "p20", json_string("{{nothing}}"));
    ok(render(&out, "{{>p0}}", NULL, ANSHIN_TEMPLATE_HTML, parts, &err, pool) == ANSHIN_EINVALID,
       "partials that multiply without output end: %s", err.text);
    json_decref(parts);
}

/* A partial that is not there, far to the right in sections that are walked over half a million times. */
static void test_memory(apr_pool_t *pool)
{
    json_t *data = json_pack("{s:[i, i]}", "list", 1, 2);
    const char *source = apr_pstrcat(pool, repeat("{{#list}}\n", 18, pool), repeat(" ", 2000, pool), "{{>nothing}}\n",
                                     repeat("{{/list}}\n", 18, pool), NULL);
    json_t *parts = json_object();
    long before = memory_pages();
    const char *out;
    anshin_error_t err;

    ok(render(&out, source, data, ANSHIN_TEMPLATE_HTML, parts, &err, pool) == APR_SUCCESS && *out == '\0',
       "a partial that is included 262,144 times");
    ok(memory_pages() - before < 2048, "is looked for once, in little memory (%ld pages)", memory_pages() - before);
    json_decref(data);
    json_decref(parts);
}

static void test_names(anshin_template_dirs_t *dirs, apr_pool_t *pool)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "..",
                                      "../secret",
                                      "parts/../../secret",
                                      "/etc/passwd",
                                      "parts//head",
                                      "parts/",
                                      "/parts/head",
                                      "./page",
                                      "page.mustache",
                                      "page\n",
                                      "page%00",
                                      "p\xc3\xa4ge",
                                      "parts\\head",
                                      "a b",
                                      "~root"};
    const char *source = NULL;
    anshin_error_t err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(&err, 0, sizeof(err));
        ok(anshin_template_from_dirs(dirs, bad[i], &source, &err, pool) == ANSHIN_ENOTFOUND && !source,
           "from_dirs: a bad name finds nothing (%zu)", i);
    }
    ok(anshin_template_from_dirs(dirs, repeat("a", 5000, pool), &source, &err, pool) == ANSHIN_ENOTFOUND,
       "from_dirs: a name of 5,000 letters finds nothing");
}

static void test_dirs(apr_pool_t *pool)
{
    const char *source = NULL;
    const char *out;
    anshin_error_t err = {0};
    const char *root = scratch_directory(pool);
    const char *contract = apr_pstrcat(pool, root, "/contract", NULL);
    const char *common = apr_pstrcat(pool, root, "/common", NULL);
    const char *const list[] = {contract, common, NULL};
    anshin_template_dirs_t dirs = {list, ".mustache"};
    anshin_template_t template = {NULL, ANSHIN_TEMPLATE_HTML, anshin_template_from_dirs, &dirs};

    apr_dir_make_recursive(apr_pstrcat(pool, common, "/parts", NULL), APR_FPROT_OS_DEFAULT, pool);
    scratch_write(apr_pstrcat(pool, root, "/secret.mustache", NULL), "secret", 6, 0644);
    scratch_write(apr_pstrcat(pool, common, "/page.mustache", NULL), "page", 4, 0644);
    scratch_write(apr_pstrcat(pool, common, "/bom.mustache", NULL), "\xEF\xBB\xBFtext", 7, 0644);
    scratch_write(apr_pstrcat(pool, common, "/nul.mustache", NULL), "a\0b", 3, 0644);
    scratch_write(apr_pstrcat(pool, common, "/parts/head.mustache", NULL), "head", 4, 0644);
    apr_dir_make_recursive(apr_pstrcat(pool, common, "/folder.mustache", NULL), APR_FPROT_OS_DEFAULT, pool);

    ok(anshin_template_from_dirs(&dirs, "page", &source, &err, pool) == APR_SUCCESS && same_text(source, "page"),
       "from_dirs: a missing directory is passed over");
    ok(anshin_template_from_dirs(&dirs, "parts/head", &source, &err, pool) == APR_SUCCESS && same_text(source, "head"),
       "from_dirs: names with folders");
    apr_dir_make(contract, APR_FPROT_OS_DEFAULT, pool);
    scratch_write(apr_pstrcat(pool, contract, "/page.mustache", NULL), "brand", 5, 0644);
    ok(anshin_template_from_dirs(&dirs, "page", &source, &err, pool) == APR_SUCCESS && same_text(source, "brand"),
       "from_dirs: the contract's template comes first");
    ok(anshin_template_from_dirs(&dirs, "bom", &source, &err, pool) == APR_SUCCESS && same_text(source, "text"),
       "from_dirs: a byte order mark is not shown");
    ok(anshin_template_from_dirs(&dirs, "absent", &source, &err, pool) == ANSHIN_ENOTFOUND && err.status == APR_SUCCESS,
       "from_dirs: a template that is not there, which is no failure by itself");
    ok(anshin_template_from_dirs(&dirs, "nul", &source, &err, pool) == ANSHIN_EFAULT,
       "from_dirs: a NUL byte is a fault");
    anshin_error_clear(&err);
    ok(anshin_template_from_dirs(&dirs, "folder", &source, &err, pool) == ANSHIN_EFAULT,
       "from_dirs: a folder is a fault");
    anshin_error_clear(&err);
    source = NULL;
    test_names(&dirs, pool);
    anshin_error_clear(&err);
    template.source = "[{{>parts/head}}{{>../secret}}{{>absent}}]";
    ok(anshin_template_render(&out, &template, NULL, &err, pool) == APR_SUCCESS && same_text(out, "[head]") &&
           err.status == APR_SUCCESS,
       "partials from directories; none climbs out");
    template.source = "{{>nul}}";
    ok(anshin_template_render(&out, &template, NULL, &err, pool) == ANSHIN_EFAULT,
       "a partial that cannot be read is a fault, not an empty page");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    RUN(comments);
    RUN(delimiters);
    RUN(interpolation);
    RUN(inverted);
    RUN(sections);
    RUN(partials);
    RUN(malformed);
    test_modes(pool);
    test_messages(pool);
    test_limits(pool);
    test_multiplication(pool);
    test_memory(pool);
    test_dirs(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

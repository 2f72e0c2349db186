/*
 * Renders a page or mail of htdocs with data from a JSON file, through the engine that serves it: for screenshots and
 * for writers of templates.
 *
 *   render-page HTDOCS LANGUAGE TEMPLATE DATA.json ...    "templates/login", "mail/locked.ja" (mail is plain text)
 *
 * Several templates, each with its data, are rendered one after the other; then each ends with a NUL.
 *
 * The data gets what handlers add to every page: lang, t, and the title from the texts unless it brings its own.
 */
#include <stdio.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/render/template_dirs.h"
#include "core/render/template.h"
#include "core/render/text.h"

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "render-page: %s: %s\n", what, why);
    return 1;
}

/* "templates/register-done" has its title at "register_done.title". */
static void add_page_values(json_t *data, const anshin_texts_t *texts, const char *language, const char *template,
                            apr_pool_t *pool)
{
    char *page = apr_pstrdup(pool, strrchr(template, '/') ? strrchr(template, '/') + 1 : template);
    char *hyphen;

    while ((hyphen = strchr(page, '-')) != NULL) {
        *hyphen = '_';
    }
    json_object_set_new(data, "lang", json_string(language));
    json_object_set_new(data, strcmp(language, "ja") == 0 ? "lang_ja" : "lang_en", json_true());
    json_object_set(data, "t", anshin_texts_object(texts, language));
    if (!json_object_get(data, "title")) {
        const char *title = anshin_texts_get(texts, language, apr_pstrcat(pool, page, ".title", NULL));
        json_object_set_new(data, "title", json_string(title));
    }
}

static int render(const char *htdocs, const char *language, const char *template, const char *file,
                  const anshin_texts_t *texts, apr_pool_t *pool)
{
    int mail = strncmp(template, "mail/", 5) == 0;
    const char *suffix = strrchr(template, '.');
    const char *const dirs[] = {mail ? htdocs : apr_pstrcat(pool, htdocs, "/templates", NULL), NULL};
    anshin_template_dirs_t source_dirs = {dirs, ".mustache"};
    anshin_error_t err = {0};
    json_error_t json_err;
    json_t *data;
    const char *name = template;
    anshin_template_t source = {NULL, mail ? ANSHIN_TEMPLATE_TEXT : ANSHIN_TEMPLATE_HTML, anshin_template_from_dirs,
                                &source_dirs};
    const char *out;

    if (suffix) {
        source_dirs.suffix = apr_pstrcat(pool, suffix, ".mustache", NULL);
        name = apr_pstrmemdup(pool, template, (apr_size_t)(suffix - template));
    }
    if (!mail && strncmp(name, "templates/", 10) == 0) {
        name += 10;
    }
    data = json_load_file(file, 0, &json_err);
    if (!data) {
        return complain(file, json_err.text);
    }
    add_page_values(data, texts, language, name, pool);
    if (anshin_template_from_dirs(&source_dirs, name, &source.source, &err, pool) != APR_SUCCESS ||
        anshin_template_render(&out, &source, data, &err, pool) != APR_SUCCESS) {
        return complain(template, err.text[0] != '\0' ? err.text : "there is no such template");
    }
    json_decref(data);
    return fputs(out, stdout) != EOF ? 0 : complain("output", "cannot write");
}

static int render_all(int argc, char **argv, apr_pool_t *pool)
{
    const char *const lang_dirs[] = {apr_pstrcat(pool, argv[1], "/lang", NULL), NULL};
    anshin_texts_t *texts;
    anshin_error_t err = {0};
    int answer = 0;
    int i;

    if (anshin_texts_load(&texts, lang_dirs, &err, pool) != APR_SUCCESS) {
        return complain(argv[1], err.text);
    }
    for (i = 3; i < argc && answer == 0; i += 2) {
        answer = render(argv[1], argv[2], argv[i], argv[i + 1], texts, pool);
        if (argc > 5 && putchar('\0') == EOF) {
            return complain("output", "cannot write");
        }
    }
    return answer;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    int answer;

    if (argc < 5 || argc % 2 == 0) {
        fprintf(stderr, "usage: render-page HTDOCS LANGUAGE TEMPLATE DATA.json [TEMPLATE DATA.json ...]\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    answer = render_all(argc, argv, pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return answer;
}

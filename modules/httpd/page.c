/*
 * Pages: data for templates, and responses.
 *
 * SECURITY: everything that a page shows goes through the template engine, which escapes it; headers are built of our
 * own constants, paths that were checked, and the configuration.
 */
#include "httpd/page.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "core/account.h"
#include "core/template.h"
#include "httpd/cookie.h"

APLOG_USE_MODULE(anshin_portal);

static apr_status_t release_data(void *data)
{
    json_decref(data);
    return APR_SUCCESS;
}

void anshin_page_put(anshin_page_t *page, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) {
        page->broken = 1;
    }
}

void anshin_page_append(anshin_page_t *page, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) {
        page->broken = 1;
    }
}

static void put_text(anshin_page_t *page, json_t *object, const char *key, const char *text)
{
    if (text != NULL && *text != '\0') {
        anshin_page_put(page, object, key, json_string(text));
    }
}

void anshin_page_text(anshin_page_t *page, const char *key, const char *text)
{
    put_text(page, page->page, key, text);
}

void anshin_page_flag(anshin_page_t *page, const char *key, int flag)
{
    anshin_page_put(page, page->page, key, json_boolean(flag));
}

/* The help desk as a link, when it is an address of some kind that a browser can open. */
static void put_support(anshin_page_t *page, const char *support)
{
    const char *url = NULL;

    if (support == NULL) {
        return;
    }
    if (strncmp(support, "https://", 8) == 0) {
        url = support;
    } else if (anshin_address_valid(support)) {
        url = apr_pstrcat(page->r->pool, "mailto:", support, NULL);
    } else if (strspn(support, "+-0123456789") == strlen(support)) {
        url = apr_pstrcat(page->r->pool, "tel:", support, NULL);
    }
    put_text(page, page->data, "support", support);
    put_text(page, page->data, "support_url", url);
}

static void put_contract(anshin_page_t *page)
{
    const anshin_contract_t *contract = page->op->contract;
    const anshin_policy_t *policy = &contract->policy;
    json_t *object = json_object();

    put_text(page, object, "name", contract->name);
    put_text(page, object, "title", policy->title != NULL ? policy->title : contract->name);
    put_text(page, object, "support", policy->support);
    put_text(page, object, "site_url", policy->site_url);
    anshin_page_put(page, page->data, "contract", object);
    put_support(page, policy->support);
    put_text(page, page->data, "style_url", policy->style_url);
    anshin_page_put(page, page->data, "base", json_string(contract->portal_base));
}

static void put_language(anshin_page_t *page)
{
    json_t *texts = anshin_texts_object(page->texts, page->language);

    anshin_page_put(page, page->data, "lang", json_string(page->language));
    anshin_page_put(page, page->data, apr_pstrcat(page->r->pool, "lang_", page->language, NULL), json_true());
    anshin_page_put(page, page->data, "t", json_incref(texts));
}

anshin_page_t *anshin_page_create(request_rec *r, anshin_op_t *op, const anshin_texts_t *texts)
{
    anshin_page_t *page = apr_pcalloc(r->pool, sizeof *page);
    const char *chosen = anshin_cookie_get(r, ANSHIN_LANGUAGE_COOKIE);

    page->r = r;
    page->op = op;
    page->texts = texts;
    page->language = anshin_texts_language(texts, chosen, apr_table_get(r->headers_in, "Accept-Language"));
    page->language_chosen = chosen != NULL && strcmp(anshin_texts_language(texts, chosen, NULL), chosen) == 0;
    page->data = json_object();
    if (page->data == NULL) {
        return NULL;
    }
    apr_pool_cleanup_register(r->pool, page->data, release_data, apr_pool_cleanup_null);
    page->page = json_object();
    page->fields = json_object();
    page->errors = json_array();
    anshin_page_put(page, page->data, "page", page->page);
    anshin_page_put(page, page->data, "field", page->fields);
    anshin_page_put(page, page->data, "errors", page->errors);
    put_language(page);
    put_contract(page);
    return page->broken ? NULL : page;
}

/* The object of a field, made when it is first needed; NULL (and the page is broken) when there is no memory. */
static json_t *field_of(anshin_page_t *page, const char *field)
{
    if (json_object_get(page->fields, field) == NULL) {
        anshin_page_put(page, page->fields, field, json_object());
    }
    return json_object_get(page->fields, field);
}

void anshin_page_value(anshin_page_t *page, const char *field, const char *value)
{
    put_text(page, field_of(page, field), "value", value);
}

void anshin_page_error_text(anshin_page_t *page, const char *field, const char *text)
{
    json_t *object = field_of(page, field);

    if (json_object_get(object, "errors") == NULL) {
        anshin_page_put(page, object, "invalid", json_true());
        anshin_page_put(page, object, "errors", json_array());
    }
    anshin_page_append(page, json_object_get(object, "errors"), json_pack("{s:s}", "text", text));
    anshin_page_append(page, page->errors, json_pack("{s:s, s:s}", "field", field, "text", text));
    anshin_page_put(page, page->data, "has_errors", json_true());
}

void anshin_page_error(anshin_page_t *page, const char *field, const char *key)
{
    anshin_page_error_text(page, field, anshin_page_say(page, key));
}

void anshin_page_alert(anshin_page_t *page, const char *kind, const char *text)
{
    anshin_page_put(page, page->data, "alert", json_pack("{s:b, s:s}", kind, 1, "text", text));
}

void anshin_page_steps(anshin_page_t *page, const char *const *keys, int current)
{
    json_t *steps = json_array();
    int i;

    for (i = 0; keys[i] != NULL; i++) {
        anshin_page_append(page, steps,
                           json_pack("{s:s, s:b, s:b, s:i}", "text", anshin_page_say(page, keys[i]), "current",
                                     i == current, "done", i < current, "number", i + 1));
    }
    anshin_page_put(page, page->data, "steps", steps);
}

const char *anshin_page_say(anshin_page_t *page, const char *key)
{
    return anshin_texts_get(page->texts, page->language, key);
}

/* Steals data. */
static const char *say_with(anshin_page_t *page, const char *key, json_t *data)
{
    const char *text = anshin_texts_render(page->texts, page->language, key, data, page->r->pool);

    json_decref(data);
    return text;
}

const char *anshin_page_say_number(anshin_page_t *page, const char *key, const char *name, apr_int64_t number)
{
    return say_with(page, key, json_pack("{s:I}", name, (json_int_t)number));
}

const char *anshin_page_say_text(anshin_page_t *page, const char *key, const char *name, const char *text)
{
    return say_with(page, key, json_pack("{s:s}", name, text));
}

const char *anshin_page_time(anshin_page_t *page, apr_time_t time)
{
    return anshin_time_text(time, page->r->pool);
}

/* Chrome applies form-action to the redirects of a form's answer as well, and a login may lead to another site. */
static const char *site_origin(const anshin_page_t *page)
{
    const char *url = page->op->contract->policy.site_url;
    apr_size_t scheme = strlen("https://");

    if (strncmp(url, "https://", scheme) != 0) {
        return NULL;
    }
    return apr_pstrmemdup(page->r->pool, url, scheme + strcspn(url + scheme, "/?#"));
}

static int send_html(request_rec *r, const char *html, apr_size_t length, int status)
{
    r->status = status;
    ap_set_content_type(r, "text/html; charset=utf-8");
    ap_set_content_length(r, (apr_off_t)length);
    if (!r->header_only) {
        ap_rwrite(html, (int)length, r);
    }
    return OK;
}

static apr_status_t render(anshin_page_t *page, const char *name, const char **html, apr_size_t *length,
                           anshin_error_t *err)
{
    const anshin_op_t *op = page->op;
    const char *own = op->contract->policy.template_dir;
    const char *installed = apr_pstrcat(op->pool, op->env->config->server.share_dir, "/templates", NULL);
    const char *const dirs[] = {own != NULL ? own : installed, own != NULL ? installed : NULL, NULL};
    anshin_template_dirs_t where = {dirs, ".mustache"};
    const char *source;
    apr_status_t status = anshin_template_from_dirs(&where, name, &source, err, op->pool);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? anshin_fail(err, status, "AN0563", "no template %s", name) : status;
    }
    return anshin_template_render(html, length, source, page->data, ANSHIN_TEMPLATE_HTML, anshin_template_from_dirs,
                                  &where, err, op->pool);
}

static void put_title(anshin_page_t *page, const char *name)
{
    char *key = apr_pstrcat(page->r->pool, name, ".title", NULL);
    char *at;

    for (at = key; *at != '\0'; at++) {
        *at = *at == '-' ? '_' : *at;
    }
    put_text(page, page->data, "title", anshin_page_say(page, key));
}

int anshin_page_send(anshin_page_t *page, const char *name, int status)
{
    request_rec *r = page->r;
    anshin_error_t err = {.id = ""};
    const char *html;
    apr_size_t length;

    if (json_object_get(page->data, "title") == NULL) {
        put_title(page, name);
    }
    if (page->broken) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AN0564: page %s: its data cannot be put together", name);
        return anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
    }
    if (render(page, name, &html, &length, &err) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AN0562: page %s: %s: %s", name, err.id, err.text);
        return anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
    }
    anshin_page_headers(r, site_origin(page));
    if (page->framed) {
        anshin_page_headers_framed(r);
    }
    apr_table_setn(r->headers_out, "Content-Language", page->language);
    return send_html(r, html, length, status);
}

int anshin_page_bare(request_rec *r, int status)
{
    static const char unavailable[] =
        "<!DOCTYPE html>\n<html lang=\"ja\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>現在ご利用いただけません</title>\n"
        "<h1>現在ご利用いただけません</h1>\n<p>しばらくしてから、もう一度お試しください。</p>\n"
        "<p lang=\"en\">The service is not available at the moment. Please try again in a few minutes.</p>\n</html>\n";
    static const char refused[] =
        "<!DOCTYPE html>\n<html lang=\"ja\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>処理できませんでした</title>\n"
        "<h1>処理できませんでした</h1>\n<p>前のページに戻ってやり直してください。</p>\n"
        "<p lang=\"en\">This request could not be carried out. Please go back and start again.</p>\n</html>\n";
    int busy = status == HTTP_SERVICE_UNAVAILABLE;

    anshin_page_headers(r, NULL);
    if (busy && apr_table_get(r->err_headers_out, "Retry-After") == NULL) {
        apr_table_setn(r->err_headers_out, "Retry-After", "60");
    }
    return busy ? send_html(r, unavailable, sizeof unavailable - 1, status)
                : send_html(r, refused, sizeof refused - 1, status);
}

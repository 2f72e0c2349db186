/*
 * Pages: data for templates, and responses.
 *
 * SECURITY: everything that a page shows goes through the template engine, which escapes it; headers are built of our
 * own constants, paths that were checked, and the configuration.
 */
#include "portal/request/page.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <stdlib.h>
#include <string.h>

#include "core/account/account.h"
#include "core/base/unicode.h"
#include "core/render/announcement.h"
#include "core/render/template.h"
#include "core/render/template_dirs.h"
#include "core/web/contact.h"
#include "portal/request/cookie.h"
#include "http/page_headers.h"

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

/* The language of an operator's text where the page's is another; NULL: it needs none. */
static const char *foreign(const anshin_page_t *page, const char *text)
{
    return strcmp(page->language, "ja") != 0 && anshin_unicode_japanese(text) ? "ja" : NULL;
}

/* The help desk, what of it a browser can open as links. */
static void put_support(anshin_page_t *page, const char *support)
{
    const apr_array_header_t *parts;
    json_t *list;

    if (support == NULL || *support == '\0') {
        return;
    }
    parts = anshin_contact_parts(support, page->r->pool);
    list = json_array();
    for (int i = 0; i < parts->nelts; i++) {
        const anshin_contact_part_t *part = &APR_ARRAY_IDX(parts, i, anshin_contact_part_t);

        anshin_page_append(page, list, json_pack("{s:s, s:s*}", "text", part->text, "url", part->url));
    }
    put_text(page, page->data, "support", support);
    put_text(page, page->data, "support_lang", foreign(page, support));
    anshin_page_put(page, page->data, "support_parts", list);
}

static void put_contract(anshin_page_t *page)
{
    const anshin_contract_t *contract = page->op->contract;
    const anshin_policy_t *policy = &contract->policy;
    const char *support = anshin_option_text_of(policy->support, page->language);
    json_t *object = json_object();

    put_text(page, object, "name", contract->name);
    put_text(page, object, "title", anshin_contract_title(contract, page->language));
    put_text(page, object, "title_lang", foreign(page, anshin_contract_title(contract, page->language)));
    put_text(page, object, "support", support);
    put_text(page, object, "site_url", policy->site_url);
    anshin_page_put(page, page->data, "contract", object);
    put_support(page, support);
    put_text(page, page->data, "style_url", policy->style_url);
    anshin_page_put(page, page->data, "base", json_string(contract->portal_base));
    put_text(page, page->data, "origin", contract->portal_origin);
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

/* Every field that is complained of, in the order of the pages, and what stands beside it; the guard of templates
 * compares. A page whose field has another label says so (anshin_page_label()). */
static const struct {
    const char *field;
    const char *label;
} labels[] = {
    {"user", "labels.user"},
    {"current", "labels.current"},
    {"device", "labels.terminal"},
    {"terminal", "labels.send_to"},
    {"code", "labels.code"},
    {"password", "labels.password"},
    {"password_confirm", "labels.password_confirm"},
    {"question", "labels.question"},
    {"answer", "labels.answer"},
    {"operator_code", "labels.operator_code"},
    {"access_code", "labels.access_code"},
    {"label", "labels.terminal_label"},
    {"address", "labels.address"},
    {"address_confirm", "labels.address_confirm"},
    {"kind", "labels.kind"},
    {"method", "labels.method"},
    {"download_password", "labels.download_password"},
    {"profile", "labels.profile"},
    {"why", "labels.why"},
    {"contract", "desk.contract"},
    {"name", "labels.name"},
    {"organisation", "labels.organisation"},
    {"how", "desk_print.how"},
};

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

/* key: of the text, whose label may come to be known later; NULL: it is whole. */
static void complain(anshin_page_t *page, const char *field, const char *key, const char *text)
{
    json_t *object = field_of(page, field);

    if (json_object_get(object, "errors") == NULL) {
        anshin_page_put(page, object, "invalid", json_true());
        anshin_page_put(page, object, "errors", json_array());
    }
    anshin_page_append(page, json_object_get(object, "errors"), json_pack("{s:s, s:s*}", "text", text, "key", key));
    anshin_page_put(page, page->data, "has_errors", json_true());
}

void anshin_page_error_text(anshin_page_t *page, const char *field, const char *text)
{
    complain(page, field, NULL, text);
}

void anshin_page_error(anshin_page_t *page, const char *field, const char *key)
{
    complain(page, field, key, anshin_page_say(page, key));
}

static const char *label_of(anshin_page_t *page, apr_size_t row)
{
    const char *key = json_string_value(json_object_get(field_of(page, labels[row].field), "label"));

    return anshin_page_say(page, key != NULL ? key : labels[row].label);
}

void anshin_page_label(anshin_page_t *page, const char *field, const char *key)
{
    put_text(page, field_of(page, field), "label", key);
}

/* One error: whole beside its field, and in the box above the form. */
static void say_error(anshin_page_t *page, const char *field, const char *label, json_t *error)
{
    const char *key = json_string_value(json_object_get(error, "key"));
    const char *text = json_string_value(json_object_get(error, "text"));

    if (key != NULL) {
        text = anshin_page_say_text(page, key, "label", label);
        anshin_page_put(page, error, "text", json_string(text));
    }
    if (text != NULL && ap_strcasestr(text, label) == NULL) {
        text = apr_pstrcat(page->r->pool, label, ": ", text, NULL);
    }
    anshin_page_append(page, page->errors, json_pack("{s:s, s:s}", "field", field, "text", text));
}

static void say_errors(anshin_page_t *page)
{
    for (apr_size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        const json_t *errors = json_object_get(json_object_get(page->fields, labels[i].field), "errors");

        for (size_t n = 0; n < json_array_size(errors); n++) {
            say_error(page, labels[i].field, label_of(page, i), json_array_get(errors, n));
        }
    }
}

void anshin_page_alert(anshin_page_t *page, const char *kind, const char *text)
{
    anshin_page_put(page, page->data, "alert", json_pack("{s:b, s:s}", kind, 1, "text", text));
}

void anshin_page_forgive(anshin_page_t *page)
{
    const char *name;
    json_t *field;

    json_object_foreach(page->fields, name, field)
    {
        json_object_del(field, "errors");
        json_object_del(field, "invalid");
    }
    json_object_del(page->data, "has_errors");
}

void anshin_page_announcements(anshin_page_t *page)
{
    const char *path = page->op->contract->policy.notice;
    anshin_error_t err = {.id = ""};
    apr_array_header_t *announcements;
    json_t *list;

    if (path == NULL || *path == '\0') {
        return;
    }
    if (anshin_announcements_read(&announcements, path, page->language, page->op->now, &err, page->r->pool) !=
        APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, page->r, "%s: AnshinNotice: %s", err.id, err.text);
        return;
    }
    list = json_array();
    for (int i = 0; i < announcements->nelts; i++) {
        const anshin_announcement_t *one = &APR_ARRAY_IDX(announcements, i, anshin_announcement_t);

        anshin_page_append(page, list, json_pack("{s:s, s:s*}", "text", one->text, "url", one->url));
    }
    anshin_page_put(page, page->data, "has_announcements", json_boolean(announcements->nelts > 0));
    anshin_page_put(page, page->data, "announcements", list);
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
    return say_with(page, key, json_pack("{s:I, s:b}", name, (json_int_t)number, "one", number == 1));
}

const char *anshin_page_say_text(anshin_page_t *page, const char *key, const char *name, const char *text)
{
    return say_with(page, key, json_pack("{s:s}", name, text));
}

#define HERE "\xee\x80\x80" /* U+E000: stands in no text */

void anshin_page_say_time(anshin_page_t *page, json_t *object, const char *name, const char *key, apr_time_t time,
                          anshin_date_form_t form)
{
    apr_pool_t *pool = page->r->pool;
    const char *told = anshin_date_text(time, page->language, form, pool);
    const char *marked = anshin_page_say_text(page, key, "time", HERE);
    const char *at = strstr(marked, HERE);
    json_t *sentence = json_object();

    put_text(page, object, apr_pstrcat(pool, name, "_text", NULL), anshin_page_say_text(page, key, "time", told));
    put_text(page, sentence, "before", at != NULL ? apr_pstrmemdup(pool, marked, (apr_size_t)(at - marked)) : marked);
    if (at != NULL) { /* an operator's text may leave it out */
        put_text(page, sentence, "iso", anshin_date_iso(time, pool));
        put_text(page, sentence, "time", told);
        put_text(page, sentence, "after", at + strlen(HERE));
    }
    anshin_page_put(page, object, name, sentence);
}

void anshin_page_moment(anshin_page_t *page, json_t *object, const char *name, apr_time_t time, anshin_date_form_t form)
{
    apr_pool_t *pool = page->r->pool;

    if (time != 0) {
        put_text(page, object, apr_pstrcat(pool, name, "_text", NULL),
                 anshin_date_text(time, page->language, form, pool));
        put_text(page, object, apr_pstrcat(pool, name, "_iso", NULL), anshin_date_iso(time, pool));
    }
}

#define LONG 24 /* characters that any column has room for */

void anshin_page_long(anshin_page_t *page, json_t *object, const char *name, const char *text)
{
    json_t *parts = json_array();
    int first = 1;

    put_text(page, object, name, text);
    for (apr_size_t length; text != NULL && *text != '\0'; text += length) {
        length = strcspn(text, "@:.-");
        length += text[length] != '\0';
        length = first && strlen(text) <= LONG ? strlen(text) : length;
        anshin_page_append(page, parts, json_pack("{s:s%, s:b}", "text", text, (size_t)length, "first", first));
        first = 0;
    }
    anshin_page_put(page, object, apr_pstrcat(page->r->pool, name, "_parts", NULL), parts);
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

static int send_text(request_rec *r, const char *type, const char *text, int status)
{
    apr_size_t length = strlen(text);

    r->status = status;
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)length);
    if (!r->header_only) {
        ap_rwrite(text, (int)length, r);
    }
    return OK;
}

static int send_html(request_rec *r, const char *html, int status)
{
    return send_text(r, "text/html; charset=utf-8", html, status);
}

int anshin_page_send_json(anshin_page_t *page, json_t *object)
{
    request_rec *r = page->r;
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    int answer;

    json_decref(object);
    if (text == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AN1421: an answer cannot be put together");
        return anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
    }
    anshin_page_headers(r, NULL);
    answer = send_text(r, "application/json", text, HTTP_OK);
    free(text);
    return answer;
}

static apr_status_t render(anshin_page_t *page, const char *name, const char **html, anshin_error_t *err)
{
    const anshin_op_t *op = page->op;
    const char *own = op->contract->policy.template_dir;
    const char *installed = apr_pstrcat(op->pool, op->env->config->server.share_dir, "/templates", NULL);
    const char *const dirs[] = {own != NULL ? own : installed, own != NULL ? installed : NULL, NULL};
    anshin_template_dirs_t where = {dirs, ".mustache"};
    anshin_template_t template = {NULL, ANSHIN_TEMPLATE_HTML, anshin_template_from_dirs, &where};
    apr_status_t status = anshin_template_from_dirs(&where, name, &template.source, err, op->pool);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? anshin_fail(err, status, "AN0563", "template %s is missing", name) : status;
    }
    return anshin_template_render(html, &template, page->data, err, op->pool);
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

    if (json_object_get(page->data, "title") == NULL) {
        put_title(page, name);
    }
    say_errors(page);
    if (page->broken) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AN0564: page %s: its data cannot be put together", name);
        return anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
    }
    if (render(page, name, &html, &err) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AN0562: page %s: %s: %s", name, err.id, err.text);
        return anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
    }
    anshin_page_headers(r, site_origin(page));
    if (page->framed) {
        anshin_page_headers_framed(r);
    }
    if (page->connects) {
        anshin_page_headers_connecting(r);
    }
    apr_table_setn(r->headers_out, "Content-Language", page->language);
    return send_html(r, html, status);
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
    return send_html(r, busy ? unavailable : refused, status);
}

/*
 * A mail's text: facts and a template. See mail.h.
 *
 * SECURITY: runs in the worker, and where texts are tried (core/mail/trial.h). Templates, title, support and signature
 * are the operator's; none of them can lose a mail as long as the installed template can be rendered. With
 * AnshinMailLinks off no text of theirs, nor a user's, brings a link into a mail (NOM-1).
 */
#include "core/mail/mail_render.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/date_text.h"
#include "core/base/linkless.h"
#include "core/base/unicode.h"
#include "core/context/secret.h"
#include "core/render/template.h"
#include "core/render/template_dirs.h"

#define SUBJECT "Subject:"

/* The template of a kind in the first of these languages that has one, which *chosen names. */
static apr_status_t find_template(anshin_op_t *op, const char *kind, const char *language, anshin_template_dirs_t *dirs,
                                  const char **source, const char **chosen)
{
    const char *name = apr_pstrcat(op->pool, "mail/", kind, NULL);
    const char *languages[] = {language, op->contract->policy.language, "ja"};
    apr_status_t status = ANSHIN_ENOTFOUND;

    for (apr_size_t i = 0; i < sizeof(languages) / sizeof(languages[0]) && status == ANSHIN_ENOTFOUND; i++) {
        if (languages[i] == NULL || strspn(languages[i], "abcdefghijklmnopqrstuvwxyz-") != strlen(languages[i])) {
            continue;
        }
        *chosen = languages[i];
        dirs->suffix = apr_pstrcat(op->pool, ".", languages[i], ".mustache", NULL);
        status = anshin_template_from_dirs(dirs, name, source, &op->error, op->pool);
    }
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0251", "mail: template mail/%s is missing", kind);
    }
    return status;
}

static const char *given(const char *text)
{
    return text != NULL ? text : "";
}

json_int_t anshin_mail_moment(apr_time_t time)
{
    return (json_int_t)apr_time_sec(time);
}

/* 0: no memory. What was queued by an older version has the text of its times already. */
static int tell_moments(anshin_op_t *op, json_t *data, const char *language)
{
    static const char *const names[] = {"when", "expires_text", "unlock_text"};
    int told = 1;

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const json_t *moment = json_object_get(data, names[i]);
        if (json_is_integer(moment)) {
            const apr_time_t time = apr_time_from_sec(json_integer_value(moment));
            const char *text = anshin_date_text(time, language, ANSHIN_DATE_PLAIN, op->pool);
            told &= json_object_set_new(data, names[i], json_string(text)) == 0;
        }
    }
    return told;
}

static int is_url(const char *name)
{
    static const char url[] = "url";
    const apr_size_t length = strlen(name), end = strlen(url);

    return length >= end && strcmp(name + length - end, url) == 0;
}

/* Links and codes that were queued before AnshinMailLinks was switched. A page that is known has its place instead of
 * its URL, and a code, or a link that holds a token, has ended: the mail says so (way_ended). 0: no memory. */
static int name_ways(anshin_op_t *op, json_t *data)
{
    const int links = op->contract->policy.mail_links;
    json_t *ways = json_object();
    const char *name;
    json_t *value;
    int done = ways != NULL;

    json_object_foreach(data, name, value)
    {
        const char *text = json_string_value(value);
        const char *way = NULL;

        if (text != NULL && !links && is_url(name)) {
            way = strstr(text, "?t=") != NULL
                      ? "way_ended"
                      : apr_pstrcat(op->pool, apr_pstrmemdup(op->pool, name, strlen(name) - strlen("url")), "place",
                                    NULL);
        } else if (text != NULL && links && strcmp(name, "access_code") == 0) {
            way = "way_ended";
        }
        done &= way == NULL || json_object_set_new(ways, way, json_true()) == 0;
    }
    done = done && json_object_update_missing(data, ways) == 0;
    if (links) {
        (void)json_object_del(data, "access_code");
    }
    json_decref(ways);
    return done;
}

/* NULL: the mail is to do without it. Names of users and certificates are what they are, dots and all. */
static const char *without_links(anshin_op_t *op, const char *name, const char *text, const char *title)
{
    const char *clean;

    if (is_url(name)) {
        return NULL; /* queued before they were switched off */
    }
    if (strcmp(name, "user") == 0 || (strcmp(name, "name") == 0 && !anshin_linkless_broken(text))) {
        return text;
    }
    clean = anshin_linkless(text, op->pool);
    return strcmp(name, "contract") == 0 && clean[strspn(clean, " ")] == '\0' ? title : clean;
}

/* What the operator or a user wrote makes no link either (AnshinMailLinks off). 0: no memory. */
static int take_links_out(anshin_op_t *op, json_t *data)
{
    const char *name;
    json_t *value;
    void *next;
    int done = 1;

    json_object_foreach_safe(data, next, name, value)
    {
        const char *text = json_string_value(value);
        const char *clean = text != NULL ? without_links(op, name, text, op->contract->name) : NULL;

        if (text != NULL && clean != text) {
            done &= clean != NULL ? json_object_set_new(data, name, json_string(clean)) == 0
                                  : json_object_del(data, name) == 0;
        }
    }
    return done;
}

/* A user who has a name is addressed by what is left of it without links, and told the ID beside it (ATT-1). 0: no
 * memory. */
static int greet(json_t *data, const char *user)
{
    const char *name = json_string_value(json_object_get(data, "greeting"));
    int named = name != NULL && name[strspn(name, " ")] != '\0';

    return json_object_set_new(data, "named", json_boolean(named)) == 0 &&
           (named || json_object_set_new(data, "greeting", json_string(user)) == 0);
}

/* Of the portal, without its port; in op's pool. */
static const char *portal_host(const anshin_op_t *op)
{
    const char *scheme = strstr(op->contract->portal_origin, "://");
    const char *host = scheme != NULL ? scheme + 3 : "localhost";

    return apr_pstrmemdup(op->pool, host, strcspn(host, ":"));
}

/* The host that a code is bound to: phones offer it there alone, from a last line "@HOST #CODE". It is half a link, so
 * that mail without links has none; nor has a host that is a bare IPv6 address. 0: no memory. */
static int bind_code(const anshin_op_t *op, json_t *data)
{
    const char *host = portal_host(op);

    return !op->contract->policy.mail_links || *host == '[' ||
           json_object_set_new(data, "portal_host", json_string(host)) == 0;
}

/* data with what every mail can say. New reference, or NULL. */
static json_t *complete_data(anshin_op_t *op, const char *language, json_t *data, const char *user)
{
    const anshin_policy_t *policy = &op->contract->policy;
    json_t *complete = data != NULL ? json_copy(data) : json_object();

    if (complete == NULL || json_object_size(complete) != json_object_size(data)) { /* it may copy a part only */
        json_decref(complete);
        return NULL;
    }
    if (!tell_moments(op, complete, language) ||
        json_object_set_new(complete, "contract", json_string(anshin_contract_title(op->contract, language))) != 0 ||
        json_object_set_new(complete, "user", json_string(user)) != 0 ||
        json_object_set_new(complete, "support",
                            json_string(given(anshin_option_text_of(policy->support, language)))) != 0 ||
        json_object_set_new(complete, "signature",
                            json_string(given(anshin_option_text_of(policy->mail_signature, language)))) != 0 ||
        !name_ways(op, complete) || (!policy->mail_links && !take_links_out(op, complete)) ||
        !bind_code(op, complete) || !greet(complete, user)) {
        json_decref(complete);
        return NULL;
    }
    return complete;
}

/* Where the subject's template ends: *rest is the body's. NULL: it has no subject. */
static char *subject_of(char *source, char **rest)
{
    apr_size_t end = strcspn(source, "\n");

    if (strncmp(source, SUBJECT, strlen(SUBJECT)) != 0 || source[end] == '\0') {
        return NULL;
    }
    *rest = source + end + 1;
    *rest += strspn(*rest, "\r\n");
    source[source[end - 1] == '\r' ? end - 1 : end] = '\0'; /* editors on Windows */
    source += strlen(SUBJECT);
    return source + strspn(source, " ");
}

/* The first line is the subject's template, the rest after empty lines the body's: rendered apart, so that no value
 * can move a part of one into the other. */
static apr_status_t render_parts(anshin_op_t *op, const char *kind, char *source, json_t *data,
                                 anshin_template_dirs_t *dirs, anshin_mail_text_t *text)
{
    char *rest = NULL;
    anshin_template_t template = {subject_of(source, &rest), ANSHIN_TEMPLATE_TEXT, anshin_template_from_dirs, dirs};
    apr_status_t status;

    if (template.source == NULL) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0252",
                           "mail: template mail/%s does not begin with Subject:", kind);
    }
    status = anshin_template_render(&text->subject, &template, data, &op->error, op->pool);
    if (status == APR_SUCCESS) {
        template.source = rest;
        status = anshin_template_render(&text->body, &template, data, &op->error, op->pool);
    }
    if (status == APR_SUCCESS && (*text->subject == '\0' || !anshin_unicode_clean(text->subject))) {
        status = anshin_fail(&op->error, ANSHIN_EINVALID, "AN1100",
                             "mail: the subject that template mail/%s makes is not one line of text", kind);
    }
    return status;
}

/* A template of the contract's own that has a link in it. */
static apr_status_t check_links(anshin_op_t *op, const char *kind, const anshin_mail_text_t *text)
{
    return !op->contract->policy.mail_links && op->contract->policy.template_dir != NULL &&
                   (anshin_linkless_broken(text->subject) || anshin_linkless_broken(text->body))
               ? anshin_fail(&op->error, ANSHIN_EINVALID, "AN1412",
                             "mail: template mail/%s makes a link, and AnshinMailLinks is off", kind)
               : APR_SUCCESS;
}

static apr_status_t render_from(anshin_op_t *op, const anshin_mail_facts_t *facts, const char *const *places,
                                anshin_mail_text_t *text)
{
    anshin_template_dirs_t dirs = {places, NULL};
    const char *source = NULL;
    const char *language = NULL;
    json_t *data;
    apr_status_t status = find_template(op, facts->kind, facts->language, &dirs, &source, &language);

    if (status != APR_SUCCESS) {
        return status;
    }
    if ((data = complete_data(op, language, facts->data, facts->user)) == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0253", "mail: out of memory, or a value is not UTF-8");
    }
    status = render_parts(op, facts->kind, apr_pstrdup(op->pool, source), data, &dirs, text);
    json_decref(data);
    if (status == APR_SUCCESS) {
        status = check_links(op, facts->kind, text);
    }
    if (status == APR_SUCCESS) {
        return status;
    }
    anshin_secret_wipe(op, text->subject);
    anshin_secret_wipe(op, text->body);
    text->subject = text->body = NULL;
    return status;
}

/* AnshinMailFrom, or else noreply at the portal's host. */
const char *anshin_mail_sender(const anshin_op_t *op)
{
    const char *from = op->contract->policy.mail_from;

    return from != NULL && *from != '\0' ? from : apr_pstrcat(op->pool, "noreply@", portal_host(op), NULL);
}

apr_status_t anshin_mail_render(anshin_op_t *op, const anshin_mail_facts_t *facts, anshin_mail_text_t *text)
{
    const char *const installed[] = {op->env->config->server.share_dir, NULL};
    const char *const own[] = {op->contract->policy.template_dir, installed[0], NULL};
    anshin_op_t first = *op; /* what is wrong with the operator's template is no failure where the installed one does */
    apr_status_t status = ANSHIN_ENOTFOUND;

    *text = (anshin_mail_text_t){.from = anshin_mail_sender(op),
                                 .to = apr_pstrdup(op->pool, facts->to),
                                 .domain = apr_pstrdup(op->pool, facts->domain)};
    if (own[0] != NULL && (status = render_from(&first, facts, own, text)) != APR_SUCCESS) {
        text->instead = apr_psprintf(op->pool, "mail/%s: %s (%s)", facts->kind, first.error.text, first.error.id);
    }
    if (status != APR_SUCCESS) {
        status = render_from(op, facts, installed, text);
    }
    return status;
}

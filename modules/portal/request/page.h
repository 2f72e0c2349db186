/*
 * A page: the data of a template, filled step by step, and the response made of it (S19, S27).
 *
 * What a template may rely on is written down where the templates are. Strings handed in are copied; they must be UTF-8
 * without NUL, and are escaped by the template engine. A failure while filling is remembered and turns the response
 * into the bare 503 page, so that no caller has to look.
 */
#ifndef ANSHIN_PORTAL_PAGE_H
#define ANSHIN_PORTAL_PAGE_H

#include <httpd.h>
#include <jansson.h>

#include "core/base/date_text.h"
#include "core/context/op.h"
#include "core/render/text.h"

#define ANSHIN_LANGUAGE_COOKIE "anshin-lang"

typedef struct anshin_page_t {
    request_rec *r;
    anshin_op_t *op;
    const anshin_texts_t *texts;
    const char *language; /* of this response */
    int language_chosen;  /* with the switch that every page has; otherwise the browser asked for it, or nobody */
    json_t *data;         /* root of the data; freed with r->pool, like the next two, which belong to it */
    json_t *page;         /* what this page alone has */
    json_t *fields;       /* by name: {value, invalid, errors} */
    json_t *errors;       /* for the summary, in the order of the fields: [{field, text}]; filled when it is sent */
    int framed;           /* may be shown in a frame of this site */
    int connects;         /* its script asks this site */
    int broken;           /* something could not be filled in */
} anshin_page_t;

/* Begin a page of op->contract in the language that the browser's cookie or Accept-Language asks for. NULL: no memory.
 */
anshin_page_t *anshin_page_create(request_rec *r, anshin_op_t *op, const anshin_texts_t *texts);

/* Put a value into an object of the page; steals value, which may be NULL (then the page is broken). */
void anshin_page_put(anshin_page_t *page, json_t *object, const char *key, json_t *value);

/* The same at the end of an array. */
void anshin_page_append(anshin_page_t *page, json_t *array, json_t *value);

/* Shorthands for the part of this page alone; a text that is NULL is left out. */
void anshin_page_text(anshin_page_t *page, const char *key, const char *text);
void anshin_page_flag(anshin_page_t *page, const char *key, int flag);

/* What a field shows again: never a secret. NULL: nothing. */
void anshin_page_value(anshin_page_t *page, const char *field, const char *value);

/* A complaint about a field, beside it and in the summary, where the field's label stands before what does not name it
 * by itself (U16). key: of a text whose only parameter is the label. */
void anshin_page_error(anshin_page_t *page, const char *field, const char *key);
void anshin_page_error_text(anshin_page_t *page, const char *field, const char *text);

/* A field of this page has another label than its name has elsewhere; key: of a text. */
void anshin_page_label(anshin_page_t *page, const char *field, const char *key);

/* The one alert above the form; kind: "error", "notice", "success". */
void anshin_page_alert(anshin_page_t *page, const char *kind, const char *text);

/* Nothing is complained about after all: what was typed is shown as it is. */
void anshin_page_forgive(anshin_page_t *page);

/* What the operator announces today (AnshinNotice); a file that cannot be used is logged, and hinders no page. */
void anshin_page_announcements(anshin_page_t *page);

/* Steps of a flow, by the keys of their texts (NULL terminated); current counts from 0. */
void anshin_page_steps(anshin_page_t *page, const char *const *keys, int current);

/* A text by key, plain or with one number or text filled in. */
const char *anshin_page_say(anshin_page_t *page, const char *key);
const char *anshin_page_say_number(anshin_page_t *page, const char *key, const char *name, apr_int64_t number);
const char *anshin_page_say_text(anshin_page_t *page, const char *key, const char *name, const char *text);

/* A sentence of this page's language with a time in it, which a <time> shows (parts/sentence): the text key, whose only
 * parameter is the time, into NAME ({before, iso, time, after}) and whole into NAME_text of object. */
void anshin_page_say_time(anshin_page_t *page, json_t *object, const char *name, const char *key, apr_time_t time,
                          anshin_date_form_t form);

/* A time that a <time> shows: NAME_text and NAME_iso of object. 0: nothing. */
void anshin_page_moment(anshin_page_t *page, json_t *object, const char *name, apr_time_t time,
                        anshin_date_form_t form);

/* Text of people's own into NAME of object, and into NAME_parts ([{text, first}]): where it is long and has no spaces
 * (addresses of mail and network, names of certificates), a line may end between the parts (U17). */
void anshin_page_long(anshin_page_t *page, json_t *object, const char *name, const char *text);

/* Render the template and send it with this status. Its title is the text TEMPLATE.title ('-' as '_') unless the
 * data has one. OK, which a handler returns; when the template is broken, the bare page with 503 is sent and the
 * cause logged. */
int anshin_page_send(anshin_page_t *page, const char *name, int status);

/* An object for a script of ours, stolen; NULL: the bare page with 503. OK. */
int anshin_page_send_json(anshin_page_t *page, json_t *object);

/* The built-in page, in both languages, for when nothing else works; OK. */
int anshin_page_bare(request_rec *r, int status);

#endif

/*
 * Texts of the interface: one JSON file a language (htdocs/lang/ja.json), nested objects of strings, the same keys in
 * all. Loaded once and read only afterwards, so that threads may share them.
 */
#ifndef ANSHIN_CORE_RENDER_TEXT_H
#define ANSHIN_CORE_RENDER_TEXT_H

#include <jansson.h>

#include "core/base/anshin.h"

typedef struct anshin_texts_t anshin_texts_t;

/* Load every language of the directories; later directories override single texts of earlier ones, so that a contract
 * brings only what it changes. dirs: NULL terminated. APR_SUCCESS; ANSHIN_EINVALID with file, line and cause;
 * ANSHIN_ENOTFOUND when a directory of the list is missing or no language was found. */
apr_status_t anshin_texts_load(anshin_texts_t **texts, const char *const *dirs, anshin_error_t *err, apr_pool_t *pool);

/* The best language for an Accept-Language header (RFC 9110 12.5.4; may be NULL), or for a preference that is one of
 * ours; "ja" when nothing fits. Static or owned by texts. */
const char *anshin_texts_language(const anshin_texts_t *texts, const char *preference, const char *accept_language);

/* The text object of a language, borrowed: give templates a new reference with json_object_set(). Thread safe. */
json_t *anshin_texts_object(const anshin_texts_t *texts, const char *language);

/* One text by dotted key ("errors.required"), or the key itself when there is none, so that a gap shows. */
const char *anshin_texts_get(const anshin_texts_t *texts, const char *language, const char *key);

/* The same, rendered as a plain-text Mustache template with data (NULL: none); in pool. */
const char *anshin_texts_render(const anshin_texts_t *texts, const char *language, const char *key, json_t *data,
                                apr_pool_t *pool);

#endif

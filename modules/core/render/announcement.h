/*
 * Announcements: what an operator tells on the pages, such as maintenance or a warning of phishing (NOM-3). A JSON file
 * (AnshinNotice), read each time, so that a change needs no restart:
 *
 *   [{"from": "2026-12-05 22:00", "until": "2026-12-06T03:00+09:00", "url": "https://www.example.jp/maintenance",
 *     "text": {"ja": "...", "en": "..."}}]
 *
 * from, until and url may be left out. A time without an offset (RFC 3339) is of this machine's zone; it counts from
 * `from` on, and no longer at `until`.
 */
#ifndef ANSHIN_CORE_RENDER_ANNOUNCEMENT_H
#define ANSHIN_CORE_RENDER_ANNOUNCEMENT_H

#include "core/base/anshin.h"

#define ANSHIN_ANNOUNCEMENTS_MAX 16
#define ANSHIN_ANNOUNCEMENT_TEXT_MAX 500 /* characters */

typedef struct anshin_announcement_t {
    const char *text;
    const char *url; /* https, or a path of this site; NULL: none */
} anshin_announcement_t;

/* Those of now, in the order of the file: *announcements of anshin_announcement_t, in pool. Each in the language, else
 * in Japanese, else in the first that it has. All of the file is looked at: APR_SUCCESS, or ANSHIN_EINVALID with file,
 * place and rule. */
apr_status_t anshin_announcements_read(apr_array_header_t **announcements, const char *path, const char *language,
                                       apr_time_t now, anshin_error_t *err, apr_pool_t *pool);

#endif

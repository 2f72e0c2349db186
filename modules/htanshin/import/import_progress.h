/*
 * How far an import is, for whoever sits before the terminal: on the standard error, one line that is written over and
 * over. Where that is no terminal, nothing of it is written. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_PROGRESS_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_PROGRESS_H

#include "core/base/anshin.h"

typedef struct anshin_import_progress_t {
    int shown;       /* 0: there is no terminal to show it on */
    int there;       /* a line of it stands on the terminal */
    apr_time_t from; /* when it began */
    apr_time_t last; /* when it was written last */
} anshin_import_progress_t;

/* Begin. quiet: what comes of the lines is written to the same terminal, and tells enough. */
void anshin_import_progress_begin(anshin_import_progress_t *progress, int quiet);

/* So far it is; a few times a second at most it is written. size 0: not known. */
void anshin_import_progress_at(anshin_import_progress_t *progress, apr_int64_t at, apr_int64_t size, int lines);

/* Make room for something else on the terminal. */
void anshin_import_progress_clear(anshin_import_progress_t *progress);

/* What stands there: "  48 % [#########           ] 1,234 lines, 0:52 left", in pool. passed: since it began. */
const char *anshin_import_progress_text(apr_int64_t at, apr_int64_t size, int lines, apr_interval_time_t passed,
                                        apr_pool_t *pool);

#endif

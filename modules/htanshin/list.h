/*
 * Lists of any length in bounded memory (D4). Private to this folder.
 *
 * The store has no order, so that a list is walked for in parts: each walk keeps the next rows alone, and they are
 * written before the next walk begins. A list of up to ANSHIN_LIST_PART rows takes one walk. No transaction is open
 * while it is written, since somebody may page through it for hours: what is there all the time is listed once, what
 * comes or goes meanwhile may be or not.
 */
#ifndef ANSHIN_HTANSHIN_LIST_H
#define ANSHIN_HTANSHIN_LIST_H

#include "htanshin/command.h"
#include "htanshin/result.h"

#define ANSHIN_LIST_PART 65536
#define ANSHIN_LIST_MAX 1000000 /* of --limit */

typedef struct anshin_list_t {
    int descending; /* newest first */
    int limit;      /* when --limit is not given; 0: all */

    /* The row that --after names: its time and key. NULL: the command reads --after itself. APR_SUCCESS,
     * ANSHIN_EINVALID, ANSHIN_ENOTFOUND and what the store answers, with the cause in call->op.error. */
    apr_status_t (*after)(anshin_call_t *call, void *baton, const char *given, apr_time_t *at, const char **key);

    /* Add the rows that there are, through a verb of core that hands them out. */
    apr_status_t (*walk)(anshin_call_t *call, void *baton, anshin_rows_t *rows);
} anshin_list_t;

/* Write the list of a command with the options ANSHIN_LIST_OPTIONS to the standard output. After a failure what was
 * written is not whole. */
apr_status_t anshin_list(anshin_call_t *call, const anshin_list_t *list, void *baton);

/* Rows of options, for each command that lists. */
#define ANSHIN_LIST_LIMIT                        \
    {                                            \
        "limit", "NUMBER", "At most so many.", 0 \
    }
#define ANSHIN_LIST_CSV                                                                                               \
    {"csv", NULL, "As CSV (RFC 4180, UTF-8). What a spreadsheet would take for a formula begins with an apostrophe.", \
     0},                                                                                                              \
    {                                                                                                                 \
        "bom", NULL, "With --csv: begin with the byte order mark by which Excel knows UTF-8.", 0                      \
    }
#define ANSHIN_LIST_AFTER(value, which)                                 \
    {                                                                   \
        "after", value, "Only what comes after this one, " which ".", 0 \
    }

#endif

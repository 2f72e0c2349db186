/*
 * Lines of a dump in a file: read twice by who loads them (core/admin/load.h), written by who dumps. Private to this
 * folder.
 */
#ifndef ANSHIN_HTANSHIN_DUMP_LINES_H
#define ANSHIN_HTANSHIN_DUMP_LINES_H

#include <stdio.h>

#include "core/admin/dump.h"
#include "core/admin/load.h"

typedef struct anshin_lines_t {
    FILE *file; /* stays the caller's */
    char *line; /* the present one */
} anshin_lines_t;

/* Read what is in file, which can be sought in. lines lives in pool, too. */
anshin_load_source_t anshin_lines_of(anshin_lines_t *lines, FILE *file, apr_pool_t *pool);

/* As dump.h wants them; baton: a FILE. */
anshin_dump_write_fn anshin_lines_write;
anshin_dump_settle_fn anshin_lines_settle;

#endif

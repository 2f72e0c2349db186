/*
 * Which users stood in the file before, and in which line: 16 to 32 octets a user. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_SEEN_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_SEEN_H

#include "core/base/anshin.h"

typedef struct anshin_import_seen_t anshin_import_seen_t;

/* None so far. In pool. */
anshin_import_seen_t *anshin_import_seen_create(apr_pool_t *pool);

/* Note a user (canonical) of a line, from 1. *before: the line that has named the same one first; 0: none. APR_SUCCESS,
 * ANSHIN_EFAULT (no memory). */
apr_status_t anshin_import_seen_add(anshin_import_seen_t *seen, const char *user, int line, int *before);

#endif

/*
 * Lines of htpasswd: USER:HASH; what follows another colon is a comment, as is a line that begins with #. Private to
 * this folder.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_HTPASSWD_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_HTPASSWD_H

#include "htanshin/import/import_columns.h"

/* The next one, of anshin_import_text_t. Answers of anshin_import_text_next(). */
apr_status_t anshin_import_htpasswd_next(void *reader, anshin_import_record_t *record, anshin_error_t *err,
                                         apr_pool_t *pool);

/* A record of user and hash (NULL: the line has none, and is wrong), in pool. */
void anshin_import_htpasswd_record(anshin_import_record_t *record, int line, const char *user, const char *hash,
                                   apr_pool_t *pool);

#endif

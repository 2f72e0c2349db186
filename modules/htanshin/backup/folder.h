/*
 * A backup as a folder beside earlier ones: DIR/anshin-TIME/, each whole by itself and removed by itself. A file that
 * is octet for octet the one of the backup before is a second name of that (link(2)), so that only what is new takes
 * place. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_FOLDER_H
#define ANSHIN_HTANSHIN_BACKUP_FOLDER_H

#include "htanshin/backup/source.h"

#define ANSHIN_FOLDER_STEM "anshin-"
#define ANSHIN_FOLDER_PARTIAL ".partial"

/* The newest whole backup in a directory, in pool; NULL: there is none. */
const char *anshin_folder_newest(int directory, apr_pool_t *pool);

/* Write what source hands out into a new folder DIR/NAME.partial. APR_SUCCESS: it is durable, and *name (in pool) is
 * given by anshin_folder_keep(). Else nothing of it is left. ANSHIN_ECONFLICT: another backup is written there. */
apr_status_t anshin_folder_write(int directory, anshin_source_t *source, const char **name, anshin_error_t *err,
                                 apr_pool_t *pool);

/* It is whole: give it its name; or remove it. ANSHIN_EFAULT. */
apr_status_t anshin_folder_keep(int directory, const char **name, anshin_error_t *err, apr_pool_t *pool);
void anshin_folder_drop(int directory, const char *name, apr_pool_t *pool);

#endif

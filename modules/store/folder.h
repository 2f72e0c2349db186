/*
 * The store's directory and the files in it. Names are relative to it; the cause of a failure goes to err.
 *
 * The directory and all in it belong to a group shared by several users (2770, 0660; S31): a directory that others may
 * enter, or that the group may enter without handing its group on to new files, is refused.
 */
#ifndef ANSHIN_STORE_FOLDER_H
#define ANSHIN_STORE_FOLDER_H

#include "core/anshin.h"

typedef struct anshin_folder_t {
    int fd;
    const char *path;
} anshin_folder_t;

/* Open, and make when it is missing (its parent must exist). ANSHIN_EINVALID: its mode is wider than allowed.
 * No cleanup is registered: close it. */
apr_status_t anshin_folder_open(anshin_folder_t *folder, const char *path, anshin_error_t *err);
void anshin_folder_close(anshin_folder_t *folder);

/* The full path of a name, for libraries that want one. */
char *anshin_folder_path(const anshin_folder_t *folder, const char *name, apr_pool_t *pool);

/* Make a new file, open for reading and writing, with its final mode. What had the name before is removed. */
apr_status_t anshin_folder_create(int *fd, const anshin_folder_t *folder, const char *name, anshin_error_t *err);

/* Open a file that is there. flags: O_RDONLY, O_RDWR. ANSHIN_ENOTFOUND (no error recorded). */
apr_status_t anshin_folder_open_file(int *fd, const anshin_folder_t *folder, const char *name, int flags,
                                     anshin_error_t *err);

/* Open a file that a library has just made, for reading and writing, and give it its final mode. */
apr_status_t anshin_folder_adopt(int *fd, const anshin_folder_t *folder, const char *name, anshin_error_t *err);

apr_status_t anshin_folder_rename(const anshin_folder_t *folder, const char *from, const char *to, anshin_error_t *err);

/* Give a file a second name. ANSHIN_ECONFLICT (no error recorded): that name is taken. */
apr_status_t anshin_folder_link(const anshin_folder_t *folder, const char *from, const char *to, anshin_error_t *err);

/* Removing what is not there is no failure. */
apr_status_t anshin_folder_remove(const anshin_folder_t *folder, const char *name, anshin_error_t *err);

/* Make new, renamed and removed names durable. */
apr_status_t anshin_folder_sync(const anshin_folder_t *folder, anshin_error_t *err);

/* The names in it, without "." and "..": array of const char *, in pool. */
apr_status_t anshin_folder_list(apr_array_header_t **names, const anshin_folder_t *folder, anshin_error_t *err,
                                apr_pool_t *pool);

/* Exactly length octets at offset. APR_SUCCESS, APR_EOF (read: the file is shorter) or an errno. */
apr_status_t anshin_file_read(int fd, void *data, apr_size_t length, apr_off_t offset);
apr_status_t anshin_file_write(int fd, const void *data, apr_size_t length, apr_off_t offset);

#endif

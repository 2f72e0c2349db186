/*
 * The store's directory and the files in it. Names are relative to it; the cause of a failure goes to err.
 *
 * The directory and all in it belong to a group shared by several users (2770, 0660; S31): a directory that others may
 * enter, or that the group may enter without handing its group on to new files, is refused.
 */
#ifndef ANSHIN_STORE_DIRECTORY_H
#define ANSHIN_STORE_DIRECTORY_H

#include "core/base/anshin.h"

typedef struct anshin_directory_t {
    int fd;
    const char *path;
} anshin_directory_t;

/* Open, and make when it is missing (its parent must exist). ANSHIN_EINVALID: its mode is wider than allowed.
 * No cleanup is registered: close it. */
apr_status_t anshin_directory_open(anshin_directory_t *directory, const char *path, anshin_error_t *err);
void anshin_directory_close(anshin_directory_t *directory);

/* In a process that was just forked and becomes another program: closes whatever it has of files in the directory, also
 * what a library had opened and not yet marked to be closed. Takes no memory. */
void anshin_directory_leave(const anshin_directory_t *directory);

/* The full path of a name, for libraries that want one. */
char *anshin_directory_path(const anshin_directory_t *directory, const char *name, apr_pool_t *pool);

/* Make a new file, open for reading and writing, with its final mode. What had the name before is removed. */
apr_status_t anshin_directory_create(int *fd, const anshin_directory_t *directory, const char *name,
                                     anshin_error_t *err);

/* Open a file that is there. flags: O_RDONLY, O_RDWR. ANSHIN_ENOTFOUND (no error recorded). */
apr_status_t anshin_directory_open_file(int *fd, const anshin_directory_t *directory, const char *name, int flags,
                                        anshin_error_t *err);

/* Open a file that a library has just made, for reading and writing, and give it its final mode. ANSHIN_ENOTFOUND:
 * there is none (no error recorded). */
apr_status_t anshin_directory_adopt(int *fd, const anshin_directory_t *directory, const char *name,
                                    anshin_error_t *err);

/* Give a file another name; what had that is removed, in the same step. ANSHIN_EFAULT. */
apr_status_t anshin_directory_rename(const anshin_directory_t *directory, const char *from, const char *to,
                                     anshin_error_t *err);

/* Give a file a second name. ANSHIN_ECONFLICT (no error recorded): that name is taken. */
apr_status_t anshin_directory_link(const anshin_directory_t *directory, const char *from, const char *to,
                                   anshin_error_t *err);

/* Removing what is not there is no failure. */
apr_status_t anshin_directory_remove(const anshin_directory_t *directory, const char *name, anshin_error_t *err);

/* Make new, renamed and removed names durable. */
apr_status_t anshin_directory_sync(const anshin_directory_t *directory, anshin_error_t *err);

/* The names in it, without "." and "..": array of const char *, in pool. */
apr_status_t anshin_directory_list(apr_array_header_t **names, const anshin_directory_t *directory, anshin_error_t *err,
                                   apr_pool_t *pool);

/* Exactly length octets at offset. APR_SUCCESS, APR_EOF (read: the file is shorter) or an errno. */
apr_status_t anshin_file_read(int fd, void *data, apr_size_t length, apr_off_t offset);
apr_status_t anshin_file_write(int fd, const void *data, apr_size_t length, apr_off_t offset);

#endif

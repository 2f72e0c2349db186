/*
 * Reading and writing whole buffers, and making names durable. Each answers APR_SUCCESS or the errno.
 */
#ifndef ANSHIN_RUNTIME_IO_H
#define ANSHIN_RUNTIME_IO_H

#include <apr_errno.h>

/* All of it. */
apr_status_t anshin_io_write(int fd, const void *data, apr_size_t length);

/* What there is, up to size octets; *length says how much. */
apr_status_t anshin_io_read(int fd, void *data, apr_size_t size, apr_size_t *length);

/* What was made or moved in a directory is there for good. */
apr_status_t anshin_io_sync_directory(const char *path);

/* Octets that may still be written to the file system of this path. */
apr_status_t anshin_io_space(const char *path, apr_uint64_t *octets);

/* Fewer than these are told of: what is left for journal, mail and logs is soon used up. */
#define ANSHIN_IO_SPACE_LOW ((apr_uint64_t)64 << 20)

#endif

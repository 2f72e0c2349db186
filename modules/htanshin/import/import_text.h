/*
 * The lines of a file that an office made, as UTF-8: with or without a byte order mark, or CP932 (Windows-31J, with the
 * letters of NEC and IBM); ended by LF or CR LF. Memory is the same however long the file is. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_TEXT_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_TEXT_H

#include "core/base/anshin.h"

#define ANSHIN_IMPORT_LINE_MAX 65536 /* octets of a line, as UTF-8 and with its end */

typedef enum anshin_import_encoding_t {
    ANSHIN_IMPORT_AUTO, /* CP932 where it is no valid UTF-8: of a file all is looked at, of a pipe the first MiB, and
                         * while that is ASCII what follows */
    ANSHIN_IMPORT_UTF8,
    ANSHIN_IMPORT_CP932
} anshin_import_encoding_t;

typedef struct anshin_import_text_t anshin_import_text_t;

/* A line. What was wrong is replaced in the text, so that it is valid UTF-8 all the same and can be told apart. */
typedef struct anshin_import_line_t {
    const char *text; /* ends with LF, and NUL; lives until the next line */
    apr_size_t length;
    int number;
    const char *wrong; /* NULL; or why it cannot be taken, in English; lives as long */
    int cut;           /* 1: it was too long, and its end is not there */
} anshin_import_line_t;

/* Begin to read fd, which stays the caller's. APR_SUCCESS; ANSHIN_EINVALID (UTF-16, or this machine does not know
 * CP932); ANSHIN_EFAULT (it cannot be read). */
apr_status_t anshin_import_text_open(anshin_import_text_t **text, int fd, anshin_import_encoding_t encoding,
                                     anshin_error_t *err, apr_pool_t *pool);

/* The next line, also an empty one. APR_SUCCESS; APR_EOF; APR_EINTR (a signal came while it was waited for);
 * ANSHIN_EFAULT (it cannot be read). */
apr_status_t anshin_import_text_next(anshin_import_text_t *text, anshin_import_line_t *line, anshin_error_t *err);

/* Octets of the file that were taken so far, and of all; 0: not known. */
apr_int64_t anshin_import_text_at(const anshin_import_text_t *text);
apr_int64_t anshin_import_text_size(const anshin_import_text_t *text);

#endif

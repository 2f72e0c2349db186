/*
 * Segments of the trail: STATE/audit/NODE-NUMBER.jsonl, of lines (core/audit/line.h). The worker alone writes them, and
 * only at their end.
 */
#ifndef ANSHIN_RUNTIME_TRAIL_FILE_H
#define ANSHIN_RUNTIME_TRAIL_FILE_H

#include <stdio.h>

#include "core/audit/line.h"

/* The directory, and the file of a segment in it; in pool. */
const char *anshin_trail_directory(const anshin_env_t *env, apr_pool_t *pool);
const char *anshin_trail_path(const anshin_env_t *env, apr_int64_t segment, apr_pool_t *pool);

/* A segment that is read from an octet on, line after line. */
typedef struct anshin_trail_reader_t {
    FILE *file;
    char *text;         /* the line at hand, without its line feed */
    apr_int64_t lines;  /* read so far, */
    apr_int64_t octets; /* and so many octets of them */
} anshin_trail_reader_t;

/* text is in pool. APR_SUCCESS, ANSHIN_ENOTFOUND, ANSHIN_EFAULT. No link is followed. */
apr_status_t anshin_trail_read(anshin_trail_reader_t *reader, const char *path, apr_int64_t from, anshin_error_t *err,
                               apr_pool_t *pool);

/* 1: a line; 0: there is no more; -1: what follows is no whole line. */
int anshin_trail_next(anshin_trail_reader_t *reader);

/* Done; one that was closed before is no failure. */
void anshin_trail_close(anshin_trail_reader_t *reader);

#endif

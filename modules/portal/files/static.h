/*
 * Style sheet, script and pictures of the portal.
 */
#ifndef ANSHIN_PORTAL_STATIC_H
#define ANSHIN_PORTAL_STATIC_H

#include <httpd.h>

#include "core/base/anshin.h"

/* GET or HEAD of a file below share_dir/static; name: behind "/static/". Answers like an httpd handler. */
int anshin_static_get(request_rec *r, const char *share_dir, const char *name);

/* Open a regular file, and know of it in r->finfo. 0: there is none. */
int anshin_static_open(request_rec *r, apr_file_t **file, const char *path);

/* Answer with the whole of it, or 304, or the headers alone (HEAD). control: its Cache-Control. */
int anshin_static_send(request_rec *r, apr_file_t *file, const char *type, const char *control);

/* The same of octets that a file would have had, which was written at that time. */
int anshin_static_send_octets(request_rec *r, const anshin_bytes_t *octets, apr_time_t at, const char *type,
                              const char *control);

#endif

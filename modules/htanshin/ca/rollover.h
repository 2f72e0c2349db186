/*
 * What `ca create`, `ca request` and `ca import` do with --next (CAS-2): the CA that follows in the line that
 * --contract names, beside the one before. Its key is the file that stands beside its certificate, or on the token that
 * --use-key names. It is trusted from httpd's next start on. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_ROLLOVER_H
#define ANSHIN_HTANSHIN_ROLLOVER_H

#include "crypto/pki/ca_import.h"
#include "htanshin/command.h"

/* Make it. wanted: its name gets a number where none was given. Fills call->result. APR_SUCCESS; ANSHIN_ECONFLICT
 * (there is a next one, or a file of its name); ANSHIN_EINVALID, ANSHIN_ENOTFOUND, ANSHIN_EFAULT. */
apr_status_t anshin_rollover_create(anshin_call_t *call, anshin_ca_wanted_t *wanted);

/* Write the request for it, for a company's CA to sign. It is not trusted yet. The same answers. */
apr_status_t anshin_rollover_request(anshin_call_t *call, anshin_ca_wanted_t *wanted);

/* Take what that has signed. The same answers, and those of anshin_ca_import(). */
apr_status_t anshin_rollover_import(anshin_call_t *call, const anshin_bytes_t *pem, anshin_ca_imported_t *imported);

#endif

/*
 * Which places are restricted by a Require: a place that tells the state of the system must be (STA-1).
 *
 * httpd's modules do not tell each other what a Require line says, so these lines are read here as well, beside
 * mod_authz_core, which alone acts on them.
 */
#ifndef ANSHIN_AUTH_RESTRICTED_H
#define ANSHIN_AUTH_RESTRICTED_H

#include "auth/config/config.h"

/* The name of the handler (SetHandler) that tells the state of the system. */
#define ANSHIN_STATUS_HANDLER "anshin-status"

/* The functions of our rows "Require" and "AuthMerging". */
const char *anshin_restricted_require(cmd_parms *cmd, void *place, const char *line);
const char *anshin_restricted_merging(cmd_parms *cmd, void *place, const char *word);

/* 1: what r asks for is restricted: the section that counts has a Require that does not let everybody in, none beside
 * it that does, and no "Satisfy any". */
int anshin_restricted(request_rec *r);

/* Of configtest: every section with SetHandler anshin-status has such a Require itself. OK, or
 * HTTP_INTERNAL_SERVER_ERROR when the line has been logged. */
int anshin_restricted_check(server_rec *server, apr_pool_t *ptemp);

#endif

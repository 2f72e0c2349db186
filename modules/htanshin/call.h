/*
 * What a command works on, opened piece by piece, and how a failure is told.
 */
#ifndef ANSHIN_HTANSHIN_CALL_H
#define ANSHIN_HTANSHIN_CALL_H

#include "htanshin/command.h"

/* Read the snapshot into call->config, once. A snapshot that breaks a rule is no mistake of the command line, but
 * broken: APR_SUCCESS, ANSHIN_ENOTFOUND, ANSHIN_EFAULT. */
apr_status_t anshin_call_config(anshin_call_t *call);

/* A verb that answers ANSHIN_ENOTFOUND leaves it to the command to say what there is none of: kind ("user") and its
 * name. Any other status comes back as it is. */
apr_status_t anshin_call_missing(anshin_call_t *call, apr_status_t status, const char *kind, const char *name);

/* Tell on the standard error why a status came, as text or JSON: the cause in call->op.error, of: what it is about, in
 * the language of the answer (anshin_call_line()), or "". The first tells it of call->where. */
void anshin_call_tell(const anshin_call_t *call, apr_status_t status);
void anshin_call_tell_of(const anshin_call_t *call, apr_status_t status, const char *of);

/* Where the store is a database's, put into the result what that has still of what was erased. */
void anshin_call_tell_database(const anshin_call_t *call);

/* "line NUMBER", in pool: in English where a program reads it. */
const char *anshin_call_line(const anshin_call_t *call, int number, apr_pool_t *pool);

#endif

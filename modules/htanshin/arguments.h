/*
 * The command line.
 */
#ifndef ANSHIN_HTANSHIN_ARGUMENTS_H
#define ANSHIN_HTANSHIN_ARGUMENTS_H

#include "htanshin/command.h"

/* Read the command line into call. APR_SUCCESS, or ANSHIN_EINVALID with what is wrong in call->op.error. */
apr_status_t anshin_arguments_read(anshin_call_t *call, int argc, const char *const *argv);

#endif

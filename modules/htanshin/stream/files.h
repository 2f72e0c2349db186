/*
 * The files that a command line names. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_STREAM_FILES_H
#define ANSHIN_HTANSHIN_STREAM_FILES_H

#include "htanshin/command.h"

/* Open them, before root is left: call->input is the operand FILE or the value of --file ("-": the standard input; with
 * --format htdbm it is call->dbm); call->output that of --result or --output, call->undo that of --undo, both made anew
 * with mode 0600. One that exists is replaced with --overwrite alone, when the new one is whole (stream/keeper.h). What
 * is not named is -1. APR_SUCCESS; ANSHIN_EINVALID (it cannot be opened, is there already, or another command writes to
 * it: call->op.error tells what to do); ANSHIN_EFAULT. */
apr_status_t anshin_files_open(anshin_call_t *call);

/* Run work as who called us: root that sudo has made of somebody as that one, everybody else as who it is. Answers of
 * work; ANSHIN_EFAULT as well, after which the process must end. */
apr_status_t anshin_files_as_caller(anshin_call_t *call, apr_status_t (*work)(anshin_call_t *call));

#endif

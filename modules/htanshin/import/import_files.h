/*
 * The files that the command line of an import names. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_FILES_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_FILES_H

#include "htanshin/command.h"

/* Open them into call->input and call->output, before root is left: FILE ("-": the standard input) to be read, and what
 * --result names (not given: -1), which is made anew with mode 0600. APR_SUCCESS; ANSHIN_EINVALID (it cannot be opened,
 * or is there already: call->op.error tells what to do); ANSHIN_EFAULT. */
apr_status_t anshin_import_files_open(anshin_call_t *call);

#endif

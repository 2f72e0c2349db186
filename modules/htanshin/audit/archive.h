/*
 * htanshin audit archive and retire. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_AUDIT_ARCHIVE_H
#define ANSHIN_HTANSHIN_AUDIT_ARCHIVE_H

#include "htanshin/command.h"

/* Copy closed segments that are not archived yet, and the anchor of each, into the directory of the operand. */
apr_status_t anshin_audit_archive(anshin_call_t *call);

/* Remove archived segments that were closed before --until. */
apr_status_t anshin_audit_retire(anshin_call_t *call);

#endif

/*
 * htanshin cert export. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_EXPORT_CERT_EXPORT_H
#define ANSHIN_HTANSHIN_EXPORT_CERT_EXPORT_H

#include "htanshin/command.h"

/* As every command runs (command.h). */
apr_status_t anshin_cert_export(anshin_call_t *call);

#endif

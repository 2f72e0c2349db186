/*
 * htanshin restore. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_RESTORE_H
#define ANSHIN_HTANSHIN_BACKUP_RESTORE_H

#include "htanshin/command.h"

/* The subcommand: works as root, or as the one user whose the state directory is to be. */
apr_status_t anshin_restore(anshin_call_t *call);

#endif

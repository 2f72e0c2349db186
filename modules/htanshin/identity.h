/*
 * Who the process is. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_IDENTITY_H
#define ANSHIN_HTANSHIN_IDENTITY_H

#include "htanshin/command.h"

#define ANSHIN_SIGNER_USER_DEFAULT "anshin-signer"

/* Look at the state directory and, when root started us, become the user that the command's access asks for, with the
 * state directory's group and no other: files that we make must be usable by httpd and by the worker. Another user than
 * root stays who it is. Sets umask 007.
 * APR_SUCCESS; ANSHIN_EFAULT (no such directory, no snapshot, open to the world, of the wrong group, no such user). */
apr_status_t anshin_identity_take(anshin_call_t *call);

#endif

/*
 * Who calls the command. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_ACTOR_H
#define ANSHIN_HTANSHIN_ACTOR_H

#include "core/context/op.h"

/* The operator by the real user ID of the process, so before anshin_identity_take(). What the kernel knows of the login
 * and what SUDO_USER and operator_name (--operator, or NULL) claim stand beside it; and which person it is, where two
 * are needed (AnshinFourEyes), for which --operator counts for nothing. In pool. */
void anshin_actor_caller(anshin_actor_t *actor, const char *operator_name, apr_pool_t *pool);

#endif

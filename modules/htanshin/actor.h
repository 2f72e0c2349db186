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

/* One person's account of the machine, into actor->person and number, by its uid, login and login_uid: that of the
 * login, which the kernel keeps; else the one that runs this; else, where nobody has logged in that the kernel knows of
 * and root runs this, the one that sudo names (sudo_user, or NULL). NULL: nobody is known to be it. Root's account is
 * nobody's: whoever has its password may be anybody; and so is another one that sudo says (sudo_uid, or NULL) was taken
 * on without a login. */
void anshin_actor_person(anshin_actor_t *actor, const char *sudo_user, const char *sudo_uid, apr_pool_t *pool);

/* The account of that number is a service's, and nobody's: whoever gets hold of the service may be anybody. */
void anshin_actor_is_service(anshin_actor_t *actor, apr_int64_t uid, apr_pool_t *pool);

#endif

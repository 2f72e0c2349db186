/*
 * Where a contract wants a second operator for what is done to many (AnshinFourEyes bulk), a command does something to
 * one user, or has been held (hold.h): asked about whatever it does, in the transaction that does it. So a verb that
 * forgets to hold is stopped at its second user. Private to htanshin.
 */
#ifndef ANSHIN_HTANSHIN_APPROVAL_MANY_H
#define ANSHIN_HTANSHIN_APPROVAL_MANY_H

#include "htanshin/command.h"

/* Whatever call->op does from now on. Whom it was done to is kept when the store is opened anew. */
void anshin_many_watch(anshin_call_t *call);

/* A second operator has approved it for many. */
void anshin_many_approved(anshin_call_t *call);

#endif

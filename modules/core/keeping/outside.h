/*
 * Acts of an operator whose effect is not in the store: what was taken out of it, what became of a CA's files. The
 * trail hears of them all the same (AUD-1).
 */
#ifndef ANSHIN_CORE_KEEPING_OUTSIDE_H
#define ANSHIN_CORE_KEEPING_OUTSIDE_H

#include "core/mail/event.h"

/* What is done there. Called once or more, until it and the commit succeed; so it must bear to be done twice. */
typedef apr_status_t anshin_outside_fn(void *baton);

/* Tell of it, durably; with an effect: in one transaction, so that an effect that fails is told by nothing, and none
 * goes untold unless the machine dies just then. effect NULL: what comes of it comes after this has answered
 * APR_SUCCESS. No contract is needed. Answers of anshin_event() and of the effect. */
apr_status_t anshin_outside_tell(anshin_op_t *op, const anshin_event_t *event, anshin_outside_fn *effect, void *baton);

#endif

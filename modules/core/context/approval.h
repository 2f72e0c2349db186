/*
 * What waits for a second operator (AnshinFourEyes): its record, until when it waits, and who counts as a second one.
 * What is done with it, and the events that tell of it, are in core/desk/approve.h.
 *
 * A person is an account of the help desk, by its number, or an account of the machine, by its own: whoever has two is
 * two. Where only the number, or only the name, is the same, it is the same person all the same: the numbers of
 * machines that share a store may differ. Who of the one kind is who of the other is not known, so that neither is the
 * other's second; nor is an account without a number.
 */
#ifndef ANSHIN_CORE_CONTEXT_APPROVAL_H
#define ANSHIN_CORE_CONTEXT_APPROVAL_H

#include "core/base/words.h"
#include "core/context/expiry.h"

typedef enum anshin_approval_state_t {
    ANSHIN_APPROVAL_WAITING,
    ANSHIN_APPROVAL_APPROVED,
    ANSHIN_APPROVAL_REFUSED,
    ANSHIN_APPROVAL_WITHDRAWN,
    ANSHIN_APPROVAL_EXPIRED /* no record says so: one that waits is, in time */
} anshin_approval_state_t;
extern const anshin_word_t anshin_approval_words[]; /* "waiting" ... */
extern const anshin_word_t anshin_eyes_words[];     /* of anshin_eyes_t, as AnshinFourEyes names them */

extern const anshin_expiry_rule_t anshin_approval_expiry;

/* As it is now. */
anshin_approval_state_t anshin_approval_state(const anshin_op_t *op, const anshin_approval_t *approval);

/* 1: it is not known that who acts is another person than who has asked. */
int anshin_approval_is_own(const anshin_actor_t *actor, const anshin_approval_t *approval);

/* 1: who acts is the one who has asked, and may withdraw it. */
int anshin_approval_is_asker(const anshin_actor_t *actor, const anshin_approval_t *approval);

/* What who acts is called there. */
const char *anshin_approval_name(const anshin_actor_t *actor);

/* What it is about, for the page that asks: SHA-256, hexadecimal, over who asks for what, when, on whom and why. Who
 * asks chooses the id, so that alone would not tell one from the next. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_approval_digest(anshin_op_t *op, const anshin_approval_t *approval, const char **hex);

/* What a contract wants a second operator for, of an order for so many (of certificates, if revokes); ANSHIN_EYES_NONE:
 * for nothing of it. */
anshin_eyes_t anshin_approval_of_many(const anshin_contract_t *contract, int count, int revokes);

#endif

/*
 * What an operator at the help desk gives a user that opens something (SEC-1): an invitation, or the download password
 * of a certificate. By mail it is shown to nobody else. On paper it is shown to the operator once, on the answer to the
 * form that ordered it, where the user's contract says so (AnshinDeskPrint); nothing keeps it for a second time.
 */
#ifndef ANSHIN_CORE_DESK_HANDOUT_H
#define ANSHIN_CORE_DESK_HANDOUT_H

#include "core/desk/staff.h"

/* What was made, for paper; secrets, in the pool of the operation. */
typedef struct anshin_handout_t {
    const char *url; /* of an invitation, with its code; NULL: none */
    const char *code;
    apr_time_t expires_at;
    const char *password; /* of the download of a new certificate; NULL: none */
} anshin_handout_t;

/* 1: what the verb gives out can go by mail, or on paper, for users of that contract. What gives out nothing goes on no
 * paper, and needs no mail of its own: it can go. */
int anshin_handout_mails(anshin_desk_verb_t verb, const anshin_contract_t *contract);
int anshin_handout_prints(anshin_desk_verb_t verb, const anshin_contract_t *contract);

/* Which of them a form has chosen: "mail", "print"; NULL or "": nothing, which is the one way that there is, and mail
 * where there are two. *print: 1 or 0. What comes back: key of a text about why it cannot go that way; NULL: it can. */
const char *anshin_handout_way(anshin_desk_verb_t verb, const anshin_contract_t *contract, const char *typed,
                               int *print);

/* It is about to be made for paper, by the form of this id, whose second copy is to make nothing (FLO-2). Durable.
 * ANSHIN_ECONFLICT: it was made already; ANSHIN_EINVALID: no id; ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_handout_begin(anshin_op_t *op, const anshin_staff_t *staff, anshin_desk_verb_t verb,
                                  const char *id);

#endif

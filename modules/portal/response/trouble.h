/*
 * The troubles that help desks know: which of them concern a contract, and the answer to each.
 */
#ifndef ANSHIN_PORTAL_TROUBLE_H
#define ANSHIN_PORTAL_TROUBLE_H

#include "portal/request/portal_request.h"

/* All that concern the contract, by what people see: page.groups [{title, troubles: [{title, url}]}]. */
void anshin_trouble_put_all(anshin_portal_request_t *request);

/* The answer to one: its title, page.lead, page.answer [{text, url, label, own, others: [{text}], folded or open}].
 * own: what is done in the system that asks; others: in the rest, to be folded where own is known. A way that the
 * contract does not have is left out. 0: there is no such trouble, or it does not concern the contract. */
int anshin_trouble_put_answer(anshin_portal_request_t *request, const char *name);

/* On the page where they show: page.has_troubles, page.troubles [{title, url}] of those that concern the contract.
 * names: NULL behind the last. */
void anshin_trouble_put_some(anshin_portal_request_t *request, const char *const *names);

#endif

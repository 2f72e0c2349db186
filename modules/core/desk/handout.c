/*
 * What opens something, given out at the help desk: see handout.h.
 *
 * SECURITY: what is on paper is in no record, log or address. That its form has been carried out is kept as the orders
 * of lists are (bulk_order.h), without whom it was about.
 */
#include "core/desk/handout.h"

#include <string.h>

#include "core/context/bulk_order.h"

int anshin_handout_mails(anshin_desk_verb_t verb, const anshin_contract_t *contract)
{
    switch (anshin_desk_verb_gives(verb)) {
    case ANSHIN_GIVES_INVITATION:
        return contract->policy.mail_links != 0;
    case ANSHIN_GIVES_PASSWORD: /* its mail has the link, and never both */
        return 0;
    case ANSHIN_GIVES_NOTHING:
        break;
    }
    return 1;
}

int anshin_handout_prints(anshin_desk_verb_t verb, const anshin_contract_t *contract)
{
    return anshin_desk_verb_gives(verb) != ANSHIN_GIVES_NOTHING && contract->policy.desk_print;
}

const char *anshin_handout_way(anshin_desk_verb_t verb, const anshin_contract_t *contract, const char *typed,
                               int *print)
{
    const int mails = anshin_handout_mails(verb, contract);
    const int prints = anshin_handout_prints(verb, contract);
    const int chosen = typed != NULL && *typed != '\0';

    *print = chosen ? strcmp(typed, "print") == 0 : prints && !mails;
    if (chosen && !*print && strcmp(typed, "mail") != 0) {
        return "errors.choose";
    }
    if (*print ? prints : mails) {
        return NULL;
    }
    if (chosen && (*print ? mails : prints)) { /* the other way is there */
        return *print ? "desk.mail_instead" : "desk.print_instead";
    }
    return *print || anshin_desk_verb_gives(verb) == ANSHIN_GIVES_PASSWORD ? "desk.no_print" : "desk.no_links";
}

apr_status_t anshin_handout_begin(anshin_op_t *op, const anshin_staff_t *staff, anshin_desk_verb_t verb, const char *id)
{
    const anshin_desk_bulk_t order = {.contract = staff->contract->name,
                                      .user = staff->user,
                                      .account = staff->number,
                                      .verb = anshin_word_name(anshin_desk_verb_words, verb, ""),
                                      .list = "",
                                      .whom = apr_array_make(op->pool, 1, sizeof(const char *)),
                                      .came = apr_array_make(op->pool, 1, sizeof(const char *)),
                                      .at = op->now,
                                      .ended_at = op->now,
                                      .role = staff->role,
                                      .organisation = staff->organisation};

    return id != NULL && anshin_bulk_id_valid(id) ? anshin_bulk_begin(op, id, &order) : ANSHIN_EINVALID;
}

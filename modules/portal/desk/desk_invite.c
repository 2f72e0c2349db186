/*
 * An operator invites a user (ROL-3). Nothing that opens anything is shown, but on paper where the contract says so:
 * the mail to the new user has it.
 *
 * SECURITY: behind the password once more (S12); core asks again who the operator is and what he may (S29).
 */
#include <apr_strings.h>
#include <string.h>

#include "core/base/attribute.h"
#include "core/desk/invite.h"
#include "http/page_headers.h"
#include "portal/desk/desk_page.h"
#include "portal/desk/desk_print.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

static const char *const fields[] = {"user", "address", "name", "organisation", "why"};

typedef struct choice_t {
    const char *first; /* the name of the first contract; NULL: there is none */
    int wants_why;
    int mails;  /* one of them can send an invitation, */
    int prints; /* or have it printed */
} choice_t;

/* The contracts to choose from. */
static json_t *contracts_of(anshin_portal_request_t *request, choice_t *choice)
{
    const apr_array_header_t *contracts = request->op.env->config->contracts;
    const char *typed = anshin_portal_request_text(request, "contract");
    json_t *list = json_array();

    *choice = (choice_t){.first = NULL};
    for (int i = 0; i < contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);

        if (anshin_desk_invites(&request->staff, contract)) {
            choice->first = choice->first != NULL ? choice->first : contract->name;
            choice->wants_why |= contract->policy.staff_reason;
            choice->mails |= anshin_handout_mails(ANSHIN_DESK_INVITE, contract);
            choice->prints |= anshin_handout_prints(ANSHIN_DESK_INVITE, contract);
            anshin_page_append(request->page, list,
                               json_pack("{s:s, s:s, s:b}", "id", contract->name, "text",
                                         anshin_contract_title(contract, request->page->language), "selected",
                                         strcmp(contract->name, typed) == 0));
        }
    }
    return list;
}

/* Where there is one alone it is not asked for. */
static void read_typed(anshin_portal_request_t *request, anshin_desk_invite_t *typed)
{
    const char *contract = anshin_portal_request_typed(request, "contract");
    choice_t choice;
    json_t *list = contracts_of(request, &choice);

    *typed = (anshin_desk_invite_t){.contract = json_array_size(list) == 1 ? choice.first : contract,
                                    .user = anshin_portal_request_typed(request, "user"),
                                    .address = anshin_portal_request_typed(request, "address"),
                                    .name = anshin_portal_request_typed(request, "name"),
                                    .organisation = anshin_portal_request_typed(request, "organisation"),
                                    .why = anshin_portal_request_typed(request, "why"),
                                    .how = anshin_portal_request_typed(request, "how")};
    json_decref(list);
}

static void complain(anshin_portal_request_t *request, const anshin_desk_invite_errors_t *errors)
{
    const struct {
        const char *field;
        const char *key;
    } all[] = {{"contract", errors->contract},
               {"user", errors->user},
               {"address", errors->address},
               {"name", errors->name},
               {"organisation", errors->organisation},
               {"why", errors->why},
               {"how", errors->how}};

    for (apr_size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i].key != NULL) {
            anshin_page_error(request->page, all[i].field, all[i].key);
        }
    }
}

/* What the form has printed before is printed no more. */
static void put_refusal(anshin_portal_request_t *request)
{
    const char *refused = anshin_form_get(request->query, "refused");

    if (refused != NULL && strcmp(refused, "printed") == 0) {
        anshin_page_alert(request->page, "notice", anshin_page_say(request->page, "desk.printed_invitation"));
    }
}

static int draw(anshin_portal_request_t *request)
{
    anshin_page_t *page = request->page;
    choice_t choice;
    json_t *contracts = contracts_of(request, &choice);

    if (anshin_desk_put_ways(request, choice.mails, choice.prints) != APR_SUCCESS) {
        json_decref(contracts);
        return anshin_response_unavailable(request, ANSHIN_EFAULT, "invitation");
    }
    put_refusal(request);
    anshin_page_flag(page, "none", choice.first == NULL);
    anshin_page_flag(page, "own_first", 1); /* a field of its own has the focus */
    anshin_page_flag(page, "choose_contract", json_array_size(contracts) > 1);
    anshin_page_put(page, page->page, "contracts", contracts);
    anshin_page_flag(page, "why", choice.wants_why);
    anshin_page_flag(page, "own", request->staff.role == ANSHIN_ROLE_ORGANISATION);
    if (request->staff.role == ANSHIN_ROLE_ORGANISATION) {
        anshin_page_long(page, page->page, "organisation", request->staff.organisation);
    }
    for (apr_size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        anshin_page_value(page, fields[i], anshin_portal_request_text(request, fields[i]));
    }
    anshin_page_text(page, "action_url", anshin_portal_request_link(request, "/desk/invite"));
    anshin_page_text(page, "cancel_url", anshin_portal_request_link(request, "/desk"));
    return anshin_response_form(request, "desk-invite");
}

int anshin_page_desk_invite_get(anshin_portal_request_t *request)
{
    anshin_desk_invite_errors_t errors;
    anshin_desk_invite_t typed;
    apr_status_t status = APR_SUCCESS;

    if (!anshin_role_may(request->staff.role, ANSHIN_DESK_INVITE)) {
        return anshin_desk_failure(request, ANSHIN_EDENIED, "invitation");
    }
    read_typed(request, &typed);
    if (request->typed != NULL) {
        status = anshin_desk_invite_check(&request->op, &request->staff, &typed, &errors);
        if (status == APR_SUCCESS) {
            complain(request, &errors);
        }
    }
    return status == APR_SUCCESS ? draw(request) : anshin_desk_failure(request, status, "invitation");
}

static int tell(anshin_portal_request_t *request, const anshin_desk_whom_t *whom)
{
    const anshin_account_t account = {.contract = whom->contract, .user = whom->user, .number = whom->number};
    const char *stamp;
    apr_status_t status = anshin_desk_stamp(request, whom, "invite", &stamp);

    return status == APR_SUCCESS
               ? anshin_page_redirect(request->r,
                                      apr_pstrcat(request->op.pool, anshin_desk_url(request, "/desk/user", &account),
                                                  "&done=", stamp, NULL))
               : anshin_desk_failure(request, status, "invitation");
}

static int print_sheet(anshin_portal_request_t *request, const anshin_desk_whom_t *whom,
                       const anshin_desk_invite_t *typed)
{
    const anshin_account_t account = {
        .contract = whom->contract,
        .user = whom->user,
        .number = whom->number,
        .name = anshin_attribute_typed(typed->name != NULL ? typed->name : "", request->op.pool)};
    const anshin_desk_sheet_t sheet = {.verb = ANSHIN_DESK_INVITE,
                                       .contract = anshin_config_contract(request->op.env->config, whom->contract),
                                       .account = &account,
                                       .handout = typed->handout};

    return anshin_desk_print(request, &sheet);
}

int anshin_page_desk_invite_post(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    anshin_handout_t handout = {.url = NULL};
    anshin_desk_invite_errors_t errors;
    anshin_desk_invite_t typed;
    anshin_desk_whom_t whom = {NULL, NULL, NULL};
    apr_status_t status;

    read_typed(request, &typed);
    typed.member = &member;
    typed.id = anshin_form_get(request->form, "order");
    typed.handout = &handout;
    status = anshin_desk_invite(&request->op, &typed, &whom, &errors);
    if (status == ANSHIN_ECONFLICT) {
        return anshin_response_redirect(request, "/desk/invite?refused=printed");
    }
    if (status != APR_SUCCESS) {
        return status == ANSHIN_EINVALID ? anshin_response_error(request, HTTP_BAD_REQUEST)
                                         : anshin_desk_failure(request, status, "invitation");
    }
    if (whom.user != NULL) {
        return handout.url != NULL ? print_sheet(request, &whom, &typed) : tell(request, &whom);
    }
    complain(request, &errors);
    return draw(request);
}

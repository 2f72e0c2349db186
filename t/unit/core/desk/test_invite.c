/* core/desk/invite.c: how often an operator is answered about IDs, and an address is mailed (ROL-3, S40). */
#include "core/desk/invite.h"

#include "core/mail/invitation.h"
#include "unit/helpdesk.h"

/* The administrator of an organisation who is logged in, his password checked just now. */
static anshin_member_t chief_of(const char *user, const char *organisation)
{
    const anshin_contract_t customer = fixture.contract;
    anshin_amend_t amend = {.user = user, .kind = -1, .method = -1};
    anshin_amended_t amended;
    anshin_member_t member;

    fixture.contract = staff_contract;
    (void)users_register(&fixture, user, ANSHIN_METHOD_PASSWORD);
    member = users_member(&fixture, user, ANSHIN_METHOD_PASSWORD);
    fixture.contract = customer;
    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_ROLE | 1 << ANSHIN_ATTRIBUTE_ORGANISATION,
                                             .role = ANSHIN_ROLE_ORGANISATION,
                                             .organisation = organisation};
    (void)anshin_account_amend(command(&staff_contract), &amend, &amended);
    return member;
}

/* "done", the key of what is wrong, or a status. */
static const char *invite(const anshin_member_t *member, const char *user, const char *address)
{
    const anshin_desk_invite_t typed = {
        .member = member, .contract = "p-01", .user = user, .address = address, .name = "新人"};
    anshin_desk_invite_errors_t errors;
    anshin_desk_whom_t whom = {"", "", NULL};
    apr_status_t status = anshin_desk_invite(staff_op(), &typed, &whom, &errors);

    if (status != APR_SUCCESS) {
        return anshin_status_name(status);
    }
    return errors.user != NULL ? errors.user : errors.address != NULL ? errors.address : "done";
}

static void test_address(const anshin_member_t *chief)
{
    int done = 0;

    for (int i = 0; i < ANSHIN_MAILS_A_DAY + 10; i++) {
        done += same_text(invite(chief, apr_psprintf(fixture.pool, "new%d", i), "victim@mail.example"), "done");
    }
    ok(done == ANSHIN_MAILS_A_DAY, "S40: one address gets so many invitations a day, whatever IDs they are for: %d",
       done);
    is(invite(chief, "new-more", "Victim@mail.example"), "errors.address_mails", "S40: and then it is said why not");
    is(invite(chief, "new-other", "other@mail.example"), "done", "another address gets one");
}

static void test_method(const anshin_member_t *chief)
{
    const int methods = fixture.contract.policy.methods;

    fixture.contract.policy.methods &= ~(1 << fixture.contract.policy.default_method);
    is(invite(chief, "new-method", "method@mail.example"), anshin_status_name(ANSHIN_EFAULT),
       "what is wrong with the contract is no complaint about an address");
    fixture.contract.policy.methods = methods;
}

/* Answers about IDs of others cost what invitations do. */
static void test_taken(const anshin_member_t *chief)
{
    int taken = 0;

    while (taken <= ANSHIN_INVITATIONS_A_DAY &&
           same_text(invite(chief, "S1", "any@mail.example"), "errors.user_taken")) {
        taken++;
    }
    ok(taken == ANSHIN_INVITATIONS_A_DAY - ANSHIN_MAILS_A_DAY - 1,
       "ROL-3: so many answers that an ID is taken beside the invitations of the day: %d", taken);
    is(invite(chief, "s1", "any@mail.example"), "desk.invitations", "ROL-3: then the limit is all that is told");
    is(invite(chief, "free", "any@mail.example"), "desk.invitations", "ROL-3: whether the ID is taken or not");
}

static void test_again(void)
{
    const char *refused = NULL;
    const char *code;

    (void)users_invite(&fixture, "late", ANSHIN_METHOD_PASSWORD, &code);
    (void)anshin_account_lock(command(&fixture.contract), "late", ANSHIN_ACCOUNT_LOCKED);
    ok(anshin_account_invite_mailed(command(&fixture.contract), "late", &refused) == APR_SUCCESS,
       "who is locked before the registration is invited no more");
    is(refused, "desk.not_active", "and it is not said that he has registered");
    (void)anshin_account_lock(command(&fixture.contract), "s1", ANSHIN_ACCOUNT_LOCKED);
    ok(anshin_account_invite_mailed(command(&fixture.contract), "s1", &refused) == APR_SUCCESS,
       "nor is who has registered");
    is(refused, "desk.registered", "of whom it is said");
}

/* On paper (AnshinDeskPrint): once for each form, where the contract says so, and as many a day as by mail. */
static void test_paper(void)
{
    static const char id[] = "0123456789abcdef0123456789abcdef";
    const anshin_member_t chief = chief_of("paper", "山田商事");
    anshin_handout_t handout = {.url = NULL};
    anshin_desk_invite_t typed = {.member = &chief,
                                  .contract = "p-01",
                                  .user = "pp1",
                                  .address = "pp1@mail.example",
                                  .how = "print",
                                  .id = id,
                                  .handout = &handout};
    anshin_desk_invite_errors_t errors;
    anshin_desk_whom_t whom;
    int made = 0;

    ok(anshin_desk_invite(staff_op(), &typed, &whom, &errors) == APR_SUCCESS && handout.url == NULL,
       "SEC-1: nothing is printed where the contract does not say so");
    is(errors.how, "desk.mail_instead", "which is told, with the way that there is");
    fixture.contract.policy.desk_print = 1;
    typed.id = NULL;
    ok(anshin_desk_invite(staff_op(), &typed, &whom, &errors) == ANSHIN_EINVALID,
       "FLO-2: nor for a form without an id");
    typed.id = id;
    ok(anshin_desk_invite(staff_op(), &typed, &whom, &errors) == APR_SUCCESS && handout.url != NULL &&
           handout.code != NULL && same_text(whom.user, "pp1") && whom.number != NULL,
       "ROL-2: URL and code are there, and the user is made");
    handout.url = NULL;
    typed.user = "pp2";
    ok(anshin_desk_invite(staff_op(), &typed, &whom, &errors) == ANSHIN_ECONFLICT && handout.url == NULL,
       "FLO-2: the same form makes nothing more");
    fixture.contract.policy.mail_links = 0;
    typed.how = NULL;
    for (int i = 0; i <= ANSHIN_INVITATIONS_A_DAY; i++) {
        typed.user = apr_psprintf(fixture.pool, "many%d", i);
        typed.id = apr_psprintf(fixture.pool, "%032x", i);
        made += anshin_desk_invite(staff_op(), &typed, &whom, &errors) == APR_SUCCESS && errors.address == NULL;
    }
    ok(made == ANSHIN_INVITATIONS_A_DAY - 1, "S42: so many a day, as by mail, also without links: %d", made);
    is(errors.address, "desk.invitations", "S42: and then it is said");
    fixture.contract.policy.mail_links = 1;
    fixture.contract.policy.desk_print = 0;
}

int main(void)
{
    apr_pool_t *pool;
    anshin_member_t chief;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    customer("s1", "佐藤工業");
    chief = chief_of("chief", "山田商事");
    test_address(&chief);
    test_method(&chief);
    test_taken(&chief);
    test_again();
    test_paper();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

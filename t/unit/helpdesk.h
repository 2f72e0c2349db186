/*
 * A help desk for unit programs: a contract that its operators act on, theirs, and one that names nobody.
 */
#ifndef ANSHIN_UNIT_HELPDESK_H
#define ANSHIN_UNIT_HELPDESK_H

#include "core/admin/amend.h"
#include "unit/users.h"

#ifndef HELPDESK_STORE
#define HELPDESK_STORE anshin_store_mem
#endif

static fixture_t fixture;
static anshin_contract_t staff_contract, other_contract;

static inline void is(const char *got, const char *wanted, const char *what)
{
    ok(same_text(got, wanted), "%s: %s", what, got != NULL ? got : "-");
}

static inline apr_array_header_t *named(const char *name)
{
    apr_array_header_t *names = apr_array_make(fixture.pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(names, const char *) = name;
    return names;
}

/* p-01 is operated by "staff"; p-02 by nobody. */
static inline void contracts(apr_pool_t *pool)
{
    fixture_open(&fixture, &HELPDESK_STORE, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    fixture.contract.policy.operators = named("staff");
    staff_contract = other_contract = fixture.contract;
    staff_contract.name = "staff";
    staff_contract.policy.staff = 1;
    staff_contract.policy.operators = NULL;
    other_contract.name = "p-02";
    other_contract.policy.operators = NULL;
    APR_ARRAY_PUSH(fixture.config.contracts, anshin_contract_t *) = &staff_contract;
    APR_ARRAY_PUSH(fixture.config.contracts, anshin_contract_t *) = &other_contract;
}

static inline anshin_op_t *staff_op(void)
{
    anshin_op_t *op = fixture_op(&fixture);

    op->contract = &staff_contract;
    op->actor.address = "192.0.2.9";
    return op;
}

static inline anshin_op_t *command(const anshin_contract_t *contract)
{
    anshin_op_t *op = fixture_op(&fixture);

    op->contract = contract;
    op->actor.kind = ANSHIN_ACTOR_OPERATOR;
    return op;
}

static inline anshin_account_t account_of(const char *user)
{
    anshin_account_t account = {.user = NULL};

    (void)fixture_get(&fixture, &anshin_record_account, apr_pstrcat(fixture.pool, "p-01/", user, NULL), &account);
    return account;
}

/* A customer of an organisation. */
static inline void customer(const char *user, const char *organisation)
{
    anshin_amend_t amend = {.user = user, .kind = -1, .method = -1};
    anshin_amended_t amended;

    (void)users_register(&fixture, user, ANSHIN_METHOD_PASSWORD);
    amend.attributes = (anshin_attributes_t){.given = 1 << ANSHIN_ATTRIBUTE_ORGANISATION, .organisation = organisation};
    (void)anshin_account_amend(command(&fixture.contract), &amend, &amended);
}

#endif

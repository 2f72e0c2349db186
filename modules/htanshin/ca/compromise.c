/*
 * htanshin ca compromise: the key of a CA may be in other hands (CAS-4).
 */
#include <string.h>

#include <apr_strings.h>

#include "core/admin/compromise.h"
#include "core/certificate/issuer.h"
#include "core/config/ca_files.h"
#include "crypto/pki/trust.h"
#include "htanshin/approval/hold.h"
#include "htanshin/ca/ca_lock.h"
#include "htanshin/command.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

#define STEP_DEFAULT 100
#define STEP_MAX 100000

typedef struct compromise_t {
    anshin_ca_files_t files;
    anshin_revoked_ca_t ca;
    int revoked;
    int issues; /* for a contract: its users would get another one of the same CA */
    anshin_compromise_told_t told;
} compromise_t;

/* A name that may be of several contracts, and the id of its certificate. */
static apr_status_t find_ca(anshin_call_t *call, compromise_t *compromise)
{
    const apr_array_header_t *all = anshin_ca_all(call->config, call->pool);
    const char *name = call->operands[0];
    apr_array_header_t *found;
    anshin_trust_t *trust;
    apr_status_t status = ANSHIN_ENOTFOUND;

    for (int i = 0; i < all->nelts && status != APR_SUCCESS; i++) {
        compromise->files = APR_ARRAY_IDX(all, i, anshin_ca_files_t);
        status = strcmp(compromise->files.name, name) == 0 ? APR_SUCCESS : ANSHIN_ENOTFOUND;
    }
    if (status != APR_SUCCESS) {
        (void)anshin_fail(&call->op.error, status, "AN1275", "no CA is called %s; htanshin ca list names them", name);
        return status;
    }
    status = anshin_trust_load(&trust, compromise->files.certificate, &found, &call->op.error, call->pool);
    if (status == APR_SUCCESS) {
        compromise->ca.name = compromise->files.name;
        compromise->ca.id = APR_ARRAY_IDX(found, 0, anshin_trust_ca_t).id;
    }
    return status;
}

static int is_trusted(const anshin_call_t *call, const anshin_contract_t *contract, const char *name)
{
    const apr_array_header_t *cas = anshin_ca_of_contract(call->config, contract, call->pool);

    for (int i = 0; i < cas->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(cas, i, anshin_ca_files_t).name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Of one contract. */
static apr_status_t act(anshin_call_t *call, compromise_t *compromise, anshin_op_t *op, int most)
{
    int issues = strcmp(anshin_ca_issuer(call->config, op->contract, call->pool).name, compromise->files.name) == 0;
    anshin_compromise_told_t told = {0};
    int revoked = 0;
    int none;
    apr_status_t status = anshin_compromise_revoke(op, &compromise->ca, &revoked);

    if (status == APR_SUCCESS) {
        status = issues ? anshin_compromise_count(op, &compromise->ca, &none, &told.left)
                        : anshin_compromise_tell(op, &compromise->ca, most - compromise->told.mailed, &told);
    }
    compromise->issues |= issues;
    compromise->revoked += revoked;
    compromise->told.mailed += told.mailed;
    compromise->told.passed += told.passed;
    compromise->told.left += told.left;
    return status;
}

static apr_status_t each_contract(anshin_call_t *call, compromise_t *compromise, int yes, int most)
{
    const apr_array_header_t *contracts = call->config->contracts;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < contracts->nelts && status == APR_SUCCESS; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, anshin_contract_t *);
        anshin_op_t op;
        int active = 0;
        int waiting = 0;

        if (!is_trusted(call, contract, compromise->files.name)) {
            continue;
        }
        anshin_op_init(&op, &call->env, contract, &call->op.actor, call->pool);
        if (yes) {
            status = act(call, compromise, &op, most);
        } else {
            status = anshin_compromise_count(&op, &compromise->ca, &active, &waiting);
            compromise->revoked += active;
            compromise->told.left += waiting;
        }
        call->op.jobs_queued |= op.jobs_queued;
        call->op.error = op.error;
    }
    return status;
}

static const char *next_of(const compromise_t *compromise, int yes)
{
    if (!yes) {
        return "nothing is done yet: --yes revokes these certificates";
    }
    if (compromise->issues) {
        return "certificates wait, and nobody is mailed, until another CA issues: ca create --next, ca switch, reload "
               "httpd, then this again";
    }
    return compromise->told.left > 0 ? "this again, for the next step"
                                     : "ca retire; then take the CA out of other servers, see the guide";
}

/* A second operator is wanted for the first time: what follows only tells its users. */
static apr_status_t hold_first(anshin_call_t *call, const anshin_revoked_ca_t *ca)
{
    apr_time_t stopped;
    apr_status_t status = anshin_issuer_stopped(&call->op, NULL, ca->id, &stopped);

    return status == APR_SUCCESS && stopped == 0
               ? anshin_hold_ca(call, apr_pstrcat(call->pool, ca->name, " ", ca->id, NULL))
               : status;
}

static apr_status_t ca_compromise(anshin_call_t *call)
{
    compromise_t compromise = {.revoked = 0};
    int yes = anshin_call_value(call, "yes") != NULL;
    int step;
    apr_status_t status = anshin_call_number(call, "step", 0, STEP_MAX, STEP_DEFAULT, &step);

    if (status == APR_SUCCESS && yes) {
        status = anshin_ca_lock(call);
    }
    if (status == APR_SUCCESS) {
        status = find_ca(call, &compromise);
    }
    if (status == APR_SUCCESS && yes) {
        status = hold_first(call, &compromise.ca);
    }
    if (status == APR_SUCCESS && yes) {
        status = anshin_issuer_stop(&call->op, compromise.ca.id, compromise.ca.name);
    }
    if (status != APR_SUCCESS || (status = each_contract(call, &compromise, yes, step)) != APR_SUCCESS) {
        return status;
    }
    call->result = json_object();
    anshin_result_text(call->result, "ca", compromise.files.name, call->pool);
    anshin_result_number(call->result, yes ? "revoked" : "to_revoke", compromise.revoked);
    anshin_result_number(call->result, "mailed", compromise.told.mailed);
    anshin_result_number(call->result, "passed_over", compromise.told.passed);
    anshin_result_number(call->result, "left", compromise.told.left);
    anshin_result_text(call->result, "next", next_of(&compromise, yes), call->pool);
    return APR_SUCCESS;
}

static const anshin_command_option_t options[] = {
    {"step", "NUMBER", "Mail to so many users at most; 100 when not given, 0: to none.", 0},
    {"yes", NULL, "Do it; else only count.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_compromise[] = {
    {"ca", "compromise", "NAME", 1, 1, options, ANSHIN_ACCESS_ALL, ca_compromise,
     "The key of this CA may be in other hands: let it issue nothing more, revoke all of its certificates, end their "
     "sessions, and mail to users, a step at a time, where to get a new one."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

/*
 * htanshin check: what hinders this installation, and where its contracts depart from a preset (CON-4, NOM-2).
 *
 * A departure is the operator's decision: it is told, but does not make check fail unless --policy asks for it (D2).
 */
#include <string.h>

#include <apr_strings.h>

#include "build_id.h"
#include "core/mail/test_mail.h"
#include "htanshin/call.h"
#include "htanshin/check/authorities.h"
#include "htanshin/check/delivery.h"
#include "htanshin/check/machine.h"
#include "htanshin/check/policy.h"
#include "htanshin/check/problem.h"
#include "htanshin/check/site.h"
#include "htanshin/check/store.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/open.h"

static void (*const checks[])(anshin_call_t *call) = {anshin_check_store, anshin_check_machine, anshin_check_ca,
                                                      anshin_check_site};

/* What a contract is held against: the preset that was asked for, else finance where it is its own, else modern. */
static apr_status_t preset_for(anshin_call_t *call, const anshin_contract_t *contract, anshin_preset_t *preset)
{
    const char *wanted = anshin_call_value(call, "preset");
    const anshin_word_t *word = wanted != NULL ? anshin_word_find(anshin_preset_words, wanted) : NULL;

    *preset = contract->preset == ANSHIN_PRESET_FINANCE ? ANSHIN_PRESET_FINANCE : ANSHIN_PRESET_MODERN;
    if (wanted != NULL && word == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1326", "--preset %s: must be one of %s", wanted,
                           anshin_word_list(anshin_preset_words, ", ", call->pool));
    }
    if (word != NULL) {
        *preset = (anshin_preset_t)word->value;
    }
    return APR_SUCCESS;
}

static apr_status_t check(anshin_call_t *call)
{
    const apr_array_header_t *contracts = call->config->contracts;
    json_t *names = json_array();
    json_t *departures = json_array();
    int policy = anshin_call_value(call, "policy") != NULL;
    const char *mail = anshin_call_value(call, "mail");
    apr_status_t status =
        mail != NULL ? anshin_test_mail_address(mail, &mail, &call->op.error, call->pool) : APR_SUCCESS;

    call->result = json_object();
    json_object_set_new(call->result, "contracts", names);
    anshin_result_text(call->result, "store", anshin_open_store_type(&call->config->server), call->pool);
    json_object_set_new(call->result, "departures", departures);
    json_object_set_new(call->result, "advice", json_array());
    json_object_set_new(call->result, "problems", json_array());
    for (int i = 0; i < contracts->nelts && status == APR_SUCCESS; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        if (call->contract == NULL || strcmp(call->contract, contract->name) == 0) {
            json_array_append_new(names, json_string(contract->name));
            anshin_preset_t preset = ANSHIN_PRESET_MODERN;

            status = preset_for(call, contract, &preset);
            if (status == APR_SUCCESS) {
                status = anshin_check_policy(call, contract, preset, departures);
            }
        }
    }
    if (status == APR_SUCCESS && json_array_size(names) == 0) {
        status =
            anshin_fail(&call->op.error, ANSHIN_ENOTFOUND, "AN0881", "contract %s: is not declared", call->contract);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    for (apr_size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !policy; i++) {
        checks[i](call);
    }
    if (mail != NULL) {
        anshin_check_delivery(call, mail);
    }
    if (policy && json_array_size(departures) > 0 && call->verdict < ANSHIN_SEVERITY_WARNING) {
        call->verdict = ANSHIN_SEVERITY_WARNING;
    }
    return APR_SUCCESS;
}

static apr_status_t version(anshin_call_t *call)
{
    call->result = json_object();
    anshin_result_text(call->result, "version", ANSHIN_VERSION, call->pool);
    anshin_result_text(call->result, "build", ANSHIN_BUILD_ID, call->pool);
    return APR_SUCCESS;
}

static const anshin_command_option_t check_options[] = {
    {"policy", NULL, "Look at the policy alone; exit code 1 when a contract departs.", 0},
    {"mail", "ADDRESS", "Send a test mail as all mail goes, and wait, 70 seconds at most, until it is handed over.", 0},
    {"preset", "NAME", "Preset that contracts are held against: classic, modern or finance.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_check[] = {
    {"check", NULL, "", 0, 0, check_options, ANSHIN_ACCESS_CHECK, check,
     "Tell what hinders this installation; with what to do, and where the contracts depart from the preset finance, "
     "if it is theirs, or else modern. Exit code 0: no problem, 1: a warning, 2: something is broken."},
    {"version", NULL, "", 0, 0, NULL, ANSHIN_ACCESS_NONE, version, "Tell version and build."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

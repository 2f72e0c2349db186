/*
 * htanshin check: where a contract departs from the preset modern (CON-4), with the reason; and what hinders the store.
 *
 * Every option of a contract has a row here, those that are the operator's own business too, so that a new option
 * cannot be forgotten: t/check/reference.t counts.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "build_id.h"
#include "htanshin/command.h"
#include "htanshin/print.h"

typedef enum rule_t {
    FREE,     /* says nothing about security, or only the operator can tell */
    AT_LEAST, /* modern's value or more */
    AT_MOST,  /* modern's value or less */
    EQUAL,    /* modern's value */
    CONTAINS, /* all words of modern's value */
    WITHIN,   /* no word that modern's value has not */
    NOT_WEAK, /* anything but classic's value */
    GIVEN,    /* any value */
    NOT_GIVEN /* no value */
} rule_t;

typedef struct row_t {
    const char *directive;
    rule_t rule;
    const char *why; /* what a departure costs, and where that is written */
} row_t;

static const row_t rows[] = {
    {"AnshinTitle", FREE, NULL},
    {"AnshinPortalURL", FREE, NULL},
    {"AnshinSiteURL", FREE, NULL},
    {"AnshinSupport", FREE, NULL},
    {"AnshinLoginMethods", FREE, NULL},
    {"AnshinDefaultLoginMethod", FREE, NULL},
    {"AnshinFunctions", WITHIN, "what a secret question alone proves can be guessed or found out (ASVS 6.4.2)"},
    {"AnshinPasswordMinLength", AT_LEAST,
     "short passwords are guessed; 8 suffice beside a second factor (SP 800-63B-4 3.1.1.2)"},
    {"AnshinPasswordMaxLength", AT_LEAST, "long passphrases are refused; 64 at least (SP 800-63B-4 3.1.1.2)"},
    {"AnshinPasswordCharacters", CONTAINS, "characters are refused without need (ASVS 6.2.5)"},
    {"AnshinPasswordRequire", EQUAL, "rules of composition lead to predictable passwords (SP 800-63B-4 3.1.1.2)"},
    {"AnshinPasswordSymbols", NOT_GIVEN, "characters are refused without need (ASVS 6.2.5)"},
    {"AnshinPasswordHistory", FREE, NULL},
    {"AnshinPasswordMaxAge", EQUAL, "forced changes lead to predictable passwords (SP 800-63B-4 3.1.1.2, ASVS 6.2.10)"},
    {"AnshinPasswordWarning", FREE, NULL},
    {"AnshinPasswordBlocklist", GIVEN, "common passwords are accepted (SP 800-63B-4 3.1.1.2, ASVS 6.2.4)"},
    {"AnshinPasswordAttempts", AT_MOST, "more guesses before the lock (SP 800-63B-4 3.2.2)"},
    {"AnshinAnswerAttempts", AT_MOST, "more guesses before the lock (SP 800-63B-4 3.2.2)"},
    {"AnshinCodeAttempts", AT_MOST, "more guesses before the lock (SP 800-63B-4 3.2.2)"},
    {"AnshinDownloadAttempts", AT_MOST, "more guesses before the lock (SP 800-63B-4 3.2.2)"},
    {"AnshinShowAttempts", EQUAL, "a guesser is told where the limit lies (ASVS 6.3.8)"},
    {"AnshinShowLocked", EQUAL, "a locked account shows that it exists (ASVS 6.3.8)"},
    {"AnshinUnlockAfter", EQUAL, "guessing may go on after a while (SP 800-63B-4 3.2.2)"},
    {"AnshinAddressAttempts", AT_MOST, "one address may guess more (ASVS 6.3.1)"},
    {"AnshinAddressWindow", AT_LEAST, "one address may guess more (ASVS 6.3.1)"},
    {"AnshinSecretQuestions", FREE, NULL},
    {"AnshinAnswerMinLength", AT_LEAST, "short answers are guessed (ASVS 6.4.2)"},
    {"AnshinReissueProof", EQUAL, "what a secret question alone proves can be guessed or found out (ASVS 6.4.2)"},
    {"AnshinReissueMustChange", EQUAL, "a password that others may have seen stays in use (ASVS 6.4.1)"},
    {"AnshinTerminals", FREE, NULL},
    {"AnshinTerminalKinds", FREE, NULL},
    {"AnshinSessionIdle", AT_MOST, "an unattended browser stays logged in longer (ASVS 7.3.1)"},
    {"AnshinSessionLifetime", AT_MOST, "a stolen session lives longer (ASVS 7.3.2)"},
    {"AnshinReauthenticate", AT_MOST, "an open session may change credentials for longer (ASVS 7.5.1)"},
    {"AnshinRegistrationLifetime", AT_MOST, "a link that fell into wrong hands works longer (ASVS 6.4.1)"},
    {"AnshinDownloadLifetime", AT_MOST, "a link that fell into wrong hands works longer (ASVS 6.4.1)"},
    {"AnshinLinkLifetime", AT_MOST, "a link that fell into wrong hands works longer (ASVS 6.4.1)"},
    {"AnshinFlowLifetime", AT_MOST, "an abandoned page can be continued longer (ASVS 2.3.1)"},
    {"AnshinCertificateLifetime", AT_MOST, "a lost key is of use longer (SP 800-57 part 1, 5.3)"},
    {"AnshinCertificateOrganization", FREE, NULL},
    {"AnshinCertificateKey", NOT_WEAK, "112 bits of strength, which end with 2030 (SP 800-57 part 1, 5.6)"},
    {"AnshinCRLURL", FREE, NULL},
    {"AnshinOCSPURL", FREE, NULL},
    {"AnshinHistoryWindow", FREE, NULL},
    {"AnshinHistoryRetention", FREE, NULL},
    {"AnshinMailFrom", FREE, NULL},
    {"AnshinMailSignature", FREE, NULL},
    {"AnshinNotices", CONTAINS, "users are not told of what may be somebody else's doing (ASVS 6.3.7)"},
    {"AnshinLanguage", FREE, NULL},
    {"AnshinTemplateDir", FREE, NULL},
    {"AnshinTextDir", FREE, NULL},
    {"AnshinStyleURL", FREE, NULL},
};

static const row_t *find_row(const char *directive)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].directive, directive) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static apr_int64_t number_of(const anshin_policy_t *policy, const anshin_option_t *option)
{
    const char *member = (const char *)policy + option->offset;

    return option->kind == ANSHIN_OPTION_SPAN ? *(const apr_interval_time_t *)(const void *)member
                                              : *(const int *)(const void *)member;
}

static int departs(const row_t *row, const anshin_option_t *option, const anshin_policy_t *policy,
                   const anshin_policy_t *modern, const char *value)
{
    switch (row->rule) {
    case AT_LEAST:
        return number_of(policy, option) < number_of(modern, option);
    case AT_MOST:
        return number_of(policy, option) > number_of(modern, option);
    case EQUAL:
        return number_of(policy, option) != number_of(modern, option);
    case CONTAINS:
        return (~number_of(policy, option) & number_of(modern, option)) != 0;
    case WITHIN:
        return (number_of(policy, option) & ~number_of(modern, option)) != 0;
    case NOT_WEAK:
        return strcmp(value, option->classic) == 0;
    case GIVEN:
        return value[0] == '\0';
    case NOT_GIVEN:
        return value[0] != '\0';
    default:
        return 0;
    }
}

static const char *or_none(const char *value)
{
    return value[0] != '\0' ? value : "(not given)";
}

static apr_status_t check_contract(anshin_call_t *call, const anshin_contract_t *contract, json_t *departures)
{
    anshin_contract_t *modern;
    apr_status_t status =
        anshin_contract_create(&modern, contract->name, ANSHIN_PRESET_MODERN, &call->op.error, call->pool);

    for (const anshin_option_t *option = anshin_policy_options; status == APR_SUCCESS && option->directive != NULL;
         option++) {
        const char *value = anshin_option_print(&contract->policy, option, call->pool);
        const row_t *row = find_row(option->directive);
        json_t *departure;
        if (row == NULL) {
            return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN0880", "check has no rule for %s", option->directive);
        }
        if (!departs(row, option, &contract->policy, &modern->policy, value)) {
            continue;
        }
        departure = json_object();
        anshin_result_text(departure, "contract", contract->name, call->pool);
        anshin_result_text(departure, "directive", option->directive, call->pool);
        anshin_result_text(departure, "value", or_none(value), call->pool);
        anshin_result_text(departure, "modern",
                           row->rule == GIVEN ? "a file"
                                              : or_none(anshin_option_print(&modern->policy, option, call->pool)),
                           call->pool);
        anshin_result_text(departure, "why", row->why, call->pool);
        json_array_append_new(departures, departure);
    }
    return status;
}

static json_t *new_problem(const anshin_call_t *call, json_t *problems, const char *what)
{
    json_t *problem = json_object();

    anshin_result_text(problem, "problem", what, call->pool);
    json_array_append_new(problems, problem);
    return problem;
}

/* Before the first start there is none. One that cannot be opened is a finding, too. */
static void check_store(anshin_call_t *call, json_t *problems)
{
    const char *path = apr_pstrcat(call->pool, call->config->server.state_dir, "/store", NULL);
    anshin_store_trouble_t trouble;
    anshin_store_t *store;
    json_t *problem;

    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return;
    }
    if (anshin_call_store(call, &store) != APR_SUCCESS) {
        (void)new_problem(call, problems, call->op.error.text);
        anshin_error_clear(&call->op.error);
        return;
    }
    anshin_store_trouble(&trouble, store, call->pool);
    if (trouble.why != NULL) {
        problem = new_problem(call, problems, apr_pstrcat(call->pool, "checkpoints fail: ", trouble.why, NULL));
        anshin_result_number(problem, "journal", (apr_int64_t)trouble.length);
        anshin_result_number(problem, "limit", (apr_int64_t)trouble.limit);
    }
}

static apr_status_t check(anshin_call_t *call)
{
    const apr_array_header_t *contracts = call->config->contracts;
    json_t *names = json_array();
    json_t *departures = json_array();
    json_t *problems = json_array();
    apr_status_t status = APR_SUCCESS;

    call->result = json_object();
    json_object_set_new(call->result, "contracts", names);
    json_object_set_new(call->result, "departures", departures);
    json_object_set_new(call->result, "problems", problems);
    for (int i = 0; i < contracts->nelts && status == APR_SUCCESS; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        if (call->contract == NULL || strcmp(call->contract, contract->name) == 0) {
            json_array_append_new(names, json_string(contract->name));
            status = check_contract(call, contract, departures);
        }
    }
    if (status == APR_SUCCESS && json_array_size(names) == 0) {
        status =
            anshin_fail(&call->op.error, ANSHIN_ENOTFOUND, "AN0881", "contract %s: is not declared", call->contract);
    }
    if (status == APR_SUCCESS) {
        check_store(call, problems);
    }
    call->departs = json_array_size(departures) + json_array_size(problems) > 0;
    return status;
}

static apr_status_t version(anshin_call_t *call)
{
    call->result = json_object();
    anshin_result_text(call->result, "version", ANSHIN_VERSION, call->pool);
    anshin_result_text(call->result, "build", ANSHIN_BUILD_ID, call->pool);
    return APR_SUCCESS;
}

const anshin_command_t anshin_commands_check[] = {
    {"check", NULL, "", 0, 0, NULL, ANSHIN_ACCESS_CONFIG, check,
     "Tell where the contracts depart from the preset modern, and why that matters, and what hinders the store; exit "
     "code 1 when there is something to tell."},
    {"version", NULL, "", 0, 0, NULL, ANSHIN_ACCESS_NONE, version, "Tell version and build."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

/*
 * htanshin check, the policy: where a contract departs from a preset (CON-4, NOM-2), with the reason.
 *
 * Every option of a contract has a row here, those that are the operator's own business too, so that a new option
 * cannot be forgotten: t/check/reference.t counts.
 */
#include <string.h>

#include "core/config/certificate_name.h"
#include "htanshin/check/policy.h"
#include "htanshin/result.h"

typedef enum rule_t {
    FREE,     /* says nothing about security, or only the operator can tell */
    AT_LEAST, /* the preset's value or more */
    AT_MOST,  /* the preset's value or less */
    EQUAL,    /* the preset's value */
    CONTAINS, /* all words of the preset's value */
    WITHIN,   /* no word that the preset's value has not */
    FINANCE,  /* as WITHIN, where the preset is finance */
    NOT_WEAK, /* anything but classic's value */
    QUESTION, /* where a secret question proves a reissue: any but none */
    TELLS,    /* a name that tells old and new certificates apart */
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
    {"AnshinLoginMethods", FINANCE, "a password and a code can be phished; a certificate cannot (FSA, JSDA 2025)"},
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
    {"AnshinPasswordReminders", FREE, NULL},
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
    {"AnshinReissueGap", QUESTION, "mailbox and secret answer yield password and certificate at once (ASVS 6.4.3)"},
    {"AnshinReissueMustChange", EQUAL, "a password that others may have seen stays in use (ASVS 6.4.1)"},
    {"AnshinTerminals", FREE, NULL},
    {"AnshinTerminalKinds", FREE, NULL},
    {"AnshinConfirmAddress", EQUAL, "certificates and codes go to an address that nobody has confirmed (ASVS 6.3)"},
    {"AnshinSessionIdle", AT_MOST, "an unattended browser stays logged in longer (ASVS 7.3.1)"},
    {"AnshinSessionLifetime", AT_MOST, "a stolen session lives longer (ASVS 7.3.2)"},
    {"AnshinSessionsMax", AT_MOST, "sessions that were forgotten elsewhere go on (ASVS 7.1.2)"},
    {"AnshinReauthenticate", AT_MOST, "an open session may change credentials for longer (ASVS 7.5.1)"},
    {"AnshinClearCache", EQUAL, "after a logout the Back button shows pages of the user (ASVS 14.3.1)"},
    {"AnshinStrictTransport", FREE, NULL},
    {"AnshinRegistrationLifetime", AT_MOST, "a link that fell into wrong hands works longer (ASVS 6.4.1)"},
    {"AnshinDownloadLifetime", AT_MOST, "a link that fell into wrong hands works longer (ASVS 6.4.1)"},
    {"AnshinLinkLifetime", AT_MOST, "a link that fell into wrong hands works longer (ASVS 6.4.1)"},
    {"AnshinFlowLifetime", AT_MOST, "an abandoned page can be continued longer (ASVS 2.3.1)"},
    {"AnshinCertificateLifetime", AT_MOST, "a lost key is of use longer (SP 800-57 part 1, 5.3)"},
    {"AnshinCertificateRenewAfter", EQUAL, "a certificate that has ended still opens a renewal (RFC 5280 4.1.2.5)"},
    {"AnshinCertificateReminders", FREE, NULL},
    {"AnshinCertificateOrganization", FREE, NULL},
    {"AnshinCertificateUnit", FREE, NULL},
    {"AnshinCertificateAltNames", WITHIN,
     "the address is read by whoever listens, since a TLS 1.2 client sends its certificate in clear (RFC 5246 7.4.6)"},
    {"AnshinCertificateUses", WITHIN,
     "the certificate is good for other doors too, which know nothing of locks and sessions here (RFC 5280 4.2.1.12)"},
    {"AnshinCertificateName", TELLS,
     "a device's old and new certificate look alike where one must be chosen; %{issued:%Y-%m-%d} tells them apart"},
    {"AnshinCertificateKey", NOT_WEAK, "112 bits of strength, which end with 2030 (SP 800-57 part 1, 5.6)"},
    {"AnshinCACertificate", FREE, NULL},
    {"AnshinCAKey", FREE, NULL},
    {"AnshinTryURL", FREE, NULL},
    {"AnshinCAURL", FREE, NULL},
    {"AnshinCRLURL", FREE, NULL},
    {"AnshinOCSPURL", FREE, NULL},
    {"AnshinCertificateRetention", FREE, NULL},
    {"AnshinHistoryWindow", FREE, NULL},
    {"AnshinHistoryRetention", FREE, NULL},
    {"AnshinStaff", FREE, NULL},
    {"AnshinOperators", FREE, NULL},
    {"AnshinStaffReason", AT_LEAST, "nobody can tell later why an operator did something to a user (ASVS 16.2.1)"},
    {"AnshinDeskPrint", AT_MOST,
     "an operator at the help desk sees what opens an account, and can use it in place of its user"},
    {"AnshinFourEyes", CONTAINS,
     "one operator alone can harm many users at once, or make operators, or change the CAs"},
    {"AnshinFourEyesLifetime", FREE, NULL},
    {"AnshinMailFrom", FREE, NULL},
    {"AnshinMailSignature", FREE, NULL},
    {"AnshinMailLinks", AT_MOST, "users learn to follow links in mail, as phishing asks them to (FSA, JSDA 2025)"},
    {"AnshinNotices", CONTAINS, "users are not told of what may be somebody else's doing (ASVS 6.3.7)"},
    {"AnshinLanguage", FREE, NULL},
    {"AnshinTemplateDir", FREE, NULL},
    {"AnshinTextDir", FREE, NULL},
    {"AnshinNotice", FREE, NULL},
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

static apr_int64_t wanted(const anshin_contract_t *preset, const anshin_option_t *option)
{
    return number_of(&preset->policy, option);
}

static int departs(const row_t *row, const anshin_option_t *option, const anshin_policy_t *policy,
                   const anshin_contract_t *preset, const char *value, apr_pool_t *pool)
{
    switch (row->rule) {
    case AT_LEAST:
        return number_of(policy, option) < wanted(preset, option);
    case AT_MOST:
        return number_of(policy, option) > wanted(preset, option);
    case EQUAL:
        return number_of(policy, option) != wanted(preset, option);
    case CONTAINS:
        return (~number_of(policy, option) & wanted(preset, option)) != 0;
    case FINANCE:
        return preset->preset == ANSHIN_PRESET_FINANCE && (number_of(policy, option) & ~wanted(preset, option)) != 0;
    case WITHIN:
        return (number_of(policy, option) & ~wanted(preset, option)) != 0;
    case NOT_WEAK:
        return strcmp(value, option->defaults[ANSHIN_PRESET_CLASSIC]) == 0;
    case QUESTION:
        return policy->reissue_proof == ANSHIN_REISSUE_BY_QUESTION && number_of(policy, option) == 0;
    case TELLS:
        return !anshin_certificate_name_tells(value, pool);
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

apr_status_t anshin_check_policy(anshin_call_t *call, const anshin_contract_t *contract, anshin_preset_t against,
                                 json_t *departures)
{
    const char *name = anshin_word_name(anshin_preset_words, (apr_int64_t)against, "");
    anshin_contract_t *preset;
    apr_status_t status = anshin_contract_create(&preset, contract->name, against, &call->op.error, call->pool);

    for (const anshin_option_t *option = anshin_policy_options; status == APR_SUCCESS && option->directive != NULL;
         option++) {
        const char *value = anshin_option_print(&contract->policy, option, call->pool);
        const row_t *row = find_row(option->directive);
        json_t *departure;
        if (row == NULL) {
            return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN0880", "check has no rule for %s", option->directive);
        }
        if (!departs(row, option, &contract->policy, preset, value, call->pool)) {
            continue;
        }
        departure = json_object();
        anshin_result_text(departure, "contract", contract->name, call->pool);
        anshin_result_text(departure, "directive", option->directive, call->pool);
        anshin_result_text(departure, "value", or_none(value), call->pool);
        anshin_result_text(departure, name,
                           row->rule == GIVEN ? "a file"
                                              : or_none(anshin_option_print(&preset->policy, option, call->pool)),
                           call->pool);
        anshin_result_text(departure, "why", row->why, call->pool);
        json_array_append_new(departures, departure);
    }
    return status;
}

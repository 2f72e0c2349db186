/*
 * `Require anshin method|terminal|contract|group|organisation WORD...`: who of those who were let in may enter. Words
 * that mean nothing stop configtest.
 */
#include "auth/require.h"

#include <apr_strings.h>
#include <http_request.h>
#include <mod_auth.h>
#include <ap_provider.h>

#include "auth/config/config.h"
#include "auth/config/directive.h"
#include "auth/request.h"
#include "core/base/attribute.h"

APLOG_USE_MODULE(anshin_auth);

typedef enum subject_t {
    SUBJECT_METHOD,
    SUBJECT_TERMINAL,
    SUBJECT_CONTRACT,
    SUBJECT_GROUP,
    SUBJECT_ORGANISATION
} subject_t;

typedef struct requirement_t {
    subject_t subject;
    int set;                   /* methods or kinds, a bit each */
    apr_array_header_t *names; /* of contracts, groups or organisations */
} requirement_t;

static const anshin_word_t subjects[] = {
    {"method", SUBJECT_METHOD}, {"terminal", SUBJECT_TERMINAL},         {"contract", SUBJECT_CONTRACT},
    {"group", SUBJECT_GROUP},   {"organisation", SUBJECT_ORGANISATION}, {NULL, 0}};

static const char *subject_name(const requirement_t *requirement)
{
    return anshin_word_name(subjects, requirement->subject, NULL);
}

/* --- the line --- */

static const char *add_value(cmd_parms *cmd, requirement_t *requirement, const char *word)
{
    const anshin_word_t *words =
        requirement->subject == SUBJECT_METHOD ? anshin_method_words : anshin_terminal_kind_words;
    int value = anshin_directive_word(cmd, words, word);

    if (value < 0) {
        return apr_psprintf(cmd->pool, "AN0580: Require anshin %s: \"%s\" is not allowed; give some of: %s",
                            subject_name(requirement), word, anshin_word_list(words, " ", cmd->temp_pool));
    }
    requirement->set |= 1 << value;
    return NULL;
}

/* Contracts may be declared behind the line: then the whole is checked at the end. In .htaccess all is known. */
static const char *add_contract(cmd_parms *cmd, requirement_t *requirement, const char *word)
{
    const char *in_htaccess = ap_check_cmd_context(cmd, NOT_IN_HTACCESS);

    if (in_htaccess == NULL) {
        anshin_site_name(cmd, word);
    } else if (anshin_site_of(cmd->server)->main->config == NULL ||
               anshin_config_contract(anshin_site_of(cmd->server)->main->config, word) == NULL) {
        return apr_psprintf(cmd->pool, "AN0581: Require anshin contract: no contract is called \"%s\"", word);
    }
    APR_ARRAY_PUSH(requirement->names, const char *) = apr_pstrdup(cmd->pool, word);
    return NULL;
}

/* Groups and organisations are what accounts have: they need not be there when httpd starts. */
static const char *add_group(cmd_parms *cmd, requirement_t *requirement, const char *word)
{
    const char *name = anshin_group_canonical(word, cmd->pool);

    if (name == NULL) {
        return apr_psprintf(cmd->pool,
                            "AN1440: Require anshin group: \"%s\" cannot be the name of a group; give 1 to %d of "
                            "a-z 0-9 . _ -, starting with a letter or digit",
                            word, ANSHIN_GROUP_MAX);
    }
    APR_ARRAY_PUSH(requirement->names, const char *) = name;
    return NULL;
}

static const char *add_organisation(cmd_parms *cmd, requirement_t *requirement, const char *word)
{
    const char *name = anshin_attribute_typed(word, cmd->pool);
    const char *advice = anshin_attribute_advice(name, ANSHIN_NAME_MAX, cmd->temp_pool);

    if (advice != NULL) {
        return apr_psprintf(cmd->pool, "AN1441: Require anshin organisation: \"%s\": %s", word, advice);
    }
    APR_ARRAY_PUSH(requirement->names, const char *) = name;
    return NULL;
}

static const char *add_word(cmd_parms *cmd, requirement_t *requirement, const char *word)
{
    switch (requirement->subject) {
    case SUBJECT_CONTRACT:
        return add_contract(cmd, requirement, word);
    case SUBJECT_GROUP:
        return add_group(cmd, requirement, word);
    case SUBJECT_ORGANISATION:
        return add_organisation(cmd, requirement, word);
    default:
        return add_value(cmd, requirement, word);
    }
}

static const char *parse(cmd_parms *cmd, const char *line, const void **parsed)
{
    requirement_t *requirement = apr_pcalloc(cmd->pool, sizeof(*requirement));
    const char *word = ap_getword_conf(cmd->temp_pool, &line);
    const char *wrong = NULL;
    int subject;
    int count = 0;

    requirement->names = apr_array_make(cmd->pool, 2, sizeof(const char *));
    subject = anshin_directive_word(cmd, subjects, word);
    if (subject < 0) {
        return apr_psprintf(cmd->pool,
                            "AN0582: Require anshin: \"%s\" is not allowed; give method, terminal, contract, group or "
                            "organisation",
                            word);
    }
    requirement->subject = (subject_t)subject;
    for (word = ap_getword_conf(cmd->temp_pool, &line); *word != '\0' && wrong == NULL; count++) {
        wrong = add_word(cmd, requirement, word);
        word = ap_getword_conf(cmd->temp_pool, &line);
    }
    if (wrong == NULL && count == 0) {
        return apr_psprintf(cmd->pool, "AN0583: Require anshin %s: no word follows; give at least one",
                            subject_name(requirement));
    }
    *parsed = requirement;
    return wrong;
}

/* --- the decision --- */

static int named(const apr_array_header_t *names, const char *name)
{
    for (int i = 0; i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}

static int in_group(const apr_array_header_t *names, const char *groups)
{
    for (int i = 0; i < names->nelts; i++) {
        if (anshin_groups_have(groups, APR_ARRAY_IDX(names, i, const char *))) {
            return 1;
        }
    }
    return 0;
}

static int in_set(int set, apr_int64_t number)
{
    return number >= 0 && number < 31 && (set & (1 << number)) != 0;
}

static authz_status check(request_rec *r, const char *line, const void *parsed)
{
    const requirement_t *requirement = parsed;
    const anshin_session_t *session = anshin_request_session(r);
    int granted = 0;

    (void)line;
    if (r->user == NULL) {
        return AUTHZ_DENIED_NO_USER;
    }
    if (session == NULL) {
        return AUTHZ_DENIED; /* known by other means than ours */
    }
    switch (requirement->subject) {
    case SUBJECT_METHOD:
        granted = in_set(requirement->set, session->method);
        break;
    case SUBJECT_TERMINAL: /* a method without terminals has none of any kind */
        granted = session->terminal != 0 && in_set(requirement->set, session->terminal_kind);
        break;
    case SUBJECT_CONTRACT:
        granted = named(requirement->names, session->contract);
        break;
    case SUBJECT_GROUP:
        granted = in_group(requirement->names, session->groups);
        break;
    case SUBJECT_ORGANISATION:
        granted = session->organisation != NULL && named(requirement->names, session->organisation);
        break;
    }
    return granted ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const authz_provider provider = {check, parse};

void anshin_require_register(apr_pool_t *pool)
{
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "anshin", AUTHZ_PROVIDER_VERSION, &provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}

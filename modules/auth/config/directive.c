/*
 * The directives: a table of the rows of core/config/server.def and core/config/policy.def, whose data pointer is the
 * option's descriptor, and one setter a scope. See directive.h.
 */
#include <apr_lib.h>
#include <apr_strings.h>

#include "auth/config/directive.h"
#include "auth/config/restricted.h"

#include "auth/config/proxies.h"

extern module AP_MODULE_DECLARE_DATA anshin_auth_module;

enum {
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help) POLICY_##member,
#include "core/config/policy.def"
};
enum {
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help) SERVER_##member,
#include "core/config/server.def"
};

/* For directives of the main server alone. */
static anshin_main_t *main_of(const cmd_parms *cmd)
{
    return anshin_site_of(cmd->server)->main;
}

static void note_used(const cmd_parms *cmd)
{
    anshin_site_of(cmd->server)->used = 1;
}

/* --- options --- */

/* Paths are those of ServerRoot, as everywhere in httpd. */
static const char *resolve(cmd_parms *cmd, const char *path)
{
    const char *full = ap_server_root_relative(cmd->pool, path);

    return full == NULL ? path : full;
}

static const char *set_option(cmd_parms *cmd, void *structure, int argc, char *const argv[])
{
    const anshin_option_t *option = cmd->cmd->cmd_data;
    const char **values = apr_palloc(cmd->temp_pool, (apr_size_t)(argc + 1) * sizeof(*values));
    anshin_error_t err;

    anshin_error_clear(&err);
    for (int i = 0; i < argc; i++) {
        values[i] = *argv[i] != '\0' && anshin_option_is_path(option, argv[i]) ? resolve(cmd, argv[i]) : argv[i];
    }
    if (anshin_option_parse(structure, option, argc, values, &err, cmd->pool) != APR_SUCCESS) {
        return apr_psprintf(cmd->pool, "%s: %s", err.id, err.text);
    }
    return NULL;
}

/* A directive that both have (AnshinCACertificate) stands in httpd's table twice, and httpd asks both: inside a
 * container it is the contract's. */
static int is_inside(const cmd_parms *cmd)
{
    return main_of(cmd) != NULL && main_of(cmd)->open != NULL;
}

/* Where it is kept: a virtual host has few of its own. */
static anshin_server_t *server_given(const cmd_parms *cmd)
{
    anshin_site_t *site = anshin_site_of(cmd->server);

    if (!cmd->server->is_virtual) {
        return &site->main->given;
    }
    if (site->given == NULL) {
        site->given = apr_pcalloc(cmd->pool, sizeof(*site->given));
    }
    return site->given;
}

static const char *set_server(cmd_parms *cmd, void *place, int argc, char *const argv[])
{
    int of_host = anshin_proxies_is_of_host(cmd->cmd->cmd_data);
    const char *wrong = ap_check_cmd_context(cmd, of_host ? NOT_IN_LIMIT | NOT_IN_DIR_LOC_FILE : GLOBAL_ONLY);

    (void)place;
    if (is_inside(cmd) && anshin_option_find(anshin_policy_options, cmd->cmd->name) != NULL) {
        return DECLINE_CMD;
    }
    if (wrong != NULL) {
        return wrong;
    }
    note_used(cmd);
    return set_option(cmd, server_given(cmd), argc, argv);
}

static const char *set_policy(cmd_parms *cmd, void *place, int argc, char *const argv[])
{
    (void)place;
    if (!is_inside(cmd) && anshin_option_find(anshin_server_options, cmd->cmd->name) != NULL) {
        return DECLINE_CMD;
    }
    if (!is_inside(cmd)) {
        return apr_psprintf(cmd->pool, "AN0510: %s is a setting of a contract; it belongs inside <AnshinContract NAME>",
                            cmd->cmd->name);
    }
    return set_option(cmd, &main_of(cmd)->open->policy, argc, argv);
}

/* --- contracts --- */

/* Inside the container stand settings of the contract alone: others would silently mean the whole server. */
static const char *check_inside(cmd_parms *cmd, const ap_directive_t *child)
{
    for (; child != NULL; child = child->next) {
        if (anshin_option_find(anshin_policy_options, child->directive) == NULL) {
            cmd->err_directive = child;
            return apr_psprintf(cmd->pool,
                                "AN0511: %s is no setting of a contract; it does not belong inside "
                                "<AnshinContract>",
                                child->directive);
        }
    }
    return NULL;
}

/* Let httpd show the line that the cause speaks of, where it names one. */
static void point_at(cmd_parms *cmd, const ap_directive_t *child, const anshin_error_t *err)
{
    for (; child != NULL; child = child->next) {
        const anshin_option_t *option = anshin_option_find(anshin_policy_options, child->directive);
        const char *named = option == NULL ? NULL : ap_strstr_c(err->text, option->directive);

        if (named != NULL && !apr_isalnum(named[strlen(option->directive)])) {
            cmd->err_directive = child;
            return;
        }
    }
}

int anshin_directive_word(cmd_parms *cmd, const anshin_word_t *words, const char *typed)
{
    char *lower = apr_pstrdup(cmd->temp_pool, typed);

    ap_str_tolower(lower);
    return anshin_word_value(words, lower, -1);
}

/* "NAME classic>" */
static const char *read_head(cmd_parms *cmd, const char *args, const char **name, anshin_preset_t *preset)
{
    const char *end = ap_strrchr_c(args, '>');
    const char *word;
    int value;

    if (end == NULL || end[1] != '\0') {
        return "AN0512: <AnshinContract NAME [classic|modern|finance]> lacks its closing '>'";
    }
    args = apr_pstrmemdup(cmd->temp_pool, args, (apr_size_t)(end - args));
    *name = ap_getword_conf(cmd->pool, &args);
    word = ap_getword_conf(cmd->temp_pool, &args);
    value = *word == '\0' ? ANSHIN_PRESET_CLASSIC : anshin_directive_word(cmd, anshin_preset_words, word);
    if (*args != '\0' || value < 0) {
        return apr_psprintf(cmd->pool,
                            "AN0513: <AnshinContract %s> takes a name and a preset; \"%s%s%s\" is not allowed, "
                            "give one of: %s",
                            *name, word, *args == '\0' ? "" : " ", args,
                            anshin_word_list(anshin_preset_words, " ", cmd->temp_pool));
    }
    *preset = (anshin_preset_t)value;
    return NULL;
}

static const char *check_name(cmd_parms *cmd, const char *name)
{
    const apr_array_header_t *contracts = main_of(cmd)->contracts;

    if (strcmp(name, ANSHIN_USE_NONE) == 0) {
        return "AN0514: no contract can be called none: AnshinUse none means that no contract serves a place";
    }
    for (int i = 0; i < contracts->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(contracts, i, const anshin_contract_t *)->name, name) == 0) {
            return apr_psprintf(cmd->pool, "AN0515: contract %s is declared already; each name serves one contract",
                                name);
        }
    }
    return NULL;
}

static const char *read_contract(cmd_parms *cmd, anshin_contract_t *contract)
{
    const ap_directive_t *first = cmd->directive->first_child;
    const char *wrong = check_inside(cmd, first);
    anshin_error_t err;

    if (wrong != NULL) {
        return wrong;
    }
    main_of(cmd)->open = contract;
    wrong = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    main_of(cmd)->open = NULL;
    if (wrong != NULL) {
        return wrong;
    }
    anshin_error_clear(&err);
    if (anshin_contract_finish(contract, &err, cmd->pool) != APR_SUCCESS) {
        point_at(cmd, first, &err);
        return apr_psprintf(cmd->pool, "%s: %s", err.id, err.text);
    }
    APR_ARRAY_PUSH(main_of(cmd)->contracts, anshin_contract_t *) = contract;
    return NULL;
}

static const char *open_contract(cmd_parms *cmd, void *place, const char *args)
{
    const char *wrong = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    anshin_contract_t *contract;
    anshin_preset_t preset = ANSHIN_PRESET_CLASSIC;
    const char *name;
    anshin_error_t err;

    (void)place;
    if (wrong == NULL) {
        wrong = read_head(cmd, args, &name, &preset);
    }
    if (wrong == NULL) {
        wrong = check_name(cmd, name);
    }
    if (wrong != NULL) {
        return wrong;
    }
    note_used(cmd);
    anshin_error_clear(&err);
    if (anshin_contract_create(&contract, name, preset, &err, cmd->pool) != APR_SUCCESS) {
        return apr_psprintf(cmd->pool, "%s: %s", err.id, err.text);
    }
    return read_contract(cmd, contract);
}

/* --- places --- */

static anshin_use_t *make_use(cmd_parms *cmd, const char *name)
{
    anshin_use_t *use = apr_pcalloc(cmd->pool, sizeof(*use));

    use->name = apr_pstrdup(cmd->pool, name);
    use->file = cmd->directive->filename;
    use->line = cmd->directive->line_num;
    return use;
}

anshin_use_t *anshin_site_name(cmd_parms *cmd, const char *name)
{
    anshin_use_t *use = make_use(cmd, name);

    APR_ARRAY_PUSH(anshin_site_of(cmd->server)->places, anshin_use_t *) = use;
    return use;
}

static const char *use_contract(cmd_parms *cmd, void *record, const char *name)
{
    const char *wrong = ap_check_cmd_context(cmd, NOT_IN_LIMIT);
    anshin_place_t *place = record;

    if (wrong != NULL) {
        return wrong;
    }
    note_used(cmd);
    if (cmd->path != NULL) {
        place->use = anshin_site_name(cmd, name);
        return NULL;
    }
    place->use = anshin_site_of(cmd->server)->use = make_use(cmd, name);
    return NULL;
}

static const char *share_cache(cmd_parms *cmd, void *record, int on)
{
    anshin_place_t *place = record;

    note_used(cmd);
    place->shared_cache = on != 0;
    place->shared_cache_said = 1;
    return NULL;
}

/* --- the table --- */

const command_rec anshin_directives[] = {
    AP_INIT_RAW_ARGS(
        "<AnshinContract", open_contract, NULL, RSRC_CONF,
        "A contract and its settings: <AnshinContract NAME [classic|modern|finance]> ... </AnshinContract>"),
    AP_INIT_TAKE1("AnshinUse", use_contract, NULL, RSRC_CONF | ACCESS_CONF,
                  "The contract that serves this virtual host or place, or none"),
    AP_INIT_FLAG("AnshinSharedCache", share_cache, NULL, RSRC_CONF | ACCESS_CONF,
                 "Whether pages of this place that the site calls public, or gives an s-maxage, may be kept by caches "
                 "that others share"),
    /* httpd's own, read beside mod_authz_core (restricted.h) */
    AP_INIT_RAW_ARGS("Require", anshin_restricted_require, NULL, OR_AUTHCFG, "Who may enter"),
    AP_INIT_TAKE1("AuthMerging", anshin_restricted_merging, NULL, OR_AUTHCFG, "How such lines join those around them"),
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help)                    \
    AP_INIT_TAKE_ARGV(directive, set_policy, (void *)(uintptr_t)&anshin_policy_options[POLICY_##member], RSRC_CONF, \
                      help),
#include "core/config/policy.def"
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help)                    \
    AP_INIT_TAKE_ARGV(directive, set_server, (void *)(uintptr_t)&anshin_server_options[SERVER_##member], RSRC_CONF, \
                      help),
#include "core/config/server.def"
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};

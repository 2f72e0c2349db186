/*
 * The effective configuration: defaults, checks that need more than one option, places derived from others. See
 * config.h; the snapshot is in config_json.c.
 */
#include "core/config/config.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "core/base/mailbox.h"
#include "core/config/certificate_name.h"
#include "core/config/certificate_subject.h"
#include "core/config/portal_url.h"
#include "core/config/store_address.h"

/* --- the descriptors --- */

#define POLICY(member) offsetof(anshin_policy_t, member)
#define SERVER(member) offsetof(anshin_server_t, member)

/* Row numbers, which are the bits of the set. */
enum {
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help) POLICY_##member,
#include "core/config/policy.def"
    POLICY_COUNT
};
enum {
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help) SERVER_##member,
#include "core/config/server.def"
    SERVER_COUNT
};

_Static_assert((int)POLICY_COUNT <= ANSHIN_OPTIONS_MAX, "policy.def has more rows than the set has bits");
_Static_assert(ANSHIN_PRESET_FINANCE == ANSHIN_PRESETS - 1, "a preset is the number of its column");
_Static_assert((int)SERVER_COUNT <= ANSHIN_OPTIONS_MAX, "server.def has more rows than the set has bits");
_Static_assert(offsetof(anshin_policy_t, set) == 0 && offsetof(anshin_server_t, set) == 0, "the set comes first");

const anshin_option_t anshin_policy_options[] = {
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help)                 \
    {ANSHIN_OPTION_##kind, #member,        directive, {classic, modern, finance}, minimum, maximum, words, help, \
     POLICY(member),       POLICY_##member},
#include "core/config/policy.def"
    {ANSHIN_OPTION_NUMBER, NULL, NULL, {NULL}, 0, 0, NULL, NULL, 0, 0}};

const anshin_option_t anshin_server_options[] = {
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help)                 \
    {ANSHIN_OPTION_##kind, #member,        directive, {classic, modern, finance}, minimum, maximum, words, help, \
     SERVER(member),       SERVER_##member},
#include "core/config/server.def"
    {ANSHIN_OPTION_NUMBER, NULL, NULL, {NULL}, 0, 0, NULL, NULL, 0, 0}};

/* --- words --- */

const anshin_word_t anshin_method_words[] = {
#define WORD(member, value, name) {name, ANSHIN_METHOD_##member},
#include "core/config/method.def"
#undef WORD
    {NULL, 0}};

const anshin_word_t anshin_terminal_kind_words[] = {
#define WORD(member, value, name) {name, ANSHIN_TERMINAL_##member},
#include "core/config/terminal_kind.def"
#undef WORD
    {NULL, 0}};

const anshin_word_t anshin_key_type_words[] = {
#define WORD(member, value, name) {name, ANSHIN_KEY_##member},
#include "core/config/key_type.def"
#undef WORD
    {NULL, 0}};

const anshin_word_t anshin_preset_words[] = {
#define WORD(member, value, name) {name, ANSHIN_PRESET_##member},
#include "core/config/preset.def"
#undef WORD
    {NULL, 0}};

const char *anshin_method_name(apr_int64_t method)
{
    return anshin_word_name(anshin_method_words, method, "unknown");
}

const char *anshin_terminal_kind_name(apr_int64_t kind)
{
    return anshin_word_name(anshin_terminal_kind_words, kind, "unknown");
}

/* --- contracts --- */

int anshin_contract_name_valid(const char *name)
{
    apr_size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return length > 0 && length <= ANSHIN_CONTRACT_MAX && name[length] == '\0' && name[0] != '-';
}

/* Words that name cookies of the portal, where that of a session is named after its contract. */
static int is_taken(const char *name)
{
    return strcmp(name, "flow") == 0 || strcmp(name, "browser") == 0;
}

int anshin_config_admits(const anshin_config_t *config, anshin_method_t method)
{
    for (int i = 0; i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        if (ANSHIN_HAS(contract->policy.methods, method)) {
            return 1;
        }
    }
    return 0;
}

const char *anshin_contract_title(const anshin_contract_t *contract, const char *language)
{
    const char *title = anshin_option_text_of(contract->policy.title, language);

    return title != NULL ? title : contract->name;
}

const anshin_contract_t *anshin_config_contract(const anshin_config_t *config, const char *name)
{
    for (int i = 0; i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        if (strcmp(contract->name, name) == 0) {
            return contract;
        }
    }
    return NULL;
}

int anshin_config_operates(const anshin_contract_t *operators, const anshin_contract_t *contract)
{
    const apr_array_header_t *names = contract->policy.operators;

    for (int i = 0; operators->policy.staff && names != NULL && i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), operators->name) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_contract_create(anshin_contract_t **contract, const char *name, anshin_preset_t preset,
                                    anshin_error_t *err, apr_pool_t *pool)
{
    anshin_contract_t *made = apr_pcalloc(pool, sizeof(*made));

    if (!anshin_contract_name_valid(name)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0910",
                           "\"%.60s\" cannot name a contract; give 1 to %d of a-z, 0-9 and '-', not starting with '-'",
                           name, ANSHIN_CONTRACT_MAX);
    }
    if (is_taken(name)) {
        return anshin_fail(
            err, ANSHIN_EINVALID, "AN0918",
            "\"%s\" cannot name a contract, since a cookie of the portal is called so; give another name", name);
    }
    made->name = apr_pstrdup(pool, name);
    made->preset = preset;
    made->portal_base = "";
    made->portal_origin = "";
    *contract = made;
    return anshin_options_default(&made->policy, anshin_policy_options, (int)preset, err, pool);
}

/* A cause that names directive, value and rule. */
static apr_status_t refuse(const anshin_contract_t *contract, int row, const char *rule, anshin_error_t *err,
                           apr_pool_t *pool)
{
    const anshin_option_t *option = &anshin_policy_options[row];
    const char *value = anshin_option_print(&contract->policy, option, pool);

    return anshin_fail(err, ANSHIN_EINVALID, "AN0911", "contract %s: %s \"%.60s\": %s", contract->name,
                       option->directive, value, rule);
}

static int is_site_path(const char *text)
{
    return text[0] == '/' && text[1] != '/' && text[1] != '\\';
}

static int is_url(const char *text, const char *scheme)
{
    apr_size_t length = strlen(scheme);

    return strncmp(text, scheme, length) == 0 && apr_isalnum(text[length]);
}

/* Visible ASCII without what would end an attribute or a header: the texts of URLs. */
static int is_url_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~' || strchr("\"<>\\^`{|}'", *text) != NULL) {
            return 0;
        }
    }
    return 1;
}

static apr_status_t check_portal(anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    const char *url = contract->policy.portal_url;

    if (url == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0912",
                           "contract %s: AnshinPortalURL is missing; give the https URL under which its portal is "
                           "reached, such as https://www.example.jp/anshin/",
                           contract->name);
    }
    if (!anshin_portal_url_split(url, &contract->portal_origin, &contract->portal_base, pool)) {
        return refuse(contract, POLICY_portal_url,
                      "give an absolute https URL without user, query and fragment, such as "
                      "https://www.example.jp/anshin/",
                      err, pool);
    }
    return APR_SUCCESS;
}

static apr_status_t check_try(anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    const char *url = contract->policy.try_url;
    const char *base;

    contract->try_origin = NULL;
    if (url == NULL) {
        return APR_SUCCESS;
    }
    if (!anshin_portal_url_split(url, &contract->try_origin, &base, pool) ||
        strcmp(contract->try_origin, contract->portal_origin) == 0 || strcmp(base, contract->portal_base) != 0) {
        return refuse(contract, POLICY_try_url,
                      "give the URL of AnshinPortalURL with another port or host name, such as "
                      "https://www.example.jp:8443/anshin/",
                      err, pool);
    }
    return APR_SUCCESS;
}

static apr_status_t check_urls(const anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_policy_t *policy = &contract->policy;
    const struct {
        int row;
        const char *value;
    } services[] = {
        {POLICY_ca_url, policy->ca_url}, {POLICY_crl_url, policy->crl_url}, {POLICY_ocsp_url, policy->ocsp_url}};

    if (!is_url_text(policy->site_url) || !(is_site_path(policy->site_url) || is_url(policy->site_url, "https://"))) {
        return refuse(contract, POLICY_site_url, "give a path of this site (/...) or an absolute https URL", err, pool);
    }
    if (policy->style_url != NULL && !(is_url_text(policy->style_url) && is_site_path(policy->style_url))) {
        return refuse(contract, POLICY_style_url, "give a path of this site (/...)", err, pool);
    }
    for (apr_size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        const char *value = services[i].value;

        if (value != NULL && !(is_url_text(value) && (is_url(value, "http://") || is_url(value, "https://")))) {
            return refuse(contract, services[i].row, "give an absolute http or https URL", err, pool);
        }
    }
    return APR_SUCCESS;
}

/* Where the portal answers for the CAs (CRT-9), unless something else does; of CRLs each has its own (ca_files.h). */
static void derive_urls(anshin_contract_t *contract, apr_pool_t *pool)
{
    anshin_policy_t *policy = &contract->policy;
    apr_size_t length = policy->ca_url != NULL ? strlen(policy->ca_url) : 0;

    while (length > 0 && policy->ca_url[length - 1] == '/') {
        length--;
    }
    if (policy->ca_url != NULL && policy->ocsp_url == NULL) {
        policy->ocsp_url = apr_pstrcat(pool, apr_pstrmemdup(pool, policy->ca_url, length), "/ocsp", NULL);
    }
}

/* Whoever narrows the methods need not repeat the default: it is the strongest that is left. */
static apr_status_t check_methods(anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_policy_t *policy = &contract->policy;

    if (policy->methods == 0) {
        return refuse(contract, POLICY_methods, "admit one method at least: password, otp, certificate", err, pool);
    }
    if (!anshin_option_is_set(policy, &anshin_policy_options[POLICY_default_method]) &&
        !ANSHIN_HAS(policy->methods, policy->default_method)) {
        policy->default_method = ANSHIN_HAS(policy->methods, ANSHIN_METHOD_CERTIFICATE) ? ANSHIN_METHOD_CERTIFICATE
                                 : ANSHIN_HAS(policy->methods, ANSHIN_METHOD_OTP)       ? ANSHIN_METHOD_OTP
                                                                                        : ANSHIN_METHOD_PASSWORD;
    }
    if (!ANSHIN_HAS(policy->methods, policy->default_method)) {
        return refuse(contract, POLICY_default_method, "it is not among AnshinLoginMethods", err, pool);
    }
    if ((policy->methods & (policy->methods - 1)) == 0) { /* of a single one there is nothing to choose (U11) */
        policy->functions &= ~(1 << ANSHIN_FUNCTION_METHOD);
    }
    return APR_SUCCESS;
}

static int is_punctuation(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!apr_ispunct(*text) || (unsigned char)*text > 0x7e) {
            return 0;
        }
    }
    return 1;
}

static apr_status_t check_password(const anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_policy_t *policy = &contract->policy;

    if (policy->password_min > policy->password_max) {
        return refuse(contract, POLICY_password_min, "it is more than AnshinPasswordMaxLength", err, pool);
    }
    if ((policy->password_characters & ~ANSHIN_CHARACTERS_SPACE) == 0) {
        return refuse(contract, POLICY_password_characters, "admit one class at least besides the space", err, pool);
    }
    if ((policy->password_required & ~policy->password_characters) != 0) {
        return refuse(contract, POLICY_password_required,
                      "it names a class that AnshinPasswordCharacters does not admit", err, pool);
    }
    if (policy->password_symbols != NULL && !is_punctuation(policy->password_symbols)) {
        return refuse(contract, POLICY_password_symbols, "give ASCII punctuation alone", err, pool);
    }
    return APR_SUCCESS;
}

static apr_status_t check_sets(const anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_policy_t *policy = &contract->policy;

    if (policy->terminal_kinds == 0) {
        return refuse(contract, POLICY_terminal_kinds, "admit one kind at least: pc, mobile, smartphone", err, pool);
    }
    if (policy->session_idle > policy->session_lifetime) {
        return refuse(contract, POLICY_session_idle, "it is longer than AnshinSessionLifetime", err, pool);
    }
    for (int i = 0; i < policy->questions->nelts; i++) {
        const char *id = APR_ARRAY_IDX(policy->questions, i, const char *);

        if (id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0') {
            return refuse(contract, POLICY_questions, "an id is made of a-z, 0-9 and '-'", err, pool);
        }
    }
    return APR_SUCCESS;
}

/* What certificates of the contract say. The signer checks by itself what it signs; here the operator is told. */
static apr_status_t check_certificate(const anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_policy_t *policy = &contract->policy;
    const char *rule = anshin_certificate_name_error(policy->certificate_name, pool);

    if (rule != NULL) {
        return refuse(contract, POLICY_certificate_name, rule, err, pool);
    }
    if ((rule = anshin_certificate_subject_error(policy->certificate_organization, "ub-organization-name", pool)) !=
        NULL) {
        return refuse(contract, POLICY_certificate_organization, rule, err, pool);
    }
    if ((rule = anshin_certificate_subject_error(policy->certificate_unit, "ub-organizational-unit-name", pool)) !=
        NULL) {
        return refuse(contract, POLICY_certificate_unit, rule, err, pool);
    }
    if (!ANSHIN_HAS(policy->certificate_uses, ANSHIN_USE_CLIENT)) {
        return refuse(contract, POLICY_certificate_uses,
                      "without client nobody could log in with it; give client first, and others behind it", err, pool);
    }
    if (ANSHIN_HAS(policy->certificate_uses, ANSHIN_USE_MAIL) &&
        !ANSHIN_HAS(policy->certificate_alt_names, ANSHIN_ALT_NAME_MAIL)) {
        return refuse(contract, POLICY_certificate_uses,
                      "signatures of mail are compared with the address in the certificate (RFC 8550, 3); give "
                      "AnshinCertificateAltNames mail as well",
                      err, pool);
    }
    return APR_SUCCESS;
}

static apr_status_t check_mail(const anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_policy_t *policy = &contract->policy;
    const char *language = policy->language;
    anshin_mailbox_t sender;

    if (policy->mail_from != NULL && !anshin_mailbox_parse(&sender, policy->mail_from, pool)) {
        return refuse(contract, POLICY_mail_from, "give an address, or a name with <address>", err, pool);
    }
    if (language[strspn(language, "abcdefghijklmnopqrstuvwxyz-")] != '\0') {
        return refuse(contract, POLICY_language, "give a language, such as ja or en", err, pool);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_contract_finish(anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = check_portal(contract, err, pool);

    if (status == APR_SUCCESS) {
        status = check_try(contract, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = check_urls(contract, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = check_methods(contract, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = check_password(contract, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = check_sets(contract, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = check_certificate(contract, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = check_mail(contract, err, pool);
    }
    if (status == APR_SUCCESS) {
        derive_urls(contract, pool);
    }
    return status;
}

/* --- the whole --- */

apr_status_t anshin_config_create(anshin_config_t **config, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_config_t *made = apr_pcalloc(pool, sizeof(*made));

    made->contracts = apr_array_make(pool, 4, sizeof(anshin_contract_t *));
    made->sightings = apr_array_make(pool, 4, sizeof(anshin_sighting_t));
    made->httpd_uid = -1;
    *config = made;
    return anshin_options_default(&made->server, anshin_server_options, 0, err, pool);
}

/* Relative paths would mean another place to every process. */
static apr_status_t check_paths(const void *structure, const anshin_option_t *options, anshin_error_t *err)
{
    for (const anshin_option_t *option = options; option->directive != NULL; option++) {
        const char *path;

        if (option->kind != ANSHIN_OPTION_PATH && option->kind != ANSHIN_OPTION_KEY) {
            continue;
        }
        path = *(const char *const *)(const void *)((const char *)structure + option->offset);
        if (path != NULL && anshin_option_is_path(option, path) && path[0] != '/') {
            return anshin_fail(err, ANSHIN_EINVALID, "AN0913", "%s \"%.120s\" is not an absolute path",
                               option->directive, path);
        }
    }
    return APR_SUCCESS;
}

static const char *below(const char *state_dir, const char *name, apr_pool_t *pool)
{
    apr_size_t length = strlen(state_dir);

    return apr_pstrcat(pool, state_dir, length > 0 && state_dir[length - 1] == '/' ? "" : "/", name, NULL);
}

/* Operators have accounts of their own, and nobody but them acts at the help desk; on them acts the command alone, so
 * that no role gives itself more. */
static apr_status_t check_operators(const anshin_config_t *config, const anshin_contract_t *contract,
                                    anshin_error_t *err)
{
    const apr_array_header_t *names = contract->policy.operators;

    if (names != NULL && contract->policy.staff) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1500",
                           "contract %s: AnshinOperators is not for a contract of operators (AnshinStaff on); its "
                           "users are changed by htanshin alone",
                           contract->name);
    }
    for (int i = 0; names != NULL && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        const anshin_contract_t *other = anshin_config_contract(config, name);

        if (other == NULL) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN1501",
                               "contract %s: AnshinOperators \"%s\": no such contract is declared", contract->name,
                               name);
        }
        if (!other->policy.staff) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN1502",
                               "contract %s: AnshinOperators \"%s\": that contract's users are no operators; give it "
                               "AnshinStaff on",
                               contract->name, name);
        }
    }
    return APR_SUCCESS;
}

static apr_status_t check_contracts(const anshin_config_t *config, anshin_error_t *err)
{
    for (int i = 0; i < config->contracts->nelts; i++) {
        const anshin_contract_t *a = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);
        apr_status_t status = check_paths(&a->policy, anshin_policy_options, err);

        status = status == APR_SUCCESS ? check_operators(config, a, err) : status;
        if (status != APR_SUCCESS) {
            return status;
        }
        for (int j = 0; j < i; j++) {
            const anshin_contract_t *b = APR_ARRAY_IDX(config->contracts, j, const anshin_contract_t *);

            if (strcmp(a->name, b->name) == 0) {
                return anshin_fail(err, ANSHIN_EINVALID, "AN0914", "two contracts are called %s", a->name);
            }
            if (strcmp(a->portal_origin, b->portal_origin) == 0 && strcmp(a->portal_base, b->portal_base) == 0) {
                return anshin_fail(err, ANSHIN_EINVALID, "AN0915",
                                   "contracts %s and %s have the same AnshinPortalURL; each needs one of its own",
                                   b->name, a->name);
            }
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_config_finish(anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_server_t *server = &config->server;
    anshin_store_kind_t store;
    const char *address;
    apr_status_t status;

    if (server->state_dir == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0916",
                           "AnshinStateDir is missing; give the directory of store, keys and mail");
    }
    if (config->contracts->nelts == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0917", "no <AnshinContract NAME> is declared");
    }
    if (server->ca_certificate == NULL) {
        server->ca_certificate = below(server->state_dir, "ca/ca.crt", pool);
    }
    if (server->ca_key == NULL) {
        server->ca_key = below(server->state_dir, "ca/ca.key", pool);
    }
    if (server->crl_dir == NULL) {
        server->crl_dir = below(server->state_dir, "crl", pool);
    }
    if ((server->apple_certificate == NULL) != (server->apple_key == NULL)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1245",
                           "AnshinAppleProfileCertificate and AnshinAppleProfileKey belong together; give both or "
                           "neither");
    }
    status = check_paths(server, anshin_server_options, err);
    if (status == APR_SUCCESS) {
        status = anshin_store_address_read(&store, &address, server->store, err);
    }
    if (status == APR_SUCCESS && server->node != NULL) {
        status = anshin_node_name_check(server->node, err);
    }
    return status == APR_SUCCESS ? check_contracts(config, err) : status;
}

const char *anshin_config_spool(const anshin_config_t *config, apr_pool_t *pool)
{
    const anshin_server_t *server = &config->server;

    return server->mail_spool != NULL ? server->mail_spool : below(server->state_dir, "mail", pool);
}

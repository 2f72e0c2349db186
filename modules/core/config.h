/*
 * The effective configuration: the server's settings and the contracts with their policies.
 *
 * httpd's directives are the only source. The module builds this structure and writes it as a read-only JSON snapshot
 * into the state directory; the worker and the command read the snapshot. Read-only once built, so threads share it.
 */
#ifndef ANSHIN_CORE_CONFIG_H
#define ANSHIN_CORE_CONFIG_H

#include <apr_hash.h>
#include <jansson.h>

#include "core/option.h"

/* Login methods, terminal kinds and so on: the order is that of the words in policy.def; on disk, never renumbered. */
typedef enum anshin_method_t { ANSHIN_METHOD_PASSWORD, ANSHIN_METHOD_OTP, ANSHIN_METHOD_CERTIFICATE } anshin_method_t;
typedef enum anshin_terminal_kind_t {
    ANSHIN_TERMINAL_PC,
    ANSHIN_TERMINAL_MOBILE,
    ANSHIN_TERMINAL_SMARTPHONE
} anshin_terminal_kind_t;
typedef enum anshin_function_t {
    ANSHIN_FUNCTION_ACCOUNT,
    ANSHIN_FUNCTION_PASSWORD,
    ANSHIN_FUNCTION_QUESTION,
    ANSHIN_FUNCTION_HISTORY,
    ANSHIN_FUNCTION_PASSWORD_REISSUE,
    ANSHIN_FUNCTION_CERTIFICATE_REISSUE,
    ANSHIN_FUNCTION_TERMINAL_ADD,
    ANSHIN_FUNCTION_TERMINAL_CHANGE,
    ANSHIN_FUNCTION_TERMINAL_DELETE,
    ANSHIN_FUNCTION_METHOD
} anshin_function_t;
typedef enum anshin_reissue_choice_t { ANSHIN_REISSUE_BY_QUESTION, ANSHIN_REISSUE_BY_FACTOR } anshin_reissue_choice_t;
enum {
    ANSHIN_CHARACTERS_DIGITS = 1,
    ANSHIN_CHARACTERS_UPPER = 2,
    ANSHIN_CHARACTERS_LOWER = 4,
    ANSHIN_CHARACTERS_SYMBOLS = 8,
    ANSHIN_CHARACTERS_SPACE = 16
};
typedef enum anshin_show_attempts_t {
    ANSHIN_SHOW_OFF,
    ANSHIN_SHOW_REMAINING,
    ANSHIN_SHOW_LIMIT
} anshin_show_attempts_t;
typedef enum anshin_key_type_t {
    ANSHIN_KEY_P256,
    ANSHIN_KEY_RSA2048,
    ANSHIN_KEY_RSA3072,
    ANSHIN_KEY_ED25519
} anshin_key_type_t;
typedef enum anshin_store_choice_t { ANSHIN_STORE_DBM, ANSHIN_STORE_DBM_GDBM } anshin_store_choice_t;
typedef enum anshin_preset_t { ANSHIN_PRESET_CLASSIC, ANSHIN_PRESET_MODERN } anshin_preset_t;

#define ANSHIN_HAS(set, word) (((set) & (1 << (word))) != 0)

typedef struct anshin_policy_t {
    anshin_option_set_t set;
#define OPTION(kind, member, directive, classic, modern, minimum, maximum, words, help) ANSHIN_C_##kind(member)
#include "core/policy.def"
} anshin_policy_t;

typedef struct anshin_server_t {
    anshin_option_set_t set;
#define OPTION(kind, member, directive, classic, modern, minimum, maximum, words, help) ANSHIN_C_##kind(member)
#include "core/server.def"
} anshin_server_t;

/* The descriptors, one a row, ended by one whose directive is NULL. */
extern const anshin_option_t anshin_policy_options[];
extern const anshin_option_t anshin_server_options[];

/* A contract's name: 1 to 32 of a-z, 0-9 and '-', starting with a letter or digit. */
#define ANSHIN_CONTRACT_MAX 32

typedef struct anshin_contract_t {
    const char *name;
    anshin_preset_t preset;
    anshin_policy_t policy;    /* complete: defaults of the preset, overlaid with what was set */
    const char *portal_base;   /* path of portal_url without trailing slash: "/anshin", "" for the root */
    const char *portal_origin; /* "https://host[:port]" of portal_url */
} anshin_contract_t;

typedef struct anshin_config_t {
    anshin_server_t server;        /* complete: paths absolute */
    apr_array_header_t *contracts; /* of anshin_contract_t *, in the order of declaration */
    const char *inside; /* modules of httpd whose programs are part of its children, for people; NULL: none */
} anshin_config_t;

/* 1 when name may name a contract. */
int anshin_contract_name_valid(const char *name);

/* A contract by name, NULL when there is none. */
const anshin_contract_t *anshin_config_contract(const anshin_config_t *config, const char *name);

/* A contract with the defaults of a preset; its name is not checked for uniqueness. */
apr_status_t anshin_contract_create(anshin_contract_t **contract, const char *name, anshin_preset_t preset,
                                    anshin_error_t *err, apr_pool_t *pool);

/* Checks that need more than one option (portal URL present and absolute https, minimum below maximum, default method
 * admitted, mail sender well formed ...), and derives portal_base and portal_origin. ANSHIN_EINVALID names the
 * directive. */
apr_status_t anshin_contract_finish(anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool);

/* An empty configuration with the server's defaults. */
apr_status_t anshin_config_create(anshin_config_t **config, anshin_error_t *err, apr_pool_t *pool);

/* Fill in the places that depend on state_dir (CA files) and check the whole (a state directory, at least one
 * contract, no name twice). */
apr_status_t anshin_config_finish(anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool);

/* The Maildir: AnshinMailSpool, or STATE/mail where nobody was asked who carries mail on from there. In pool. */
const char *anshin_config_spool(const anshin_config_t *config, apr_pool_t *pool);

/* The snapshot: {"version":1,"server":{...},"contracts":[{"name":...,"preset":...,"policy":{...}}]},
 * and "inside" where there is something to tell. New reference. */
json_t *anshin_config_to_json(const anshin_config_t *config, apr_pool_t *pool);

/* Read it back, checked like directives. ANSHIN_EINVALID names what is wrong. */
apr_status_t anshin_config_from_json(anshin_config_t **config, json_t *json, anshin_error_t *err, apr_pool_t *pool);

#endif

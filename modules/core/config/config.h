/*
 * The effective configuration: the server's settings and the contracts with their policies.
 *
 * httpd's directives are the only source. The module builds this structure and writes it as a read-only JSON snapshot
 * into the state directory; the worker and the command read the snapshot. Read-only once built, so threads share it.
 */
#ifndef ANSHIN_CORE_CONFIG_CONFIG_H
#define ANSHIN_CORE_CONFIG_CONFIG_H

#include <apr_hash.h>

#include "core/base/words.h"
#include "core/config/ca_line.h"
#include "core/config/finding.h"
#include "core/config/option.h"

/* Login methods, terminal kinds and so on: the order is that of the words in policy.def; on disk, never renumbered. */
typedef enum anshin_method_t {
#define WORD(member, value, name) ANSHIN_METHOD_##member = (value),
#include "core/config/method.def"
#undef WORD
} anshin_method_t;
typedef enum anshin_terminal_kind_t {
#define WORD(member, value, name) ANSHIN_TERMINAL_##member = (value),
#include "core/config/terminal_kind.def"
#undef WORD
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
    ANSHIN_FUNCTION_METHOD,
    ANSHIN_FUNCTION_RENEWAL,
    ANSHIN_FUNCTION_LOST_DEVICE,
    ANSHIN_FUNCTION_LOCK,
    ANSHIN_FUNCTION_RESEND,
    ANSHIN_FUNCTION_PHONE,
    ANSHIN_FUNCTION_USER_ID
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
#define WORD(member, value, name) ANSHIN_KEY_##member = (value),
#include "core/config/key_type.def"
#undef WORD
} anshin_key_type_t;
typedef enum anshin_certificate_use_t {
#define WORD(member, value, name) ANSHIN_USE_##member = (value),
#include "core/config/certificate_use.def"
#undef WORD
} anshin_certificate_use_t;
typedef enum anshin_alt_name_t { ANSHIN_ALT_NAME_MAIL } anshin_alt_name_t;
typedef enum anshin_eyes_t {
    ANSHIN_EYES_BULK_REVOKE,
    ANSHIN_EYES_BULK,
    ANSHIN_EYES_ROLES,
    ANSHIN_EYES_CA,
    ANSHIN_EYES_NONE
} anshin_eyes_t;
typedef enum anshin_preset_t {
#define WORD(member, value, name) ANSHIN_PRESET_##member = (value),
#include "core/config/preset.def"
#undef WORD
} anshin_preset_t;

/* Their names, and lists for who reads them. */
extern const anshin_word_t anshin_method_words[];
extern const anshin_word_t anshin_terminal_kind_words[];
extern const anshin_word_t anshin_key_type_words[];
extern const anshin_word_t anshin_preset_words[];
const char *anshin_method_name(apr_int64_t method); /* "certificate" ..., "unknown" */
const char *anshin_terminal_kind_name(apr_int64_t kind);

#define ANSHIN_HAS(set, word) (((set) & (1 << (word))) != 0)

typedef struct anshin_policy_t {
    anshin_option_set_t set;
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help) ANSHIN_C_##kind(member)
#include "core/config/policy.def"
} anshin_policy_t;

typedef struct anshin_server_t {
    anshin_option_set_t set;
#define OPTION(kind, member, directive, classic, modern, finance, minimum, maximum, words, help) ANSHIN_C_##kind(member)
#include "core/config/server.def"
} anshin_server_t;

/* The descriptors, one a row, ended by one whose directive is NULL. */
extern const anshin_option_t anshin_policy_options[];
extern const anshin_option_t anshin_server_options[];

/* A contract's name: 1 to 32 of a-z, 0-9 and '-', starting with a letter or digit. */
#define ANSHIN_CONTRACT_MAX 32

/* The CAs whose certificates a contract takes. */
typedef struct anshin_trusted_cas_t {
    apr_array_header_t *ids; /* of const char *; NULL: none was looked for */
    int missing;             /* 1: one could not be read, so that what is of none of these may be of that one */
} anshin_trusted_cas_t;

typedef struct anshin_contract_t {
    const char *name;
    anshin_preset_t preset;
    anshin_policy_t policy;    /* complete: defaults of the preset, overlaid with what was set */
    const char *portal_base;   /* path of portal_url without trailing slash: "/anshin", "" for the root */
    const char *portal_origin; /* "https://host[:port]" of portal_url */
    const char *try_origin;    /* the same of try_url, NULL where there is none */
    anshin_ca_line_t line;     /* of its own CA, where it has one */
    anshin_trusted_cas_t cas;  /* filled by who judges certificates (auth/process/trust.c) */
} anshin_contract_t;

typedef struct anshin_config_t {
    anshin_server_t server;        /* complete: paths absolute */
    apr_array_header_t *contracts; /* of anshin_contract_t *, in the order of declaration */
    anshin_ca_line_t line;         /* of the server's CA */
    apr_array_header_t *sightings; /* of anshin_sighting_t: what httpd saw of its own configuration when it started */
    const char *inside;    /* modules of httpd whose programs are part of its children, for people; NULL: none */
    apr_int64_t httpd_uid; /* of httpd's children, and of programs of the site; -1: no httpd has told */
} anshin_config_t;

/* 1 when name may name a contract. */
int anshin_contract_name_valid(const char *name);

/* What people call it, in a language (NULL: the one that is given without); its name where it has no title. */
const char *anshin_contract_title(const anshin_contract_t *contract, const char *language);

/* A contract by name, NULL when there is none. */
const anshin_contract_t *anshin_config_contract(const anshin_config_t *config, const char *name);

/* 1 when users of the contract of operators may act on users of that contract (AnshinOperators). */
int anshin_config_operates(const anshin_contract_t *operators, const anshin_contract_t *contract);

/* 1 when a contract admits this login method. */
int anshin_config_admits(const anshin_config_t *config, anshin_method_t method);

/* A contract with the defaults of a preset, in pool; its name is not checked for uniqueness. ANSHIN_EINVALID: it cannot
 * name a contract. */
apr_status_t anshin_contract_create(anshin_contract_t **contract, const char *name, anshin_preset_t preset,
                                    anshin_error_t *err, apr_pool_t *pool);

/* Checks that need more than one option (portal URL present and absolute https, minimum below maximum, default method
 * admitted, mail sender well formed ...), and derives portal_base and portal_origin. ANSHIN_EINVALID names the
 * directive. */
apr_status_t anshin_contract_finish(anshin_contract_t *contract, anshin_error_t *err, apr_pool_t *pool);

/* An empty configuration with the server's defaults, in pool. */
apr_status_t anshin_config_create(anshin_config_t **config, anshin_error_t *err, apr_pool_t *pool);

/* Fill in the places that depend on state_dir (CA files) and check the whole (a state directory, at least one
 * contract, no name twice). ANSHIN_EINVALID: err names the directive. */
apr_status_t anshin_config_finish(anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool);

/* The Maildir: AnshinMailSpool, or STATE/mail where nobody was asked who carries mail on from there. In pool. */
const char *anshin_config_spool(const anshin_config_t *config, apr_pool_t *pool);

#endif

/* core/config/config.c, core/config/config_json.c, core/config/portal_url.c: contracts, presets and checks (CON-1,
 * CON-3, CON-4). */
#include <apr_general.h>
#include <apr_strings.h>

#include "core/config/ca_files.h"
#include "core/config/config_json.h"
#include "core/config/portal_url.h"
#include "unit/tap.h"

static apr_pool_t *pool;
static anshin_error_t err;

/* --- rows --- */

static void rows(const char *name, const anshin_option_t *options, int column_count, void *structure)
{
    int count = 0;

    for (const anshin_option_t *option = options; option->directive != NULL; option++, count++) {
        ok(option->index == count && strncmp(option->directive, "Anshin", 6) == 0 && strlen(option->help) > 10,
           "%s: %s has its number, its name and a sentence of help", name, option->directive);
        ok(anshin_option_find(options, option->directive) == option, "and is there once");
    }
    ok(count > 10, "%s: %d rows were looked at", name, count);
    for (int preset = 0; preset < column_count; preset++) {
        anshin_error_clear(&err);
        ok(anshin_options_default(structure, options, preset, &err, pool) == APR_SUCCESS,
           "%s: every default of column %d is taken by its own parser: %s", name, preset, err.text);
    }
}

/* --- contracts --- */

static anshin_contract_t *contract_of(anshin_preset_t preset)
{
    anshin_contract_t *contract = NULL;

    anshin_error_clear(&err);
    anshin_contract_create(&contract, "p-01", preset, &err, pool);
    return contract;
}

/* A contract with a portal and these directives: "Directive value value; Directive value". */
static apr_status_t with_in(anshin_contract_t *contract, const char *lines)
{
    char *rest = apr_pstrdup(pool, lines);
    char *line_state;

    for (char *line = apr_strtok(rest, ";", &line_state); line != NULL; line = apr_strtok(NULL, ";", &line_state)) {
        char **argv;
        int argc = 0;
        apr_status_t status;

        apr_tokenize_to_argv(line, &argv, pool);
        while (argv[argc] != NULL) {
            argc++;
        }
        if (argc == 0) {
            continue;
        }
        status = anshin_option_parse(&contract->policy, anshin_option_find(anshin_policy_options, argv[0]), argc - 1,
                                     (const char *const *)argv + 1, &err, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return anshin_contract_finish(contract, &err, pool);
}

static apr_status_t with(const char *lines)
{
    return with_in(contract_of(ANSHIN_PRESET_CLASSIC),
                   apr_pstrcat(pool, "AnshinPortalURL https://h.example/anshin/;", lines, NULL));
}

static void names(void)
{
    static const char *const right[] = {"p-01", "a", "0", "9-", "flow-1", "abcdefghijklmnopqrstuvwxyz012345"};
    static const char *const wrong[] = {
        "",     "-a",     "A", "p_01", "p/01", "p 01", "../x", "p\n", "ｐ", "a.b", "abcdefghijklmnopqrstuvwxyz0123456",
        "flow", "browser"};
    anshin_contract_t *contract;

    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        ok(anshin_contract_name_valid(right[i]), "CON-1: \"%s\" may name a contract", right[i]);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        anshin_error_clear(&err);
        ok(anshin_contract_create(&contract, wrong[i], ANSHIN_PRESET_CLASSIC, &err, pool) == ANSHIN_EINVALID,
           "CON-1: \"%.12s\" may not: %.60s", wrong[i], err.text);
    }
}

static void presets(void)
{
    const anshin_policy_t *classic = &contract_of(ANSHIN_PRESET_CLASSIC)->policy;
    const anshin_policy_t *modern = &contract_of(ANSHIN_PRESET_MODERN)->policy;
    const anshin_policy_t *finance = &contract_of(ANSHIN_PRESET_FINANCE)->policy;

    ok(finance->methods == 1 << ANSHIN_METHOD_CERTIFICATE && finance->password_attempts == 5 &&
           finance->unlock_after == 0 && finance->confirm_address == 1 && finance->renew_after == 0,
       "CON-4, NOM-2: finance: certificates alone, the lock after five, opened by the operator alone");
    ok(classic->mail_links == 1 && modern->mail_links == 1 && finance->mail_links == 0,
       "CON-4, NOM-1, NOM-2: of the presets finance alone has mail without links");
    ok(classic->password_min == 8 && classic->password_max == 32 &&
           classic->password_characters == (ANSHIN_CHARACTERS_DIGITS | ANSHIN_CHARACTERS_UPPER |
                                            ANSHIN_CHARACTERS_LOWER | ANSHIN_CHARACTERS_SYMBOLS),
       "PWD-1: classic takes 8 to 32 characters without the space");
    ok(modern->password_min == 15 && modern->password_max == 128 && ANSHIN_HAS(modern->password_characters, 4) == 1,
       "CON-4, PWD-1: modern takes 15 to 128 characters with the space");
    ok(classic->methods == 1 << ANSHIN_METHOD_CERTIFICATE && classic->default_method == ANSHIN_METHOD_CERTIFICATE,
       "the method is the certificate");
    ok(classic->show_attempts == ANSHIN_SHOW_REMAINING && modern->show_attempts == ANSHIN_SHOW_OFF,
       "LOG-5: whether attempts are shown differs");
    ok(modern->key_type == ANSHIN_KEY_P256 && classic->key_type == ANSHIN_KEY_RSA2048,
       "key types stand in the words' order");
    ok(classic->session_idle == apr_time_from_sec(1800) && classic->terminal_kinds == 7, "spans and sets");
}

static void refusals(void)
{
    static const struct {
        const char *lines;
        const char *said;
    } wrong[] = {
        {"AnshinLoginMethods none", "admit one method at least"},
        {"AnshinDefaultLoginMethod password", "not among AnshinLoginMethods"},
        {"AnshinDefaultLoginMethod otp", "not among AnshinLoginMethods"},
        {"AnshinPasswordMinLength 33", "more than AnshinPasswordMaxLength"},
        {"AnshinPasswordCharacters none", "admit one class"},
        {"AnshinPasswordCharacters space", "admit one class"},
        {"AnshinPasswordRequire digits; AnshinPasswordCharacters lower", "does not admit"},
        {"AnshinPasswordSymbols !a", "punctuation"},
        {"AnshinPasswordSymbols ！", "punctuation"},
        {"AnshinTerminalKinds none", "admit one kind"},
        {"AnshinCertificateUses none", "AnshinCertificateUses \"none\": without client"},
        {"AnshinCertificateUses smartcard kerberos", "without client"},
        {"AnshinCertificateUses client mail", "give AnshinCertificateAltNames mail as well"},
        {"AnshinCertificateOrganization 山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山"
         "山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山",
         "at most 64 characters (RFC 5280 A.1: ub-organization-name)"},
        {"AnshinCertificateUnit aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "at most 64 characters (RFC 5280 A.1: ub-organizational-unit-name)"},
        {"AnshinSessionIdle 13h", "longer than AnshinSessionLifetime"},
        {"AnshinSecretQuestions mother Pet/../x", "an id is made of"},
        {"AnshinSiteURL //evil.example/", "a path of this site"},
        {"AnshinSiteURL '/\\\\evil.example/'", "a path of this site"},
        {"AnshinSiteURL http://h.example/", "a path of this site"},
        {"AnshinSiteURL javascript:alert(1)", "a path of this site"},
        {"AnshinSiteURL '/a b'", "a path of this site"},
        {"AnshinStyleURL https://cdn.example/x.css", "a path of this site"},
        {"AnshinStyleURL '/x.css\">'", "a path of this site"},
        {"AnshinCRLURL ldap://x/", "an absolute http or https URL"},
        {"AnshinOCSPURL http://", "an absolute http or https URL"},
        {"AnshinMailFrom nobody", "give an address"},
        {"AnshinMailFrom 'Name <nobody>'", "give an address"},
        {"AnshinMailFrom '<a@b.example>'", "give an address"},
        {"AnshinMailFrom 'Name <a@b.example> more'", "give an address"},
        {"AnshinLanguage ../x", "give a language"},
    };
    static const struct {
        const char *lines;
        const char *said;
    } unknown[] = {
        {"AnshinCertificateUses client server", "some of: client mail smartcard kerberos ipsec"},
        {"AnshinCertificateUses client any", "some of: client mail smartcard kerberos ipsec"},
        {"AnshinCertificateAltNames dns", "none, or some of: mail"},
        {"AnshinCertificateKey rsa1024", "one of: p256 rsa2048 rsa3072 ed25519 p384 rsa4096"},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ok(with(wrong[i].lines) == ANSHIN_EINVALID && strstr(err.text, wrong[i].said) != NULL &&
               strstr(err.text, "contract p-01") != NULL,
           "CON-3: %s: %s", wrong[i].lines, err.text);
    }
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        ok(with(unknown[i].lines) == ANSHIN_EINVALID && strstr(err.text, unknown[i].said) != NULL, "CAS-1: %s: %s",
           unknown[i].lines, err.text);
    }
    ok(with("AnshinCertificateUses client mail; AnshinCertificateAltNames mail; AnshinCertificateKey p384;"
            "AnshinCertificateOrganization 山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山"
            "山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山") == APR_SUCCESS,
       "CAS-1: other uses with the address in the certificate, and an organization of 64 characters (%s)", err.text);
    ok(with("AnshinMailFrom '安心 <noreply@example.jp>'; AnshinSiteURL /members/; AnshinPasswordSymbols '!\"#';"
            "AnshinCRLURL http://crl.example/a.crl; AnshinStyleURL /brand.css") == APR_SUCCESS,
       "CON-3: well-formed values are taken: %s", err.text);
}

static void methods(void)
{
    anshin_contract_t *contract = contract_of(ANSHIN_PRESET_CLASSIC);

    ok(with_in(contract, "AnshinPortalURL https://h.example/;AnshinLoginMethods password") == APR_SUCCESS &&
           contract->policy.default_method == ANSHIN_METHOD_PASSWORD,
       "CON-3: a default that was not given follows the methods");
    contract = contract_of(ANSHIN_PRESET_CLASSIC);
    ok(with_in(contract, "AnshinPortalURL https://h.example/;AnshinLoginMethods password certificate") == APR_SUCCESS &&
           contract->policy.default_method == ANSHIN_METHOD_CERTIFICATE,
       "and stays where it is admitted");
}

static void portal(void)
{
    static const struct {
        const char *url, *origin, *base;
    } right[] = {{"https://h.example", "https://h.example", ""},
                 {"https://h.example/", "https://h.example", ""},
                 {"https://H.Example:443/anshin/", "https://h.example", "/anshin"},
                 {"https://127.0.0.1:8443/a/b-c_d.e~f", "https://127.0.0.1:8443", "/a/b-c_d.e~f"},
                 {"https://[::1]:8443/anshin", "https://[::1]:8443", "/anshin"}};
    static const char *const wrong[] = {"",
                                        "/anshin/",
                                        "http://h.example/",
                                        "HTTPS://h.example/",
                                        "https:///anshin",
                                        "https://:8443/",
                                        "https://u@h.example/",
                                        "https://u:p@h.example/",
                                        "https://h.example/?a=b",
                                        "https://h.example/#a",
                                        "https://h.example?x",
                                        "https://h.example//a",
                                        "https://h.example/a//b",
                                        "https://h.example/../a",
                                        "https://h.example/a/.",
                                        "https://h.example/a%2fb",
                                        "https://h.example/a b",
                                        "https://h.example/a;b",
                                        "https://h_x.example/",
                                        "https://h.example:0/",
                                        "https://h.example:65536/",
                                        "https://h.example:99999999999/",
                                        "https://h.example:8a/",
                                        "https://h.example:/",
                                        "https://-h.example/",
                                        "https://h.example./",
                                        "https://[::1/",
                                        "https://[]/",
                                        "https://h.example/a\\b",
                                        "https://日本.example/",
                                        "https://h.example\\@evil.example/"};
    anshin_contract_t *contract = contract_of(ANSHIN_PRESET_CLASSIC);

    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        const char *origin = NULL, *base = NULL;

        ok(anshin_portal_url_split(right[i].url, &origin, &base, pool) && same_text(origin, right[i].origin) &&
               same_text(base, right[i].base),
           "CON-1: %s is %s and %s", right[i].url, right[i].origin, right[i].base);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *origin, *base;

        ok(!anshin_portal_url_split(wrong[i], &origin, &base, pool), "CON-1: \"%s\" is no portal", wrong[i]);
    }
    ok(anshin_contract_finish(contract, &err, pool) == ANSHIN_EINVALID &&
           strstr(err.text, "AnshinPortalURL is missing"),
       "CON-1: a contract needs its portal URL: %s", err.text);
    ok(with_in(contract_of(ANSHIN_PRESET_CLASSIC), "AnshinPortalURL http://h.example/") == ANSHIN_EINVALID &&
           strstr(err.text, "absolute https"),
       "CON-1: and it is https: %s", err.text);
}

/* --- the whole --- */

static anshin_config_t *config_of(const char *state_dir)
{
    anshin_config_t *config;

    anshin_error_clear(&err);
    anshin_config_create(&config, &err, pool);
    config->server.state_dir = state_dir;
    return config;
}

static void declare(anshin_config_t *config, const char *name, const char *url)
{
    anshin_contract_t *contract;

    anshin_contract_create(&contract, name, ANSHIN_PRESET_MODERN, &err, pool);
    with_in(contract, apr_pstrcat(pool, "AnshinPortalURL ", url, NULL));
    APR_ARRAY_PUSH(config->contracts, anshin_contract_t *) = contract;
}

static void whole(void)
{
    anshin_config_t *config = config_of(NULL);

    declare(config, "a", "https://a.example/");
    ok(anshin_config_finish(config, &err, pool) == ANSHIN_EINVALID && strstr(err.text, "AnshinStateDir is missing"),
       "a state directory is needed: %s", err.text);
    config = config_of("/state");
    ok(anshin_config_finish(config, &err, pool) == ANSHIN_EINVALID && strstr(err.text, "AnshinContract"),
       "and a contract: %s", err.text);
    config = config_of("state");
    declare(config, "a", "https://a.example/");
    ok(anshin_config_finish(config, &err, pool) == ANSHIN_EINVALID && strstr(err.text, "not an absolute path"),
       "paths are absolute: %s", err.text);
    config = config_of("/state");
    declare(config, "a", "https://a.example/");
    declare(config, "a", "https://b.example/");
    ok(anshin_config_finish(config, &err, pool) == ANSHIN_EINVALID && strstr(err.text, "two contracts are called a"),
       "CON-1: two of one name are refused");
    config = config_of("/state");
    declare(config, "a", "https://a.example/");
    declare(config, "b", "https://A.example:443");
    ok(anshin_config_finish(config, &err, pool) == ANSHIN_EINVALID && strstr(err.text, "same AnshinPortalURL"),
       "CON-1: and two at one portal URL");
    config = config_of("/state/");
    declare(config, "a", "https://a.example/");
    declare(config, "b", "https://a.example/b/");
    ok(anshin_config_finish(config, &err, pool) == APR_SUCCESS &&
           same_text(config->server.ca_certificate, "/state/ca/ca.crt") &&
           same_text(config->server.ca_key, "/state/ca/ca.key") &&
           same_text(anshin_config_spool(config, pool), "/state/mail"),
       "places that depend on the state directory are filled in: %s", err.text);
    ok(anshin_config_contract(config, "b") == APR_ARRAY_IDX(config->contracts, 1, const anshin_contract_t *) &&
           anshin_config_contract(config, "c") == NULL && anshin_config_contract(config, "B") == NULL,
       "a contract is found by its name");
}

/* A contract that names another one's users as its operators. */
static const char *operated(const char *lines, const char *staff)
{
    anshin_config_t *config = config_of("/state");
    anshin_contract_t *contract;

    declare(config, "staff", "https://s.example/");
    contract = APR_ARRAY_IDX(config->contracts, 0, anshin_contract_t *);
    (void)with_in(contract, apr_pstrcat(pool, "AnshinPortalURL https://s.example/;", staff, NULL));
    declare(config, "a", "https://a.example/");
    contract = APR_ARRAY_IDX(config->contracts, 1, anshin_contract_t *);
    (void)with_in(contract, apr_pstrcat(pool, "AnshinPortalURL https://a.example/;", lines, NULL));
    return anshin_config_finish(config, &err, pool) == APR_SUCCESS ? "good" : err.text;
}

static void operators(void)
{
    const char *text = operated("AnshinOperators staff", "AnshinStaff on");

    ok(same_text(text, "good"), "ROL-1: a contract names its operators': %s", text);
    text = operated("AnshinOperators staff", "");
    ok(strstr(text, "AnshinOperators \"staff\": that contract's users are no operators; give it AnshinStaff on") !=
           NULL,
       "ROL-1: which must be one of operators: %s", text);
    text = operated("AnshinOperators staff stuff", "AnshinStaff on");
    ok(strstr(text, "AnshinOperators \"stuff\": no such contract is declared") != NULL, "ROL-1: and be there: %s",
       text);
    text = operated("AnshinOperators a", "AnshinStaff on;AnshinOperators staff");
    ok(strstr(text, "contract staff: AnshinOperators is not for a contract of operators") != NULL,
       "ROL-1: operators act on no operators: %s", text);
    text = operated("AnshinOperators a", "AnshinStaff on");
    ok(strstr(text, "AnshinOperators \"a\"") != NULL, "ROL-1: nor is a contract its own: %s", text);
}

/* A second origin of the portal, where certificates are tried. */
static void try_url(void)
{
    static const char *const wrong[] = {
        "http://h.example:8443/anshin",      "https://h.example/anshin/",
        "https://h.example:8443/",           "https://h.example:8443/anshin/help",
        "https://h.example:8443/anshin?x=1", "https://a@h.example:8443/anshin",
        "https://h.example:443/anshin",      "/anshin",
    };
    anshin_contract_t *contract = contract_of(ANSHIN_PRESET_MODERN);

    ok(with_in(contract, "AnshinPortalURL https://h.example/anshin/;AnshinTryURL https://H.example:8443/anshin") ==
               APR_SUCCESS &&
           strcmp(contract->try_origin, "https://h.example:8443") == 0,
       "AnshinTryURL: the origin where certificates are tried");
    ok(with_in(contract_of(ANSHIN_PRESET_MODERN), "AnshinPortalURL https://h.example/anshin/") == APR_SUCCESS,
       "or none");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ok(with_in(contract_of(ANSHIN_PRESET_MODERN),
                   apr_pstrcat(pool, "AnshinPortalURL https://h.example/anshin;AnshinTryURL ", wrong[i], NULL)) ==
               ANSHIN_EINVALID,
           "AnshinTryURL: no %s", wrong[i]);
    }
}

/* Where the portal answers for the CA, unless something else does. */
static void ca_urls(void)
{
    anshin_contract_t *contract = contract_of(ANSHIN_PRESET_MODERN);
    const anshin_policy_t *policy = &contract->policy;

    ok(with_in(contract, "AnshinPortalURL https://h.example/anshin/;AnshinCAURL http://pki.example/anshin/ca//") ==
               APR_SUCCESS &&
           same_text(anshin_ca_crl_url(contract, "ca", pool), "http://pki.example/anshin/ca/ca.crl") &&
           strcmp(policy->ocsp_url, "http://pki.example/anshin/ca/ocsp") == 0,
       "CRT-6: certificates name list and responder below AnshinCAURL");
    contract = contract_of(ANSHIN_PRESET_MODERN);
    policy = &contract->policy;
    ok(with_in(
           contract,
           "AnshinPortalURL https://h.example/anshin/;AnshinOCSPURL http://ocsp.example;AnshinCAURL http://pki.example/ca") ==
               APR_SUCCESS &&
           same_text(anshin_ca_crl_url(contract, "ca", pool), "http://pki.example/ca/ca.crl") &&
           strcmp(policy->ocsp_url, "http://ocsp.example") == 0,
       "CRT-6: what is given stands");
    contract = contract_of(ANSHIN_PRESET_MODERN);
    ok(with_in(contract, "AnshinPortalURL https://h.example/anshin/") == APR_SUCCESS &&
           anshin_ca_crl_url(contract, "ca", pool) == NULL && contract->policy.ocsp_url == NULL,
       "without either they name none");
}

/* --- what httpd saw of its own configuration (ADM-1) --- */

static void sightings(void)
{
    anshin_config_t *config, *back;
    anshin_contract_t *contract;
    const anshin_sighting_t *seen;
    json_t *json;

    anshin_error_clear(&err);
    (void)anshin_config_create(&config, &err, pool);
    (void)anshin_contract_create(&contract, "p-01", ANSHIN_PRESET_CLASSIC, &err, pool);
    contract->policy.portal_url = "https://a.example/x";
    APR_ARRAY_PUSH(config->contracts, anshin_contract_t *) = contract;
    config->server.state_dir = "/state";
    (void)anshin_config_finish(config, &err, pool);
    anshin_sighting_add(config->sightings, ANSHIN_FINDING_TRACE, "host a");
    anshin_sighting_add(config->sightings, ANSHIN_FINDING_TRACE, "host a");
    anshin_sighting_add_end(config->sightings, ANSHIN_FINDING_TLS_ENDS, "host b", apr_time_from_sec(1800000000),
                            apr_time_from_sec(1799900000));
    ok(config->sightings->nelts == 2, "what is seen twice stands there once");
    json = anshin_config_to_json(config, pool);
    json_array_append_new(json_object_get(json, "findings"),
                          json_pack("{s:s, s:s}", "finding", "of-tomorrow", "at", "x"));
    json_array_append_new(json_object_get(json, "findings"), json_pack("{s:i}", "finding", 7));
    json_array_append_new(json_object_get(json, "findings"), json_pack("{s:s, s:s, s:i}", "finding", "tls-ends", "at",
                                                                       "of an older build", "time", 1800000000));
    ok(anshin_config_from_json(&back, json, &err, pool) == APR_SUCCESS && back->sightings->nelts == 3,
       "config.json carries it, and what this build does not know is passed over (%s)", err.text);
    seen = &APR_ARRAY_IDX(back->sightings, 1, anshin_sighting_t);
    ok(seen->finding == ANSHIN_FINDING_TLS_ENDS && strcmp(seen->at, "host b") == 0 &&
           seen->time == apr_time_from_sec(1800000000) && seen->from == apr_time_from_sec(1799900000),
       "with place and times");
    seen = &APR_ARRAY_IDX(back->sightings, 2, anshin_sighting_t);
    ok(seen->time == apr_time_from_sec(1800000000) && seen->from == seen->time - apr_time_from_sec(30 * 86400),
       "an end that an older build saw, without a time from when on, is told a month before");
    json_decref(json);
}

int main(void)
{
    anshin_policy_t policy;
    anshin_server_t server;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    rows("policy.def", anshin_policy_options, ANSHIN_PRESETS, &policy);
    rows("server.def", anshin_server_options, 1, &server);
    names();
    presets();
    methods();
    refusals();
    portal();
    try_url();
    ca_urls();
    whole();
    operators();
    sightings();
    apr_terminate();
    return done();
}

/*
 * The configuration as JSON, and back: see config.h. The file is runtime/config_file's.
 */
#include <string.h>

#include <apr_strings.h>

#include "core/config.h"

#define SNAPSHOT_VERSION 1

static const char *const preset_names[] = {"classic", "modern"};

/* --- out --- */

static json_t *contract_to_json(const anshin_contract_t *contract, apr_pool_t *pool)
{
    return json_pack("{s:s, s:s, s:o}", "name", contract->name, "preset", preset_names[contract->preset], "policy",
                     anshin_options_to_json(&contract->policy, anshin_policy_options, pool));
}

json_t *anshin_config_to_json(const anshin_config_t *config, apr_pool_t *pool)
{
    json_t *contracts = json_array();

    for (int i = 0; contracts != NULL && i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        if (json_array_append_new(contracts, contract_to_json(contract, pool)) != 0) {
            json_decref(contracts);
            contracts = NULL;
        }
    }
    if (contracts == NULL) {
        return NULL;
    }
    return json_pack("{s:i, s:o, s:o, s:s*}", "version", SNAPSHOT_VERSION, "server",
                     anshin_options_to_json(&config->server, anshin_server_options, pool), "contracts", contracts,
                     "inside", config->inside);
}

/* --- in --- */

static int preset_of(const char *name)
{
    for (int i = 0; name != NULL && i < (int)(sizeof(preset_names) / sizeof(preset_names[0])); i++) {
        if (strcmp(preset_names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static apr_status_t contract_from_json(anshin_contract_t **contract, json_t *json, anshin_error_t *err,
                                       apr_pool_t *pool)
{
    const char *name = NULL, *preset = NULL;
    json_t *policy = NULL;
    json_error_t where;
    apr_status_t rv;

    if (json_unpack_ex(json, &where, JSON_STRICT, "{s:s, s:s, s:o}", "name", &name, "preset", &preset, "policy",
                       &policy) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0920", "a contract of the snapshot: %.120s", where.text);
    }
    if (preset_of(preset) < 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0921", "contract %.40s of the snapshot: unknown preset", name);
    }
    rv = anshin_contract_create(contract, name, (anshin_preset_t)preset_of(preset), err, pool);
    if (rv == APR_SUCCESS) {
        rv = anshin_options_from_json(&(*contract)->policy, anshin_policy_options, policy, err, pool);
    }
    return rv == APR_SUCCESS ? anshin_contract_finish(*contract, err, pool) : rv;
}

static apr_status_t contracts_from_json(anshin_config_t *config, json_t *contracts, anshin_error_t *err,
                                        apr_pool_t *pool)
{
    json_t *json;
    size_t i;

    if (!json_is_array(contracts)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0922", "contracts of the snapshot are no list");
    }
    json_array_foreach(contracts, i, json)
    {
        anshin_contract_t *contract;
        apr_status_t rv = contract_from_json(&contract, json, err, pool);

        if (rv != APR_SUCCESS) {
            return rv;
        }
        APR_ARRAY_PUSH(config->contracts, anshin_contract_t *) = contract;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_config_from_json(anshin_config_t **config, json_t *json, anshin_error_t *err, apr_pool_t *pool)
{
    json_t *server = NULL, *contracts = NULL;
    const char *inside = NULL;
    json_error_t where;
    int version = 0;
    apr_status_t rv;

    if (json_unpack_ex(json, &where, JSON_STRICT, "{s:i, s:o, s:o, s?s}", "version", &version, "server", &server,
                       "contracts", &contracts, "inside", &inside) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0923", "the snapshot: %.120s", where.text);
    }
    if (version != SNAPSHOT_VERSION) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0924", "the snapshot is of version %d, not %d", version,
                           SNAPSHOT_VERSION);
    }
    rv = anshin_config_create(config, err, pool);
    if (rv == APR_SUCCESS) {
        (*config)->inside = apr_pstrdup(pool, inside);
        rv = anshin_options_from_json(&(*config)->server, anshin_server_options, server, err, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = contracts_from_json(*config, contracts, err, pool);
    }
    return rv == APR_SUCCESS ? anshin_config_finish(*config, err, pool) : rv;
}

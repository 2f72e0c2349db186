/*
 * The configuration as JSON, and back: see config_json.h. The file is runtime/config_file's.
 */
#include "core/config/config_json.h"

#include <string.h>

#include <apr_strings.h>

#include "core/config/ca_files.h"
#include "core/config/option_json.h"

#define SNAPSHOT_VERSION 1

/* --- out --- */

/* NULL: there was no roll-over. */
static json_t *line_to_json(const anshin_ca_line_t *line)
{
    return line->count > 0 ? anshin_ca_line_to_json(line) : NULL;
}

static json_t *contract_to_json(const anshin_contract_t *contract, apr_pool_t *pool)
{
    return json_pack("{s:s, s:s, s:o, s:o*}", "name", contract->name, "preset",
                     anshin_word_name(anshin_preset_words, contract->preset, NULL), "policy",
                     anshin_options_to_json(&contract->policy, anshin_policy_options, pool), "line",
                     line_to_json(&contract->line));
}

/* NULL: nothing was seen. */
static json_t *sightings_to_json(const apr_array_header_t *sightings)
{
    json_t *list = sightings->nelts > 0 ? json_array() : NULL;

    for (int i = 0; i < sightings->nelts; i++) {
        const anshin_sighting_t *seen = &APR_ARRAY_IDX(sightings, i, anshin_sighting_t);

        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s, s:I, s:I}", "finding", anshin_finding(seen->finding)->name,
                                              "at", seen->at, "time", (json_int_t)apr_time_sec(seen->time), "from",
                                              (json_int_t)apr_time_sec(seen->from)));
    }
    return list;
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
    return json_pack("{s:i, s:o, s:o, s:s*, s:I, s:o*, s:o*}", "version", SNAPSHOT_VERSION, "server",
                     anshin_options_to_json(&config->server, anshin_server_options, pool), "contracts", contracts,
                     "inside", config->inside, "httpd_uid", (json_int_t)config->httpd_uid, "line",
                     line_to_json(&config->line), "findings", sightings_to_json(config->sightings));
}

/* --- in --- */

static apr_status_t contract_from_json(anshin_contract_t **contract, json_t *json, anshin_error_t *err,
                                       apr_pool_t *pool)
{
    const char *name = NULL, *preset = NULL;
    json_t *policy = NULL, *line = NULL;
    json_error_t where;
    int value;
    apr_status_t status;

    if (json_unpack_ex(json, &where, JSON_STRICT, "{s:s, s:s, s:o, s?o}", "name", &name, "preset", &preset, "policy",
                       &policy, "line", &line) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0920", "config.json: a contract: %.120s", where.text);
    }
    value = anshin_word_value(anshin_preset_words, preset, -1);
    if (value < 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0921", "config.json: contract %.40s has an unknown preset", name);
    }
    status = anshin_contract_create(contract, name, (anshin_preset_t)value, err, pool);
    if (status == APR_SUCCESS) {
        status = anshin_options_from_json(&(*contract)->policy, anshin_policy_options, policy, err, pool);
    }
    if (status == APR_SUCCESS && line != NULL) {
        status = anshin_ca_line_from_json(&(*contract)->line, line, err, pool);
    }
    return status == APR_SUCCESS ? anshin_contract_finish(*contract, err, pool) : status;
}

static apr_status_t contracts_from_json(anshin_config_t *config, json_t *contracts, anshin_error_t *err,
                                        apr_pool_t *pool)
{
    json_t *json;
    size_t i;

    if (!json_is_array(contracts)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0922", "config.json: contracts must be a list");
    }
    json_array_foreach(contracts, i, json)
    {
        anshin_contract_t *contract;
        apr_status_t status = contract_from_json(&contract, json, err, pool);

        if (status != APR_SUCCESS) {
            return status;
        }
        APR_ARRAY_PUSH(config->contracts, anshin_contract_t *) = contract;
    }
    return APR_SUCCESS;
}

/* What a build wrote that told of an end so long before gives no time from when on. */
#define TOLD_BEFORE apr_time_from_sec(30 * 86400)

/* What this build knows of; nothing is decided by them. */
static void sightings_from_json(apr_array_header_t *sightings, json_t *list)
{
    json_t *json;
    size_t i;

    json_array_foreach(list, i, json)
    {
        const char *name = json_string_value(json_object_get(json, "finding"));
        const char *at = json_string_value(json_object_get(json, "at"));
        anshin_finding_id_t id = name != NULL ? anshin_finding_named(name) : ANSHIN_FINDINGS;

        if (id != ANSHIN_FINDINGS && at != NULL) {
            apr_time_t time = apr_time_from_sec(json_integer_value(json_object_get(json, "time")));
            apr_time_t from = apr_time_from_sec(json_integer_value(json_object_get(json, "from")));

            anshin_sighting_add_end(sightings, id, at, time, time != 0 && from == 0 ? time - TOLD_BEFORE : from);
        }
    }
}

apr_status_t anshin_config_from_json(anshin_config_t **config, json_t *json, anshin_error_t *err, apr_pool_t *pool)
{
    json_t *server = NULL, *contracts = NULL, *line = NULL, *findings = NULL;
    const char *inside = NULL;
    json_error_t where;
    json_int_t httpd_uid = -1;
    int version = 0;
    apr_status_t status;

    if (json_unpack_ex(json, &where, JSON_STRICT, "{s:i, s:o, s:o, s?s, s?I, s?o, s?o}", "version", &version, "server",
                       &server, "contracts", &contracts, "inside", &inside, "httpd_uid", &httpd_uid, "line", &line,
                       "findings", &findings) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0923", "config.json: %.120s", where.text);
    }
    if (version != SNAPSHOT_VERSION) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0924",
                           "config.json has version %d, not %d; start httpd once with the modules of this version",
                           version, SNAPSHOT_VERSION);
    }
    status = anshin_config_create(config, err, pool);
    if (status == APR_SUCCESS) {
        (*config)->inside = apr_pstrdup(pool, inside);
        (*config)->httpd_uid = httpd_uid;
        sightings_from_json((*config)->sightings, findings);
        status = anshin_options_from_json(&(*config)->server, anshin_server_options, server, err, pool);
    }
    if (status == APR_SUCCESS && line != NULL) {
        status = anshin_ca_line_from_json(&(*config)->line, line, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = contracts_from_json(*config, contracts, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = anshin_config_finish(*config, err, pool);
    }
    return status == APR_SUCCESS ? anshin_ca_check(*config, err, pool) : status;
}

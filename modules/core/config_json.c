/*
 * The snapshot of the configuration: STATE/config.json. See config.h.
 *
 * SECURITY: it decides who gets in, so it is written by httpd's starting process alone, read by our own users alone
 * (0640 in a directory of the group), and checked like directives when it is read.
 */
#include <apr_file_io.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config.h"

#define SNAPSHOT "config.json"
#define SNAPSHOT_VERSION 1
#define SNAPSHOT_MAX 4194304 /* bytes */
#define SNAPSHOT_MODE (S_IRUSR | S_IWUSR | S_IRGRP)

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
    return json_pack("{s:i, s:o, s:o}", "version", SNAPSHOT_VERSION, "server",
                     anshin_options_to_json(&config->server, anshin_server_options, pool), "contracts", contracts);
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
    json_error_t where;
    int version = 0;
    apr_status_t rv;

    if (json_unpack_ex(json, &where, JSON_STRICT, "{s:i, s:o, s:o}", "version", &version, "server", &server,
                       "contracts", &contracts) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0923", "the snapshot: %.120s", where.text);
    }
    if (version != SNAPSHOT_VERSION) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0924", "the snapshot is of version %d, not %d", version,
                           SNAPSHOT_VERSION);
    }
    rv = anshin_config_create(config, err, pool);
    if (rv == APR_SUCCESS) {
        rv = anshin_options_from_json(&(*config)->server, anshin_server_options, server, err, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = contracts_from_json(*config, contracts, err, pool);
    }
    return rv == APR_SUCCESS ? anshin_config_finish(*config, err, pool) : rv;
}

/* --- the file --- */

static apr_status_t failed(anshin_error_t *err, const char *what, const char *path)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN0925", "%s %s: %s", what, path, strerror(errno));
}

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);

        if (written < 0 && errno != EINTR) {
            return -1;
        }
        if (written > 0) {
            data += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

/* A new name must be on disk as well, not just the bytes behind it. */
static int sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    if (fd < 0) {
        return -1;
    }
    rc = fsync(fd);
    close(fd);
    return rc;
}

/* Write text to a new file beside path and put it in its place. */
static apr_status_t replace_file(const char *path, const char *text, anshin_error_t *err, apr_pool_t *pool)
{
    char *fresh = apr_pstrcat(pool, path, ".XXXXXX", NULL);
    apr_status_t rv = APR_SUCCESS;
    int fd = mkostemp(fresh, O_CLOEXEC);

    if (fd < 0) {
        return failed(err, "cannot make", fresh);
    }
    if (write_all(fd, text, strlen(text)) != 0 || fchmod(fd, SNAPSHOT_MODE) != 0 || fsync(fd) != 0) {
        rv = failed(err, "cannot write", fresh);
    }
    if (close(fd) != 0 && rv == APR_SUCCESS) {
        rv = failed(err, "cannot write", fresh);
    }
    if (rv == APR_SUCCESS && rename(fresh, path) != 0) {
        rv = failed(err, "cannot replace", path);
    }
    if (rv != APR_SUCCESS) {
        unlink(fresh);
    }
    return rv;
}

apr_status_t anshin_config_save(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool)
{
    const char *state_dir = config->server.state_dir;
    json_t *json = anshin_config_to_json(config, pool);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2));
    apr_status_t rv;

    json_decref(json);
    if (text == NULL) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0926", "no memory for the snapshot of the configuration");
    }
    rv = replace_file(apr_pstrcat(pool, state_dir, "/" SNAPSHOT, NULL), text, err, pool);
    free(text);
    if (rv == APR_SUCCESS && sync_directory(state_dir) != 0) {
        rv = failed(err, "cannot sync", state_dir);
    }
    return rv;
}

static const char *describe(apr_status_t rv, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, 128);

    return apr_strerror(rv, text, 128);
}

/* The bytes of the snapshot. */
static apr_status_t read_file(anshin_bytes_t *bytes, const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    char *data;
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool);

    if (APR_STATUS_IS_ENOENT(rv)) {
        return anshin_fail(err, ANSHIN_ENOTFOUND, "AN0927",
                           "there is no %s: httpd has never been started with this state directory", path);
    }
    if (rv != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0928", "cannot read %s: %s", path, describe(rv, pool));
    }
    rv = apr_file_info_get(&info, APR_FINFO_SIZE, file);
    if (rv == APR_SUCCESS && info.size > SNAPSHOT_MAX) {
        apr_file_close(file);
        return anshin_fail(err, ANSHIN_EINVALID, "AN0929", "%s is too large for a snapshot", path);
    }
    data = rv == APR_SUCCESS ? apr_palloc(pool, (apr_size_t)info.size + 1) : NULL;
    bytes->data = (const unsigned char *)data;
    bytes->length = 0;
    if (rv == APR_SUCCESS) {
        rv = apr_file_read_full(file, data, (apr_size_t)info.size, &bytes->length);
    }
    apr_file_close(file);
    if (rv != APR_SUCCESS && rv != APR_EOF) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0930", "cannot read %s: %s", path, describe(rv, pool));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_config_load(anshin_config_t **config, const char *state_dir, anshin_error_t *err, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, state_dir, "/" SNAPSHOT, NULL);
    anshin_bytes_t bytes;
    json_error_t where;
    json_t *json;
    apr_status_t rv = read_file(&bytes, path, err, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    json = json_loadb((const char *)bytes.data, bytes.length, JSON_REJECT_DUPLICATES, &where);
    if (json == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0931", "%s line %d: %.120s", path, where.line, where.text);
    }
    rv = anshin_config_from_json(config, json, err, pool);
    json_decref(json);
    return rv;
}

/*
 * The CAs of an installation: see ca_files.h.
 */
#include "core/config/ca_files.h"

#include <string.h>

#include <apr_strings.h>

#include "core/config/key_reference.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* --- files ------------------------------------------------------------------------------------------------------- */

/* Where the name of a path's file ends: at its ending, or at the end. */
static const char *stem_end(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    return dot != NULL && dot != name ? dot : path + strlen(path);
}

static const char *numbered(const char *path, int generation, apr_pool_t *pool)
{
    const char *end;

    if (generation == 1) {
        return path;
    }
    end = stem_end(path);
    return apr_psprintf(pool, "%.*s-%d%s", (int)(end - path), path, generation, end);
}

static const char *with_ending(const char *path, const char *ending, apr_pool_t *pool)
{
    return apr_pstrcat(pool, apr_pstrmemdup(pool, path, (apr_size_t)(stem_end(path) - path)), ending, NULL);
}

static int same(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

/* The contract, where it has a line of its own. One that names the server's files is of the server's: NULL. */
static const anshin_contract_t *owner_of(const anshin_config_t *config, const anshin_contract_t *contract)
{
    return contract != NULL && contract->policy.ca_certificate != NULL &&
                   !same(contract->policy.ca_certificate, config->server.ca_certificate)
               ? contract
               : NULL;
}

static const anshin_ca_line_t *line_of(const anshin_config_t *config, const anshin_contract_t *contract)
{
    static const anshin_ca_line_t first = {.issuing = 1, .last = 1, .count = 1, .trusted = {1}};
    const anshin_contract_t *own = owner_of(config, contract);
    const anshin_ca_line_t *line = own != NULL ? &own->line : &config->line;

    return line->count > 0 ? line : &first;
}

static const char *name_of_file(const char *path, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;

    return apr_pstrmemdup(pool, name, (apr_size_t)(stem_end(path) - name));
}

anshin_ca_files_t anshin_ca_files(const anshin_config_t *config, const anshin_contract_t *contract, int generation,
                                  apr_pool_t *pool)
{
    const anshin_contract_t *own = owner_of(config, contract);
    const char *named = anshin_ca_line_key(line_of(config, contract), generation);
    const char *certificate = own != NULL ? own->policy.ca_certificate : config->server.ca_certificate;
    const char *key = own != NULL ? own->policy.ca_key : config->server.ca_key;
    anshin_ca_files_t files = {.name = own != NULL ? name_of_file(certificate, pool) : ANSHIN_CA_NAME,
                               .generation = generation};

    files.certificate = numbered(certificate, generation, pool);
    files.request = certificate != NULL ? with_ending(files.certificate, ".csr", pool) : NULL;
    files.rollover = certificate != NULL ? with_ending(certificate, ".rollover", pool) : NULL;
    /* Where nothing else is said, the token holds the first one alone: the next has a file, beside its certificate. */
    files.key = named != NULL                                    ? named
                : generation != 1 && anshin_key_is_on_token(key) ? with_ending(files.certificate, ".key", pool)
                                                                 : numbered(key, generation, pool);
    if (generation != 1) {
        files.name = apr_psprintf(pool, "%s-%d", files.name, generation);
    }
    return files;
}

const char *anshin_ca_rollover_file(const anshin_config_t *config, const anshin_contract_t *contract, apr_pool_t *pool)
{
    return anshin_ca_files(config, contract, 1, pool).rollover;
}

apr_array_header_t *anshin_ca_of_contract(const anshin_config_t *config, const anshin_contract_t *contract,
                                          apr_pool_t *pool)
{
    const anshin_ca_line_t *line = line_of(config, contract);
    apr_array_header_t *all = apr_array_make(pool, line->count, sizeof(anshin_ca_files_t));

    for (int i = 0; i < line->count; i++) {
        anshin_ca_files_t files = anshin_ca_files(config, contract, line->trusted[i], pool);

        files.issues = line->trusted[i] == line->issuing;
        APR_ARRAY_PUSH(all, anshin_ca_files_t) = files;
    }
    return all;
}

anshin_ca_files_t anshin_ca_issuer(const anshin_config_t *config, const anshin_contract_t *contract, apr_pool_t *pool)
{
    anshin_ca_files_t files = anshin_ca_files(config, contract, line_of(config, contract)->issuing, pool);

    files.issues = 1;
    return files;
}

/* --- all --------------------------------------------------------------------------------------------------------- */

static int is_among(const apr_array_header_t *all, const char *certificate)
{
    for (int i = 0; i < all->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(all, i, anshin_ca_files_t).certificate, certificate) == 0) {
            return 1;
        }
    }
    return 0;
}

static void add_line(apr_array_header_t *all, const anshin_config_t *config, const anshin_contract_t *contract)
{
    const apr_array_header_t *line = anshin_ca_of_contract(config, contract, all->pool);

    for (int i = 0; i < line->nelts; i++) {
        const anshin_ca_files_t *files = &APR_ARRAY_IDX(line, i, anshin_ca_files_t);

        if (!is_among(all, files->certificate)) {
            APR_ARRAY_PUSH(all, anshin_ca_files_t) = *files;
        }
    }
}

apr_array_header_t *anshin_ca_all(const anshin_config_t *config, apr_pool_t *pool)
{
    apr_array_header_t *all = apr_array_make(pool, 4, sizeof(anshin_ca_files_t));

    for (int own = 0; own < 2; own++) {
        for (int i = 0; i < config->contracts->nelts; i++) {
            const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

            if ((owner_of(config, contract) != NULL) == own &&
                ANSHIN_HAS(contract->policy.methods, ANSHIN_METHOD_CERTIFICATE)) {
                add_line(all, config, contract);
            }
        }
    }
    if (all->nelts == 0) {
        add_line(all, config, NULL);
    }
    return all;
}

/* --- checks ------------------------------------------------------------------------------------------------------ */

static apr_status_t check_files(const anshin_config_t *config, const anshin_contract_t *contract, anshin_error_t *err,
                                apr_pool_t *pool)
{
    const anshin_policy_t *policy = &contract->policy;
    const char *name;

    if ((policy->ca_certificate == NULL) != (policy->ca_key == NULL)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1228",
                           "contract %s: AnshinCACertificate and AnshinCAKey belong together; give both or neither",
                           contract->name);
    }
    if (owner_of(config, contract) == NULL) {
        return APR_SUCCESS;
    }
    name = name_of_file(policy->ca_certificate, pool);
    if (name[0] == '\0' || name[0] == '.' || strlen(name) > ANSHIN_CA_NAME_MAX ||
        name[strspn(name, NAME_CHARACTERS)] != '\0') {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1229",
                           "contract %s: AnshinCACertificate \"%.120s\": the name of the file is that of the CA's list "
                           "of revoked certificates; rename it to letters, digits and . _ -, at most %d",
                           contract->name, policy->ca_certificate, ANSHIN_CA_NAME_MAX);
    }
    return APR_SUCCESS;
}

/* 1: a roll-over of the one could give it the name of the other. */
static int may_become(const char *name, const char *other)
{
    apr_size_t length = strlen(name);

    return strncmp(name, other, length) == 0 && other[length] == '-' &&
           other[length + 1 + strspn(other + length + 1, "0123456789")] == '\0';
}

static apr_status_t check_pair(const anshin_config_t *config, const anshin_contract_t *a, const anshin_contract_t *b,
                               anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_ca_files_t one = anshin_ca_files(config, a, 1, pool);
    const anshin_ca_files_t other = anshin_ca_files(config, b, 1, pool);

    if (may_become(one.name, other.name) || may_become(other.name, one.name) ||
        (strcmp(one.name, other.name) == 0 &&
         (!same(one.certificate, other.certificate) || !same(one.key, other.key)))) {
        return anshin_fail(
            err, ANSHIN_EINVALID, "AN1230",
            "contract %s: AnshinCACertificate \"%.120s\": another CA, with \"%.120s\" and \"%.120s\", has "
            "its name, or could have it after a roll-over; rename the file, or name the same "
            "certificate and key",
            a->name, one.certificate, other.certificate, other.key);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_ca_check(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        status = check_files(config, contract, err, pool);
        if (status == APR_SUCCESS) {
            status = check_pair(config, contract, NULL, err, pool);
        }
        for (int j = 0; status == APR_SUCCESS && j < i; j++) {
            status =
                check_pair(config, contract, APR_ARRAY_IDX(config->contracts, j, const anshin_contract_t *), err, pool);
        }
    }
    return status;
}

const char *anshin_ca_crl_url(const anshin_contract_t *contract, const char *name, apr_pool_t *pool)
{
    const anshin_policy_t *policy = &contract->policy;
    apr_size_t length = policy->ca_url != NULL ? strlen(policy->ca_url) : 0;

    while (length > 0 && policy->ca_url[length - 1] == '/') {
        length--;
    }
    return policy->crl_url != NULL || policy->ca_url == NULL
               ? policy->crl_url
               : apr_pstrcat(pool, apr_pstrmemdup(pool, policy->ca_url, length), "/", name, ".crl", NULL);
}

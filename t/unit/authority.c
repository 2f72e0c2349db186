/*
 * CAs on the disk for unit programs of the signer: see authority.h.
 */
#include "unit/authority.h"

#include "unit/scratch.h"

apr_pool_t *pool;
const char *directory;

const char *in_directory(const char *name)
{
    return apr_pstrcat(pool, directory, "/", name, NULL);
}

anshin_ca_wanted_t ca_wanted(anshin_key_type_t type)
{
    return (anshin_ca_wanted_t){.key_type = type,
                                .common_name = "テスト CA",
                                .organization = "Test",
                                .country = "JP",
                                .not_before = now - DAY,
                                .not_after = now + 3650 * DAY};
}

apr_status_t create_locked(const char *name, const char *program, const anshin_ca_wanted_t *wanted, anshin_error_t *err)
{
    const anshin_ca_key_source_t source = {.key = apr_pstrcat(pool, in_directory(name), ".key", NULL),
                                           .program = program};

    anshin_error_clear(err);
    return anshin_ca_create(apr_pstrcat(pool, in_directory(name), ".crt", NULL), &source, wanted, err, pool);
}

apr_status_t create(const char *name, const anshin_ca_wanted_t *wanted, anshin_error_t *err)
{
    return create_locked(name, NULL, wanted, err);
}

apr_status_t open_ca(anshin_ca_t **opened, const char *name, const char *program, anshin_error_t *err)
{
    anshin_error_clear(err);
    return anshin_ca_open(opened, apr_pstrcat(pool, in_directory(name), ".crt", NULL),
                          apr_pstrcat(pool, in_directory(name), ".key", NULL), program, err, pool);
}

/*
 * CAs on the disk for unit programs of the signer: in a directory that the program has made, at a fixed time.
 */
#ifndef ANSHIN_UNIT_AUTHORITY_H
#define ANSHIN_UNIT_AUTHORITY_H

#include "crypto/ca.h"
#include "crypto/sign.h"
#include "scratch.h"

#define DAY apr_time_from_sec(86400)

static apr_pool_t *pool;
static const char *directory;
static const apr_time_t now = APR_TIME_C(1800000000000000); /* 2027-01-15 */

static inline const char *in_directory(const char *name)
{
    return apr_pstrcat(pool, directory, "/", name, NULL);
}

/* One that can be made: from yesterday for ten years. */
static inline anshin_ca_wanted_t ca_wanted(anshin_key_type_t type)
{
    return (anshin_ca_wanted_t){.key_type = type,
                                .common_name = "テスト CA",
                                .organization = "Test",
                                .country = "JP",
                                .not_before = now - DAY,
                                .not_after = now + 3650 * DAY};
}

/* NAME.crt and NAME.key in the directory. */
static inline apr_status_t create(const char *name, const anshin_ca_wanted_t *wanted, anshin_error_t *err)
{
    anshin_error_clear(err);
    return anshin_ca_create(apr_pstrcat(pool, in_directory(name), ".crt", NULL),
                            apr_pstrcat(pool, in_directory(name), ".key", NULL), wanted, err, pool);
}

static inline apr_status_t open_ca(anshin_ca_t **opened, const char *name, const char *program, anshin_error_t *err)
{
    anshin_error_clear(err);
    return anshin_ca_open(opened, apr_pstrcat(pool, in_directory(name), ".crt", NULL),
                          apr_pstrcat(pool, in_directory(name), ".key", NULL), program, err, pool);
}

#endif

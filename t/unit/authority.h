/*
 * CAs on the disk for unit programs of the signer: in a directory that the program has made, at a fixed time.
 */
#ifndef ANSHIN_UNIT_AUTHORITY_H
#define ANSHIN_UNIT_AUTHORITY_H

#include "crypto/pki/ca.h"
#include "crypto/pki/sign.h"
#include "unit/scratch.h"

#define DAY apr_time_from_sec(86400)

extern apr_pool_t *pool;
extern const char *directory;
static const apr_time_t now = APR_TIME_C(1800000000000000); /* 2027-01-15 */

const char *in_directory(const char *name);

/* One that can be made: from yesterday for ten years. */
anshin_ca_wanted_t ca_wanted(anshin_key_type_t type);

/* NAME.crt and NAME.key in the directory. */
apr_status_t create(const char *name, const anshin_ca_wanted_t *wanted, anshin_error_t *err);

/* The same with a key that is encrypted with what the program prints. */
apr_status_t create_locked(const char *name, const char *program, const anshin_ca_wanted_t *wanted,
                           anshin_error_t *err);
apr_status_t open_ca(anshin_ca_t **opened, const char *name, const char *program, anshin_error_t *err);

#endif

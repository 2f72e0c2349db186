/*
 * The words every layer shares: status codes, error object, byte strings.
 *
 * Status codes. Every verb returns apr_status_t. APR_SUCCESS aside, a caller must tell four answers apart:
 *   ANSHIN_ENOTFOUND  there is no such thing. The only answer that may ever mean "no such user".
 *   ANSHIN_ECONFLICT  it exists already, was used already, or changed under us.
 *   ANSHIN_EBUSY      try again shortly (no hash slot, queue full); HTTP 503 with Retry-After.
 *   ANSHIN_EFAULT     something is broken (store, key, memory). Deny, log once, HTTP 503.
 * and two that carry a caller's mistake:
 *   ANSHIN_EINVALID   the input breaks a rule; the error text names the field and the rule.
 *   ANSHIN_EDENIED    the input is well formed and refused (wrong secret, expired, switched off).
 * Any other apr_status_t is treated as ANSHIN_EFAULT.
 *
 * A contract names the answers that mean something of their own there. Where it names none, a verb that works on the
 * store answers APR_SUCCESS, ANSHIN_EBUSY or ANSHIN_EFAULT, any other verb APR_SUCCESS or ANSHIN_EFAULT. A walk that
 * calls a visitor ends with the first answer of his that is not APR_SUCCESS, and hands that on.
 */
#ifndef ANSHIN_CORE_BASE_ANSHIN_H
#define ANSHIN_CORE_BASE_ANSHIN_H

#include <apr.h>
#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#define ANSHIN_VERSION "0.2.0"

#define ANSHIN_ENOTFOUND (APR_OS_START_USERERR + 7001)
#define ANSHIN_ECONFLICT (APR_OS_START_USERERR + 7002)
#define ANSHIN_EBUSY (APR_OS_START_USERERR + 7003)
#define ANSHIN_EFAULT (APR_OS_START_USERERR + 7004)
#define ANSHIN_EINVALID (APR_OS_START_USERERR + 7005)
#define ANSHIN_EDENIED (APR_OS_START_USERERR + 7006)

/* Bytes owned by somebody's pool; data may be NULL only when length is 0. */
typedef struct anshin_bytes_t {
    const unsigned char *data;
    apr_size_t length;
} anshin_bytes_t;

/* The bytes of a text without its NUL; they stay the text's. */
anshin_bytes_t anshin_bytes_of(const char *text);

/* What was filled into the text of an error, and where it stands there: so that an edge can say the same in another
 * language. Values beyond the last part are not noted. */
#define ANSHIN_ERROR_PARTS 8
typedef struct anshin_error_part_t {
    unsigned short at;
    unsigned short length;
} anshin_error_part_t;

/* The cause of a failure. Filled where it happens, logged once at the edge (module, worker, command).
 * Libraries never log by themselves. Texts hold no secret. */
typedef struct anshin_error_t {
    apr_status_t status; /* APR_SUCCESS: nothing failed */
    const char *id;      /* static: "AN0123", unique in the source; "" when nothing failed */
    char text[256];      /* UTF-8, NUL terminated, one line */
    const char *format;  /* static: what the text was made of; NULL: nothing failed, or the text is no longer of it */
    int parts_count;
    anshin_error_part_t parts[ANSHIN_ERROR_PARTS];
} anshin_error_t;

/* Record a cause and return status, so that callers write `return anshin_fail(...)`.
 * The first cause of an operation wins: it is the deepest. err may be NULL. */
apr_status_t anshin_fail(anshin_error_t *err, apr_status_t status, const char *id, const char *format, ...)
    __attribute__((format(printf, 4, 5), cold));

/* Forget a recorded cause, for callers that have dealt with it. err may be NULL. */
void anshin_error_clear(anshin_error_t *err);

/* The name of a status for messages: "not found", "busy" ...; static text. */
const char *anshin_status_name(apr_status_t status);

/* Lower-case hexadecimal of length bytes, in pool. */
char *anshin_hex(const void *data, apr_size_t length, apr_pool_t *pool);

/* A time as logs and the command tell it, in the zone of this machine, which is named (B27):
 * "2026-11-22 15:30 (UTC+09:00)". In pool. What users read: core/base/date_text.h. */
const char *anshin_time_text(apr_time_t time, apr_pool_t *pool);

#endif

/*
 * Users as Keycloak exports them: a realm or a file of users (JSON), with credentials as before version 8 or since.
 * Private to this folder.
 *
 * username, email, firstName and lastName, attributes.locale, groups and the password are taken. A user who is disabled
 * there is refused; a password that must be changed at the next login is not taken.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_KEYCLOAK_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_KEYCLOAK_H

#include "htanshin/import/import_columns.h"

#define ANSHIN_IMPORT_KEYCLOAK_MAX (64 * 1024 * 1024) /* octets: all of it is in memory while it is read */

/* Read fd, which stays the caller's. APR_SUCCESS; ANSHIN_EINVALID (no JSON, no users, too large); ANSHIN_EFAULT. */
apr_status_t anshin_import_keycloak_open(void **reader, int fd, anshin_error_t *err, apr_pool_t *pool);

/* The same of octets. */
apr_status_t anshin_import_keycloak_take(void **reader, const char *octets, apr_size_t length, anshin_error_t *err,
                                         apr_pool_t *pool);

/* The next user; record->line is its number. APR_SUCCESS, APR_EOF. */
apr_status_t anshin_import_keycloak_next(void *reader, anshin_import_record_t *record, anshin_error_t *err,
                                         apr_pool_t *pool);

#endif

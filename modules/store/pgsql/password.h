/*
 * The password of the role, from a file of its own (AnshinStorePassword).
 *
 * SECURITY (S36). Whoever has it writes the store. httpd's children, the worker and the command read the file by the
 * group of the state directory; programs of the site, which run as httpd's user, do not have that group.
 */
#ifndef ANSHIN_STORE_PGSQL_PASSWORD_H
#define ANSHIN_STORE_PGSQL_PASSWORD_H

#include "core/base/anshin.h"

#define ANSHIN_PG_PASSWORD_MAX 256

/* The first line of the file into password, which has ANSHIN_PG_PASSWORD_MAX + 2 octets; the caller wipes them.
 * ANSHIN_EFAULT: it cannot be read, holds none, or others may read it or write it. */
apr_status_t anshin_pg_password_read(char *password, const char *file, anshin_error_t *err);

#endif

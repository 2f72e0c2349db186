/*
 * User IDs as people type them.
 */
#ifndef ANSHIN_CORE_BASE_USER_ID_H
#define ANSHIN_CORE_BASE_USER_ID_H

#include <apr_pools.h>

#define ANSHIN_USER_MAX 64 /* bytes of a user ID */

/* The canonical form of a user ID as typed: as anshin_unicode_typed() has it, spaces around it cut, lower case. In
 * pool, or NULL when no user can have it: 1 to ANSHIN_USER_MAX of a-z 0-9 . _ - + @, starting with a letter or
 * digit. */
const char *anshin_user_canonical(const char *typed, apr_pool_t *pool);

#endif

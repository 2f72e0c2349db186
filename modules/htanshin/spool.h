/*
 * The Maildir that the worker writes to (core/admin/erase.h): the mail of a person who is erased.
 */
#ifndef ANSHIN_HTANSHIN_SPOOL_H
#define ANSHIN_HTANSHIN_SPOOL_H

#include "core/admin/erase.h"

/* Remove the messages in tmp, new and cur that have one of the ids in their name, or one of the addresses in their To
 * field. A Maildir that is not there holds none. *removed: how many. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_spool_erase(const char *spool, const anshin_erased_t *erased, int *removed, anshin_error_t *err,
                                apr_pool_t *pool);

#endif

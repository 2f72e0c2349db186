/*
 * Delivery of a message into a Maildir, exactly once (MAI-1).
 */
#ifndef ANSHIN_CA_DELIVERY_H
#define ANSHIN_CA_DELIVERY_H

#include "core/base/anshin.h"

typedef struct anshin_message_t {
    const char *name; /* of the file: the same for the same mail, [0-9a-z.] */
    const char *data;
    apr_size_t length;
    const char *what; /* for errors of a command; NULL: "mail" */
} anshin_message_t;

/* Make spool with tmp, new and cur where missing, mode 2770. APR_SUCCESS; ANSHIN_EINVALID (one that is there is open to
 * the world, S31); ANSHIN_EFAULT. */
apr_status_t anshin_maildir_make(const char *spool, anshin_error_t *err, apr_pool_t *pool);

/* Write tmp/NAME anew, mode 0660; on disk, name and octets, when this returns. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_maildir_write(const char *spool, const anshin_message_t *message, anshin_error_t *err,
                                  apr_pool_t *pool);

/* Which Maildir lies there: path and inode number of its tmp, so that another one is known as such, even at the same
 * path (a file system that is not mounted). In pool. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_maildir_identity(const char **identity, const char *spool, anshin_error_t *err, apr_pool_t *pool);

/* Move tmp/NAME to new/NAME, on disk when this returns. APR_SUCCESS; ANSHIN_ENOTFOUND (both are there and no tmp/NAME:
 * if it was written to this Maildir, it was moved before, and a reader may have taken it since); ANSHIN_EFAULT. */
apr_status_t anshin_maildir_move(const char *spool, const char *name, anshin_error_t *err, apr_pool_t *pool);

#endif

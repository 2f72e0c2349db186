/*
 * The file that holds the password of the role in PostgreSQL (AnshinStorePassword): who may read it.
 *
 * SECURITY (S36). A process that reads it cannot tell whether the site's programs can: httpd's children have the same
 * user as they. So who is root judges it, at configtest, start and htanshin check; what reads it looks for less
 * (store/pgsql/password.h).
 */
#ifndef ANSHIN_RUNTIME_PASSWORD_FILE_H
#define ANSHIN_RUNTIME_PASSWORD_FILE_H

#include "core/config/config.h"
#include "runtime/state_walk.h"

/* Where the store has one: a file, no link, of root and the group, which reads it, and nobody else. Where nobody is
 * root, all of it is one user's, and nothing is looked at. ANSHIN_EINVALID: it is not so, or not there. */
apr_status_t anshin_password_file_check(const anshin_server_t *server, const anshin_state_owners_t *owners,
                                        anshin_error_t *err);

#endif

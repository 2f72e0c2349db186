/*
 * The file of the password: see password_file.h.
 */
#include "runtime/password_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/open.h"

#define MODE (S_IRUSR | S_IWUSR | S_IRGRP)

apr_status_t anshin_password_file_check(const anshin_server_t *server, const anshin_state_owners_t *owners,
                                        anshin_error_t *err)
{
    const char *file = server->store_password;
    struct stat seen;

    if (geteuid() != 0 || file == NULL || file[0] == '\0' || anshin_open_store_is_local(server)) {
        return APR_SUCCESS;
    }
    if (lstat(file, &seen) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1933", "AnshinStorePassword %.80s: cannot be looked at: %s", file,
                           strerror(errno));
    }
    return S_ISREG(seen.st_mode) && seen.st_uid == 0 && seen.st_gid == owners->group &&
                   (seen.st_mode & 07777 & ~(mode_t)MODE) == 0 && (seen.st_mode & S_IRGRP) != 0
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EINVALID, "AN1934",
                             "AnshinStorePassword %.80s: must be a file of root and AnshinGroup with mode 0640, or "
                             "programs of the site could read or change it",
                             file);
}

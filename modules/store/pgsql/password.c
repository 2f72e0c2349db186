/*
 * The password of the role: see password.h.
 */
#include "store/pgsql/password.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* On the descriptor, of what is read. */
static apr_status_t judge(int fd, const char *file, anshin_error_t *err)
{
    struct stat seen;

    if (fstat(fd, &seen) != 0 || !S_ISREG(seen.st_mode)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1965", "AnshinStorePassword %.80s: is no file", file);
    }
    return (seen.st_uid == 0 || seen.st_uid == geteuid()) && (seen.st_mode & (S_IRWXO | S_IWGRP)) == 0
               ? APR_SUCCESS
               : anshin_fail(
                     err, ANSHIN_EFAULT, "AN1966",
                     "AnshinStorePassword %.80s: others may read or change it; let root and AnshinGroup own it, "
                     "mode 0640",
                     file);
}

apr_status_t anshin_pg_password_read(char *password, const char *file, anshin_error_t *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    apr_status_t status;
    ssize_t length;

    if (fd < 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1967", "AnshinStorePassword %.80s: cannot be read: %s", file,
                           strerror(errno));
    }
    status = judge(fd, file, err);
    length = status == APR_SUCCESS ? read(fd, password, ANSHIN_PG_PASSWORD_MAX + 1) : 0;
    (void)close(fd);
    password[length > 0 ? length : 0] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    if (status == APR_SUCCESS && (password[0] == '\0' || strlen(password) > ANSHIN_PG_PASSWORD_MAX)) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1968",
                             "AnshinStorePassword %.80s: the first line must be the password, 1 to %d octets", file,
                             ANSHIN_PG_PASSWORD_MAX);
    }
    return status;
}

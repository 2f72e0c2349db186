/*
 * The Maildir: see spool.h.
 *
 * SECURITY: others of the group may write there. Files are opened below the open directory, never through a link, and
 * only their head is read.
 */
#include "htanshin/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define HEAD 4096

static int named_by_id(const anshin_erased_t *erased, const char *name)
{
    for (int i = 0; i < erased->mails->nelts; i++) {
        if (strstr(name, APR_ARRAY_IDX(erased->mails, i, const char *)) != NULL) {
            return 1;
        }
    }
    return 0;
}

/* Is one of the addresses in the To field of the head? We write it in one line. */
static int is_addressed(const anshin_erased_t *erased, const char *head)
{
    const char *to = strncasecmp(head, "To:", 3) == 0 ? head : strstr(head, "\nTo:");
    apr_size_t length = to != NULL ? strcspn(to + 1, "\n") + 1 : 0;

    for (int i = 0; to != NULL && i < erased->addresses->nelts; i++) {
        const char *address = APR_ARRAY_IDX(erased->addresses, i, const char *);
        for (const char *at = to; at + strlen(address) <= to + length; at++) {
            int begins = at[-(at > to)] == ' ' || at[-(at > to)] == '<';
            if (begins && strncasecmp(at, address, strlen(address)) == 0 && strchr("> \r\n,", at[strlen(address)])) {
                return 1;
            }
        }
    }
    return 0;
}

static int is_theirs(int directory, const char *name, const anshin_erased_t *erased)
{
    char head[HEAD + 1];
    struct stat info;
    ssize_t got = 0;
    int fd;

    if (named_by_id(erased, name)) {
        return 1;
    }
    fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        got = read(fd, head, HEAD);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    head[got > 0 ? got : 0] = '\0';
    return is_addressed(erased, head);
}

static apr_status_t erase_in(const char *path, const anshin_erased_t *erased, int *removed, anshin_error_t *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    apr_status_t status = APR_SUCCESS;

    if (directory == NULL) {
        int missing = errno == ENOENT;
        if (fd >= 0) {
            (void)close(fd);
        }
        return missing ? APR_SUCCESS : anshin_fail(err, ANSHIN_EFAULT, "AN1008", "%s: %s", path, strerror(errno));
    }
    while (status == APR_SUCCESS && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.' || !is_theirs(fd, entry->d_name, erased)) {
            continue;
        }
        if (unlinkat(fd, entry->d_name, 0) == 0) {
            (*removed)++;
        } else if (errno != ENOENT) {
            status = anshin_fail(err, ANSHIN_EFAULT, "AN1009", "%s/%s cannot be removed: %s", path, entry->d_name,
                                 strerror(errno));
        }
    }
    (void)closedir(directory);
    return status;
}

apr_status_t anshin_spool_erase(const char *spool, const anshin_erased_t *erased, int *removed, anshin_error_t *err,
                                apr_pool_t *pool)
{
    static const char *const parts[] = {"tmp", "new", "cur"};
    apr_status_t status = APR_SUCCESS;

    *removed = 0;
    for (apr_size_t i = 0; status == APR_SUCCESS && i < sizeof(parts) / sizeof(parts[0]); i++) {
        status = erase_in(apr_pstrcat(pool, spool, "/", parts[i], NULL), erased, removed, err);
    }
    return status;
}

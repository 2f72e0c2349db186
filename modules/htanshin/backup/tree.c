/*
 * Files and directories below one that is open: see tree.h.
 */
#include "htanshin/backup/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 8
#define NAME_SIZE 256

static int make_parents(int top, const char *name)
{
    char part[NAME_SIZE];

    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
        if (mkdirat(top, part, S_IRWXU) != 0 && errno != EEXIST) {
            return -1;
        }
    }
    return 0;
}

int anshin_tree_create(int top, const char *name)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(top, name, flags, S_IRUSR | S_IWUSR);

    if (fd < 0 && errno == ENOENT && strlen(name) < NAME_SIZE && make_parents(top, name) == 0) {
        fd = openat(top, name, flags, S_IRUSR | S_IWUSR);
    }
    return fd;
}

static int remove_at(int parent, const char *name, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    int failed = 0;

    if (stream == NULL) {
        failed = errno != ENOENT;
        if (fd >= 0) {
            (void)close(fd);
        }
        return failed ? -1 : 0;
    }
    while (!failed && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (unlinkat(fd, entry->d_name, 0) != 0) {
            failed = (errno != EISDIR && errno != EPERM) || depth == DEPTH_MAX ||
                     remove_at(fd, entry->d_name, depth + 1) != 0;
        }
    }
    (void)closedir(stream);
    return failed ? -1 : unlinkat(parent, name, AT_REMOVEDIR);
}

int anshin_tree_remove(int parent, const char *name)
{
    return remove_at(parent, name, 0);
}

int anshin_tree_rename(int directory, const char *from, const char *to)
{
    struct stat seen;

    if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    if (fstatat(directory, to, &seen, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return errno == ENOENT ? renameat(directory, from, directory, to) : -1;
}

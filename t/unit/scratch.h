/*
 * A directory of its own for a unit program, gone when its pool is.
 */
#ifndef ANSHIN_UNIT_SCRATCH_H
#define ANSHIN_UNIT_SCRATCH_H

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_strings.h>

static int scratch_remove_one(const char *path, const struct stat *facts, int type, struct FTW *where)
{
    (void)facts;
    (void)type;
    (void)where;
    return remove(path);
}

static apr_status_t scratch_remove(void *data)
{
    nftw(data, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return APR_SUCCESS;
}

/* Below TMPDIR. Forked children that end with _exit() leave it alone. */
static inline const char *scratch_directory(apr_pool_t *pool)
{
    const char *base = getenv("TMPDIR");
    char *path = apr_psprintf(pool, "%s/anshin-unit-XXXXXX", base != NULL ? base : P_tmpdir);

    if (mkdtemp(path) == NULL) {
        perror(path);
        exit(1);
    }
    apr_pool_cleanup_register(pool, path, scratch_remove, apr_pool_cleanup_null);
    return path;
}

/* Write a file whole, with the mode given. */
static inline void scratch_write(const char *path, const void *data, apr_size_t length, mode_t mode)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(data, 1, length, file) != length || fclose(file) != 0 || chmod(path, mode) != 0) {
        perror(path);
        exit(1);
    }
}

/* How many files lie in a directory, hidden ones aside; none in one that is not there. */
static inline int scratch_entries(const char *path)
{
    DIR *open = opendir(path);
    const struct dirent *entry;
    int count = 0;

    while (open != NULL && (entry = readdir(open)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    if (open != NULL) {
        (void)closedir(open);
    }
    return count;
}

#endif

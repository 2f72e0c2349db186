/*
 * Signs of the machine: see signs.h.
 *
 * A lock is looked at by taking it for a moment, shared where that does: whoever wanted it in that moment tries again
 * by itself within milliseconds.
 */
#include "runtime/signs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/base/waiting.h"
#include "runtime/board_file.h"
#include "runtime/io.h"
#include "runtime/state_names.h"

#define FILES_MAX 10000 /* of the store that are looked at */

/* 1: somebody has the lock; 0: nobody; -1: cannot be told. none: the answer where there is no such file. */
static int is_locked(const char *path, int how, int none)
{
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int locked;

    if (file < 0) {
        return errno == ENOENT ? none : -1;
    }
    locked = flock(file, how | LOCK_NB) != 0;
    (void)close(file);
    return locked;
}

static const char *below(const anshin_config_t *config, const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, config->server.state_dir, "/", name, NULL);
}

static void look_at_slots(anshin_signs_t *signs, const anshin_config_t *config, apr_pool_t *pool)
{
    const char *directory = below(config, ANSHIN_STATE_SLOTS, pool);

    signs->slots = signs->slots_used = 0;
    for (int i = 0; i < 256; i++) {
        int used = is_locked(apr_psprintf(pool, "%s/slot.%d", directory, i), LOCK_SH, -1);

        if (used < 0) {
            break;
        }
        signs->slots++;
        signs->slots_used += used;
    }
    signs->slots_waited = is_locked(apr_pstrcat(pool, directory, "/known", NULL), LOCK_EX, 0);
}

/* Files of the store, and when the last base was written. */
static void look_at_store(anshin_signs_t *signs, const anshin_config_t *config, apr_pool_t *pool)
{
    DIR *directory = opendir(below(config, ANSHIN_STATE_STORE, pool));
    const struct dirent *entry;
    struct stat seen;

    signs->store = directory != NULL ? 0 : -1;
    for (int i = 0; directory != NULL && i < FILES_MAX && (entry = readdir(directory)) != NULL; i++) {
        if (fstatat(dirfd(directory), entry->d_name, &seen, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(seen.st_mode)) {
            continue;
        }
        signs->store += (apr_int64_t)seen.st_blocks * 512;
        if (strncmp(entry->d_name, "base.", strlen("base.")) == 0 &&
            apr_time_from_sec(seen.st_mtime) > signs->checkpoint) {
            signs->checkpoint = apr_time_from_sec(seen.st_mtime);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
}

void anshin_signs_look(anshin_signs_t *signs, const anshin_config_t *config, const anshin_board_t *board,
                       apr_pool_t *pool)
{
    apr_uint64_t octets;

    *signs = (anshin_signs_t){.board = board, .uptime = anshin_uptime_now(), .disk = -1};
    signs->httpd = anshin_board_is_used(config->server.state_dir, pool);
    signs->worker = is_locked(below(config, ANSHIN_STATE_RUN "/ca.lock", pool), LOCK_SH, 0);
    if (anshin_io_space(config->server.state_dir, &octets) == APR_SUCCESS) {
        signs->disk = octets < APR_INT64_MAX ? (apr_int64_t)octets : APR_INT64_MAX;
    }
    look_at_slots(signs, config, pool);
    look_at_store(signs, config, pool);
}

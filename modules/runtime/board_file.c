/*
 * The board in its file: see board_file.h.
 *
 * SECURITY: others of the group write in that directory: nobody here is root, no link is followed, the file is never
 * cut (a page that is gone would end who reads it), and what stands in it is numbers and names that are compared.
 */
#include "runtime/board_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "runtime/state_names.h"
#include "runtime/uptime.h"

#define BOARD "/" ANSHIN_STATE_RUN "/board"
#define LOCK_TRIES 100
#define LOCK_PAUSE apr_time_from_msec(10) /* it is held for moments */

typedef struct mapped_t {
    void *board;
    int file; /* httpd holds it open, with a shared lock; -1 */
} mapped_t;

static apr_status_t unmap(void *data)
{
    mapped_t *mapped = data;

    (void)munmap(mapped->board, sizeof(anshin_board_t));
    if (mapped->file >= 0) {
        (void)close(mapped->file);
    }
    return APR_SUCCESS;
}

static apr_status_t failed(anshin_error_t *err, const char *path)
{
    return anshin_fail(err, errno == ENOENT ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT, "AN1662", "%s: %s", path,
                       strerror(errno));
}

/* Who shares it does so by the group, whatever the umask. */
static int open_file(const char *path, int flags)
{
    int file = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0660);

    if (file >= 0 && (flags & O_CREAT) != 0) {
        (void)fchmod(file, 0660); /* who did not make it need not */
    }
    return file;
}

/* 0: somebody has it for too long. */
static int take_lock(int file, int how)
{
    for (int tries = 0; flock(file, how | LOCK_NB) != 0; tries++) {
        if (tries == LOCK_TRIES) {
            return 0;
        }
        apr_sleep(LOCK_PAUSE);
    }
    return 1;
}

/* -1: somebody has it for too long. */
static int lock_file(const char *path)
{
    int file = open_file(path, O_RDWR | O_CREAT);

    if (file >= 0 && !take_lock(file, LOCK_EX)) {
        (void)close(file);
        return -1;
    }
    return file;
}

/* It is a file of that size at least, which has all its pages. 0, or -1 with errno. */
static int make_whole(int file, int writes)
{
    struct stat seen;
    int code;

    if (fstat(file, &seen) != 0 || !S_ISREG(seen.st_mode)) {
        errno = errno != 0 ? errno : EINVAL;
        return -1;
    }
    if (seen.st_size >= (off_t)sizeof(anshin_board_t)) {
        return 0;
    }
    if (!writes) {
        errno = ENOENT;
        return -1;
    }
    code = posix_fallocate(file, 0, (off_t)sizeof(anshin_board_t)); /* a full disk shows here, and not as a signal */
    errno = code;
    return code == 0 ? 0 : -1;
}

static int is_of(const anshin_board_t *board, const char *boot)
{
    return memcmp(board->form, ANSHIN_BOARD_FORM, sizeof(board->form)) == 0 &&
           strncmp(board->boot, boot, sizeof(board->boot)) == 0;
}

/* file is the caller's. */
static apr_status_t map(anshin_board_t **board, int file, const anshin_config_t *config, int writes, const char *path,
                        anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_uptime_t *uptime;
    apr_status_t status = anshin_uptime_open(&uptime, err, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (make_whole(file, writes) != 0) {
        return failed(err, path);
    }
    *board = mmap(NULL, sizeof(**board), writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, 0);
    if (*board == MAP_FAILED) {
        return failed(err, path);
    }
    if (!writes && !is_of(*board, uptime->boot)) {
        (void)munmap(*board, sizeof(**board));
        errno = ENOENT;
        return failed(err, path);
    }
    if (writes && !is_of(*board, uptime->boot)) {
        anshin_board_clear(*board, uptime->boot, apr_time_now());
    }
    if (writes) {
        anshin_board_admit(*board, config);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_board_open(anshin_board_t **board, const anshin_config_t *config, anshin_board_use_t use,
                               anshin_error_t *err, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, config->server.state_dir, BOARD, NULL);
    const int writes = use != ANSHIN_BOARD_READ;
    mapped_t *mapped = apr_palloc(pool, sizeof(*mapped));
    int lock = writes ? lock_file(apr_pstrcat(pool, path, ".lock", NULL)) : -1;
    int file = !writes || lock >= 0 ? open_file(path, writes ? O_RDWR | O_CREAT : O_RDONLY) : -1;
    apr_status_t status = file >= 0 ? map(board, file, config, writes, path, err, pool) : failed(err, path);

    if (lock >= 0) {
        (void)close(lock);
    }
    if (status == APR_SUCCESS && use == ANSHIN_BOARD_HTTPD) {
        (void)take_lock(file, LOCK_SH); /* who looks whether it is used has it for a moment */
    } else if (file >= 0) {
        (void)close(file);
        file = -1;
    }
    if (status == APR_SUCCESS) {
        *mapped = (mapped_t){*board, file};
        apr_pool_cleanup_register(pool, mapped, unmap, apr_pool_cleanup_null);
    } else {
        *board = NULL;
    }
    return status;
}

int anshin_board_is_used(const char *state_dir, apr_pool_t *pool)
{
    int file = open_file(apr_pstrcat(pool, state_dir, BOARD, NULL), O_RDONLY);
    int used;

    if (file < 0) {
        return errno == ENOENT ? 0 : -1;
    }
    used = flock(file, LOCK_EX | LOCK_NB) != 0;
    (void)close(file);
    return used;
}

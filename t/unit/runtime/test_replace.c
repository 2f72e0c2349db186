/*
 * Files that are put in place of the ones before in one step: the roll-over file of a CA (runtime/rollover.c, CAS-2)
 * and the configuration (runtime/config_file.c). Every system call of the writing fails once, in turn, and writes are
 * short; before each call and after it the file is looked at, as whoever comes after a power cut finds it: it is the
 * one before or the new one, whole.
 *
 * The functions of the C library that the writers call are defined here and take their place.
 */
#undef _FORTIFY_SOURCE /* it would define some of them itself */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "runtime/config_file.h"
#include "runtime/rollover.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define ROOM 8192
#define TOKEN_KEY "pkcs11:token=t;object=next?module-path=/usr/lib/p11.so"

static apr_pool_t *pool;
static anshin_error_t err;

/* --- the file, looked at ---------------------------------------------------------------------------------------- */

static const char *watched; /* NULL: nobody looks */
static const char *former;  /* what it held; NULL: it was not there */
static const char *next;    /* what it is to hold */
static int looks;
static int torn; /* so often it was neither */

/* By system calls alone. NULL: it is not there. */
static const char *content(const char *path, char text[ROOM])
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? syscall(SYS_read, fd, text, ROOM - 1) : -1;

    if (fd >= 0) {
        (void)syscall(SYS_close, fd);
    }
    text[length > 0 ? length : 0] = '\0';
    return length < 0 ? NULL : text;
}

static void look(void)
{
    char text[ROOM];
    const char *found;
    int kept = errno;

    if (watched != NULL) {
        found = content(watched, text);
        looks++;
        torn += !same_text(found, former) && !same_text(found, next);
    }
    errno = kept;
}

/* --- what fails ------------------------------------------------------------------------------------------------- */

static int calls_left = -1; /* until the one that fails; below 0: none will */
static int error_to_give;
static const char *failed_call;
static size_t write_most = ROOM; /* octets that one call takes */
static char order[64];           /* a letter for each call that was made, of the watched file's writing */

static int fails(const char *name, char letter)
{
    size_t length = strlen(order);

    look();
    if (watched != NULL && length + 1 < sizeof(order) && (length == 0 || order[length - 1] != letter)) {
        order[length] = letter;
    }
    if (watched == NULL || calls_left < 0 || calls_left-- > 0) {
        return 0;
    }
    failed_call = name;
    errno = error_to_give;
    return 1;
}

static long looked_at(long answer)
{
    look();
    return answer;
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list more;

    if ((flags & O_CREAT) != 0) {
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    return fails("open", 'o') ? -1 : (int)looked_at(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

ssize_t write(int fd, const void *data, size_t length)
{
    if (fails("write", 'w')) {
        return -1;
    }
    return looked_at(syscall(SYS_write, fd, data, watched != NULL && length > write_most ? write_most : length));
}

int fchmod(int fd, mode_t mode)
{
    return fails("fchmod", 'm') ? -1 : (int)looked_at(syscall(SYS_fchmod, fd, mode));
}

int fsync(int fd)
{
    struct stat facts;

    if (fails("fsync", fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode) ? 'D' : 's')) {
        return -1;
    }
    return (int)looked_at(syscall(SYS_fsync, fd));
}

int rename(const char *from, const char *to)
{
    return fails("rename", 'r') ? -1 : (int)looked_at(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

/* --- who writes ------------------------------------------------------------------------------------------------- */

typedef struct writer_t {
    const char *name;
    const char *file;
    apr_status_t (*write)(const char *directory, const char *path, int which); /* one of two contents */
} writer_t;

static apr_status_t write_rollover(const char *directory, const char *path, int which)
{
    static const anshin_ca_line_t lines[] = {
        {.issuing = 1, .last = 2, .count = 2, .trusted = {1, 2}, .keys = {NULL, TOKEN_KEY}},
        {.issuing = 2, .last = 2, .count = 1, .trusted = {2}, .keys = {TOKEN_KEY}}};

    (void)directory;
    return anshin_rollover_write(path, &lines[which], &err, pool);
}

static apr_status_t write_config(const char *directory, const char *path, int which)
{
    anshin_config_t *config;

    (void)path;
    anshin_config_create(&config, &err, pool);
    config->server.state_dir = directory;
    config->server.worker_threads = which + 1;
    return anshin_config_file_write(config, &err, pool);
}

static const writer_t writers[] = {{"the roll-over file", "ca.rollover", write_rollover},
                                   {"the configuration", ANSHIN_CONFIG_FILE, write_config}};

typedef struct place_t {
    const writer_t *writer;
    const char *directory;
    const char *path;
    const char *texts[2]; /* of the file with each content */
} place_t;

/* Unwatched. */
static const char *put(const place_t *place, int which)
{
    char text[ROOM];

    anshin_error_clear(&err);
    if (place->writer->write(place->directory, place->path, which) != APR_SUCCESS ||
        content(place->path, text) == NULL) {
        printf("# %s: %s\n", place->writer->name, err.text);
        exit(1);
    }
    return apr_pstrdup(pool, text);
}

/* Write the second content over the first, watched. So many calls go well, then one fails; below 0: none does. */
static apr_status_t replace(const place_t *place, int calls, int code)
{
    apr_status_t status;

    (void)put(place, 0);
    watched = place->path;
    former = place->texts[0];
    next = place->texts[1];
    memset(order, 0, sizeof(order));
    calls_left = calls;
    error_to_give = code;
    failed_call = NULL;
    anshin_error_clear(&err);
    status = place->writer->write(place->directory, place->path, 1);
    look();
    watched = NULL;
    calls_left = -1;
    return status;
}

static int holds(const place_t *place, int which)
{
    char text[ROOM];

    return same_text(content(place->path, text), place->texts[which]);
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

/* What is on the disk before the name changes, and what after: else a power cut leaves an empty file. */
static void test_order(const place_t *place)
{
    apr_status_t status = replace(place, -1, 0);
    const char *synced = strrchr(order, 's');
    const char *renamed = strchr(order, 'r');

    ok(status == APR_SUCCESS && holds(place, 1) && looks > 8 && torn == 0,
       "%s is replaced; never is it anything else than the former one or the new one (%d looks)", place->writer->name,
       looks);
    ok(synced != NULL && renamed != NULL && synced < renamed && strpbrk(synced, "wm") == NULL &&
           strchr(renamed, 'D') != NULL,
       "what it holds is on the disk before it gets its name, and its name when the verb returns (%s)", order);
}

static void test_faults(const place_t *place)
{
    int calls = 0;
    int wrong = 0;
    int left = 0;

    for (; calls < 100; calls++) {
        apr_status_t status = replace(place, calls, ENOSPC);
        int renamed = strchr(order, 'r') != NULL && (failed_call == NULL || strcmp(failed_call, "rename") != 0);

        if (failed_call == NULL) {
            wrong += status != APR_SUCCESS;
            break;
        }
        if (status != ANSHIN_EFAULT || err.text[0] == '\0' || !holds(place, renamed)) {
            wrong++;
            printf("# call %d, %s fails: status %d, %s\n", calls, failed_call, status, err.text);
        }
        left += scratch_entries(place->directory) - 1;
    }
    ok(wrong == 0 && calls >= 6 && calls < 100,
       "%s: each of %d calls fails once: a fault, and the former file stays (%d wrong)", place->writer->name, calls,
       wrong);
    ok(torn == 0 && left == 0, "and nothing is torn or left behind (%d, %d)", torn, left);
    ok(replace(place, -1, 0) == APR_SUCCESS && holds(place, 1), "then it is written again");
}

static void test_short(const place_t *place)
{
    int cut = 0;

    write_most = strlen(place->texts[1]) / 4 + 1;
    ok(replace(place, -1, 0) == APR_SUCCESS && holds(place, 1) && torn == 0,
       "%s: short writes go on until all is there", place->writer->name);
    for (int calls = 0; calls < 100; calls++) {
        apr_status_t status = replace(place, calls, ENOSPC);

        if (failed_call == NULL) {
            break;
        }
        if (strcmp(failed_call, "write") == 0) {
            cut++;
            ok(status == ANSHIN_EFAULT && holds(place, 0) && torn == 0 && scratch_entries(place->directory) == 1,
               "a disk that is full after some of it: the former file stays (%s)", err.text);
        }
    }
    ok(cut == 4, "so at each of its pieces (%d)", cut);
    write_most = ROOM;
}

static void test_interrupted(const place_t *place)
{
    for (int calls = 0; calls < 100; calls++) {
        (void)replace(place, calls, EINTR);
        if (failed_call == NULL || strcmp(failed_call, "write") == 0) {
            break;
        }
    }
    ok(failed_call != NULL && err.status == APR_SUCCESS && holds(place, 1),
       "%s: a write that a signal has cut short is made again", place->writer->name);
}

/* What a crash has left is in nobody's way; a link is none to follow. */
static void test_leftover(const place_t *place)
{
    const char *left = apr_pstrcat(pool, place->path, ".new", NULL);
    const char *elsewhere = apr_pstrcat(pool, scratch_directory(pool), "/elsewhere", NULL);

    scratch_write(left, "{\"issuing\":", 11, 0644);
    ok(replace(place, -1, 0) == APR_SUCCESS && holds(place, 1) && scratch_entries(place->directory) == 1,
       "%s: what a crash has left is in nobody's way", place->writer->name);
    scratch_write(elsewhere, "", 0, 0644);
    ok(symlink(elsewhere, left) == 0 && replace(place, -1, 0) == APR_SUCCESS && holds(place, 1) &&
           same_text(content(elsewhere, (char[ROOM]){""}), ""),
       "nor is a link followed that stands there (S36)");
}

static void test_read(const place_t *place)
{
    anshin_ca_line_t line;
    struct stat facts;
    char text[ROOM];

    (void)replace(place, -1, 0);
    anshin_error_clear(&err);
    ok(anshin_rollover_read(&line, place->directory, place->path, &err, pool) == APR_SUCCESS && line.issuing == 2 &&
           line.last == 2 && line.count == 1 && line.trusted[0] == 2 && same_text(line.keys[0], TOKEN_KEY) &&
           stat(place->path, &facts) == 0 && (facts.st_mode & 07777) == 0644,
       "what was written is read, whoever it is (CAS-2: %s)", err.text);
    (void)content(place->path, text);
    for (apr_size_t length = 0; length < strlen(place->texts[1]); length++) {
        scratch_write(place->path, text, length, 0644);
        anshin_error_clear(&err);
        if (anshin_rollover_read(&line, place->directory, place->path, &err, pool) != ANSHIN_EINVALID ||
            !same_text(err.id, "AN1235") || line.count != 0) {
            ok(0, "a half of %d octets is taken for a roll-over", (int)length);
        }
    }
    (void)unlink(place->path);
    anshin_error_clear(&err);
    ok(anshin_rollover_read(&line, place->directory, place->path, &err, pool) == APR_SUCCESS && line.count == 0 &&
           err.text[0] == '\0',
       "without a file there is no roll-over; no half of one is believed (%d octets)", (int)strlen(place->texts[1]));
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
        place_t place = {.writer = &writers[i], .directory = scratch_directory(pool)};

        place.path = apr_pstrcat(pool, place.directory, "/", writers[i].file, NULL);
        place.texts[0] = put(&place, 0);
        place.texts[1] = put(&place, 1);
        looks = torn = 0;
        test_order(&place);
        test_faults(&place);
        test_short(&place);
        test_interrupted(&place);
        if (i == 0) {
            test_leftover(&place);
            test_read(&place);
        }
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

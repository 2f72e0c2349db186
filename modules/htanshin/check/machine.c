/*
 * htanshin check: the machine, see machine.h.
 */
#include "htanshin/check/machine.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/check/problem.h"
#include "runtime/board_file.h"
#include "runtime/io.h"
#include "runtime/signs.h"

/* Sessions go on from what is open; logins and changes do not once nothing can be written (B53). */
static void check_space(anshin_call_t *call)
{
    apr_uint64_t octets = 0;

    if (anshin_io_space(call->config->server.state_dir, &octets) == APR_SUCCESS && octets < ANSHIN_IO_SPACE_LOW) {
        (void)anshin_check_find(call,
                                octets < ANSHIN_IO_SPACE_LOW / 8 ? ANSHIN_FINDING_SPACE_OUT : ANSHIN_FINDING_SPACE_LOW,
                                apr_psprintf(call->pool, "%s: %d MiB are left on its file system",
                                             call->config->server.state_dir, (int)(octets >> 20)));
    }
}

/* 1: the worker was there a moment ago, and httpd starts another one. */
static int is_changed(anshin_call_t *call)
{
    anshin_board_t *board = NULL;
    anshin_error_t unseen;
    anshin_signs_t signs;

    anshin_error_clear(&unseen);
    (void)anshin_board_open(&board, call->config, ANSHIN_BOARD_READ, &unseen, call->pool);
    anshin_signs_look(&signs, call->config, board, call->pool);
    return anshin_status_worker(&signs) == 1;
}

/* It holds a lock as long as it lives (ca/instance_lock.h). Before the first start there is none. */
static void check_worker(anshin_call_t *call)
{
    const char *path = apr_pstrcat(call->pool, call->config->server.state_dir, "/run/ca.lock", NULL);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    if (flock(fd, LOCK_SH | LOCK_NB) == 0 && !is_changed(call)) {
        (void)anshin_check_find_with(call, ANSHIN_FINDING_WORKER,
                                     "the CA worker does not run: no certificate is issued and no mail goes out",
                                     call->config->server.worker ? anshin_finding(ANSHIN_FINDING_WORKER)->remedy
                                                                 : "start anshin-ca (AnshinCAWorker is off)");
    }
    (void)close(fd);
}

/* --- programs --------------------------------------------------------------------------------------------------- */

/* The user that httpd is started by, whose the state directory is. */
static uid_t started_by(const anshin_call_t *call)
{
    struct stat seen;

    return stat(call->config->server.state_dir, &seen) == 0 ? seen.st_uid : 0;
}

/* What one can change, all that it does can be changed by whoever it is. */
static int is_open(const struct stat *seen, uid_t httpd)
{
    mode_t others = S_IWOTH | (seen->st_gid != 0 ? S_IWGRP : 0);

    return (seen->st_uid != 0 && seen->st_uid != httpd) ||
           ((seen->st_mode & others) != 0 && (seen->st_mode & S_ISVTX) == 0);
}

/* The file and the directory that it lies in, where another could be put in its place. */
static void check_program(anshin_call_t *call, const char *path)
{
    const char *directory = apr_pstrmemdup(call->pool, path, (apr_size_t)(strrchr(path, '/') - path));
    const char *which[] = {path, directory[0] != '\0' ? directory : "/"};

    for (int i = 0; i < 2; i++) {
        struct stat seen;

        if (stat(which[i], &seen) == 0 && is_open(&seen, started_by(call))) {
            (void)anshin_check_find(call, ANSHIN_FINDING_PROGRAM,
                                    apr_psprintf(call->pool, "%s, which Anshin Login runs%s: mode %04o, user %lu", path,
                                                 i == 0 ? "" : apr_psprintf(call->pool, ", lies in %s", directory),
                                                 (unsigned)(seen.st_mode & 07777), (unsigned long)seen.st_uid));
            return;
        }
    }
}

/* The program of a command line. */
static void check_command(anshin_call_t *call, const char *command)
{
    const char *path = command != NULL ? apr_pstrmemdup(call->pool, command, strcspn(command, " \t")) : "";

    if (path[0] == '/') {
        check_program(call, path);
    }
}

static void check_programs(anshin_call_t *call)
{
    const anshin_server_t *server = &call->config->server;

    if (server->program_dir != NULL) {
        check_program(call, apr_pstrcat(call->pool, server->program_dir, "/anshin-ca", NULL));
        check_program(call, apr_pstrcat(call->pool, server->program_dir, "/anshin-signer", NULL));
    }
    check_command(call, server->mail_command);
    check_command(call, server->audit_command);
    check_command(call, server->event_command);
}

/* Looked at while we still were root. */
static void check_state(anshin_call_t *call)
{
    if (call->state_wrong != NULL) {
        (void)anshin_check_find(call, ANSHIN_FINDING_STATE, call->state_wrong);
    }
    if (call->password_wrong != NULL) {
        (void)anshin_check_find(call, ANSHIN_FINDING_STORE_PASSWORD, call->password_wrong);
    }
}

void anshin_check_machine(anshin_call_t *call)
{
    check_state(call);
    check_space(call);
    check_worker(call);
    check_programs(call);
}

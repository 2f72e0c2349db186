/*
 * A child of the command: see child.h.
 *
 * SECURITY. The child becomes the other user for good, and answers with one JSON text. What it does not say in so many
 * words was not done.
 */
#include "htanshin/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/language/language.h"
#include "runtime/io.h"
#include "runtime/privilege.h"

#define ANSWER_MAX 4194304 /* octets: the longest are those of key rotate --leaked, of 2,000 users and certificates */

static void answer(int fd, json_t *told, apr_status_t status, const anshin_error_t *err)
{
    apr_pool_t *pool;
    char *text;

    apr_pool_create(&pool, NULL); /* that of the call may be gone */
    if (status != APR_SUCCESS) {
        json_object_set_new(told, "failed",
                            json_pack("{s:i, s:s, s:s, s:s}", "status", (int)status, "id", err->id, "text", err->text,
                                      "said", anshin_say_error(err, pool)));
    } else {
        json_object_set_new(told, "checked", json_true());
    }
    text = json_dumps(told, JSON_COMPACT);
    if (text != NULL) {
        (void)anshin_io_write(fd, text, strlen(text));
    }
    _exit(0);
}

/* Its answer, into call->result; a failure into call->op.error. */
static apr_status_t hear(anshin_call_t *call, int fd)
{
    char *text = apr_palloc(call->pool, ANSWER_MAX);
    apr_size_t length = 0;
    json_t *told =
        anshin_io_read(fd, text, ANSWER_MAX, &length) == APR_SUCCESS ? json_loadb(text, length, 0, NULL) : NULL;
    json_t *failed = json_object_get(told, "failed");
    const char *id = NULL, *why = NULL, *said = NULL;
    int cause = 0;
    apr_status_t status = APR_SUCCESS;

    if (json_unpack(failed, "{s:i, s:s, s:s, s:s}", "status", &cause, "id", &id, "text", &why, "said", &said) == 0 &&
        cause != 0) {
        status = anshin_fail(&call->op.error, cause, apr_pstrdup(call->pool, id), "%s", why);
        call->said = said[0] != '\0' ? apr_pstrdup(call->pool, said) : NULL;
    } else if (!json_is_true(json_object_get(told, "checked"))) {
        status = anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1745", "a process of this command has died");
    } else {
        json_object_del(told, "checked");
        json_object_update(call->result, told);
    }
    json_decref(told);
    return status;
}

apr_status_t anshin_child_run(anshin_call_t *call, uid_t uid, gid_t group,
                              apr_status_t (*run)(void *baton, json_t *told), void *baton)
{
    const anshin_unix_user_t user = {.name = "of the state directory", .uid = uid};
    apr_status_t status;
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1746", "no process can be started: %s", strerror(errno));
    }
    if (child == 0) {
        json_t *told = json_object();

        (void)close(ends[0]);
        (void)umask(S_IRWXO);
        status =
            geteuid() == 0 && uid != (uid_t)-1 ? anshin_privilege_drop(&user, group, 0, &call->op.error) : APR_SUCCESS;
        answer(ends[1], told, status == APR_SUCCESS ? run(baton, told) : status, &call->op.error);
    }
    (void)close(ends[1]);
    status = hear(call, ends[0]);
    (void)close(ends[0]);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    return status;
}

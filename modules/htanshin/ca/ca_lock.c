/*
 * One at a time changes the CAs: see ca_lock.h.
 *
 * SECURITY: in run/, where the signer's user and the worker's both can: the group may keep operators from changing
 * anything, which it could anyway, but what it writes there is shown without its control characters and trusted in
 * nothing.
 */
#include "htanshin/ca/ca_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/call.h"
#include "htanshin/print.h"
#include "runtime/io.h"
#include "runtime/state_names.h"

#define MODE 0660
#define TEXT_MAX 200

static apr_status_t refuse(anshin_call_t *call, int fd)
{
    char text[TEXT_MAX + 1] = "";
    apr_size_t length = 0;

    (void)anshin_io_read(fd, text, TEXT_MAX, &length);
    text[length] = '\0';
    return anshin_fail(&call->op.error, ANSHIN_EBUSY, "AN1255",
                       "the CAs are being changed by %s; wait until it has ended, then look at htanshin ca list before "
                       "you try again",
                       length > 0 ? anshin_text_clean(text, call->pool) : "another command");
}

/* Who has the lock, for those who come meanwhile; nothing hangs on it. */
static void sign(const anshin_call_t *call, int fd)
{
    const char *text = apr_psprintf(call->pool, "htanshin %s %s (process %ld, started by %s)", call->command->family,
                                    call->command->verb, (long)getpid(),
                                    call->op.actor.name != NULL ? call->op.actor.name : "nobody known");

    if (ftruncate(fd, 0) == 0) {
        (void)anshin_io_write(fd, text, strlen(text));
    }
}

apr_status_t anshin_ca_lock(anshin_call_t *call)
{
    const char *path = apr_pstrcat(call->pool, call->state_dir, "/" ANSHIN_STATE_RUN "/ca-change.lock", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, MODE);
    int code;

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        sign(call, fd); /* the descriptor stays open, and the lock with it */
        return APR_SUCCESS;
    }
    code = errno;
    if (fd >= 0 && code == EWOULDBLOCK) {
        apr_status_t status = refuse(call, fd);

        (void)close(fd);
        return status;
    }
    return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1256", "%s: %s", path, strerror(code));
}

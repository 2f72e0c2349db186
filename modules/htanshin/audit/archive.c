/*
 * htanshin audit archive and retire: closed segments go where the operator keeps them.
 *
 * A copy is whole and durable before the store says that it is there; and the store says that a segment is retired
 * before its file goes. Killed in between, the same command goes on.
 */
#include "htanshin/audit/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/admin/trail_keeping.h"
#include "htanshin/audit/retire.h"
#include "htanshin/audit/show.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/io.h"
#include "runtime/trail_file.h"

#define MODE 0640

static apr_status_t cannot(anshin_call_t *call, const char *what, const char *path)
{
    return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1478",
                       "%s %s: %s (the command works as the CA worker's user)", what, path, strerror(errno));
}

/* From in to out, and on disk. *octets: how many. 0: failed. */
static int copy_all(int in, int out, apr_int64_t *octets)
{
    char buffer[65536];
    apr_size_t length = 0;

    *octets = 0;
    do {
        if (anshin_io_read(in, buffer, sizeof(buffer), &length) != APR_SUCCESS ||
            anshin_io_write(out, buffer, length) != APR_SUCCESS) {
            return 0;
        }
        *octets += (apr_int64_t)length;
    } while (length > 0);
    return fsync(out) == 0;
}

/* In place of what a killed one has left. */
static apr_status_t copy_segment(anshin_call_t *call, const char *from, const char *to, apr_int64_t wanted)
{
    const char *fresh = apr_pstrcat(call->pool, to, ".new", NULL);
    apr_int64_t octets = 0;
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int out;
    int whole;

    if (in < 0) {
        return cannot(call, "cannot read", from);
    }
    (void)unlink(fresh);
    out = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    whole = out >= 0 && copy_all(in, out, &octets);
    (void)close(in);
    if (out >= 0) {
        (void)close(out);
    }
    if (!whole) {
        return cannot(call, "cannot write", fresh);
    }
    if (octets != wanted) {
        return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1479",
                           "%s is not as long as it was closed; see htanshin audit verify", from);
    }
    return rename(fresh, to) == 0 ? APR_SUCCESS : cannot(call, "cannot write", to);
}

static apr_status_t write_anchor(anshin_call_t *call, const anshin_audit_anchor_t *anchor, const char *path)
{
    const char *text = apr_psprintf(
        call->pool,
        "{\"segment\":%" APR_INT64_T_FMT ",\"lines\":%" APR_INT64_T_FMT ",\"events\":%" APR_INT64_T_FMT
        ",\"closed_at\":%" APR_INT64_T_FMT ",\"anchor\":\"%s\"}\n",
        anchor->segment, anchor->lines, anchor->events, (apr_int64_t)apr_time_sec(anchor->closed_at), anchor->chain);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, MODE);
    int whole = out >= 0 && anshin_io_write(out, text, strlen(text)) == APR_SUCCESS && fsync(out) == 0;

    if (out >= 0) {
        (void)close(out);
    }
    return whole ? APR_SUCCESS : cannot(call, "cannot write", path);
}

static apr_status_t archive_one(anshin_call_t *call, const char *directory, const anshin_audit_anchor_t *anchor)
{
    const char *from = anshin_trail_path(&call->env, anchor->segment, call->pool);
    const char *to = apr_pstrcat(call->pool, directory, strrchr(from, '/'), NULL);
    apr_status_t status = copy_segment(call, from, to, anchor->octets);

    return status == APR_SUCCESS ? write_anchor(call, anchor, apr_pstrcat(call->pool, to, ".anchor", NULL)) : status;
}

apr_status_t anshin_audit_archive(anshin_call_t *call)
{
    const char *directory = call->operands[0];
    apr_array_header_t *segments;
    apr_array_header_t *fresh = apr_array_make(call->pool, 16, sizeof(anshin_audit_anchor_t));
    apr_status_t status = anshin_trail_segments(&call->op, &segments);

    if (directory[0] != '/') {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1480", "DIR: must be an absolute path");
    }
    for (int i = 0; status == APR_SUCCESS && i < segments->nelts; i++) {
        const anshin_audit_anchor_t *anchor = &APR_ARRAY_IDX(segments, i, anshin_audit_anchor_t);

        if (anchor->archived_at == 0) {
            status = archive_one(call, directory, anchor);
            APR_ARRAY_PUSH(fresh, anshin_audit_anchor_t) = *anchor;
        }
    }
    if (status == APR_SUCCESS && fresh->nelts > 0 && (errno = anshin_io_sync_directory(directory)) != 0) {
        status = cannot(call, "cannot sync", directory);
    }
    if (status == APR_SUCCESS) {
        status = anshin_trail_archived(&call->op, fresh);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    call->result = json_object();
    anshin_result_text(call->result, "directory", directory, call->pool);
    anshin_result_number(call->result, "archived", fresh->nelts);
    anshin_result_number(call->result, "kept", segments->nelts);
    return APR_SUCCESS;
}

/* What a killed one has left goes as well. */
static int remove_below(anshin_call_t *call, apr_int64_t first)
{
    int removed = 0;

    for (apr_int64_t at = first - 1; at > 0 && unlink(anshin_trail_path(&call->env, at, call->pool)) == 0; at--) {
        removed++;
    }
    return removed;
}

/* --- retiring ----------------------------------------------------------------------------------------------------- */

apr_status_t anshin_audit_retire(anshin_call_t *call)
{
    const anshin_server_t *server = &call->config->server;
    anshin_trail_limits_t limits = {0, server->audit_command != NULL, server->event_command != NULL};
    apr_int64_t first = 0;
    int left;
    apr_status_t status = anshin_audit_time(call, "until", &limits.until);

    if (status == APR_SUCCESS) {
        status = anshin_audit_retire_until(&call->op, &limits, &first);
    }
    left = status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? remove_below(call, first) : 0;
    if (status == ANSHIN_ENOTFOUND && left == 0) {
        return anshin_fail(&call->op.error, status, "AN1481",
                           "no segment was closed before that time, is archived (htanshin audit archive)%s%s",
                           limits.audit_command ? " and has gone through AnshinAuditCommand" : "",
                           limits.event_command ? " and was read for AnshinEventCommand" : "");
    }
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    call->result = json_object();
    anshin_result_number(call->result, "retired", left);
    anshin_result_number(call->result, "first_kept", first);
    return APR_SUCCESS;
}

/*
 * What has become of attempts: see attempts.h.
 *
 * SECURITY: programs that close out addresses go by these lines. The address stands in httpd's own head of the line,
 * and behind it words of ours alone: nothing that a client sent stands before the id or between it and them.
 */
#include "portal/request/attempts.h"

#include <http_log.h>

#include "core/account/history.h"
#include "core/status/board.h"

APLOG_USE_MODULE(anshin_portal);

void anshin_portal_attempts_tell(anshin_portal_request_t *request)
{
    const anshin_op_t *op = &request->op;

    anshin_board_count(op->env->board, op->contract->name, op->told);
    for (int result = 0; result < ANSHIN_BOARD_RESULTS; result++) {
        if ((op->told >> result & 1) != 0 && anshin_history_mark(result) == ANSHIN_MARK_FAILED) {
            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, request->r, "AN1660: attempt failed: %s in %s",
                          anshin_history_result_name(result), op->contract->name);
        }
    }
    if (op->asked) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, request->r, "AN1661: a mail was asked for without a login in %s",
                      op->contract->name);
    }
}

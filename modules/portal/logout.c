/*
 * Logout (LOG-9): the session ends on the server, then the browser forgets it.
 */
#include "portal/route.h"

#include <http_log.h>

#include "core/cookie_header.h"
#include "core/history.h"
#include "httpd/cookie.h"

APLOG_USE_MODULE(anshin_portal);

int anshin_logout_get(anshin_exchange_t *x)
{
    return x->logged_in ? anshin_answer_page(x, "logout", HTTP_OK) : anshin_answer_redirect(x, "/login");
}

/* The line in the history; the session is over already, so that a failure here keeps nobody logged in. */
static void note(anshin_exchange_t *x)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_LOGOUT,
                              .terminal = x->session.terminal,
                              .method = x->session.method,
                              .serial = x->session.serial};
    anshin_op_t *op = &x->op;
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_WRITE, &op->error, op->pool);

    if (status == APR_SUCCESS) {
        status = anshin_history_add(op, txn, x->session.user, &entry);
        if (status == APR_SUCCESS) {
            status = anshin_txn_commit(txn, ANSHIN_DURABLE);
        } else {
            anshin_txn_abort(txn);
        }
    }
    if (status != APR_SUCCESS) {
        anshin_exchange_log(x, APLOG_ERR, "AN0640", "logout is not in the history");
    }
}

int anshin_logout_post(anshin_exchange_t *x)
{
    if (x->logged_in) {
        apr_status_t status = anshin_session_end(&x->op, x->session_key);

        if (status != APR_SUCCESS) {
            return anshin_answer_failure(x, status == ANSHIN_EBUSY ? ANSHIN_EBUSY : ANSHIN_EFAULT, "logout");
        }
        note(x);
    }
    anshin_cookie_clear(x->r, anshin_session_cookie(x->op.contract->name, x->op.pool));
    json_object_del(x->page->data, "user"); /* the page no longer speaks of anybody */
    return anshin_answer_page(x, "logged-out", HTTP_OK);
}

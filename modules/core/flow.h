/*
 * Flows of several pages that begin with a mailed or handed-out link (S9, S29): which link, and how far the person has
 * come.
 *
 * The server keeps nothing: the flow is sealed into a cookie of the browser, bound to the contract, and ends by its own
 * time. What may happen only once is kept by the store, under the link's token.
 */
#ifndef ANSHIN_CORE_FLOW_H
#define ANSHIN_CORE_FLOW_H

#include "core/op.h"

typedef enum anshin_flow_kind_t {
    ANSHIN_FLOW_NONE,
    ANSHIN_FLOW_REGISTER,
    ANSHIN_FLOW_DOWNLOAD,
    ANSHIN_FLOW_LOGIN, /* between the right password and the session: code, forced change */
    ANSHIN_FLOW_REISSUE_PASSWORD,
    ANSHIN_FLOW_REISSUE_CERTIFICATE,
    ANSHIN_FLOW_TERMINAL,
    ANSHIN_FLOW_METHOD,
    ANSHIN_FLOW_AUTHENTICATOR,
    ANSHIN_FLOW_COUNT
} anshin_flow_kind_t;

/* In the order in which a flow reaches them. */
typedef enum anshin_flow_stage_t {
    ANSHIN_STAGE_OPENED,  /* the link was opened and nothing is proven; or the first page was sent */
    ANSHIN_STAGE_CODE_OK, /* registration, login: the code was right */
    ANSHIN_STAGE_FETCHED, /* download: the file was fetched once at least */
    ANSHIN_STAGE_RESULT   /* over; the result waits to be shown */
} anshin_flow_stage_t;

#define ANSHIN_FLOW_RESULT_LIFE apr_time_from_sec(600) /* how long a result waits to be shown */
#define ANSHIN_FLOW_NOTE_MAX 600                       /* longest note, in bytes */
#define ANSHIN_FLOW_TEXT_MAX 1200                      /* longest sealed form, in bytes */

typedef struct anshin_flow_t {
    anshin_flow_kind_t kind;
    anshin_flow_stage_t stage;
    apr_time_t expires_at;
    const char *token;  /* of the link, or the stamp of a login; "" once the flow is over */
    const char *secret; /* what is to be shown once; "" when there is nothing */
    const char *note;   /* what the flow's own pages wrote: one line; "" when there is nothing */
} anshin_flow_t;

/* 1 when text has the form of a link's token. */
int anshin_flow_token_valid(const char *text);

/* A flow at its beginning, that ends when the contract's flow lifetime is over. */
void anshin_flow_start(anshin_op_t *op, anshin_flow_t *flow, anshin_flow_kind_t kind, const char *token);

/* The flow is over: forget its token, keep what is to be shown (NULL: nothing) for a short while. */
void anshin_flow_finish(anshin_op_t *op, anshin_flow_t *flow, const char *secret);

/* Seal for op->contract: base64url text in op->pool. APR_SUCCESS; ANSHIN_EINVALID (a text too long or with a line end);
 * ANSHIN_EFAULT. */
apr_status_t anshin_flow_seal(anshin_op_t *op, const anshin_flow_t *flow, const char **text);

/* The reverse. APR_SUCCESS; ANSHIN_EDENIED (not ours, changed, over its time, of another contract or kind), which is an
 * answer and leaves no cause in op->error; ANSHIN_EFAULT. text may be NULL: denied. */
apr_status_t anshin_flow_unseal(anshin_op_t *op, const char *text, anshin_flow_kind_t kind, anshin_flow_t *flow);

#endif

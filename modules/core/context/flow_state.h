/*
 * What is known of a flow of several pages; flow.h says what is done with it. Apart, since whatever runs works
 * (op.c) takes back what one that came to nothing has written there.
 */
#ifndef ANSHIN_CORE_CONTEXT_FLOW_STATE_H
#define ANSHIN_CORE_CONTEXT_FLOW_STATE_H

#include <jansson.h>

#include "core/base/anshin.h"

/* On disk and in browsers, never renumbered. */
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
    ANSHIN_FLOW_RENEWAL,
    ANSHIN_FLOW_RENEWAL_ENDED, /* of a certificate that has ended: without a login */
    ANSHIN_FLOW_LOST_DEVICE,
    ANSHIN_FLOW_SELF_LOCK,
    ANSHIN_FLOW_PHONE, /* shows a QR code */
    ANSHIN_FLOW_COUNT
} anshin_flow_kind_t;

/* In the order in which a flow reaches them. On disk, never renumbered. */
typedef enum anshin_flow_stage_t {
    ANSHIN_STAGE_OPENED,  /* the link was opened and nothing is proven; or the first page was sent */
    ANSHIN_STAGE_CODE_OK, /* registration, login: the code was right; lost device: the proof */
    ANSHIN_STAGE_FETCHED, /* download: the file was fetched once at least */
    ANSHIN_STAGE_RESULT,  /* done; the result may be looked at for a while (SEC-1) */
    ANSHIN_STAGE_ENDED    /* the person has confirmed: what was shown once is shown no more */
} anshin_flow_stage_t;

typedef struct anshin_flow_t {
    anshin_flow_kind_t kind;
    anshin_flow_stage_t stage;
    apr_time_t expires_at;
    const char *id;       /* of addresses and forms; lets nobody in by itself */
    const char *nonce;    /* the browser's alone */
    const char *user;     /* whose it is; "" while nobody has proven anything */
    apr_int64_t terminal; /* that the result is about; 0: none */
    apr_time_t reached;   /* when the store was told of this stage; 0: never */
    const char *token;    /* of the link, or the step token of a login; "" when there is none */
    const char *secret;   /* what is to be shown once and only the browser keeps; "" when there is nothing */
    json_t *note;         /* what the flow's own pages wrote: an object, or NULL. Goes with op->pool */
} anshin_flow_t;

#endif

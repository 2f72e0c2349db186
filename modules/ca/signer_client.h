/*
 * The signer as the worker sees it: started, watched, started again, asked for certificates. Used by all threads.
 */
#ifndef ANSHIN_CA_SIGNER_CLIENT_H
#define ANSHIN_CA_SIGNER_CLIENT_H

#include "ca/reply.h"
#include "core/certificate/issue.h"

typedef struct anshin_signer_client_t anshin_signer_client_t;

typedef struct anshin_signer_client_settings_t {
    const char *program;           /* path of anshin-signer */
    const char *user;              /* whom it shall become, when we are root now; NULL: it stays who we are */
    const apr_array_header_t *cas; /* of anshin_ca_files_t */
    const char *passphrase;        /* program, or NULL */
    const char *apple;             /* certificate that Apple profiles are signed with, or NULL */
    const char *apple_key;         /* its key */
    int for_reader;                /* 1: what it says begins with its level (anshin_log_for_reader()) */
} anshin_signer_client_settings_t;

/* Start the signer; it gets ready by and by. settings and its texts must live as long. pool's cleanup ends the
 * signer. APR_SUCCESS; ANSHIN_EFAULT (no socket, no process, no such program). */
apr_status_t anshin_signer_client_start(anshin_signer_client_t **signer_client,
                                        const anshin_signer_client_settings_t *settings, anshin_error_t *err,
                                        apr_pool_t *pool);

/* What poll(2) shall look at for us: *fd (-1: nothing) for *events, and not longer than until *again (0: as long as
 * you like). Then call tend, which never waits: it notices that the signer is ready, or has died, and starts it
 * again in time, as far as we still can (a worker that was root cannot make another process of the signer's user). */
void anshin_signer_client_watch(anshin_signer_client_t *signer_client, int *fd, short *events, apr_time_t *again);
void anshin_signer_client_tend(anshin_signer_client_t *signer_client);

/* 1 when the signer has died for good as far as this worker is concerned, and it has waited a while: let another
 * worker come. */
int anshin_signer_client_is_lost(anshin_signer_client_t *signer_client);

/* Wait until the signer is ready. APR_SUCCESS; ANSHIN_EBUSY: it is not, after wait, or is lost. */
apr_status_t anshin_signer_client_wait(anshin_signer_client_t *signer_client, apr_interval_time_t wait,
                                       anshin_error_t *err);

/* A CA of the settings, by its name. APR_SUCCESS; ANSHIN_EBUSY: the signer is not there, or could not open it. */
apr_status_t anshin_signer_client_ca(anshin_signer_client_t *signer_client, const char *name, anshin_reply_ca_t *ca,
                                     anshin_error_t *err);

/* Why the signer cannot use a CA of the settings, by its name; NULL: what Apple profiles are signed with. *why: in
 * pool; "": it can. Of a CA also that the signer has ended, or does not begin. APR_SUCCESS; ANSHIN_EBUSY: nothing is
 * known. */
apr_status_t anshin_signer_client_unusable(anshin_signer_client_t *signer_client, const char *name, const char **why,
                                           apr_pool_t *pool);

/* One request and its reply. */
typedef struct anshin_signer_ask_t {
    unsigned char type;
    unsigned char reply;
    apr_status_t (*write)(void *baton, anshin_wire_t *wire); /* behind the head; APR_SUCCESS, or it is too long */
    apr_status_t (*read)(void *baton, anshin_wire_t *wire);  /* behind the head; APR_SUCCESS, or ANSHIN_EFAULT: it is
                                                              * not what a signer says */
    void *baton;
} anshin_signer_ask_t;

/* Ask, while no other thread does. Answers as of anshin_signer_client_issue(). */
apr_status_t anshin_signer_client_ask(anshin_signer_client_t *signer_client, const anshin_signer_ask_t *ask,
                                      anshin_error_t *err, apr_pool_t *pool);

/* The same, when nobody waits to issue; until, by the uptime, somebody always did: ANSHIN_EBUSY. */
apr_status_t anshin_signer_client_ask_behind(anshin_signer_client_t *signer_client, const anshin_signer_ask_t *ask,
                                             apr_time_t until, anshin_error_t *err, apr_pool_t *pool);

/* The CA that an OCSP request is about; *name: of it, in the settings. APR_SUCCESS; ANSHIN_ENOTFOUND: none of ours;
 * ANSHIN_EBUSY: the signer is not ready. */
apr_status_t anshin_signer_client_issuer(anshin_signer_client_t *signer_client, const anshin_ocsp_request_t *request,
                                         const char **name, anshin_reply_ca_t *ca, anshin_error_t *err);

typedef struct anshin_signer_client_issued_t {
    const char *ca_id;
    apr_time_t ca_end;
    anshin_bytes_t certificate; /* DER */
    anshin_bytes_t ca;          /* the CA's certificate, DER */
    const char *fingerprint;
    apr_time_t not_before;
    apr_time_t not_after;
} anshin_signer_client_issued_t;

/* Have a certificate made, in pool. APR_SUCCESS; ANSHIN_EINVALID, ANSHIN_EDENIED (the signer refuses; err says
 * why); ANSHIN_EBUSY (the signer is not there, or died over it: try again); ANSHIN_EFAULT (its answer is not to be
 * understood). */
apr_status_t anshin_signer_client_issue(anshin_signer_client_t *signer_client, const anshin_issue_order_t *order,
                                        const anshin_bytes_t *spki, anshin_signer_client_issued_t *issued,
                                        anshin_error_t *err, apr_pool_t *pool);

#endif

/*
 * The signer as the worker sees it: started, watched, started again, asked for certificates. Used by all threads.
 */
#ifndef ANSHIN_CA_AUTHORITY_H
#define ANSHIN_CA_AUTHORITY_H

#include "core/issue.h"

typedef struct anshin_authority_t anshin_authority_t;

typedef struct anshin_authority_settings_t {
    const char *program;     /* path of anshin-signer */
    const char *user;        /* whom it shall become, when we are root now; NULL: it stays who we are */
    const char *certificate; /* of the CA, PEM */
    const char *key;
    const char *passphrase; /* program, or NULL */
} anshin_authority_settings_t;

/* Start the signer; it gets ready by and by. settings and its texts must live as long. pool's cleanup ends the
 * signer. APR_SUCCESS; ANSHIN_EFAULT (no socket, no process, no such program). */
apr_status_t anshin_authority_start(anshin_authority_t **authority, const anshin_authority_settings_t *settings,
                                    anshin_error_t *err, apr_pool_t *pool);

/* What poll(2) shall look at for us: *fd (-1: nothing) for *events, and not longer than until *again (0: as long as
 * you like). Then call tend, which never waits: it notices that the signer is ready, or has died, and starts it
 * again in time, as far as we still can (a worker that was root cannot make another process of the signer's user). */
void anshin_authority_watch(anshin_authority_t *authority, int *fd, short *events, apr_time_t *again);
void anshin_authority_tend(anshin_authority_t *authority);

/* 1 when the signer has died for good as far as this worker is concerned, and it has waited a while: let another
 * worker come. */
int anshin_authority_is_lost(anshin_authority_t *authority);

/* Wait until the signer is ready. APR_SUCCESS; ANSHIN_EBUSY: it is not, after wait. */
apr_status_t anshin_authority_wait(anshin_authority_t *authority, apr_interval_time_t wait, anshin_error_t *err);

typedef struct anshin_authority_issued_t {
    anshin_bytes_t certificate; /* DER */
    anshin_bytes_t ca;          /* the CA's certificate, DER */
    const char *fingerprint;
    apr_time_t not_before;
    apr_time_t not_after;
} anshin_authority_issued_t;

/* Have a certificate made, in pool. APR_SUCCESS; ANSHIN_EINVALID, ANSHIN_EDENIED (the signer refuses; err says
 * why); ANSHIN_EBUSY (the signer is not there, or died over it: try again); ANSHIN_EFAULT (its answer is not to be
 * understood). */
apr_status_t anshin_authority_issue(anshin_authority_t *authority, const anshin_issue_order_t *order,
                                    const anshin_bytes_t *spki, anshin_authority_issued_t *issued, anshin_error_t *err,
                                    apr_pool_t *pool);

#endif

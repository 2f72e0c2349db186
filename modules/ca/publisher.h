/*
 * What others learn of revocations: the list is written anew for each, and in time (CRT-6). Where machines share the
 * store, one of them makes it, and each writes the same (core/certificate/crl.h).
 */
#ifndef ANSHIN_CA_PUBLISHER_H
#define ANSHIN_CA_PUBLISHER_H

#include "ca/work.h"
#include "core/certificate/crl.h"

/* A list is written anew four times while it counts: who fetches it may miss three of them. */
#define ANSHIN_CRL_INTERVAL apr_time_from_sec(21600)

/* The list of a CA. */
typedef struct anshin_published_t {
    const char *name; /* of the CA */
    int issues;       /* 1: new certificates are its */
    int changed;      /* there are some that it does not have */
    apr_time_t next;  /* uptime when it is to be written anew, whatever happens */
    int failed;       /* the log was told that it cannot be */

    /* where machines share the store: */
    anshin_crl_out_t out; /* the list that is out, as far as this one knows, */
    apr_int64_t written;  /* and number of the one that it has written last; 0: none yet */
} anshin_published_t;

typedef struct anshin_publisher_t {
    const anshin_work_t *work;
    apr_array_header_t *lists;   /* of anshin_published_t */
    apr_array_header_t *entries; /* of anshin_revoked_entry_t: all that are revoked; NULL until they were read */
    apr_hash_t *heard;           /* serials of those that were told of -> "", where machines share the store */
    apr_time_t heard_at;         /* uptime of the last time */
    int failed;                  /* the log was told that they cannot be read */
    int unnoted;                 /* the same, that what the signer cannot use is not noted */
    apr_pool_t *pool;            /* of entries and heard */
} anshin_publisher_t;

/* Begin; what it has lives in pool, which no other thread uses. */
void anshin_publisher_init(anshin_publisher_t *publisher, const anshin_work_t *work, apr_pool_t *pool);

/* Between two steps at least, so that many revocations come into one list. */
#define ANSHIN_PUBLISHER_PAUSE apr_time_from_sec(1)

/* Look for revocations, and write the list of each CA where there are any or it is time. One thread. *sleep: until
 * which uptime there is nothing to do unless the bell rings. What fails is logged and tried again. */
void anshin_publisher_step(anshin_publisher_t *publisher, apr_time_t *sleep);

#endif

/*
 * The seal key is in wrong hands: what ends with it, once it was changed (rotation.h).
 *
 * Whoever has the key alone can forge the state of a page, so that all sessions end. Whoever has a copy of the store as
 * well knows what was sealed in it.
 */
#ifndef ANSHIN_CORE_KEEPING_LEAK_H
#define ANSHIN_CORE_KEEPING_LEAK_H

#include "core/keeping/rotation.h"

/* Of a file that waited: whoever has the store's copy has its private key. */
typedef struct anshin_leaked_certificate_t {
    const char *terminal; /* CONTRACT/USER/TERMINAL */
    const char *serial;
} anshin_leaked_certificate_t;

typedef struct anshin_leak_t {
    apr_int64_t sessions, links, downloads; /* that were ended; links: codes as well */
    apr_int64_t apps;        /* users whose authenticator app has a secret that the key opens: theirs to set up anew */
    apr_int64_t imported;    /* users whose password is a hash of another system, which the key opens */
    apr_array_header_t *who; /* of const char *: "CONTRACT/USER: what", the first 1000 of both, in op's pool */
    apr_int64_t named;       /* how many there are */
    apr_int64_t issued;      /* certificates whose file waited, */
    apr_array_header_t *certificates; /* of anshin_leaked_certificate_t: the first 1000 of them, in op's pool */
} anshin_leak_t;

/* End all sessions, and all links, codes and files that wait and were made before the change. op needs no contract.
 * APR_SUCCESS; ANSHIN_EBUSY, ANSHIN_EFAULT: some may have ended, and it may be done again. */
apr_status_t anshin_leak_end(anshin_op_t *op, const anshin_rotation_t *rotation, anshin_leak_t *leak);

#endif

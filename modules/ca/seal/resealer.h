/*
 * After a change of the seal key the worker seals anew what the old one has sealed (core/keeping/rotation.h), in
 * small steps between which it does all else.
 */
#ifndef ANSHIN_CA_SEAL_RESEALER_H
#define ANSHIN_CA_SEAL_RESEALER_H

#include "core/keeping/reseal.h"

#define ANSHIN_RESEALER_REST apr_time_from_msec(200) /* a step is a fourth of it: a fifth of a processor at most */

/* Zeroed at start. */
typedef struct anshin_resealer_t {
    anshin_reseal_t pass;
    apr_time_t began;    /* the pass; 0: none is under way */
    apr_int64_t renewed; /* records, in all passes */
    int told;            /* 1: of what is passed over */
} anshin_resealer_t;

/* Do a step, if there is anything to do. Failures are logged, and tried again. 1: go on after ANSHIN_RESEALER_REST;
 * 0: at leisure. */
int anshin_resealer_step(const anshin_env_t *env, anshin_resealer_t *resealer);

#endif

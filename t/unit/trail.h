/*
 * An audit trail in a store that can die at any step, with acts of two users: for those who test what is written of it.
 */
#ifndef UNIT_TRAIL_H
#define UNIT_TRAIL_H

#include "ca/chainer.h"
#include "htanshin/audit/verify.h"
#include "unit/fixture.h"

#define TRAIL_NUMBER "0123456789abcdef0123456789abcdef" /* of the accounts */
#define TRAIL_OTHER "fedcba9876543210fedcba9876543210"

extern fixture_t trail_fixture;
extern anshin_chainer_t trail_chainer;
extern anshin_verified_t trail_verified; /* by the last trail_verify() */

/* A new one, whose segments have three events. */
void trail_open(apr_pool_t *pool);

/* An act; taken: its change is made. */
void trail_tell(const char *user, const char *number, int taken);

/* As the worker does, until there is nothing more to do. */
apr_status_t trail_chain(void);

/* What verify finds. */
typedef struct trail_found_t {
    int count;
    apr_int64_t segment; /* of the first finding */
    apr_int64_t line;
    char what[300];
} trail_found_t;
trail_found_t trail_verify(void);

/* 1: it is whole, with so many events in segments, and so many that wait. */
int trail_is_whole(apr_int64_t events, apr_int64_t unchained);

/* 1: verify finds what says that, first. */
int trail_finds(const char *says);

#endif

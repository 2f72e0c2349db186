/*
 * The seal key is rotated (BAK-2). What that does to everything that is made with it: reseal.h.
 *
 *   announced   STATE/seal.key.new is there. Every process looks at the key files before it uses a key
 *               (crypto/derive.h), so that after twice that time each knows it; nothing is made with it yet.
 *   changed     it is seal.key, and the one before seal.key.old. From then on it is used, at once in every process.
 *               The store is told (begin).
 *   sealed anew the worker has gone over the whole store, in a pass that began a while after the change, and found
 *               nothing by the old key.
 *   ended       no link waits that was made before the change, and ANSHIN_ROTATION_KEEP is over: what the trail needs
 *               of the old key is kept in the store (end), and its file is wiped.
 *
 * The files alone say how far it is; the store's fact "seal-key" says what was done then. Each step may be done again,
 * and whoever was killed in the midst goes on with `htanshin key rotate`. On several nodes
 * seal.key.new would have to be on all of them before one changes: this command knows one.
 *
 * The fact is JSON: {"key","former","changed","resealed","kept":[[ID, SEALED], ...]}. ID: what tells keys apart, a MAC
 * of nothing; former: that of the old key, only while it is there; changed, resealed: times; kept: of keys that have
 * gone, the youngest first, sealed with the present one.
 */
#ifndef ANSHIN_CORE_KEEPING_ROTATION_H
#define ANSHIN_CORE_KEEPING_ROTATION_H

#include "core/context/op.h"

#define ANSHIN_ROTATION_KEEP apr_time_from_sec(86400) /* pages that were open at the change may be sent for so long */

/* From then on hardly anything comes any more that was made with the old key before a process saw the new one: a
 * command may seal something first and then wait for the lock of the store. What comes all the same is found before the
 * old key goes (again). */
#define ANSHIN_ROTATION_SETTLE apr_time_from_sec(30)

#define ANSHIN_KEY_ID_TEXT 16

typedef struct anshin_rotation_t {
    int is_known;           /* the store was told of a key at all */
    const char *key;        /* ID of the key that the store was last told of; NULL: of none */
    const char *former;     /* of the one before, while it is needed; NULL: nothing is under way */
    apr_time_t changed_at;  /* 0: never */
    apr_time_t resealed_at; /* 0: not yet */
    apr_int64_t kept;       /* keys that have gone */
} anshin_rotation_t;

/* The ID of the nth of the keys at hand, in op's pool. ANSHIN_ENOTFOUND: there is none; ANSHIN_EFAULT. */
apr_status_t anshin_key_id(anshin_op_t *op, int n, const char **id);

/* 1: more than one seal key is at hand. */
int anshin_rotation_has_other(anshin_op_t *op);

/* What the store says. op needs no contract, here and below. ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_rotation_get(anshin_op_t *op, anshin_rotation_t *rotation);

/* Tell the store of a change whose old key is still there; told before, or ended already, nothing changes. */
apr_status_t anshin_rotation_begin(anshin_op_t *op);

/* All of the store was gone over in a pass that began at a time, with a pass that found nothing to do. */
apr_status_t anshin_rotation_resealed(anshin_op_t *op, apr_time_t pass_began);

/* Something by the old key was found after that: the worker goes over all of the store once more. */
apr_status_t anshin_rotation_again(anshin_op_t *op);

/* What still needs the old key. */
typedef struct anshin_rotation_rest_t {
    apr_int64_t links;    /* that wait, or codes, made before the change */
    apr_time_t last_ends; /* when the last of them ends */
} anshin_rotation_rest_t;
apr_status_t anshin_rotation_rest(anshin_op_t *op, const anshin_rotation_t *rotation, anshin_rotation_rest_t *rest);

/* Keep what the trail needs of the old key, and tell the store that it goes: its file may be wiped then. */
apr_status_t anshin_rotation_end(anshin_op_t *op);

/* What is kept of keys that have gone, into env's crypto: once in every process, when it has opened its store. */
apr_status_t anshin_rotation_recall(const anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool);

#endif

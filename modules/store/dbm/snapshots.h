/*
 * Hands out snapshots: to every transaction of a process the one that shows all that is committed when it
 * begins.
 */
#ifndef ANSHIN_STORE_SNAPSHOTS_H
#define ANSHIN_STORE_SNAPSHOTS_H

#include <apr_thread_mutex.h>

#include "store/files/control.h"
#include "store/dbm/snapshot.h"

typedef struct anshin_snapshots_t {
    const anshin_store_place_t *place;
    const anshin_control_t *control;
    apr_thread_mutex_t *mutex; /* around newest, its growth, and the references of all snapshots */
    anshin_snapshot_t *newest; /* NULL until the first transaction */
} anshin_snapshots_t;

/* Begin, with none taken yet; place and control outlive it. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_snapshots_open(anshin_snapshots_t *snapshots, const anshin_store_place_t *place,
                                   const anshin_control_t *control, anshin_error_t *err, apr_pool_t *pool);

/* After the last snapshot was given back. */
void anshin_snapshots_close(anshin_snapshots_t *snapshots);

/* Take a snapshot: *position is what it shows now, *mark the same as a place in the journal. Others may let it grow:
 * look at nothing beyond *position. Give it back. */
apr_status_t anshin_snapshots_take(anshin_snapshot_t **snapshot, anshin_position_t *position, anshin_mark_t *mark,
                                   anshin_snapshots_t *snapshots, anshin_error_t *err);
void anshin_snapshots_give_back(anshin_snapshots_t *snapshots, anshin_snapshot_t *snapshot);

/* If the newest snapshot is of a base that was replaced, let go of it; transactions that have it keep it. */
void anshin_snapshots_let_go(anshin_snapshots_t *snapshots);

#endif

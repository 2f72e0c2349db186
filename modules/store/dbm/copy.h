/*
 * A copy of the store while others go on: the files that make a store of the records as they are at one moment.
 *
 * A snapshot keeps its base and its journals (base.h): they are handed out as they are, the last journal as far as the
 * snapshot reaches. Blobs have no snapshot. They are handed out first; then those that came meanwhile are, behind a
 * snapshot, which counts only when each blob that it names was handed out; else it is taken anew. Blobs beyond that
 * are orphans of the copy, which housekeeping wipes.
 */
#ifndef ANSHIN_STORE_COPY_H
#define ANSHIN_STORE_COPY_H

#include "core/store/store_types.h"
#include "store/dbm/snapshots.h"

/* anshin_store_copy(). */
apr_status_t anshin_copy_run(const anshin_store_place_t *place, const anshin_control_t *control,
                             anshin_snapshots_t *snapshots, const anshin_store_sink_t *sink, anshin_error_t *err);

#endif

/*
 * Scrubbing: what was deleted goes from the files as well.
 *
 * A record that is deleted is only no longer found: journals hold it until the next checkpoint, and apr_dbm leaves its
 * octets in pages that it has cleared. So the next two bases are made anew, of nothing but the records that are there;
 * then no file is left of those that held what was deleted. A file scrub.N says so to whoever makes the bases up to
 * base.N (checkpoint.c); one that a killed scrub has left does no harm, and goes with base.N.
 */
#ifndef ANSHIN_STORE_SCRUB_H
#define ANSHIN_STORE_SCRUB_H

#include "store/dbm/snapshots.h"
#include "store/dbm/writer.h"

/* Make two bases, and wait until all files from before are gone: other processes may still read them for a moment.
 * Others go on reading and writing meanwhile. It takes as long as two walks over the store. ANSHIN_EBUSY: somebody
 * keeps an old file; ANSHIN_EFAULT. */
apr_status_t anshin_scrub_run(const anshin_store_place_t *place, anshin_control_t *control, anshin_writer_t *writer,
                              anshin_snapshots_t *snapshots, anshin_error_t *err);

#endif

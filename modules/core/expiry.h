/*
 * What ends in time: an index by the minute, so that housekeeping finds what is over without looking at what is not.
 *
 * Whoever makes a record that time makes superfluous files it in the same transaction, under the moment when it is
 * first worth a look. Housekeeping takes what is due out of the index, looks at the record itself, and files it again
 * when its time has not come (a session that was used meanwhile). So nothing need be filed again when a record changes,
 * and one that is filed twice, or is gone, does no harm.
 */
#ifndef ANSHIN_CORE_EXPIRY_H
#define ANSHIN_CORE_EXPIRY_H

#include "core/op.h"

#define ANSHIN_KEEP_TOKEN apr_time_from_sec(30 * 86400)    /* after its end, so that the page can say "used" */
#define ANSHIN_KEEP_UNISSUED apr_time_from_sec(30 * 86400) /* a download whose certificate was never made */
#define ANSHIN_KEEP_MAIL apr_time_from_sec(30 * 86400)     /* sent or failed */
#define ANSHIN_KEEP_ADDRESS apr_time_from_sec(2 * 86400)   /* counter of an address; windows end after a day */
#define ANSHIN_KEEP_REQUEST apr_time_from_sec(86400)       /* when a reissue was last mailed */
#define ANSHIN_KEEP_FLOW apr_time_from_sec(86400)          /* after its end, whatever clocks say */
#define ANSHIN_KEEP_ORPHAN apr_time_from_sec(3600)         /* a blob that no record names */
#define ANSHIN_LOOK_HISTORY apr_time_from_sec(30 * 86400)  /* a retention that was made shorter shows by then */

/* File a record inside a write transaction; a time that is past means soon. Answers of anshin_txn_put(). */
apr_status_t anshin_expiry_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                apr_time_t due);

/* Look at one that is due, inside the write transaction that takes it out of the index. It may file it again.
 * Anything but APR_SUCCESS ends the walk. key lives as long as op's pool. */
typedef apr_status_t anshin_expiry_look_fn(void *baton, anshin_txn_t *txn, const anshin_record_type_t *type,
                                           const char *key);

/* Take out what is due and hand it to look, in a write transaction of its own: at most limit of them, all of one
 * minute. *taken: how many. *more: 1 when there may be more, so call again; a long time in which nothing was done is
 * gone through in parts. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT, or the answer of look: then nothing was changed. */
apr_status_t anshin_expiry_take(anshin_op_t *op, int limit, anshin_expiry_look_fn *look, void *baton, int *taken,
                                int *more);

#endif

/*
 * What ends in time: filed with the store by when it is due, so that housekeeping finds what is over without looking at
 * what is not.
 *
 * Whoever makes a record that time makes superfluous files it in the same transaction, under the moment when it is
 * first worth a look. Housekeeping takes what is due, looks at the record itself, and files it again
 * when its time has not come (a session that was used meanwhile). So nothing need be filed again when a record changes,
 * and one that is filed twice, or is gone, does no harm.
 */
#ifndef ANSHIN_CORE_CONTEXT_EXPIRY_H
#define ANSHIN_CORE_CONTEXT_EXPIRY_H

#include "core/context/op.h"

#define ANSHIN_KEEP_TOKEN apr_time_from_sec(30 * 86400)           /* after its end, so that the page can say "used" */
#define ANSHIN_KEEP_UNISSUED apr_time_from_sec(30 * 86400)        /* a download whose certificate was never made */
#define ANSHIN_KEEP_MAIL apr_time_from_sec(30 * 86400)            /* sent or failed */
#define ANSHIN_KEEP_ADDRESS apr_time_from_sec(2 * 86400)          /* counter of an address; windows end after a day */
#define ANSHIN_KEEP_REQUEST apr_time_from_sec(86400)              /* when a reissue was last mailed */
#define ANSHIN_KEEP_HELP apr_time_from_sec(7 * 86400)             /* a number for the help desk */
#define ANSHIN_KEEP_BULK apr_time_from_sec(86400)                 /* what was ordered for many at the help desk */
#define ANSHIN_KEEP_APPROVAL apr_time_from_sec(86400)             /* what waited for a second operator, after its end */
#define ANSHIN_KEEP_FLOW apr_time_from_sec(86400)                 /* after its end, whatever clocks say */
#define ANSHIN_KEEP_CERTIFICATE apr_time_from_sec(3650 * 86400LL) /* after its end, where no contract says */
#define ANSHIN_KEEP_LOCK apr_time_from_sec(3650 * 86400LL)        /* of an ID that nobody has, where time opens none */
#define ANSHIN_KEEP_NODE apr_time_from_sec(30 * 86400)            /* a machine that gives no sign of life any more */
#define ANSHIN_KEEP_ORPHAN apr_time_from_sec(3600)                /* a blob that no record names */
#define ANSHIN_LOOK_HISTORY apr_time_from_sec(30 * 86400)         /* a retention that was made shorter shows by then */

/* File a record inside a write transaction; a time that is past means soon. Answers of anshin_txn_put(). */
apr_status_t anshin_expiry_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                apr_time_t due);

/* What time brings for the records of a type: when they end and what goes with them, or what is to be done. Each is
 * exported by the file that knows, and stands in the table of core/admin/housekeeping.c. op has no contract. */
typedef struct anshin_expiry_rule_t {
    const anshin_record_type_t *type;

    /* 0: it is over, remove it; or when to look again. */
    apr_time_t (*over)(const anshin_op_t *op, const char *key, const void *record);

    /* Remove what hangs on it, inside the write transaction that deletes it; NULL: nothing does. */
    apr_status_t (*remove)(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record);

    /* In place of both: do what is due, inside a write transaction. Of a series it drops what is too old, at most
     * ANSHIN_EXPIRY_PART entries; *dropped: how many. *again: when to look again, 0: never. */
    apr_status_t (*act)(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *dropped, apr_time_t *again);
} anshin_expiry_rule_t;

#define ANSHIN_EXPIRY_PART 500
#define ANSHIN_EXPIRY_DAY apr_time_from_sec(86400) /* look again tomorrow */

/* The answer of an anshin_expiry_rule_t about a record that ends at a time. */
apr_time_t anshin_expiry_over(const anshin_op_t *op, apr_time_t end);

/* Look at one that is due, inside the write transaction that takes it, as work of anshin_op_write(). It may file it
 * again. key lives as long as op's pool. */
typedef apr_status_t anshin_expiry_look_fn(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *key);

/* Take the first of a type that is due and hand it to look, in a write transaction of its own: what belongs to two
 * users never meets in one. ANSHIN_ENOTFOUND: nothing is due. Answers of look, which change nothing, and of
 * anshin_op_write(). */
apr_status_t anshin_expiry_take(anshin_op_t *op, const anshin_record_type_t *type, anshin_expiry_look_fn *look,
                                void *baton);

#endif

/*
 * Is a store whole (BAK-1)? All of it is read in one snapshot while others go on; memory is bounded.
 *
 * Broken is what cannot be read: a record that is none of its type, a blob that a record names and that is not there
 * or does not open, a place, a count or an event of the trail that somebody else has written. Loose is what refers to
 * a record that is not there: nobody needs it, and nothing that can be done leaves it behind.
 */
#ifndef ANSHIN_CORE_KEEPING_STORE_CHECK_H
#define ANSHIN_CORE_KEEPING_STORE_CHECK_H

#include "core/context/op.h"

typedef struct anshin_store_findings_t {
    int limit;                                          /* so many texts of each kind; set by the caller, */
    void (*progress)(void *baton, apr_int64_t records); /* as is this, called now and then; NULL: nobody looks */
    void *baton;
    apr_int64_t records, blobs; /* that were read */
    apr_int64_t broken, loose;
    apr_int64_t genuine; /* blobs that were opened, and MACs that are ours: 0 with a seal key of another store */
    apr_int64_t former;  /* records of which something is sealed with the seal key before the present one (reseal.h) */
    apr_array_header_t *texts; /* what was found, for people, in op's pool: of const char *, what is broken first */
} anshin_store_findings_t;

/* Look through the store. op needs no contract. APR_SUCCESS (whatever was found); ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_store_check(anshin_op_t *op, anshin_store_findings_t *findings);

#endif

/*
 * What a walk through the store finds that an operator should know of.
 */
#ifndef ANSHIN_CORE_ADMIN_CENSUS_H
#define ANSHIN_CORE_ADMIN_CENSUS_H

#include "core/context/agreed.h"

/* What there is of a contract that is not declared. */
typedef struct anshin_strangers_t {
    const char *contract;
    const char *renamed_to; /* the name that it is on its way to; NULL: to none */
    apr_int64_t users;
    apr_int64_t records; /* of other types that have the contract in front of their keys: counters, history */
} anshin_strangers_t;

typedef struct anshin_census_t {
    apr_array_header_t *strangers; /* of anshin_strangers_t, one for each such contract */
    apr_array_header_t
        *erasing; /* of const char *: contracts whose persons were being erased when that was broken off */
    apr_int64_t mails_failed;
    apr_time_t mail_oldest;   /* of the mails that wait; 0: none does */
    apr_int64_t segments_old; /* of the trail, on whatever machine: closed, and older than AnshinAuditRetention */
    apr_time_t newest;        /* the latest time that accounts, mails and clock have of what was done; 0: none */
    anshin_agreed_t clock;    /* what was found when house was kept last; by is 0: the clocks agree, or nobody looked */
} anshin_census_t;

/* Take it, in one read transaction; op needs no contract. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_census_take(anshin_op_t *op, anshin_census_t *census);

#endif

/*
 * What there is to do for the CA worker.
 */
#ifndef ANSHIN_CORE_MAIL_JOB_KIND_H
#define ANSHIN_CORE_MAIL_JOB_KIND_H

/* On disk, never renumbered. */
typedef enum anshin_job_kind_t {
    ANSHIN_JOB_ISSUE = 1,
    ANSHIN_JOB_MAIL = 2,
    ANSHIN_JOB_PASSWORD_REQUEST = 3,
    ANSHIN_JOB_CERTIFICATE_REQUEST = 4,
    ANSHIN_JOB_LOST_REQUEST = 8,
    ANSHIN_JOB_RESEND_REQUEST = 9,
    ANSHIN_JOB_ID_REQUEST = 10,
    ANSHIN_JOB_LOCK_NOTICE = 5 /* an account was locked, or something that looks like one (core/login/lock.h) */
} anshin_job_kind_t;

#endif

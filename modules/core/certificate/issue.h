/*
 * Issuing (CRT-1): what a job asks for, and what is committed once the certificate has been made.
 *
 * Key, certificate and files are made between the two by whoever holds the means (modules/ca). A crash at any point
 * leaves the job in the queue and repeats it under the same serial; the commit does everything or nothing.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_ISSUE_H
#define ANSHIN_CORE_CERTIFICATE_ISSUE_H

#include "core/certificate/apple.h"
#include "core/certificate/certificate.h"
#include "core/mail/job.h"

/* Texts belong to the pool of the operation that asked. */
typedef struct anshin_issue_order_t {
    const char *serial;       /* lower-case hexadecimal, as the certificate must have it */
    const char *name;         /* CN by AnshinCertificateName; 1 to 64 characters (RFC 5280 A.1) */
    const char *named;        /* the same without the count of those of one name */
    apr_int64_t count;        /* that: the certificate is so manieth of the terminal's of this name in a row */
    const char *organization; /* O, or NULL */
    const char *unit;         /* OU, or NULL */
    const char *mail;         /* the terminal's address, for subjectAltName; or NULL */
    const char *ca;           /* name of the CA that shall issue it (core/config/ca_line.h) */
    const char *crl_url;      /* or NULL */
    const char *ocsp_url;     /* or NULL */
    apr_interval_time_t lifetime;
    int key_type;                      /* anshin_key_type_t */
    int uses;                          /* extended key usages, a bit per anshin_certificate_use_t */
    anshin_bytes_t password;           /* download password, NUL behind it; secret, the caller wipes it */
    const char *password_blob;         /* where it was read: the download that the order is for */
    const anshin_apple_order_t *apple; /* NULL: no profile for Apple devices is to be made */
} anshin_issue_order_t;

/* What a job asks for; op->contract is the job's. Reads only. APR_SUCCESS; ANSHIN_EDENIED (no longer wanted: the
 * user or the terminal is gone, disabled, has another login method, or has its certificate already: drop the job,
 * anshin_job_drop()); ANSHIN_EBUSY, ANSHIN_EFAULT (try again). */
apr_status_t anshin_issue_order(anshin_op_t *op, const anshin_job_t *job, anshin_issue_order_t *order);

typedef struct anshin_issue_made_t {
    const char *ca;          /* id of the CA that has issued it */
    const char *fingerprint; /* SHA-256 of the DER, 64 lower-case hexadecimal digits */
    apr_time_t not_before;
    apr_time_t not_after;
    int cut;               /* 1: it ends with its CA */
    anshin_bytes_t modern; /* PKCS#12 in each profile; secret, the caller wipes them */
    anshin_bytes_t compat;
    anshin_bytes_t apple; /* Apple profile with the latter in it; secret as well; length 0: none was made */
} anshin_issue_made_t;

/* Commit: the job is done, the certificate is the terminal's (at a renewal it stands beside that until its first use,
 * see renewal.h), the files wait for download, and the mail "certificate-ready" is queued. Durable. APR_SUCCESS;
 * ANSHIN_EDENIED (no longer wanted, as above or because the download has another password now, and a job of its own:
 * the job is dropped and nothing else is there); ANSHIN_ENOTFOUND, ANSHIN_ECONFLICT (the job is gone, or another
 * worker's); ANSHIN_EBUSY (also: the CA is stopped, see issuer.h), ANSHIN_EFAULT (nothing is done: try again). */
apr_status_t anshin_issue_commit(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker,
                                 const anshin_issue_order_t *order, const anshin_issue_made_t *made);

#endif

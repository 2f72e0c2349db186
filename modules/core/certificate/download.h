/*
 * The download of a certificate (CRT-2): key and certificate as PKCS#12, waiting sealed until the user has them.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_DOWNLOAD_H
#define ANSHIN_CORE_CERTIFICATE_DOWNLOAD_H

#include "core/account/token.h"
#include "core/certificate/certificate.h"

typedef enum anshin_profile_t {
#define WORD(member, value, name) ANSHIN_PROFILE_##member = (value),
#include "core/certificate/profile.def"
#undef WORD
} anshin_profile_t;

typedef struct anshin_download_state_t {
    const char *user;
    apr_int64_t terminal;
    const char *name; /* CN of the certificate */
    int fetched;      /* how often */
    int apple;        /* 1: there is a file of the profile ANSHIN_PROFILE_APPLE */
    int locked;       /* 1: no password is checked any more */
    apr_time_t until; /* the link leads here */
} anshin_download_state_t;

/* What a link leads to. ANSHIN_ENOTFOUND, ANSHIN_EDENIED (used, expired, done), ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_download_find(anshin_op_t *op, const char *token, anshin_download_state_t *state);

typedef struct anshin_download_result_t {
    int right;
    int locked;
    int remaining;
    anshin_bytes_t file;   /* PKCS#12, or Apple profile, when right; the caller wipes it after sending */
    const char *file_name; /* "p-01-usr007.p12", or .mobileconfig */
    const char *token;     /* of the link to go on with from here; NULL: the same as before */
} anshin_download_result_t;

/* Fetch the file with its password; wrong ones are counted on the account (LCK-3). Answers of find; ANSHIN_EDENIED
 * also when there is no file of this profile. */
apr_status_t anshin_download_fetch(anshin_op_t *op, const char *token, const char *password, anshin_profile_t profile,
                                   anshin_download_result_t *result);

/* The file once more, for who has given its password in the flow that asks (ANSHIN_STAGE_FETCHED); nothing is counted
 * and nothing noted. Only file and file_name are filled. Answers of fetch. */
apr_status_t anshin_download_file(anshin_op_t *op, const char *token, anshin_profile_t profile,
                                  anshin_download_result_t *result);

/* The user says that the import is done: wipe key and file, use the link up; durable. Answers of find. */
apr_status_t anshin_download_finish(anshin_op_t *op, const char *token);

/* The same inside a write transaction, whatever the reason; nothing when nothing waits. */
apr_status_t anshin_download_finish_in(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t terminal);

/* The same when the user logs in with a certificate; but what waits of the one that is to follow it goes on waiting. */
apr_status_t anshin_download_used_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *used);

/* What the result of a flow shows (SEC-1). */
typedef struct anshin_issue_t {
    apr_int64_t terminal;
    const char *label; /* of that, or NULL */
    const char *address;
    const char *password; /* opens the download */
} anshin_issue_t;

typedef struct anshin_issues_t {
    int method;                 /* the account's */
    apr_array_header_t *waits;  /* of anshin_issue_t */
    anshin_terminal_t terminal; /* the one that was asked for, as it is; number 0: none, or it is gone */
} anshin_issues_t;

/* Of the downloads that were prepared for this user at `since`, for one terminal or all (0), those that still wait.
 * APR_SUCCESS, ANSHIN_ENOTFOUND (no such account), ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_download_issues(anshin_op_t *op, const char *user, apr_int64_t terminal, apr_time_t since,
                                    anshin_issues_t *issues);

/* Prepare a download inside a write transaction: its password, which is shown to the user, record and job. The caller
 * has ended what the terminal has (anshin_certificates_end_in()), since the new certificate takes its place. */
apr_status_t anshin_download_prepare(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                     apr_int64_t terminal, const char **password);

/* The same for a certificate that is to stand beside the terminal's until its first use; the caller has ended one that
 * stood there. For renewal.c alone. */
apr_status_t anshin_download_prepare_renewal(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                             apr_int64_t terminal, const char **password);

#endif

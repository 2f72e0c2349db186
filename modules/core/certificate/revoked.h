/*
 * The certificates that are revoked, for the list of them that others read (CRT-6).
 *
 * Whoever writes the list keeps it in memory: all that the certificates' records tell when it begins, then those that
 * the revocations tell of. So no list is written with a walk over the store. Each CA has a list of its own, which is
 * numbered: the fact crl/NAME holds the number that was given last, and when the last list was out.
 *
 * Where machines share the store, any of them may make the next list (crl.h): what was told of stays for
 * ANSHIN_REVOKED_LINGER, so that all of them hear it, and who has not listened for half of that begins anew.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_REVOKED_H
#define ANSHIN_CORE_CERTIFICATE_REVOKED_H

#include <apr_hash.h>

#include "core/config/ca_line.h"
#include "core/context/op.h"

#define ANSHIN_CRL_LIFE apr_time_from_sec(86400) /* for so long a list counts */
#define ANSHIN_REVOKED_SERIAL_MAX 40             /* hexadecimal digits */

/* Whose list it is. */
typedef struct anshin_revoked_ca_t {
    const char *name;
    const char *id;
} anshin_revoked_ca_t;

typedef struct anshin_revoked_entry_t {
    char serial[ANSHIN_REVOKED_SERIAL_MAX + 1];
    char ca[ANSHIN_CA_ID_LENGTH + 1]; /* id; "": made before records told, of the server's first CA */
    apr_byte_t reason;                /* CRLReason */
    apr_time_t revoked_at;
    apr_time_t not_after; /* of the certificate */
} anshin_revoked_entry_t;

/* Inside the write transaction of a revocation: the list is to have it. Sets op->jobs_queued. */
apr_status_t anshin_revoked_tell(anshin_op_t *op, anshin_txn_t *txn, const char *serial);

/* Put all that are revoked at the end of entries (of anshin_revoked_entry_t), by a walk over the store in a read
 * transaction of its own, which keeps no writer waiting. op needs no contract, here and below. APR_SUCCESS,
 * ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_revoked_all(anshin_op_t *op, apr_array_header_t *entries);

/* The same of those that were told of, at most ANSHIN_REVOKED_TAKE; *keys (of const char *) is handed to
 * anshin_revoked_done() when they are safe, in memory or wherever. One may come again.
 * Where the store is shared: all that were told of and whose serial is not in heard; the caller adds them to it then,
 * and *keys are those that everybody has heard by now. Where it is not, heard may be NULL. */
#define ANSHIN_REVOKED_TAKE 1000
#define ANSHIN_REVOKED_LINGER apr_time_from_sec(600)
apr_status_t anshin_revoked_told(anshin_op_t *op, apr_array_header_t *entries, apr_hash_t *heard,
                                 apr_array_header_t **keys);
apr_status_t anshin_revoked_done(anshin_op_t *op, const apr_array_header_t *keys);

/* 1: a certificate whose record tells this id (NULL, "": none) is of this CA. */
int anshin_revoked_is_whose(const char *id, const anshin_revoked_ca_t *ca);

/* 1: it is on this CA's list. */
int anshin_revoked_is_of(const anshin_revoked_entry_t *entry, const anshin_revoked_ca_t *ca);

/* Sort by serial, each once, without those of the CA that had ended when its last list was out: a certificate stands in
 * one list after its end (RFC 5280 3.3). */
void anshin_revoked_tidy(apr_array_header_t *entries, const anshin_revoked_ca_t *ca, apr_time_t last);

/* The number for the next list of the CA of this name, durable, so that none is given twice; above all that were
 * given and never below the time in seconds, so that a store that was restored from a copy gives none again either.
 * *last: when the list before was out; 0: never. */
apr_status_t anshin_revoked_number(anshin_op_t *op, const char *name, apr_int64_t *number, apr_time_t *last);

/* The same inside a write transaction. */
apr_status_t anshin_revoked_number_in(anshin_op_t *op, anshin_txn_t *txn, const char *name, apr_int64_t *number,
                                      apr_time_t *last);

/* Its list of op->now is out. */
apr_status_t anshin_revoked_out(anshin_op_t *op, const char *name);

#endif

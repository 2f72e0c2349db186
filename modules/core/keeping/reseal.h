/*
 * What the seal key is used for, and what becomes of it when the key is rotated (BAK-2). Here is the one list of it:
 * who makes a new use of the key adds it here.
 *
 * While two keys are there (rotation.h) everything opens and counts by both, and everything new is made with the new
 * one. The old one goes when nothing is left that needs it:
 *
 *   sealed anew by the worker, in small steps
 *     blobs                  download password and PKCS#12 that wait, secret of an authenticator app, mail that waits,
 *                            particulars of a reissue request: under the same name, by anshin_blob_replace()
 *     account.password_hash  of another system ($imported$)
 *     audit_series           MAC, and the user ID under the key of the person
 *     audit_anchor, audit_event   MAC
 *     address_index          its key is a MAC of the address, which the terminals have
 *   valid by both until its own end, which the old key waits for
 *     token                  key: MAC of the token of a link, or of the address that a code is for; code_mac,
 *                            access_mac: MACs of codes and of an address. Nobody but the user has the text.
 *                            `htanshin key rotate --leaked` ends them instead
 *   valid by both as long as the old key is there; it stays for ANSHIN_ROTATION_KEEP at least
 *     cookies and hidden fields of a browser: flow, return path, last certificate, what was typed, CSRF token, step
 *     token of a login, mark of a known browser (who loses that one waits with strangers), stamps, row marks and
 *     addresses (who=) of the help desk; how many mails an address got today (fact mails/MAC)
 *   by the new key alone
 *     help_number.subject    the page shows another number; the one that was given is found as before
 *   kept, since it is read as long as the trail is (rotation.h)
 *     segments of the audit trail: MAC of an event, chain, and the key of a person, which opens whom it is about. What
 *     is kept forges no trail: the anchors and counts are by the new key, and no line may be by an older key than the
 *     one before it
 *   outside of the store
 *     backups and dumps      MAC of all of it, and what is sealed in it: they need the key of then, so that backups of
 *                            the key (htanshin backup --keys only) are kept as long as those of the store
 *
 * Nothing of it: session ids (SHA-256), passwords, answers and proof codes (argon2id), certificates and CA keys.
 */
#ifndef ANSHIN_CORE_KEEPING_RESEAL_H
#define ANSHIN_CORE_KEEPING_RESEAL_H

#include "core/context/op.h"

/* What the blob that a member of a record names was sealed for; NULL: it is not known. */
const char *anshin_blob_purpose(const anshin_record_type_t *type, const char *member);

/* Is anything of a record by another seal key than the present one? In a read transaction, or look. *needs: 1 or 0.
 * What does not open at all is not meant. APR_SUCCESS; answers of anshin_txn_get(). */
apr_status_t anshin_reseal_needed(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                  int *needs);

/* Where a pass over the store has come to. Zeroed; of one thread; end() when it is given up. */
typedef struct anshin_reseal_t {
    int type;         /* which of the types of record */
    apr_pool_t *pool; /* of the part at hand; NULL: none is */
    const apr_array_header_t *keys;
    int at;             /* in the part */
    int is_last;        /* the part is the last one of its type */
    apr_int64_t looked; /* at records in this pass, and how many of them were sealed anew */
    apr_int64_t renewed;
    apr_int64_t passed_over; /* that cannot be sealed anew: they are as broken as before */
    char first[160];         /* the first of those, and why */
    anshin_error_t why;
} anshin_reseal_t;

/* Go on with a pass for about as long as `span`: each record is sealed anew in transactions of its own, and only what
 * is by another key than the present one. So a pass that is broken off, wherever, is simply begun again. op needs no
 * contract. A record that cannot be read or sealed anew is passed over and counted. APR_SUCCESS; ANSHIN_ENOTFOUND: the
 * pass has come to its end; ANSHIN_EBUSY, ANSHIN_EFAULT: to be tried again from the same place. */
apr_status_t anshin_reseal_step(anshin_op_t *op, anshin_reseal_t *pass, apr_interval_time_t span);
void anshin_reseal_end(anshin_reseal_t *pass);

#endif

/*
 * Works that are rehearsed: what they seal is on the disk before anybody has to wait for it.
 *
 * A blob costs the disk its time, and what it says rests on what the work reads, so that it would be put while all
 * other writers wait. Such a work is run twice: once for itself alone (ANSHIN_TXN_REHEARSAL), where its blobs are only
 * sealed; they are put when the transaction begins that counts, before its first read; and the work finds them as it
 * comes to them. It draws the same secrets in both runs (secret.h). A blob that it does not come to, because what it
 * read is otherwise now, goes with the commit; one that was not rehearsed is put where it is needed.
 *
 * SECURITY: no guess is checked in a rehearsal, since nothing is counted there: every guess is taken for right
 * (core/account/attempt.c). So what is prepared, and how long that takes, does not tell of it either.
 */
#ifndef ANSHIN_CORE_CONTEXT_REHEARSAL_H
#define ANSHIN_CORE_CONTEXT_REHEARSAL_H

#include "core/context/op.h"

/* As anshin_op_write(), for work that seals what it has to read for first. It does not read back a blob that it puts.
 * What the rehearsal denies is the answer: so it would have been then. */
apr_status_t anshin_op_write_rehearsed(anshin_op_t *op, anshin_durability_t durability, anshin_op_fn *fn, void *baton);

/* 1: this run is thrown away. */
int anshin_rehearsing(const anshin_op_t *op);

/* --- for secret.c --- */

/* 1: *buffer has what the rehearsal drew at this place. */
int anshin_rehearsal_again(anshin_op_t *op, void *buffer, apr_size_t length);

/* Note what is drawn in a rehearsal. */
void anshin_rehearsal_drew(anshin_op_t *op, const void *bytes, apr_size_t length);

/* *name: of the blob that was put for this text; NULL: of none. ANSHIN_EFAULT. */
apr_status_t anshin_rehearsal_find(anshin_op_t *op, const char **name, const char *purpose, anshin_bytes_t text);

/* Note what is sealed in a rehearsal. ANSHIN_EFAULT. */
apr_status_t anshin_rehearsal_sealed(anshin_op_t *op, const char *name, anshin_bytes_t sealed, const char *purpose,
                                     anshin_bytes_t text);

#endif

/*
 * The list of revoked certificates of a CA where machines share the store: one machine makes it, and all hand out the
 * same (CRT-6, CLU-1).
 *
 * The record crl NAME tells which list is out and who makes the next; its octets lie beside it, in parts. Who makes a
 * list claims its number first and reads what is revoked then, and the list comes out only if nobody has claimed a
 * later one meanwhile. So each list has all that the one before has, no number is given to two, and none goes back.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_CRL_H
#define ANSHIN_CORE_CERTIFICATE_CRL_H

#include "core/certificate/revoked.h"

/* So long others wait for one that a machine has claimed and neither put out nor given up; and so long while that
 * machine gives signs: two that each take longer than the former would otherwise take it from each other for ever. */
#define ANSHIN_CRL_CLAIM apr_time_from_sec(60)
#define ANSHIN_CRL_CLAIM_AWAKE apr_time_from_sec(600)

#define ANSHIN_CRL_DIGEST 64 /* digits */

/* The list of a CA that is out. */
typedef struct anshin_crl_out_t {
    apr_int64_t number; /* 0: none is */
    apr_time_t made_at; /* later by a second at least than the one before */
    apr_time_t before;  /* made_at of that one; 0: there was none */
    char ca[ANSHIN_CA_ID_LENGTH + 1];
    char digest[ANSHIN_CRL_DIGEST + 1]; /* of what it lists: anshin_crl_digest() */
} anshin_crl_out_t;

/* Which list of the CA of this name is out. Where its number is not had, its octets as well, in op's pool; else *der
 * is empty (der NULL: they are not wanted). op needs no contract, here and below. APR_SUCCESS, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_crl_look(anshin_op_t *op, const char *name, apr_int64_t had, anshin_crl_out_t *out,
                             anshin_bytes_t *der);

/* Claim the number of the list behind the one whose number is had: above all that were given, as
 * anshin_revoked_number() gives them. *last: when that one was out. Durable. Also ANSHIN_ECONFLICT: another machine
 * makes one, or has put one out; *number is 0 then. */
apr_status_t anshin_crl_claim(anshin_op_t *op, const char *name, apr_int64_t had, apr_int64_t *number,
                              apr_time_t *last);

/* Put out the list that was claimed, of op->now. Sets out->made_at and out->before; the caller has set the others.
 * Durable. Also ANSHIN_ECONFLICT: another machine has claimed a later one, and nothing is put out. */
apr_status_t anshin_crl_put(anshin_op_t *op, const char *name, anshin_crl_out_t *out, const anshin_bytes_t *der);

/* It cannot be made: others need not wait. */
apr_status_t anshin_crl_give_up(anshin_op_t *op, const char *name, apr_int64_t number);

/* The digest of those entries that a list of this CA has behind one of this time, in order (anshin_revoked_tidy()).
 * APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_crl_digest(anshin_op_t *op, char digest[ANSHIN_CRL_DIGEST + 1], const apr_array_header_t *entries,
                               const anshin_revoked_ca_t *ca, apr_time_t before);

#endif

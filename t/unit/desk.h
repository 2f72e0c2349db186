/*
 * A signer that is asked by unit programs: two CAs on the disk, between them one that could not be opened, as the signer
 * goes on without it.
 */
#ifndef ANSHIN_UNIT_DESK_H
#define ANSHIN_UNIT_DESK_H

#include "ca/signer/request.h"
#include "crypto/pki/ca.h"
#include "crypto/pki/x509.h"
#include "unit/scratch.h"

/* That of authority.c; the program makes it. */
extern apr_pool_t *pool;

typedef struct desk_t {
    const anshin_ca_t *ca;
    const anshin_ca_t *other;
    anshin_signer_t signer;
    anshin_trust_t *trust; /* in both CAs */
    apr_time_t now;
} desk_t;

extern desk_t desk;

/* Fills the desk, or ends the program. */
void desk_open(void);

/* Frees what outlives requests, and the pool. */
void desk_close(void);

/* What the first CA answers OCSP requests by. */
anshin_signer_ocsp_t *desk_ocsp(void);

/* A request without parts, its id being 5. */
anshin_wire_t *desk_request(unsigned char type);

/* The reply, behind its head; *type: 0 without a head. */
apr_status_t desk_answer(anshin_wire_t *reply, anshin_wire_t *request, unsigned char *type, apr_uint32_t *id);

/* 1: refused, with the request's id and a cause. */
int desk_refuses(anshin_wire_t *request, apr_uint32_t expected_id);

/* 1: a request of desk_request() is answered by that type. */
int desk_answers(anshin_wire_t *reply, anshin_wire_t *request, unsigned char wanted);

#endif

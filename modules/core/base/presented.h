/*
 * What is known of the client certificate of a connection, in words that need no OpenSSL.
 *
 * modules/crypto (tls.h, x509.h) fills it from a TLS connection or from DER bytes; the login judges it. It states only
 * what the certificate itself and its issuer show. Whether it is known, active and whose it is, only the store can
 * tell.
 */
#ifndef ANSHIN_CORE_BASE_PRESENTED_H
#define ANSHIN_CORE_BASE_PRESENTED_H

#include "core/base/anshin.h"

typedef enum anshin_presented_state_t {
    ANSHIN_PRESENTED_NONE,          /* the client showed no certificate; every other member is empty */
    ANSHIN_PRESENTED_GOOD,          /* ours, for client authentication, in date */
    ANSHIN_PRESENTED_EXPIRED,       /* ours and suitable, but its time is over */
    ANSHIN_PRESENTED_NOT_YET_VALID, /* ours and suitable, but its time has not begun */
    ANSHIN_PRESENTED_FOREIGN,       /* no chain to a CA of ours: nothing in it may be believed, log it at most */
    ANSHIN_PRESENTED_UNSUITABLE,    /* ours, but not for client authentication (EKU, key usage), or its serial is bad */
    ANSHIN_PRESENTED_FAULT          /* could not be checked (memory, unreadable certificate): deny, answer 503 */
} anshin_presented_state_t;

/* Texts are in the pool that was handed to the check. They are never NULL; "" where there is nothing. */
typedef struct anshin_presented_t {
    anshin_presented_state_t state;
    const char *serial; /* as in the certificate record: lower-case hexadecimal, whole octets, no leading zero octet */
    const char *fingerprint; /* SHA-256 of the DER, 64 lower-case hexadecimal digits */
    const char *name;        /* first CN of the subject: valid UTF-8 of at most 256 octets, no control characters */
    apr_time_t not_before;
    apr_time_t not_after; /* OpenSSL, and so we, take it as expired from this second on */
    const char *ca; /* id of the CA that it is of (core/config/ca_line.h), which outlives it; "": of none of ours */
} anshin_presented_t;

#endif

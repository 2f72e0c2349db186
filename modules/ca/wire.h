/*
 * Messages between the worker and the signer, over a socket pair (SOCK_SEQPACKET, unix(7)): one packet, one
 * message.
 *
 * A message is a buffer of bounded size. Octets and numbers in network order; a string is its length in 4 octets
 * and its octets. Whoever reads trusts nothing: every get checks what is left, and the end must be where the
 * message ends.
 */
#ifndef ANSHIN_CA_WIRE_H
#define ANSHIN_CA_WIRE_H

#include "core/base/anshin.h"

#define ANSHIN_WIRE_MAX 32768    /* octets of a message */
#define ANSHIN_WIRE_TEXT_MAX 512 /* octets of a text */

/* Types. Requests of the worker; whatever a CA is to do begins with a text: its id (core/config/ca_line.h). */
#define ANSHIN_WIRE_HELLO 1 /* number: version */
#define ANSHIN_WIRE_ISSUE \
    2 /* text: CA; string: SPKI in DER; string: serial; text: CN; text: O; text: OU;
                               text: mail address; number: uses; number: lifetime in seconds;
                               text: CRL URL; text: OCSP URL; empty texts stand for nothing */
/* A CRL, which is longer than a message: begun, filled, ended, and then read in parts, once more if need be. */
#define ANSHIN_WIRE_CRL_BEGIN \
    3 /* text: CA; number: of the CRL; number: seconds until the next one is out at the latest */
#define ANSHIN_WIRE_CRL_ADD 4 /* string: serial; number: revoked at, seconds; number: CRLReason; any number of times */
#define ANSHIN_WIRE_CRL_END 5
#define ANSHIN_WIRE_CRL_READ 6 /* number: octet to read from */
/* text: CA; number: seconds that it counts; number: 1: certificates are named by SHA-256, 0: by SHA-1; string:
 * nonce, or empty; for each certificate: string: serial; number: anshin_ocsp_status_t; number: revoked at, seconds;
 * number: CRLReason */
#define ANSHIN_WIRE_OCSP 7
/* text, text: portal and terminal, whose profile it is; text: title; text: organization; text: description, or empty;
 * text: name of the certificate; string: its serial; string: PKCS#12 (crypto/apple/sign_apple.h) */
#define ANSHIN_WIRE_APPLE 8
/* Answers of the signer, each with the id of its request: */
#define ANSHIN_WIRE_WELCOME \
    129 /* number: version; for each CA that the signer was started with, in that order, text: its id, number: its
                               end, seconds; text, text: how OCSP requests name it, by SHA-1 and by SHA-256; all empty
                               when it could not be opened; text: why not, else empty; then text: why no Apple profiles
                               can be signed, empty: they can, or none are wanted */
#define ANSHIN_WIRE_ISSUED \
    130 /* string: the certificate in DER; text: its fingerprint; number, number: validity, seconds; string: the CA's
                               certificate in DER */
#define ANSHIN_WIRE_CRL_BEGUN 131
#define ANSHIN_WIRE_CRL_ADDED 132
#define ANSHIN_WIRE_CRL_ENDED 133   /* number: octets of the whole */
#define ANSHIN_WIRE_CRL_PART 134    /* string: the octets from there, as many as fit */
#define ANSHIN_WIRE_OCSP_SIGNED 135 /* string: OCSPResponse in DER; number, number: thisUpdate, nextUpdate, seconds */
/* string: the profile, CMS SignedData in DER; empty: there is no certificate now that one could be signed with */
#define ANSHIN_WIRE_APPLE_SIGNED 136
#define ANSHIN_WIRE_REFUSED 255 /* number: anshin_wire_refusal_t; text: error id; text: cause */

/* Why. Never renumbered. */
typedef enum anshin_wire_refusal_t {
    ANSHIN_WIRE_BAD_REQUEST = 1,
    ANSHIN_WIRE_DENIED = 2,
    ANSHIN_WIRE_FAULT = 3
} anshin_wire_refusal_t;

/* What a status is told as: whatever is neither ANSHIN_EINVALID nor ANSHIN_EDENIED is a fault. */
apr_uint64_t anshin_wire_refusal(apr_status_t status);

/* The reverse, for the worker: a fault of the signer is ANSHIN_EBUSY, since the next signer may do better; a code that
 * nobody knows is ANSHIN_EFAULT. */
apr_status_t anshin_wire_status(apr_uint64_t refusal);

#define ANSHIN_WIRE_VERSION 6

typedef struct anshin_wire_t {
    apr_size_t length; /* octets in the message */
    apr_size_t offset; /* octets read so far */
    unsigned char data[ANSHIN_WIRE_MAX];
} anshin_wire_t;

/* Begin a message with its type and the id that its answer will carry. Never fails. */
void anshin_wire_begin(anshin_wire_t *wire, unsigned char type, apr_uint32_t id);

/* Append. APR_SUCCESS; ANSHIN_EINVALID, and nothing is appended: the message would be too long, or the text too
 * long, not UTF-8 or not free of control characters. text NULL is the empty text. */
apr_status_t anshin_wire_put_number(anshin_wire_t *wire, apr_uint64_t number);
apr_status_t anshin_wire_put_string(anshin_wire_t *wire, const void *data, apr_size_t length);
apr_status_t anshin_wire_put_text(anshin_wire_t *wire, const char *text);

/* A serial is hexadecimal in the store and octets in a message: how many; 0: it is none. */
#define ANSHIN_WIRE_SERIAL_MAX 20 /* RFC 5280 4.1.2.2 */
apr_size_t anshin_wire_serial(unsigned char octets[ANSHIN_WIRE_SERIAL_MAX], const char *hex);

/* Read the head of a message that has been received, and its parts in order. APR_SUCCESS; ANSHIN_EINVALID: the
 * message ends too early, or the value breaks its rule; the message is then good for nothing. string: points into
 * the message; minimum and maximum octets. text: NUL terminated in pool, without control characters, at most
 * maximum octets. end: nothing is left over. */
apr_status_t anshin_wire_get_head(anshin_wire_t *wire, unsigned char *type, apr_uint32_t *id);
apr_status_t anshin_wire_get_number(anshin_wire_t *wire, apr_uint64_t *number);
apr_status_t anshin_wire_get_string(anshin_wire_t *wire, anshin_bytes_t *string, apr_size_t minimum,
                                    apr_size_t maximum);
apr_status_t anshin_wire_get_text(anshin_wire_t *wire, const char **text, apr_size_t maximum, apr_pool_t *pool);
apr_status_t anshin_wire_get_end(const anshin_wire_t *wire);

/* Send, receive one message. wait: at most so long, below 0 for ever. APR_SUCCESS; APR_EOF (the other side is
 * gone); APR_TIMEUP; ANSHIN_EINVALID (receive: the packet is longer than a message may be); ANSHIN_EFAULT. An empty
 * packet says good-bye as well. */
apr_status_t anshin_wire_send(int fd, const anshin_wire_t *wire, apr_interval_time_t wait);
apr_status_t anshin_wire_receive(int fd, anshin_wire_t *wire, apr_interval_time_t wait);

#endif

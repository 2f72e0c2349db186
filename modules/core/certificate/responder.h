/*
 * OCSP answers that are not kept: httpd asks the worker for them, over a socket in the state directory (CRT-6).
 *
 * SOCK_SEQPACKET, a connection for each request. The request goes as it came from the client; back come thisUpdate and
 * nextUpdate, seconds in 8 octets each, and the answer in DER. No queue is long, and nobody waits for more than a
 * second: what does not fit is answered by "try later".
 */
#ifndef ANSHIN_CORE_CERTIFICATE_RESPONDER_H
#define ANSHIN_CORE_CERTIFICATE_RESPONDER_H

#include <sys/un.h>

#include "core/certificate/ocsp.h"

#define ANSHIN_RESPONDER_WAIT apr_time_from_sec(1)
#define ANSHIN_RESPONDER_HEAD 16 /* octets before the answer */
#define ANSHIN_RESPONDER_PACKET (ANSHIN_RESPONDER_HEAD + ANSHIN_OCSP_RESPONSE_MAX)

/* STATE/run/ocsp.sock. 0: the path is too long for a socket. */
int anshin_responder_address(struct sockaddr_un *address, const char *state_dir);

/* The worker's side of the talk: put an answer into a packet, its length comes back. 0: it is too long for one. */
apr_size_t anshin_responder_pack(unsigned char packet[ANSHIN_RESPONDER_PACKET], const anshin_ocsp_response_t *response);

/* Answer a request of anybody, in DER: by what is kept, by the worker, or by a refusal; *response is filled whatever
 * happens, in op->pool. op needs no contract. APR_SUCCESS; or the status of what did not work, to be logged
 * (ANSHIN_EBUSY: the worker has no time, or is not there). */
apr_status_t anshin_responder_answer(anshin_op_t *op, const anshin_bytes_t *der, anshin_ocsp_response_t *response);

#endif

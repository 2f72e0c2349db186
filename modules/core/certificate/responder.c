/*
 * OCSP answers that are not kept: see responder.h.
 *
 * SECURITY: whoever asks may be anybody, and costs a signature. What waits is bounded by the worker's queue, so that no
 * crowd keeps all threads of httpd.
 */
#include "core/certificate/responder.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#define SECONDS_MAX (APR_INT32_MAX * 100LL)

int anshin_responder_address(struct sockaddr_un *address, const char *state_dir)
{
    int length;

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    length = snprintf(address->sun_path, sizeof(address->sun_path), "%s/run/ocsp.sock", state_dir);
    return length > 0 && (apr_size_t)length < sizeof(address->sun_path);
}

/* --- packets ---------------------------------------------------------------------------------------------------- */

static void write_time(unsigned char *at, apr_time_t time)
{
    apr_uint64_t seconds = (apr_uint64_t)apr_time_sec(time);

    for (int i = 7; i >= 0; i--) {
        at[i] = (unsigned char)(seconds & 0xff);
        seconds >>= 8;
    }
}

/* -1: out of bounds. */
static apr_time_t read_time(const unsigned char *at)
{
    apr_uint64_t seconds = 0;

    for (int i = 0; i < 8; i++) {
        seconds = seconds << 8 | at[i];
    }
    return seconds <= SECONDS_MAX ? apr_time_from_sec((apr_int64_t)seconds) : -1;
}

apr_size_t anshin_responder_pack(unsigned char packet[ANSHIN_RESPONDER_PACKET], const anshin_ocsp_response_t *response)
{
    if (response->der.length == 0 || response->der.length > ANSHIN_OCSP_RESPONSE_MAX) {
        return 0;
    }
    write_time(packet, response->this_update);
    write_time(packet + 8, response->next_update);
    memcpy(packet + ANSHIN_RESPONDER_HEAD, response->der.data, response->der.length);
    return ANSHIN_RESPONDER_HEAD + response->der.length;
}

static apr_status_t unpack(anshin_ocsp_response_t *response, const unsigned char *packet, apr_size_t length,
                           anshin_op_t *op)
{
    if (length <= ANSHIN_RESPONDER_HEAD || read_time(packet) < 0 || read_time(packet + 8) < 0) {
        return anshin_fail(&op->error, ANSHIN_EBUSY, "AN1212", "OCSP: the worker ended over a request");
    }
    response->this_update = read_time(packet);
    response->next_update = read_time(packet + 8);
    response->der.length = length - ANSHIN_RESPONDER_HEAD;
    response->der.data = apr_pmemdup(op->pool, packet + ANSHIN_RESPONDER_HEAD, response->der.length);
    return APR_SUCCESS;
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

static int wait_for(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    int ready;

    do {
        ready = poll(&look, 1, (int)apr_time_as_msec(ANSHIN_RESPONDER_WAIT));
    } while (ready < 0 && errno == EINTR);
    errno = ready == 0 ? ETIMEDOUT : errno;
    return ready > 0;
}

static apr_status_t talk(int fd, anshin_op_t *op, const anshin_bytes_t *der, anshin_ocsp_response_t *response)
{
    unsigned char packet[ANSHIN_RESPONDER_PACKET];
    struct sockaddr_un address;
    ssize_t got;

    if (!anshin_responder_address(&address, op->env->config->server.state_dir) ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        send(fd, der->data, der->length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)der->length || !wait_for(fd)) {
        return anshin_fail(&op->error, ANSHIN_EBUSY, "AN1213", "OCSP: the worker does not answer now: %s",
                           strerror(errno));
    }
    got = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
    return unpack(response, packet, got > 0 ? (apr_size_t)got : 0, op);
}

static apr_status_t ask(anshin_op_t *op, const anshin_bytes_t *der, anshin_ocsp_response_t *response)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    apr_status_t status = talk(fd, op, der, response); /* of no socket: it says so */

    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

static apr_status_t refuse(anshin_op_t *op, apr_status_t status, anshin_ocsp_response_t *response)
{
    anshin_ocsp_refusal_t refusal = status == ANSHIN_EINVALID  ? ANSHIN_OCSP_MALFORMED
                                    : status == ANSHIN_EDENIED ? ANSHIN_OCSP_UNAUTHORIZED
                                    : status == ANSHIN_EBUSY   ? ANSHIN_OCSP_TRY_LATER
                                                               : ANSHIN_OCSP_INTERNAL;

    *response = anshin_ocsp_refuse(refusal, op->pool);
    return status == ANSHIN_EINVALID || status == ANSHIN_EDENIED ? APR_SUCCESS : status; /* the client's own mistakes */
}

apr_status_t anshin_responder_answer(anshin_op_t *op, const anshin_bytes_t *der, anshin_ocsp_response_t *response)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_ocsp_request_t request;
    apr_status_t status = crypto->ocsp_read(crypto->ctx, &request, der->data, der->length, &op->error, op->pool);

    if (status != APR_SUCCESS) {
        return refuse(op, status, response);
    }
    status = ANSHIN_OCSP_KEEPS(&request) ? anshin_ocsp_kept(op, &request, response) : ANSHIN_ENOTFOUND;
    if (status == ANSHIN_ENOTFOUND) {
        status = ask(op, der, response);
    }
    return status == APR_SUCCESS ? status : refuse(op, status, response);
}

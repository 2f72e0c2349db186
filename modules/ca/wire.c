/*
 * Messages between the worker and the signer: see wire.h.
 *
 * SECURITY: both sides believe that the other may have been taken over. Lengths are compared with what is left
 * before anything is read, and nothing is computed from them that could overflow.
 */
#include "ca/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <apr_strings.h>

#include "core/base/unicode.h"
#include "core/base/waiting.h"

#define HEAD_OCTETS 5
#define NUMBER_OCTETS 8
#define LENGTH_OCTETS 4

/* --- numbers in network order ----------------------------------------------------------------------------------- */

static void write_number(unsigned char *at, apr_uint64_t number, int octets)
{
    for (int i = octets - 1; i >= 0; i--) {
        at[i] = (unsigned char)(number & 0xff);
        number >>= 8;
    }
}

static apr_uint64_t read_number(const unsigned char *at, int octets)
{
    apr_uint64_t number = 0;

    for (int i = 0; i < octets; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

void anshin_wire_begin(anshin_wire_t *wire, unsigned char type, apr_uint32_t id)
{
    wire->data[0] = type;
    write_number(wire->data + 1, id, 4);
    wire->length = HEAD_OCTETS;
    wire->offset = 0;
}

apr_status_t anshin_wire_put_number(anshin_wire_t *wire, apr_uint64_t number)
{
    if (NUMBER_OCTETS > ANSHIN_WIRE_MAX - wire->length) {
        return ANSHIN_EINVALID;
    }
    write_number(wire->data + wire->length, number, NUMBER_OCTETS);
    wire->length += NUMBER_OCTETS;
    return APR_SUCCESS;
}

apr_status_t anshin_wire_put_string(anshin_wire_t *wire, const void *data, apr_size_t length)
{
    apr_size_t room = ANSHIN_WIRE_MAX - wire->length;

    if (room < LENGTH_OCTETS || length > room - LENGTH_OCTETS) {
        return ANSHIN_EINVALID;
    }
    write_number(wire->data + wire->length, length, LENGTH_OCTETS);
    if (length > 0) {
        memcpy(wire->data + wire->length + LENGTH_OCTETS, data, length);
    }
    wire->length += LENGTH_OCTETS + length;
    return APR_SUCCESS;
}

apr_status_t anshin_wire_put_text(anshin_wire_t *wire, const char *text)
{
    apr_size_t length = text != NULL ? strnlen(text, ANSHIN_WIRE_TEXT_MAX + 1) : 0;

    if (length > ANSHIN_WIRE_TEXT_MAX || (text != NULL && !anshin_unicode_clean(text))) {
        return ANSHIN_EINVALID;
    }
    return anshin_wire_put_string(wire, text, length);
}

apr_size_t anshin_wire_serial(unsigned char octets[ANSHIN_WIRE_SERIAL_MAX], const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    apr_size_t length = strlen(hex);

    if (length == 0 || length % 2 != 0 || length > (apr_size_t)ANSHIN_WIRE_SERIAL_MAX * 2 ||
        strspn(hex, digits) != length) {
        return 0;
    }
    for (apr_size_t i = 0; i < length; i += 2) {
        octets[i / 2] = (unsigned char)((strchr(digits, hex[i]) - digits) << 4 | (strchr(digits, hex[i + 1]) - digits));
    }
    return length / 2;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static apr_size_t left(const anshin_wire_t *wire)
{
    return wire->length - wire->offset;
}

apr_status_t anshin_wire_get_head(anshin_wire_t *wire, unsigned char *type, apr_uint32_t *id)
{
    wire->offset = 0;
    if (left(wire) < HEAD_OCTETS) {
        return ANSHIN_EINVALID;
    }
    *type = wire->data[0];
    *id = (apr_uint32_t)read_number(wire->data + 1, 4);
    wire->offset = HEAD_OCTETS;
    return APR_SUCCESS;
}

apr_status_t anshin_wire_get_number(anshin_wire_t *wire, apr_uint64_t *number)
{
    if (left(wire) < NUMBER_OCTETS) {
        return ANSHIN_EINVALID;
    }
    *number = read_number(wire->data + wire->offset, NUMBER_OCTETS);
    wire->offset += NUMBER_OCTETS;
    return APR_SUCCESS;
}

apr_status_t anshin_wire_get_string(anshin_wire_t *wire, anshin_bytes_t *string, apr_size_t minimum, apr_size_t maximum)
{
    apr_size_t length;

    string->data = NULL;
    string->length = 0;
    if (left(wire) < LENGTH_OCTETS) {
        return ANSHIN_EINVALID;
    }
    length = (apr_size_t)read_number(wire->data + wire->offset, LENGTH_OCTETS);
    if (length > left(wire) - LENGTH_OCTETS || length < minimum || length > maximum) {
        return ANSHIN_EINVALID;
    }
    string->data = wire->data + wire->offset + LENGTH_OCTETS;
    string->length = length;
    wire->offset += LENGTH_OCTETS + length;
    return APR_SUCCESS;
}

apr_status_t anshin_wire_get_text(anshin_wire_t *wire, const char **text, apr_size_t maximum, apr_pool_t *pool)
{
    anshin_bytes_t string;
    apr_status_t status = anshin_wire_get_string(wire, &string, 0, maximum);

    *text = "";
    if (status != APR_SUCCESS) {
        return status;
    }
    if (memchr(string.data, '\0', string.length) != NULL) {
        return ANSHIN_EINVALID;
    }
    *text = apr_pstrmemdup(pool, (const char *)string.data, string.length);
    return anshin_unicode_clean(*text) ? APR_SUCCESS : ANSHIN_EINVALID;
}

apr_status_t anshin_wire_get_end(const anshin_wire_t *wire)
{
    return left(wire) == 0 ? APR_SUCCESS : ANSHIN_EINVALID;
}

/* --- the socket ------------------------------------------------------------------------------------------------- */

/* Until fd is ready for events. APR_SUCCESS also when the other side has gone: sending or receiving will tell. */
static apr_status_t wait_for(int fd, short events, apr_time_t until)
{
    struct pollfd look = {.fd = fd, .events = events};

    for (;;) {
        apr_interval_time_t rest = until - anshin_uptime_now();
        int timeout = until < 0 ? -1 : rest < 0 ? 0 : (int)apr_time_as_msec(rest) + 1;
        int ready = poll(&look, 1, timeout);

        if (ready > 0) {
            return APR_SUCCESS;
        }
        if (ready == 0 && until >= 0 && anshin_uptime_now() >= until) {
            return APR_TIMEUP;
        }
        if (ready < 0 && errno != EINTR) {
            return ANSHIN_EFAULT;
        }
    }
}

static apr_time_t deadline(apr_interval_time_t wait)
{
    return wait < 0 ? -1 : anshin_uptime_now() + wait;
}

static int is_gone(int code)
{
    return code == EPIPE || code == ECONNRESET || code == ENOTCONN;
}

apr_status_t anshin_wire_send(int fd, const anshin_wire_t *wire, apr_interval_time_t wait)
{
    apr_time_t until = deadline(wait);

    for (;;) {
        ssize_t sent = send(fd, wire->data, wire->length, MSG_NOSIGNAL | MSG_DONTWAIT);
        apr_status_t status;

        if (sent == (ssize_t)wire->length) {
            return APR_SUCCESS;
        }
        if (sent >= 0) {
            return ANSHIN_EFAULT; /* a packet goes whole or not at all */
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN) {
            return is_gone(errno) ? APR_EOF : ANSHIN_EFAULT;
        }
        status = wait_for(fd, POLLOUT, until);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
}

apr_status_t anshin_wire_receive(int fd, anshin_wire_t *wire, apr_interval_time_t wait)
{
    apr_time_t until = deadline(wait);
    struct iovec place = {.iov_base = wire->data, .iov_len = sizeof(wire->data)};
    struct msghdr header = {.msg_iov = &place, .msg_iovlen = 1};

    wire->length = 0;
    wire->offset = 0;
    for (;;) {
        apr_status_t status = wait_for(fd, POLLIN, until);
        ssize_t got;

        if (status != APR_SUCCESS) {
            return status;
        }
        got = recvmsg(fd, &header, MSG_DONTWAIT);
        if (got == 0) {
            return APR_EOF;
        }
        if (got > 0) {
            wire->length = (apr_size_t)got;
            return (header.msg_flags & MSG_TRUNC) == 0 ? APR_SUCCESS : ANSHIN_EINVALID;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return is_gone(errno) ? APR_EOF : ANSHIN_EFAULT;
        }
    }
}

/* --- refusals --------------------------------------------------------------------------------------------------- */

static const struct {
    anshin_wire_refusal_t code;
    apr_status_t status; /* of the worker */
} refusals[] = {
    {ANSHIN_WIRE_BAD_REQUEST, ANSHIN_EINVALID},
    {ANSHIN_WIRE_DENIED, ANSHIN_EDENIED},
    {ANSHIN_WIRE_FAULT, ANSHIN_EBUSY},
};

apr_uint64_t anshin_wire_refusal(apr_status_t status)
{
    for (apr_size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (refusals[i].status == status) {
            return refusals[i].code;
        }
    }
    return ANSHIN_WIRE_FAULT;
}

apr_status_t anshin_wire_status(apr_uint64_t refusal)
{
    for (apr_size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if ((apr_uint64_t)refusals[i].code == refusal) {
            return refusals[i].status;
        }
    }
    return ANSHIN_EFAULT;
}

/*
 * Answers of the signer, as the worker reads them after it may have been taken over: octet by octet. What is taken has
 * its bounds, and nothing is left over; and what the worker writes itself is read as it was written.
 */
#include "fuzz.h"

#include "ca/reply.h"

static anshin_wire_t wire;

static void begin(const uint8_t *data, size_t size)
{
    unsigned char type;
    apr_uint32_t id;
    apr_status_t status;

    if (size > 0) {
        memcpy(wire.data, data, size);
    }
    wire.length = size;
    wire.offset = 0;
    status = anshin_wire_get_head(&wire, &type, &id);
    require(status == (size >= 5 ? APR_SUCCESS : ANSHIN_EINVALID));
}

static int inside(const anshin_bytes_t *bytes)
{
    return bytes->data >= wire.data && bytes->data + bytes->length <= wire.data + wire.length;
}

static void check_welcome(apr_pool_t *pool)
{
    anshin_reply_ca_t ca;
    char apple[ANSHIN_REPLY_WHY + 1];
    apr_status_t status = anshin_reply_welcome(&wire, &ca, 1, apple, pool);

    require(status == APR_SUCCESS || status == ANSHIN_EFAULT);
    if (status == APR_SUCCESS) {
        require(strlen(ca.id) == 0 || strlen(ca.id) == ANSHIN_CA_ID_LENGTH);
        require(ca.end >= 0 && wire.offset == wire.length);
        require(strlen(ca.why) <= ANSHIN_REPLY_WHY && strlen(apple) <= ANSHIN_REPLY_WHY);
    }
}

static void check_issued(apr_pool_t *pool)
{
    anshin_reply_issued_t issued;
    apr_status_t status = anshin_reply_issued(&wire, &issued, pool);

    require(status == APR_SUCCESS || status == ANSHIN_EFAULT);
    if (status == APR_SUCCESS) {
        require(issued.certificate.length >= 1 && issued.certificate.length <= ANSHIN_REPLY_CERTIFICATE_MAX &&
                inside(&issued.certificate) && wire.offset == wire.length);
        require(issued.ca.length >= 1 && issued.ca.length <= ANSHIN_REPLY_CERTIFICATE_MAX && inside(&issued.ca));
        require(strlen(issued.fingerprint) == 64 && strspn(issued.fingerprint, "0123456789abcdef") == 64);
        require(issued.not_before >= 0 && issued.not_before < issued.not_after);
    }
}

static void check_apple(void)
{
    anshin_bytes_t profile;
    apr_status_t status = anshin_reply_apple(&wire, &profile);

    require(status == APR_SUCCESS || status == ANSHIN_EFAULT);
    require(status != APR_SUCCESS || (inside(&profile) && wire.offset == wire.length));
}

static void check_refused(apr_pool_t *pool)
{
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_reply_refused(&wire, &err, pool);
    require(status == ANSHIN_EINVALID || status == ANSHIN_EDENIED || status == ANSHIN_EBUSY || status == ANSHIN_EFAULT);
    require((status == ANSHIN_EFAULT) == (err.text[0] == '\0'));
    for (const char *at = err.text; *at != '\0'; at++) { /* it goes into the log */
        require((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
}

static void check_round(const uint8_t *data, size_t size, apr_pool_t *pool)
{
    const char *text = fuzz_text(data, size);
    anshin_bytes_t string;
    apr_uint64_t number;
    unsigned char type;
    apr_uint32_t id;
    const char *back;
    apr_status_t status;

    anshin_wire_begin(&wire, (unsigned char)size, (apr_uint32_t)size * 65537);
    require(anshin_wire_put_number(&wire, size * 0x123456789abcdefu) == APR_SUCCESS);
    status = anshin_wire_put_string(&wire, data, size);
    require(status == (size <= ANSHIN_WIRE_MAX - 5 - 8 - 4 ? APR_SUCCESS : ANSHIN_EINVALID));
    if (status != APR_SUCCESS) {
        return;
    }
    status = anshin_wire_put_text(&wire, text);
    require(anshin_wire_get_head(&wire, &type, &id) == APR_SUCCESS && type == (unsigned char)size &&
            id == (apr_uint32_t)size * 65537);
    require(anshin_wire_get_number(&wire, &number) == APR_SUCCESS && number == size * 0x123456789abcdefu);
    require(anshin_wire_get_string(&wire, &string, 0, size) == APR_SUCCESS && string.length == size &&
            (size == 0 || memcmp(string.data, data, size) == 0));
    if (status == APR_SUCCESS) {
        require(anshin_wire_get_end(&wire) == ANSHIN_EINVALID);
        require(anshin_wire_get_text(&wire, &back, ANSHIN_WIRE_TEXT_MAX, pool) == APR_SUCCESS &&
                strcmp(back, text) == 0);
    }
    require(anshin_wire_get_end(&wire) == APR_SUCCESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();

    if (size > ANSHIN_WIRE_MAX) {
        return 0;
    }
    begin(data, size);
    check_welcome(pool);
    begin(data, size);
    check_issued(pool);
    begin(data, size);
    check_apple();
    begin(data, size);
    check_refused(pool);
    check_round(data, size, pool);
    return 0;
}

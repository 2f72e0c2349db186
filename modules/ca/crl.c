/*
 * The list of revoked certificates: see crl.h.
 *
 * SECURITY: the directory may be one that others read, and that the operator has chosen; nobody but the worker's user
 * may write there. A file is made new, under a name that nobody has, and no link is followed.
 */
#include "ca/crl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_base64.h>
#include <apr_strings.h>

#include "runtime/io.h"

#define ENTRY_OCTETS 64     /* more than any takes in a message */
#define CRL_MAX (256 << 20) /* octets that are believed */
#define PEM_LINE 64
#define MODE 0644

/* --- making ----------------------------------------------------------------------------------------------------- */

typedef struct making_t {
    const anshin_crl_order_t *order;
    int next; /* entry to be sent */
    unsigned char *octets;
    apr_size_t length;
    apr_size_t got;
    apr_pool_t *pool;
} making_t;

static apr_status_t write_begin(void *baton, anshin_wire_t *wire)
{
    const making_t *making = baton;
    apr_status_t status = anshin_wire_put_text(wire, making->order->ca->id);

    if (status == APR_SUCCESS) {
        status = anshin_wire_put_number(wire, (apr_uint64_t)making->order->number);
    }
    return status == APR_SUCCESS ? anshin_wire_put_number(wire, (apr_uint64_t)apr_time_sec(making->order->life))
                                 : status;
}

static apr_status_t write_entry(const anshin_revoked_entry_t *entry, anshin_wire_t *wire)
{
    unsigned char serial[ANSHIN_WIRE_SERIAL_MAX];
    apr_size_t length = anshin_wire_serial(serial, entry->serial);
    apr_status_t status = length > 0 ? anshin_wire_put_string(wire, serial, length) : ANSHIN_EINVALID;

    if (status == APR_SUCCESS) {
        status = anshin_wire_put_number(wire, (apr_uint64_t)apr_time_sec(entry->revoked_at));
    }
    return status == APR_SUCCESS ? anshin_wire_put_number(wire, entry->reason) : status;
}

/* As many as fit. */
static apr_status_t write_entries(void *baton, anshin_wire_t *wire)
{
    making_t *making = baton;
    const apr_array_header_t *entries = making->order->entries;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && making->next < entries->nelts && wire->length + ENTRY_OCTETS <= ANSHIN_WIRE_MAX) {
        const anshin_revoked_entry_t *entry = &APR_ARRAY_IDX(entries, making->next++, anshin_revoked_entry_t);

        status = anshin_revoked_is_of(entry, making->order->ca) ? write_entry(entry, wire) : APR_SUCCESS;
    }
    return status;
}

static apr_status_t write_nothing(void *baton, anshin_wire_t *wire)
{
    (void)baton;
    (void)wire;
    return APR_SUCCESS;
}

static apr_status_t read_nothing(void *baton, anshin_wire_t *wire)
{
    (void)baton;
    return anshin_wire_get_end(wire) == APR_SUCCESS ? APR_SUCCESS : ANSHIN_EFAULT;
}

static apr_status_t read_length(void *baton, anshin_wire_t *wire)
{
    making_t *making = baton;
    apr_uint64_t length;

    if (anshin_wire_get_number(wire, &length) != APR_SUCCESS || anshin_wire_get_end(wire) != APR_SUCCESS ||
        length == 0 || length > CRL_MAX) {
        return ANSHIN_EFAULT;
    }
    making->length = (apr_size_t)length;
    making->octets = apr_palloc(making->pool, making->length);
    return APR_SUCCESS;
}

static apr_status_t write_place(void *baton, anshin_wire_t *wire)
{
    const making_t *making = baton;

    return anshin_wire_put_number(wire, making->got);
}

static apr_status_t read_part(void *baton, anshin_wire_t *wire)
{
    making_t *making = baton;
    anshin_bytes_t part;

    if (anshin_wire_get_string(wire, &part, 1, ANSHIN_WIRE_MAX) != APR_SUCCESS ||
        anshin_wire_get_end(wire) != APR_SUCCESS || part.length > making->length - making->got) {
        return ANSHIN_EFAULT;
    }
    memcpy(making->octets + making->got, part.data, part.length);
    making->got += part.length;
    return APR_SUCCESS;
}

apr_status_t anshin_crl_make(anshin_bytes_t *der, anshin_signer_client_t *signer_client,
                             const anshin_crl_order_t *order, anshin_error_t *err, apr_pool_t *pool)
{
    making_t making = {.order = order, .pool = pool};
    const anshin_signer_ask_t begin = {ANSHIN_WIRE_CRL_BEGIN, ANSHIN_WIRE_CRL_BEGUN, write_begin, read_nothing,
                                       &making};
    const anshin_signer_ask_t add = {ANSHIN_WIRE_CRL_ADD, ANSHIN_WIRE_CRL_ADDED, write_entries, read_nothing, &making};
    const anshin_signer_ask_t end = {ANSHIN_WIRE_CRL_END, ANSHIN_WIRE_CRL_ENDED, write_nothing, read_length, &making};
    const anshin_signer_ask_t part = {ANSHIN_WIRE_CRL_READ, ANSHIN_WIRE_CRL_PART, write_place, read_part, &making};
    apr_status_t status = anshin_signer_client_ask(signer_client, &begin, err, pool);

    while (status == APR_SUCCESS && making.next < order->entries->nelts) {
        status = anshin_signer_client_ask(signer_client, &add, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = anshin_signer_client_ask(signer_client, &end, err, pool);
    }
    while (status == APR_SUCCESS && making.got < making.length) {
        status = anshin_signer_client_ask(signer_client, &part, err, pool);
    }
    *der = (anshin_bytes_t){making.octets, making.got};
    return status;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

static apr_status_t failed(anshin_error_t *err, const char *path)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN1222",
                       "%s: %s; AnshinCRLDir must be a directory that the CA worker may write", path, strerror(errno));
}

static apr_status_t write_file(const char *path, const anshin_bytes_t *content, apr_time_t at, anshin_error_t *err,
                               apr_pool_t *pool)
{
    const struct timespec times[] = {{.tv_sec = apr_time_sec(at)}, {.tv_sec = apr_time_sec(at)}};
    const char *fresh = apr_pstrcat(pool, path, ".new", NULL);
    apr_status_t status = APR_SUCCESS;
    int fd;

    (void)unlink(fresh); /* one that a crash left */
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    if (fd < 0) {
        return failed(err, fresh);
    }
    errno = anshin_io_write(fd, content->data, content->length);
    if (errno != 0 || fchmod(fd, MODE) != 0 || futimens(fd, times) != 0 || fsync(fd) != 0 || rename(fresh, path) != 0) {
        status = failed(err, fresh);
        (void)unlink(fresh);
    }
    (void)close(fd);
    return status;
}

/* RFC 7468 */
static anshin_bytes_t to_pem(const anshin_bytes_t *der, apr_pool_t *pool)
{
    static const char head[] = "-----BEGIN X509 CRL-----\n";
    static const char tail[] = "-----END X509 CRL-----\n";
    char *base64 = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)der->length));
    apr_size_t left = (apr_size_t)apr_base64_encode_binary(base64, der->data, (int)der->length) - 1;
    char *pem = apr_palloc(pool, sizeof(head) + sizeof(tail) + left + left / PEM_LINE + 2);
    char *at = apr_cpystrn(pem, head, sizeof(head));

    while (left > 0) {
        apr_size_t line = left < PEM_LINE ? left : PEM_LINE;

        memcpy(at, base64, line);
        at[line] = '\n';
        at += line + 1;
        base64 += line;
        left -= line;
    }
    at = apr_cpystrn(at, tail, sizeof(tail));
    return (anshin_bytes_t){(const unsigned char *)pem, (apr_size_t)(at - pem)};
}

apr_status_t anshin_crl_write(const anshin_crl_file_t *crl, anshin_error_t *err, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, crl->directory, "/", crl->name, ".crl", NULL);
    const anshin_bytes_t pem = to_pem(&crl->der, pool);
    apr_status_t status = write_file(path, &crl->der, crl->at, err, pool);

    if (status == APR_SUCCESS) {
        status = write_file(apr_pstrcat(pool, path, ".pem", NULL), &pem, crl->at, err, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    errno = anshin_io_sync_directory(crl->directory);
    return errno == 0 ? APR_SUCCESS : failed(err, crl->directory);
}

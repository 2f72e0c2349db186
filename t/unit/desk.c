/*
 * A signer that is asked: see desk.h.
 */
#include <fcntl.h>

#include <apr_strings.h>

#include "unit/desk.h"

desk_t desk;

static const anshin_ca_t *open_authority(const char *directory, const char *name)
{
    const char *certificate = apr_pstrcat(pool, directory, "/", name, ".crt", NULL);
    const char *key = apr_pstrcat(pool, directory, "/", name, ".key", NULL);
    anshin_ca_wanted_t wanted = {.key_type = ANSHIN_KEY_P256, .common_name = name};
    anshin_ca_t *opened = NULL;
    anshin_error_t err;
    int fd;
    apr_array_header_t *found;

    anshin_error_clear(&err);
    wanted.not_before = desk.now - apr_time_from_sec(3600);
    wanted.not_after = desk.now + apr_time_from_sec(400 * 86400LL);
    if (anshin_ca_create(certificate, &(anshin_ca_key_source_t){.key = key}, &wanted, &err, pool) != APR_SUCCESS ||
        anshin_ca_open(&opened, certificate, key, NULL, &err, pool) != APR_SUCCESS ||
        (fd = open(certificate, O_RDONLY)) < 0 ||
        anshin_trust_add(desk.trust, fd, certificate, &found, &err) != APR_SUCCESS) {
        printf("# %s %s\n", err.id, err.text);
        exit(1);
    }
    return opened;
}

void desk_open(void)
{
    const char *directory = scratch_directory(pool);
    anshin_error_t err;

    desk.now = apr_time_from_sec(apr_time_sec(apr_time_now()));
    anshin_error_clear(&err);
    if (anshin_trust_create(&desk.trust, &err, pool) != APR_SUCCESS) {
        exit(1);
    }
    desk.ca = open_authority(directory, "ca");
    desk.other = open_authority(directory, "other");
    desk.signer.cas = apr_array_make(pool, 3, sizeof(anshin_signer_ca_t));
    APR_ARRAY_PUSH(desk.signer.cas, anshin_signer_ca_t) = (anshin_signer_ca_t){.ca = desk.ca};
    APR_ARRAY_PUSH(desk.signer.cas, anshin_signer_ca_t) = (anshin_signer_ca_t){.ca = NULL, .why = "no such key"};
    APR_ARRAY_PUSH(desk.signer.cas, anshin_signer_ca_t) = (anshin_signer_ca_t){.ca = desk.other};
}

void desk_close(void)
{
    if (desk_ocsp()->pool != NULL) {
        apr_pool_destroy(desk_ocsp()->pool);
    }
    if (desk.signer.crl_pool != NULL) {
        apr_pool_destroy(desk.signer.crl_pool); /* of the list that was begun last */
    }
    apr_pool_destroy(pool);
}

anshin_signer_ocsp_t *desk_ocsp(void)
{
    return &APR_ARRAY_IDX(desk.signer.cas, 0, anshin_signer_ca_t).ocsp;
}

anshin_wire_t *desk_request(unsigned char type)
{
    anshin_wire_t *request = apr_pcalloc(pool, sizeof(*request));

    anshin_wire_begin(request, type, 5);
    return request;
}

apr_status_t desk_answer(anshin_wire_t *reply, anshin_wire_t *request, unsigned char *type, apr_uint32_t *id)
{
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_signer_answer(reply, request, &desk.signer, desk.now, &err, pool);
    if (anshin_wire_get_head(reply, type, id) != APR_SUCCESS) {
        *type = 0;
    }
    return status;
}

int desk_refuses(anshin_wire_t *request, apr_uint32_t expected_id)
{
    anshin_wire_t *reply = apr_pcalloc(pool, sizeof(*reply));
    unsigned char type;
    apr_uint32_t id;
    apr_uint64_t code;
    const char *cause_id;
    const char *text;
    apr_status_t status = desk_answer(reply, request, &type, &id);

    return status != APR_SUCCESS && type == ANSHIN_WIRE_REFUSED && id == expected_id &&
           anshin_wire_get_number(reply, &code) == APR_SUCCESS && code >= 1 && code <= 3 &&
           anshin_wire_get_text(reply, &cause_id, 10, pool) == APR_SUCCESS && strncmp(cause_id, "AN", 2) == 0 &&
           anshin_wire_get_text(reply, &text, ANSHIN_WIRE_TEXT_MAX, pool) == APR_SUCCESS && *text != '\0' &&
           anshin_wire_get_end(reply) == APR_SUCCESS;
}

int desk_answers(anshin_wire_t *reply, anshin_wire_t *request, unsigned char wanted)
{
    unsigned char type;
    apr_uint32_t id;

    return desk_answer(reply, request, &type, &id) == APR_SUCCESS && type == wanted && id == 5;
}

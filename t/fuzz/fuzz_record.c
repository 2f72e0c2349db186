/*
 * Records of the store, octet by octet; the first octet chooses their type. What decodes can be encoded, and decoding
 * that gives the same record again; what is not known of it is all that is lost.
 */
#include "fuzz.h"

#include "core/store/record.h"

#define RECORD_SIZE_MAX 1024 /* of the C structures */

typedef union record_t {
    apr_int64_t align;
    unsigned char octets[RECORD_SIZE_MAX];
} record_t;

static const anshin_record_type_t *choose(uint8_t octet)
{
    size_t count = 0;

    while (anshin_record_types[count] != NULL) {
        count++;
    }
    require(count > 0);
    return anshin_record_types[octet % count];
}

static void check_same(const anshin_field_t *field, const void *a, const void *b)
{
    const apr_array_header_t *lists[2];

    switch (field->kind) {
    case ANSHIN_FIELD_INT:
    case ANSHIN_FIELD_TIME:
        require(*(const apr_int64_t *)a == *(const apr_int64_t *)b);
        return;
    case ANSHIN_FIELD_TEXT:
        require((*(const char *const *)a == NULL) == (*(const char *const *)b == NULL));
        require(*(const char *const *)a == NULL || strcmp(*(const char *const *)a, *(const char *const *)b) == 0);
        require(*(const char *const *)a == NULL || **(const char *const *)a != '\0');
        return;
    case ANSHIN_FIELD_TEXTS:
    case ANSHIN_FIELD_INTS:
        lists[0] = *(apr_array_header_t *const *)a;
        lists[1] = *(apr_array_header_t *const *)b;
        require((lists[0] == NULL) == (lists[1] == NULL));
        require(lists[0] == NULL || (lists[0]->nelts > 0 && lists[0]->nelts == lists[1]->nelts));
        for (int i = 0; lists[0] != NULL && i < lists[0]->nelts; i++) {
            if (field->kind == ANSHIN_FIELD_INTS) {
                require(APR_ARRAY_IDX(lists[0], i, apr_int64_t) == APR_ARRAY_IDX(lists[1], i, apr_int64_t));
            } else {
                require(strcmp(APR_ARRAY_IDX(lists[0], i, const char *), APR_ARRAY_IDX(lists[1], i, const char *)) ==
                        0);
            }
        }
        return;
    }
    require(0); /* no kind of field */
}

/* What decodes is format, and fields to the last octet, each tag once. */
static void check_tags(const uint8_t *octets, size_t length)
{
    int seen[256] = {0};

    require(octets[0] == 1);
    for (size_t at = 1; at < length;) {
        uint8_t tag = octets[at++];
        uint64_t size = 0;
        unsigned shift = 0;

        require(tag != 0 && !seen[tag]++);
        do {
            require(at < length && shift < 64);
            size |= (uint64_t)(octets[at] & 0x7f) << shift;
            shift += 7;
        } while ((octets[at++] & 0x80) != 0);
        require(size <= length - at);
        at += (size_t)size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const anshin_record_type_t *type = size > 0 ? choose(data[0]) : anshin_record_types[0];
    const uint8_t *octets = size > 0 ? data + 1 : data;
    size_t length = size > 0 ? size - 1 : 0;
    anshin_bytes_t encoded;
    anshin_bytes_t twice;
    record_t first;
    record_t second;
    apr_status_t status;

    require(type->size <= sizeof(first));
    status = anshin_record_decode(&first, type, octets, length, pool);
    if (status != APR_SUCCESS) {
        require(status == ANSHIN_EFAULT);
        return 0;
    }
    require(length >= 1 && length <= ANSHIN_RECORD_MAX);
    check_tags(octets, length);
    require(anshin_record_encode(&encoded, type, &first, pool) == APR_SUCCESS && encoded.length <= length);
    require(anshin_record_decode(&second, type, encoded.data, encoded.length, pool) == APR_SUCCESS);
    for (size_t i = 0; i < type->field_count; i++) {
        check_same(&type->fields[i], first.octets + type->fields[i].offset, second.octets + type->fields[i].offset);
    }
    require(anshin_record_encode(&twice, type, &second, pool) == APR_SUCCESS && twice.length == encoded.length &&
            memcmp(twice.data, encoded.data, twice.length) == 0);
    return 0;
}

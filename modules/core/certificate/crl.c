/*
 * One list of revoked certificates for all machines: see crl.h.
 */
#include "core/certificate/crl.h"

#include <string.h>

#include <apr_encode.h>
#include <apr_strings.h>

#include "core/context/nodes.h"

#define PART 45000      /* octets of one, so that a record has room for their base64 */
#define PARTS_MAX 10000 /* of a list that is believed */

static const char *part_key(const char *name, apr_int64_t part, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s/%" APR_INT64_T_FMT, name, part);
}

/* Of a CA that had no list yet: zeros. */
static apr_status_t read_record(anshin_txn_t *txn, const char *name, anshin_crl_t *record)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_crl, name, record);

    if (status == ANSHIN_ENOTFOUND) {
        *record = (anshin_crl_t){.number = 0};
        return APR_SUCCESS;
    }
    return status;
}

/* --- which is out ------------------------------------------------------------------------------------------------ */

typedef struct look_t {
    const char *name;
    apr_int64_t had;
    anshin_crl_out_t *out;
    anshin_bytes_t *der;
} look_t;

static apr_status_t broken(anshin_op_t *op, const char *name)
{
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1927",
                       "the list of revoked certificates of %s in the store is broken", name);
}

typedef struct gather_t {
    unsigned char *octets;
    apr_size_t room, length;
    int parts;
} gather_t;

static apr_status_t add_part(void *baton, const char *key, const void *record)
{
    gather_t *gather = baton;
    const char *text = ((const anshin_crl_t *)record)->part;
    apr_size_t length;

    (void)key;
    if (text == NULL ||
        apr_decode_base64_binary(NULL, text, APR_ENCODE_STRING, APR_ENCODE_NONE, &length) != APR_SUCCESS ||
        length > gather->room - gather->length ||
        apr_decode_base64_binary(gather->octets + gather->length, text, APR_ENCODE_STRING, APR_ENCODE_NONE, &length) !=
            APR_SUCCESS) {
        return ANSHIN_EINVALID;
    }
    gather->length += length;
    gather->parts++;
    return APR_SUCCESS;
}

static apr_status_t read_parts(const look_t *look, anshin_op_t *op, anshin_txn_t *txn, const anshin_crl_t *record)
{
    apr_array_header_t *keys = apr_array_make(op->pool, 16, sizeof(const char *));
    gather_t gather = {.room = (apr_size_t)record->parts * PART};
    apr_status_t status;

    if (record->parts < 1 || record->parts > PARTS_MAX) {
        return broken(op, look->name);
    }
    for (apr_int64_t i = 0; i < record->parts; i++) {
        APR_ARRAY_PUSH(keys, const char *) = part_key(look->name, i, op->pool);
    }
    gather.octets = apr_palloc(op->pool, gather.room);
    status = anshin_txn_get_many(txn, &anshin_record_crl, keys, add_part, &gather);
    if (status == ANSHIN_EINVALID || (status == APR_SUCCESS && gather.parts != record->parts)) {
        return broken(op, look->name);
    }
    *look->der = (anshin_bytes_t){gather.octets, gather.length};
    return status;
}

static apr_status_t read_list(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const look_t *look = baton;
    anshin_crl_t record;
    apr_status_t status = read_record(txn, look->name, &record);

    *look->out = (anshin_crl_out_t){.number = record.number, .made_at = record.made_at, .before = record.before};
    if (look->der != NULL) {
        *look->der = (anshin_bytes_t){NULL, 0};
    }
    apr_cpystrn(look->out->ca, record.ca != NULL ? record.ca : "", sizeof(look->out->ca));
    apr_cpystrn(look->out->digest, record.digest != NULL ? record.digest : "", sizeof(look->out->digest));
    return status == APR_SUCCESS && look->der != NULL && record.number != 0 && record.number != look->had
               ? read_parts(look, op, txn, &record)
               : status;
}

apr_status_t anshin_crl_look(anshin_op_t *op, const char *name, apr_int64_t had, anshin_crl_out_t *out,
                             anshin_bytes_t *der)
{
    look_t look = {name, had, out, der};

    return anshin_op_read(op, read_list, &look);
}

/* --- who makes the next ------------------------------------------------------------------------------------------ */

typedef struct claim_t {
    const char *name;
    apr_int64_t had;
    apr_int64_t number;
    apr_time_t last;
    const apr_array_header_t *nodes;
} claim_t;

/* A clock that was put back ends no claim later than it would have. */
static int is_claimed(const claim_t *claim, const anshin_op_t *op, const anshin_crl_t *record)
{
    apr_interval_time_t wait;

    if (record->claimed <= record->number || record->claimed_by == NULL ||
        strcmp(record->claimed_by, op->env->node) == 0) {
        return 0;
    }
    wait = anshin_node_lives(op, claim->nodes, record->claimed_by) ? ANSHIN_CRL_CLAIM_AWAKE : ANSHIN_CRL_CLAIM;
    return record->claimed_at > op->now - wait && record->claimed_at < op->now + wait;
}

static apr_status_t take(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    claim_t *claim = baton;
    anshin_crl_t record;
    apr_time_t last;
    apr_status_t status = read_record(txn, claim->name, &record);

    claim->number = 0;
    claim->last = record.made_at;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (record.number != claim->had || is_claimed(claim, op, &record)) {
        return ANSHIN_ECONFLICT;
    }
    status = anshin_revoked_number_in(op, txn, claim->name, &record.claimed, &last);
    if (status != APR_SUCCESS) {
        return status;
    }
    claim->number = record.claimed;
    record.claimed_at = op->now;
    record.claimed_by = op->env->node;
    return anshin_txn_put(txn, &anshin_record_crl, claim->name, &record);
}

apr_status_t anshin_crl_claim(anshin_op_t *op, const char *name, apr_int64_t had, apr_int64_t *number, apr_time_t *last)
{
    claim_t one = {.name = name, .had = had};
    apr_array_header_t *nodes;
    apr_status_t status = anshin_nodes(op, &nodes);

    if (status == APR_SUCCESS) {
        one.nodes = nodes;
        status = anshin_op_write(op, ANSHIN_DURABLE, take, &one);
    }

    *number = status == APR_SUCCESS ? one.number : 0;
    *last = one.last;
    return status;
}

/* --- putting out ------------------------------------------------------------------------------------------------- */

typedef struct put_t {
    const char *name;
    anshin_crl_out_t *out;
    const anshin_bytes_t *der;
} put_t;

static apr_status_t put_parts(const put_t *put, anshin_op_t *op, anshin_txn_t *txn, apr_int64_t before, apr_int64_t now)
{
    apr_status_t status = APR_SUCCESS;

    for (apr_int64_t i = 0; status == APR_SUCCESS && i < now; i++) {
        const apr_size_t from = (apr_size_t)i * PART;
        const apr_size_t length = put->der->length - from < PART ? put->der->length - from : PART;
        const anshin_crl_t part = {.part =
                                       apr_pencode_base64_binary(op->pool, (const unsigned char *)put->der->data + from,
                                                                 (apr_ssize_t)length, APR_ENCODE_NONE, NULL)};

        status = anshin_txn_put(txn, &anshin_record_crl, part_key(put->name, i, op->pool), &part);
    }
    for (apr_int64_t i = now; status == APR_SUCCESS && i < before; i++) {
        status = anshin_txn_delete(txn, &anshin_record_crl, part_key(put->name, i, op->pool));
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

static apr_status_t put_out(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const put_t *put = baton;
    anshin_crl_out_t *out = put->out;
    anshin_crl_t record;
    apr_int64_t before;
    apr_status_t status = read_record(txn, put->name, &record);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (record.claimed != out->number || record.number >= out->number) {
        return ANSHIN_ECONFLICT;
    }
    out->before = record.made_at;
    out->made_at = record.made_at + apr_time_from_sec(1) > op->now ? record.made_at + apr_time_from_sec(1) : op->now;
    before = record.parts;
    record = (anshin_crl_t){.number = out->number,
                            .made_at = out->made_at,
                            .before = out->before,
                            .ca = out->ca,
                            .digest = out->digest,
                            .parts = (apr_int64_t)((put->der->length + PART - 1) / PART),
                            .claimed = out->number};
    status = put_parts(put, op, txn, before, record.parts);
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_crl, put->name, &record) : status;
}

apr_status_t anshin_crl_put(anshin_op_t *op, const char *name, anshin_crl_out_t *out, const anshin_bytes_t *der)
{
    put_t put = {name, out, der};

    return anshin_op_write(op, ANSHIN_DURABLE, put_out, &put);
}

static apr_status_t give_up(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const claim_t *claim = baton;
    anshin_crl_t record;
    apr_status_t status = read_record(txn, claim->name, &record);

    (void)op;
    if (status != APR_SUCCESS || record.claimed != claim->number) {
        return status;
    }
    record.claimed_by = NULL;
    return anshin_txn_put(txn, &anshin_record_crl, claim->name, &record);
}

apr_status_t anshin_crl_give_up(anshin_op_t *op, const char *name, apr_int64_t number)
{
    claim_t one = {.name = name, .number = number};

    return anshin_op_write(op, ANSHIN_LAZY, give_up, &one);
}

/* --- what it lists ----------------------------------------------------------------------------------------------- */

apr_status_t anshin_crl_digest(anshin_op_t *op, char digest[ANSHIN_CRL_DIGEST + 1], const apr_array_header_t *entries,
                               const anshin_revoked_ca_t *ca, apr_time_t before)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char octets[ANSHIN_DIGEST_BYTES];
    char *all = apr_palloc(op->pool, (apr_size_t)entries->nelts * (ANSHIN_REVOKED_SERIAL_MAX + 1) + 1);
    char *at = all;

    for (int i = 0; i < entries->nelts; i++) {
        const anshin_revoked_entry_t *entry = &APR_ARRAY_IDX(entries, i, anshin_revoked_entry_t);

        if (anshin_revoked_is_of(entry, ca) && entry->not_after >= before) {
            at = apr_cpystrn(at, entry->serial, sizeof(entry->serial));
            *at++ = '\n';
        }
    }
    if (crypto->digest(crypto->ctx, octets, all, (apr_size_t)(at - all)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1928", "no digest of what is revoked");
    }
    apr_cpystrn(digest, anshin_hex(octets, sizeof(octets), op->pool), ANSHIN_CRL_DIGEST + 1);
    return APR_SUCCESS;
}

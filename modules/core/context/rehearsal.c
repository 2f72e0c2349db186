/*
 * Works that are rehearsed: see rehearsal.h.
 */
#include "core/context/rehearsal.h"

#include <string.h>

#include <apr_strings.h>

/* A blob that was sealed. Of its text there is a MAC alone. */
typedef struct draft_t {
    unsigned char mac[ANSHIN_DIGEST_BYTES];
    const char *name;
    anshin_bytes_t sealed;
    int used;
} draft_t;

typedef struct anshin_rehearsal_t {
    anshin_op_fn *fn;
    void *baton;
    int on;                     /* it is the rehearsal that runs */
    apr_array_header_t *random; /* anshin_bytes_t, as it was drawn */
    int again;                  /* so many of these were drawn again */
    apr_array_header_t *drafts; /* draft_t */
} anshin_rehearsal_t;

int anshin_rehearsing(const anshin_op_t *op)
{
    return op->rehearsal != NULL && op->rehearsal->on;
}

/* --- what it draws ------------------------------------------------------------------------------------------------ */

void anshin_rehearsal_drew(anshin_op_t *op, const void *bytes, apr_size_t length)
{
    if (anshin_rehearsing(op)) {
        APR_ARRAY_PUSH(op->rehearsal->random, anshin_bytes_t) =
            (anshin_bytes_t){apr_pmemdup(op->pool, bytes, length), length};
    }
}

int anshin_rehearsal_again(anshin_op_t *op, void *buffer, apr_size_t length)
{
    anshin_rehearsal_t *rehearsal = op->rehearsal;
    const anshin_bytes_t *next;

    if (rehearsal == NULL || rehearsal->on || rehearsal->again >= rehearsal->random->nelts) {
        return 0;
    }
    next = &APR_ARRAY_IDX(rehearsal->random, rehearsal->again, anshin_bytes_t);
    if (next->length != length) {
        return 0; /* what was read is otherwise now, and so is what is drawn */
    }
    memcpy(buffer, next->data, length);
    rehearsal->again++;
    return 1;
}

static void forget(const anshin_op_t *op, const anshin_rehearsal_t *rehearsal)
{
    const anshin_crypto_t *crypto = op->env->crypto;

    for (int i = 0; i < rehearsal->random->nelts; i++) {
        const anshin_bytes_t *bytes = &APR_ARRAY_IDX(rehearsal->random, i, anshin_bytes_t);
        crypto->wipe(crypto->ctx, (void *)(uintptr_t)bytes->data, bytes->length);
    }
    apr_array_clear(rehearsal->random);
    apr_array_clear(rehearsal->drafts);
}

/* --- what it seals ------------------------------------------------------------------------------------------------ */

static apr_status_t mac_of(anshin_op_t *op, unsigned char mac[ANSHIN_DIGEST_BYTES], const char *purpose,
                           anshin_bytes_t text)
{
    const anshin_crypto_t *crypto = op->env->crypto;

    return crypto->mac(crypto->ctx, mac, purpose, text.data, text.length) == APR_SUCCESS
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1283", "the keyed hash of a draft could not be computed");
}

apr_status_t anshin_rehearsal_sealed(anshin_op_t *op, const char *name, anshin_bytes_t sealed, const char *purpose,
                                     anshin_bytes_t text)
{
    draft_t draft = {.name = name, .sealed = sealed};
    apr_status_t status = anshin_rehearsing(op) ? mac_of(op, draft.mac, purpose, text) : APR_SUCCESS;

    if (anshin_rehearsing(op) && status == APR_SUCCESS) {
        APR_ARRAY_PUSH(op->rehearsal->drafts, draft_t) = draft;
    }
    return status;
}

apr_status_t anshin_rehearsal_find(anshin_op_t *op, const char **name, const char *purpose, anshin_bytes_t text)
{
    unsigned char mac[ANSHIN_DIGEST_BYTES];
    apr_array_header_t *drafts = op->rehearsal != NULL && !op->rehearsal->on ? op->rehearsal->drafts : NULL;
    apr_status_t status = drafts != NULL ? mac_of(op, mac, purpose, text) : APR_SUCCESS;

    *name = NULL;
    for (int i = 0; status == APR_SUCCESS && *name == NULL && drafts != NULL && i < drafts->nelts; i++) {
        draft_t *draft = &APR_ARRAY_IDX(drafts, i, draft_t);
        if (!draft->used && memcmp(draft->mac, mac, sizeof(mac)) == 0) {
            draft->used = 1;
            *name = draft->name;
        }
    }
    return status;
}

/* --- both runs ---------------------------------------------------------------------------------------------------- */

static apr_status_t rehearse(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_rehearsal_t *rehearsal = baton;

    forget(op, rehearsal); /* of a run before */
    return rehearsal->fn(rehearsal->baton, op, txn);
}

static apr_status_t perform(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_rehearsal_t *rehearsal = baton;
    apr_array_header_t *drafts = rehearsal->drafts;
    apr_status_t status = APR_SUCCESS;

    rehearsal->again = 0;
    for (int i = 0; status == APR_SUCCESS && i < drafts->nelts; i++) {
        draft_t *draft = &APR_ARRAY_IDX(drafts, i, draft_t);
        draft->used = 0;
        status = anshin_txn_blob_put(txn, draft->name, draft->sealed.data, draft->sealed.length);
    }
    status = status == APR_SUCCESS ? rehearsal->fn(rehearsal->baton, op, txn) : status;
    for (int i = 0; i < drafts->nelts; i++) {
        const draft_t *draft = &APR_ARRAY_IDX(drafts, i, draft_t);
        anshin_txn_wipe(txn, draft->used ? NULL : draft->name);
    }
    return status;
}

apr_status_t anshin_op_write_rehearsed(anshin_op_t *op, anshin_durability_t durability, anshin_op_fn *fn, void *baton)
{
    const anshin_op_t before = *op;
    anshin_rehearsal_t rehearsal = {.fn = fn,
                                    .baton = baton,
                                    .on = 1,
                                    .random = apr_array_make(op->pool, 8, sizeof(anshin_bytes_t)),
                                    .drafts = apr_array_make(op->pool, 4, sizeof(draft_t))};
    apr_status_t status;

    op->rehearsal = &rehearsal;
    status = anshin_op_rehearse(op, rehearse, &rehearsal);
    if (status == APR_SUCCESS) {
        *op = before;
        op->rehearsal = &rehearsal;
        rehearsal.on = 0;
        status = anshin_op_write(op, durability, perform, &rehearsal);
    }
    forget(op, &rehearsal);
    op->rehearsal = NULL;
    return status;
}

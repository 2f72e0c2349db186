/*
 * Random texts and keyed hashes: tokens of links, codes, download passwords, session ids.
 */
#ifndef ANSHIN_CORE_CONTEXT_SECRET_H
#define ANSHIN_CORE_CONTEXT_SECRET_H

#include <jansson.h>

#include "core/context/op.h"

/* Letters and digits that cannot be mistaken for each other: no 0 O o 1 I l i, and no vowels, so that no word appears.
 * 28 signs of lower case and digits, 4.8 bits each. */
#define ANSHIN_ALPHABET_READABLE "23456789bcdfghjkmnpqrstvwxyz"

#define ANSHIN_TOKEN_BYTES 32                  /* of a link and of a session id: 256 bits (S9, S14) */
#define ANSHIN_TOKEN_TEXT 43                   /* the same as base64url without padding */
#define ANSHIN_REGISTRATION_CODE_CHARACTERS 10 /* 48 bits, tried a few times only */
#define ANSHIN_DOWNLOAD_PASSWORD_CHARACTERS 14 /* 67 bits, must resist guessing off line (CRT-2) */

/* A random text over an alphabet, without modulo bias; NUL terminated in pool. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_secret_text(anshin_op_t *op, const char **text, const char *alphabet, apr_size_t signs);

/* A random token as base64url (RFC 4648 5), ANSHIN_TOKEN_TEXT signs. */
apr_status_t anshin_secret_token(anshin_op_t *op, const char **token);

/* A random name for blobs and mail: 32 hexadecimal digits. */
apr_status_t anshin_secret_name(anshin_op_t *op, const char **name);

/* HMAC of a secret for a purpose, lower-case hexadecimal: what the store keeps of tokens and codes (S9). */
apr_status_t anshin_secret_mac(anshin_op_t *op, const char **hex, const char *purpose, const char *secret);

/* After a rotation of the seal key what was made with the one before counts as long as that is there, so that it is not
 * compared with a MAC, but asked for:
 * is *mac* the one of this text, by any of the keys? *equal: 1, or 0 (also where mac is NULL). In time that depends on
 * the number of keys alone. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_secret_mac_is(anshin_op_t *op, int *equal, const char *purpose, const char *secret,
                                  const char *mac);

/* Try what begins with anshin_secret_mac() with one key after the other, until the answer is another one than
 * ANSHIN_ENOTFOUND: that MAC is by the key at hand then. */
typedef apr_status_t anshin_secret_try_fn(void *baton, anshin_op_t *op);
apr_status_t anshin_secret_any(anshin_op_t *op, anshin_secret_try_fn *attempt, void *baton);

/* 1 when both are there and the same text, in time that depends on their lengths alone: MACs as text, stamps. */
int anshin_secret_equal(const anshin_op_t *op, const char *a, const char *b);

/* Overwrite a secret that lies in a pool of ours and is needed no longer; the type alone says const. NULL: nothing. */
void anshin_secret_wipe(const anshin_op_t *op, const char *text);
void anshin_secret_wipe_bytes(const anshin_op_t *op, anshin_bytes_t *bytes); /* *bytes is empty then */

/* What people type of a readable secret: full-width to half-width, spaces and hyphens dropped, lower case. In pool. */
const char *anshin_secret_normalise(const char *typed, apr_pool_t *pool);

/* Seal text into a new blob of the transaction and give its name (anshin_txn_blob_put()); read it back
 * (ANSHIN_ENOTFOUND: it was wiped, or name is NULL). anshin_txn_wipe() wipes it. purpose binds the blob to its use,
 * "download-password" for instance. */
apr_status_t anshin_secret_blob_put(anshin_op_t *op, anshin_txn_t *txn, const char **name, const char *purpose,
                                    const void *data, apr_size_t length);
apr_status_t anshin_secret_blob_get(anshin_op_t *op, anshin_txn_t *txn, anshin_bytes_t *data, const char *purpose,
                                    const char *name);

/* What json_dumps(JSON_COMPACT) wrote into a sealed text; json_decref() it. NULL: it is something else, or memory
 * ended. */
json_t *anshin_secret_json(const anshin_op_t *op, const anshin_bytes_t *text);

#endif

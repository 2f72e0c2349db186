/*
 * A whole store as text, a record a line, in an order of its own: the same records make the same text, by whatever
 * provider they are kept (IMP-3). load.h brings it back.
 *
 *   {"anshin":"dump","format":1,"version":"0.1.0","key":HEX,"other_keys":[HEX,...],"records":{"account":12,...}}
 *   lines of dump_line.h: records by type and key, each behind the blobs that it names; then when they are due, those
 *   of a queue in their turn
 *   {"end":"dump","records":N,"blobs":N,"due":N,"chain":HEX}
 *
 * What is sealed stays sealed, and MACs stay as they are: "key" tells by which seal key, by a MAC of nothing. While
 * the seal key is changed (htanshin key rotate) there are others, and what needs one of them is lost without it. chain
 * is a MAC by the same key of what all lines before the last come to, each with its LF: SHA-256 of the value before it
 * (at first 32 zeros) and the line. Without the key nobody can make or change a dump so that load.h takes it.
 */
#ifndef ANSHIN_CORE_ADMIN_DUMP_H
#define ANSHIN_CORE_ADMIN_DUMP_H

#include "core/context/op.h"

#define ANSHIN_DUMP_FORMAT 1

/* Take a line with its LF. Anything but APR_SUCCESS ends the dump and is returned. */
typedef apr_status_t anshin_dump_write_fn(void *baton, const char *line, apr_size_t length);

/* Make durable what was taken: all of it is. Anything but APR_SUCCESS is returned. */
typedef apr_status_t anshin_dump_settle_fn(void *baton);

/* Write the store as it is at one moment: others go on meanwhile, and nothing of that is in it. Memory is bounded. An
 * act tells of it when settle has done its part. op needs no contract. ANSHIN_EBUSY (also: the seal key was changed
 * meanwhile), ANSHIN_EFAULT, and answers of
 * write and settle. */
apr_status_t anshin_dump(anshin_op_t *op, anshin_dump_write_fn *write, anshin_dump_settle_fn *settle, void *baton);

/* The same for who moves the store (core/keeping/move.h): nothing is told of it. */
apr_status_t anshin_dump_lines(anshin_op_t *op, anshin_dump_write_fn *write, void *baton);

/* By which seal key, in op's pool. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_dump_key(anshin_op_t *op, const char **key);

/* *is: 1 when it is by one of the keys that are there; else 0. theirs NULL: it is not. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_dump_key_is(anshin_op_t *op, int *is, const char *theirs);
apr_status_t anshin_dump_seal_is(anshin_op_t *op, int *is, const unsigned char chain[ANSHIN_DIGEST_BYTES],
                                 const char *theirs);

/* The next value of a chain. ANSHIN_EFAULT. */
apr_status_t anshin_dump_chain(anshin_op_t *op, unsigned char chain[ANSHIN_DIGEST_BYTES], const char *line,
                               apr_size_t length, apr_pool_t *pool);

/* What stands on the last line for it, in op's pool. ANSHIN_EFAULT. */
apr_status_t anshin_dump_seal(anshin_op_t *op, const char **mac, const unsigned char chain[ANSHIN_DIGEST_BYTES]);

#endif

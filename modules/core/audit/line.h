/*
 * A line of the trail, as it stands in a segment. JSON, one line each, and exactly so:
 *
 *   {"begin":{"segment":N,"at":"..."},"chain":"C"}
 *   {"event":{...},"mac":"M","chain":"C"}
 *   {"end":{"segment":N,"events":N,"at":"..."},"chain":"C"}
 *
 * M: MAC of the octets of the event, made in the transaction of its change. C: MAC of the C of the line before and of
 * all that stands before the own one; 64 hexadecimal digits each. So a line that is changed, taken out, put in or moved
 * shows, and who does not have the seal key cannot go on with the chain.
 */
#ifndef ANSHIN_CORE_AUDIT_LINE_H
#define ANSHIN_CORE_AUDIT_LINE_H

#include <jansson.h>

#include "core/context/op.h"

#define ANSHIN_CHAIN_TEXT (2 * ANSHIN_DIGEST_BYTES)
#define ANSHIN_LINE_MAX (ANSHIN_RECORD_MAX + 512) /* octets, with its end */

extern const char anshin_chain_none[]; /* before the first line of all */

typedef enum anshin_line_kind_t { ANSHIN_LINE_BEGIN, ANSHIN_LINE_EVENT, ANSHIN_LINE_END } anshin_line_kind_t;

typedef struct anshin_line_t {
    anshin_line_kind_t kind;
    const char *body;  /* JSON: of the event, for instance */
    const char *mac;   /* of an event */
    const char *chain; /* C */
    const char *head;  /* what C is made of, besides the one before */
} anshin_line_t;

/* The MAC of an event's JSON, in pool; NULL: none can be made. */
const char *anshin_line_mac(const anshin_op_t *op, const char *event, apr_pool_t *pool);

/* Make a line behind the one whose chain value is given, with its line feed; body, mac: of the kind. *chain: its own
 * value. In pool. NULL: it cannot be made. */
const char *anshin_line_make(const anshin_op_t *op, const anshin_line_t *line, const char *before, const char **chain,
                             apr_pool_t *pool);

/* Read a line without its line feed, in pool. APR_SUCCESS, or ANSHIN_EINVALID: it is none of ours. What it says is not
 * believed by that. */
apr_status_t anshin_line_read(anshin_line_t *line, const char *text, apr_pool_t *pool);

/* Which seal key a line is by that is ours and follows one of that chain value, and an event's MAC, 0: the present one,
 * the younger, the lower; also of those that have gone. -1: it is not ours, or does not follow. The key of a line is
 * never older than that of the line before: who has a key that leaked cannot go on with the trail. */
int anshin_line_follows_by(const anshin_op_t *op, const anshin_line_t *line, const char *before, apr_pool_t *pool);
int anshin_line_made_by(const anshin_op_t *op, const char *event, const char *mac, apr_pool_t *pool);

/* 1: it is ours, and what stands before it has that chain value. */
int anshin_line_follows(const anshin_op_t *op, const anshin_line_t *line, const char *before, apr_pool_t *pool);

/* 1: the MAC is that of the event. */
int anshin_line_is_genuine(const anshin_op_t *op, const char *event, const char *mac, apr_pool_t *pool);

#endif

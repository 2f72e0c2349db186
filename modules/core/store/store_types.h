/*
 * What callers and providers of a store have in common: how a transaction is opened and ended, what a store tells of
 * itself. Callers include store.h, providers store_provider.h.
 */
#ifndef ANSHIN_CORE_STORE_STORE_TYPES_H
#define ANSHIN_CORE_STORE_STORE_TYPES_H

#include "core/base/anshin.h"
#include "core/store/record.h"

#define ANSHIN_KEY_MAX 255      /* bytes of a key, without NUL */
#define ANSHIN_BLOB_MAX 1048576 /* bytes of a blob */

typedef enum anshin_txn_mode_t {
    ANSHIN_TXN_READ,
    ANSHIN_TXN_LOOK, /* reads without a snapshot: each tells what was committed when it was made, or later than that */
    ANSHIN_TXN_WRITE,
    ANSHIN_TXN_REHEARSAL /* reads as ANSHIN_TXN_READ does, and sees what it writes; it is thrown away at its end */
} anshin_txn_mode_t;

typedef enum anshin_durability_t {
    ANSHIN_DURABLE, /* survives loss of power once commit has returned */
    ANSHIN_LAZY,    /* seen by everyone at once, survives kill -9; durable with the next durable one that writes */
    ANSHIN_SYNC     /* durable, and so is all that was committed lazily before, also where this one writes nothing */
} anshin_durability_t;

typedef struct anshin_store_t anshin_store_t;
typedef struct anshin_txn_t anshin_txn_t;

/* Records that become due, by themselves. */
typedef struct anshin_due_queue_t {
    const anshin_record_type_t *type; /* one that is due at times */
    const char *lane;                 /* of an ANSHIN_DUE_QUEUE: the first part of its keys; of others NULL */
} anshin_due_queue_t;

/* One of them. */
typedef struct anshin_due_entry_t {
    const char *key;
    apr_time_t when; /* as the store knows it */
} anshin_due_entry_t;

/* Called for each of them. */
typedef apr_status_t anshin_due_visit_fn(void *baton, const char *key, apr_time_t when, apr_int64_t place);

/* Which state of its records the store is in: while the version stays the same, nothing was committed by anybody, and
 * what was read after it was taken is still so. ANSHIN_STORE_VERSION_NONE: cannot be told. */
typedef apr_uint64_t anshin_store_version_t;
#define ANSHIN_STORE_VERSION_NONE 0

/* A point in the store's life, up to which somebody has seen its changes (anshin_txn_changes()); zeros: none. Only for
 * the process that was handed it. */
typedef struct anshin_store_point_t {
    apr_uint64_t at;
    apr_uint64_t check; /* the provider's */
} anshin_store_point_t;

/* What a server that keeps the store tells of itself; all machines count. */
typedef struct anshin_store_server_t {
    int version;                 /* 15; 0: there is no server, or it cannot be asked */
    int idle, active, waiting;   /* connections by our role; those that wait do so for a lock */
    apr_interval_time_t oldest;  /* for how long the oldest transaction has run that it shows us, of others than */
    int standbys;                /* -1: it does not tell us */
    int synchronous;             /* so many of them have what is acknowledged */
    apr_int64_t lag;             /* octets that the last of them is behind */
    apr_interval_time_t command; /* our own command, which may read for long; and the oldest of that one */
} anshin_store_server_t;

/* What hinders a store that still serves, to be told before it takes no more writes. */
typedef struct anshin_store_health_t {
    const char *why;     /* NULL: nothing that is known */
    const char *detour;  /* a fault that it could get around for this once; NULL: none */
    apr_uint64_t length; /* octets in its journal now, */
    apr_uint64_t limit;  /* and with how many it takes no more */
    anshin_store_server_t server;
} anshin_store_health_t;

/* Who takes the files of a copy, one after the other: begin, then what is in it in pieces, which come to so many
 * octets. Name: relative to the store, of letters, digits, '.' and '/'. Anything but APR_SUCCESS ends the copy. */
typedef struct anshin_store_sink_t {
    apr_status_t (*begin)(void *baton, const char *name, apr_off_t octets);
    apr_status_t (*put)(void *baton, const void *data, apr_size_t length);
    void *baton;
} anshin_store_sink_t;

/* Called for a blob with the time it was written. */
typedef apr_status_t anshin_blob_visit_fn(void *baton, const char *name, apr_time_t written_at);

#endif

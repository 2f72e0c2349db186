/*
 * Journals: journal.N holds the batches committed since base.N was (or is to be) closed, in order.
 *
 *   header, 64 octets:
 *     magic (8) "ANSHINJ1", number (4), chain at the end of the journal before (4), its length (4), salt (8),
 *     type of the bases (8, NUL padded), zeros (24), CRC-32C of all that (4)
 *   batch:
 *     length of its changes in octets (4), chain (4), changes
 *   change:
 *     record type (1), length of key (1), length of value + 1 or 0 when erased (4), key, value
 *
 * Numbers are little-endian. A batch's chain is the CRC-32C of its length and changes, going on from the chain of the
 * batch before; the first goes on from the header's CRC, which the random salt makes different for every journal, so
 * that nothing left in a block from another time, nor a value made to look like a batch, can pass for one. A length of
 * 0 ends the journal; every append writes such an end behind its batch.
 */
#ifndef ANSHIN_STORE_JOURNAL_H
#define ANSHIN_STORE_JOURNAL_H

#include "store/files/directory.h"
#include "store/files/room.h"

#define ANSHIN_JOURNAL_HEADER 64
#define ANSHIN_JOURNAL_LIMIT 0x10000000u /* octets in a journal: far more than there ever are between checkpoints */
#define ANSHIN_BATCH_HEADER 8
#define ANSHIN_BATCH_LIMIT 0x4000000u /* octets of changes in a batch */

/* Where a journal was read or written up to, and the chain there. */
typedef struct anshin_mark_t {
    apr_uint32_t length;
    apr_uint32_t chain;
} anshin_mark_t;

typedef struct anshin_journal_t {
    int fd;
    apr_uint32_t number;
    anshin_mark_t start;    /* behind the header */
    anshin_mark_t previous; /* the end of the journal before */
    char base_type[8];      /* of the store: "db", "gdbm" */
    apr_off_t allocated;    /* octets known to be allocated on disk */
} anshin_journal_t;

typedef struct anshin_change_t {
    unsigned char type;
    unsigned char key_length;
    const char *key;
    const void *value; /* NULL: erased */
    apr_size_t value_length;
} anshin_change_t;

/* "journal.N", in pool. */
char *anshin_journal_name(apr_uint32_t number, apr_pool_t *pool);

/* Make a journal, durable under its name when this returns; one that had the name before is replaced. */
apr_status_t anshin_journal_create(const anshin_directory_t *directory, apr_uint32_t number, anshin_mark_t previous,
                                   const char *base_type, anshin_error_t *err, apr_pool_t *pool);

/* Open. ANSHIN_ENOTFOUND, ANSHIN_EINVALID (header damaged): no error recorded. No cleanup is registered: close it. */
apr_status_t anshin_journal_open(anshin_journal_t *journal, const anshin_directory_t *directory, apr_uint32_t number,
                                 anshin_error_t *err, apr_pool_t *pool);
void anshin_journal_close(anshin_journal_t *journal);

/* Who is called for every change; key and value lie in pool or room. end: where its batch ends. */
typedef struct anshin_change_visitor_t {
    void (*visit)(void *baton, const anshin_change_t *change, apr_uint32_t end);
    void *baton;
} anshin_change_visitor_t;

/* Read the batches from *mark to `to`, all committed, and move *mark there. visitor may be NULL.
 * ANSHIN_EFAULT: they do not check; batches before the damage were visited and *mark is where it begins. */
apr_status_t anshin_journal_read(const anshin_journal_t *journal, anshin_mark_t *mark, apr_uint32_t to,
                                 const anshin_change_visitor_t *visitor, anshin_error_t *err, anshin_room_t *room);

/* Move *mark over the batches that check, to the first that does not or to the end of the file. */
apr_status_t anshin_journal_scan(const anshin_journal_t *journal, anshin_mark_t *mark, anshin_error_t *err,
                                 apr_pool_t *pool);

/* A batch ready to be appended; made by anshin_batch_make, its chain is filled in when it is appended. */
typedef struct anshin_batch_t {
    unsigned char *data; /* batch header, changes, end */
    apr_size_t length;   /* of batch header and changes */
} anshin_batch_t;

/* Encode changes into pool. ANSHIN_EFAULT: too many for one batch. */
apr_status_t anshin_batch_make(anshin_batch_t *batch, const anshin_change_t *changes, apr_size_t count,
                               anshin_error_t *err, apr_pool_t *pool);

/* Write a batch at *mark, the end of the journal, and move *mark behind it. Nobody sees it until the state word moves.
 * ANSHIN_EFAULT: not written (for example because the disk is full), and the store is as before. */
apr_status_t anshin_journal_append(anshin_journal_t *journal, anshin_mark_t *mark, anshin_batch_t *batch,
                                   anshin_error_t *err);

/* fdatasync. An errno when it failed: see anshin_control_set_fault. */
apr_status_t anshin_journal_sync(const anshin_journal_t *journal);

/* Cut off what follows the mark, durably. Only while alone. */
apr_status_t anshin_journal_cut(anshin_journal_t *journal, anshin_mark_t mark, anshin_error_t *err);

/* Write what is committed once more, durably: after a failed sync the kernel may have dropped blocks that it still
 * shows to readers. Only while alone. */
apr_status_t anshin_journal_rewrite(anshin_journal_t *journal, anshin_mark_t mark, anshin_error_t *err,
                                    apr_pool_t *pool);

#endif

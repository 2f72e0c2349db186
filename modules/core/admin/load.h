/*
 * A dump (dump.h) back into a store (IMP-3).
 *
 * First all of it is read and checked, down to its last line; nothing is written before. Then this process makes sure
 * that no other has the store open, marks the store (core/context/store_mark.h), reads and checks all of it once more
 * while it writes record by record, each with the lock of its owner, and takes the mark away. A store that bears the
 * mark is opened by nobody: whoever was killed, or met a full disk, has left nothing that could be taken for whole, and
 * the same call does it anew.
 */
#ifndef ANSHIN_CORE_ADMIN_LOAD_H
#define ANSHIN_CORE_ADMIN_LOAD_H

#include "core/context/op.h"

/* Where the lines come from; they are read twice. */
typedef struct anshin_load_source_t {
    void *ctx;
    /* The next line with its LF; it lives until the next call. APR_SUCCESS, APR_EOF, ANSHIN_EFAULT (told in err), or
     * ANSHIN_EINVALID (too long). */
    apr_status_t (*next)(void *ctx, const char **line, apr_size_t *length, anshin_error_t *err);
    apr_status_t (*rewind)(void *ctx, anshin_error_t *err); /* to the first line */
} anshin_load_source_t;

typedef struct anshin_loaded_t {
    apr_int64_t records, blobs, due;
} anshin_loaded_t;

/* Load it. replace 0: into a store without users, certificates and history alone, whose trail gives way to that of the
 * dump; 1: whatever is there goes, and an act tells of it, as where a load was broken off before. op needs no contract.
 * ANSHIN_EINVALID: the dump is cut, changed, of a later version or made with another seal key, op->error says where;
 * ANSHIN_ECONFLICT: the store is not empty; ANSHIN_EBUSY: others have it open; ANSHIN_EFAULT: also where the second
 * reading found other lines than the first. */
apr_status_t anshin_load(anshin_op_t *op, const anshin_load_source_t *source, int replace, anshin_loaded_t *loaded);

/* For who moves a store (core/keeping/move.h). */
typedef struct anshin_load_how_t {
    int replace;
    int moves; /* 1: the mark and the act say so */
    /* Makes what is to be read, when nobody else can open the store and it may be written; NULL: it is there. Here and
     * below: anything but APR_SUCCESS ends it and is returned. */
    apr_status_t (*begin)(void *baton, anshin_op_t *op);
    /* When all is written, while the store still bears its mark. */
    apr_status_t (*settle)(void *baton, anshin_op_t *op);
    void (*progress)(void *baton, int writes,
                     apr_int64_t lines); /* so many were read, 1: and written; NULL: nobody asks */
    void *baton;
} anshin_load_how_t;
apr_status_t anshin_load_by(anshin_op_t *op, const anshin_load_source_t *source, const anshin_load_how_t *how,
                            anshin_loaded_t *loaded);

#endif

/*
 * Who or what is meant, before anything is done. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_BULK_TARGETS_H
#define ANSHIN_HTANSHIN_BULK_TARGETS_H

#include "htanshin/command.h"

/* One that something is done to. */
typedef struct anshin_target_t {
    const char *user;   /* canonical; NULL: a certificate */
    const char *serial; /* as the store has it; NULL: a user */
    int undoes;         /* 1: of the list of --undo that the opposite verb has written */
    const char *wrong;  /* why the line cannot be taken: the other two are as they were typed. NULL: it can */
} anshin_target_t;

/* What a verb can be done to. */
typedef struct anshin_targets_t {
    const char *verb; /* "lock" */
    int certificates; /* 1: operand and lists name certificates; lists may name users as well */
    int chooses;      /* 1: the command has ANSHIN_CHOICE_OPTIONS */
} anshin_targets_t;

/* The operand, the lines of --file, or the users that are chosen; in their order, each once, behind the one of
 * --after. *targets: of anshin_target_t, in the call's pool. APR_SUCCESS, ANSHIN_EINVALID, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_targets_read(anshin_call_t *call, const anshin_targets_t *of, apr_array_header_t **targets);

/* A serial as tools print it ("0A:1B", "0x0a1b", leading zero octets) in the store's form, in pool; NULL: it is none.
 */
const char *anshin_serial_typed(const char *typed, apr_pool_t *pool);

#endif

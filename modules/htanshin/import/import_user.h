/*
 * A line of an import that names a user: made, left as it is, changed or refused, all of it or nothing. Private to this
 * folder.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_USER_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_USER_H

#include "core/admin/operator.h"
#include "htanshin/command.h"
#include "htanshin/import/import_columns.h"

typedef enum anshin_import_done_t {
    ANSHIN_IMPORT_CREATED,
    ANSHIN_IMPORT_UNCHANGED, /* what the line says is so already */
    ANSHIN_IMPORT_CHANGED,
    ANSHIN_IMPORT_REFUSED, /* nothing was done */
    ANSHIN_IMPORT_DONES
} anshin_import_done_t;

/* How it is to be done. */
typedef struct anshin_import_ways_t {
    int rehearsal;                            /* nothing is written */
    int accept_weak;                          /* hashes that are weaker than ours, whatever the preset */
    const char *mail_domain;                  /* of new users without an address: USER@DOMAIN; NULL: none */
    int update;                               /* users who are there are changed to what the lines say */
    const char *given[ANSHIN_IMPORT_COLUMNS]; /* for new users, where a cell is empty; "": nothing */
} anshin_import_ways_t;

/* What came of it. */
typedef struct anshin_import_came_t {
    anshin_import_done_t done;
    const char *user;               /* canonical, set before; as it stands in the file when that cannot be */
    int column;                     /* REFUSED: what is wrong, -1: not one cell; the reason is in call->op.error */
    const char *value;              /* as it stands there */
    const char *detail;             /* CHANGED: what, before and after; else how to go on, or NULL: nothing to say */
    int pending;                    /* UNCHANGED: not registered yet */
    anshin_invitation_t invitation; /* CREATED, and no rehearsal; url NULL: none is needed */
} anshin_import_came_t;

/* Do what a line says. cells: by column, "" says nothing: a new user gets what the ways give or the contract's default,
 * one who is there stays as he is in that. APR_SUCCESS, also for REFUSED; ANSHIN_EBUSY, ANSHIN_EFAULT: nothing is known
 * to be done. */
apr_status_t anshin_import_user(anshin_call_t *call, const char *const *cells, const anshin_import_ways_t *ways,
                                anshin_import_came_t *came);

/* "created", "unchanged" ... */
const char *anshin_import_done_name(anshin_import_done_t done);

/* Refuse a line, of which a column (-1: none) has a value (may be NULL), with a reason of ours. */
void anshin_import_refuse(anshin_call_t *call, anshin_import_came_t *came, int column, const char *value,
                          const char *reason);

#endif

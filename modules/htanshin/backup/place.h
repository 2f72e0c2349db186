/*
 * Where a backup is restored to: a directory beside STATE, which takes its name when all of it was checked. Private to
 * the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_PLACE_H
#define ANSHIN_HTANSHIN_BACKUP_PLACE_H

#include "htanshin/command.h"

typedef struct anshin_place_t {
    int above;        /* the directory of both names; -1: not open */
    const char *name; /* of STATE in there */
    const char *made; /* "NAME.restoring" */
    int fd;           /* of that; -1: not made */
    int lock;         /* of the STATE that is there: nobody uses it, nor can while this is open; -1: none */
    int worker;       /* the same of the CA worker; -1: none */
    int there;        /* 1: there is a STATE, with something in it */
} anshin_place_t;

/* How STATE is to be looked at. */
typedef enum anshin_place_act_t {
    ANSHIN_PLACE_TRY, /* not at all: it stays */
    ANSHIN_PLACE_NEW, /* it must be empty */
    ANSHIN_PLACE_REPLACE
} anshin_place_act_t;

/* Look whether STATE may be replaced, and make the directory beside it, mode 0700. APR_SUCCESS; ANSHIN_ECONFLICT
 * (STATE is not empty); ANSHIN_EINVALID (it is a mount point); ANSHIN_EBUSY (httpd, the worker or a command uses it);
 * ANSHIN_EFAULT. */
apr_status_t anshin_place_begin(anshin_place_t *place, anshin_call_t *call, anshin_place_act_t act);

/* It becomes STATE, durably, in one step where the file system has one, and what was there is kept as *kept (NULL:
 * nothing was). ANSHIN_EFAULT: all is as it was. */
apr_status_t anshin_place_swap(anshin_place_t *place, anshin_call_t *call, const char **kept);

/* Remove what was made, unless it became STATE, and close all. */
void anshin_place_end(anshin_place_t *place);

#endif

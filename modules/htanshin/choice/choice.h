/*
 * Users chosen by what they are: --organisation, --group, --state. Private to the command.
 *
 * The store has no order, so that users are looked for in parts, and each part is gone through in the order of user
 * IDs. No transaction is open between two of them: who is there all the time comes once, who comes or goes meanwhile
 * may come or not, and each is as at the moment at which it is read.
 */
#ifndef ANSHIN_HTANSHIN_CHOICE_CHOICE_H
#define ANSHIN_HTANSHIN_CHOICE_CHOICE_H

#include "core/admin/particulars.h"
#include "htanshin/command.h"

typedef struct anshin_choice_t {
    int given;                /* 1: one of the options was */
    const char *organisation; /* in normal form; NULL: any */
    const char *group;        /* canonical; NULL: any */
    int state;                /* anshin_user_stage_t; -1: any */

    /* Set by who chooses further, after anshin_choice_read(): by what stands in the account itself. NULL: all. */
    int (*wanted)(void *baton, const anshin_account_t *account);
} anshin_choice_t;

/* Rows of options. */
#define ANSHIN_CHOICE_OPTIONS                                                                                        \
    {"organisation", "NAME", "Users of this organisation.", 0}, {"group", "NAME", "Users in this group.", 0},        \
    {                                                                                                                \
        "state", "STATE",                                                                                            \
            "Users who are invited (or pending), registered, issued, downloaded, used, expiring, active, locked, "   \
            "disabled or lost-device.",                                                                              \
            0                                                                                                        \
    }

/* Read them. APR_SUCCESS, ANSHIN_EINVALID. */
apr_status_t anshin_choice_read(anshin_call_t *call, anshin_choice_t *choice);

/* 1 when an account is chosen by what stands in itself: all but its state. */
int anshin_choice_admits(const anshin_choice_t *choice, const anshin_account_t *account);

/* Called for each user that is chosen. user lives as long as the call's pool, which is emptied before the next one.
 * Anything but APR_SUCCESS ends it and is returned. */
typedef apr_status_t anshin_choice_fn(anshin_call_t *call, void *baton, const anshin_particulars_t *user);

/* All that are chosen, in the order of their IDs; baton is for fn and choice->wanted. APR_SUCCESS, ANSHIN_EBUSY,
 * ANSHIN_EFAULT, and answers of fn. */
apr_status_t anshin_choice_each(anshin_call_t *call, const anshin_choice_t *choice, anshin_choice_fn *fn, void *baton);

#endif

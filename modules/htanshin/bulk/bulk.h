/*
 * A verb for many users or certificates (IMP-4): those of a list, or users chosen by what they are. Private to this
 * folder.
 *
 * Each is done by itself, all of it or nothing, and told of by a row, with the kernel before the next one begins. What
 * is refused is told and passed over. Where more than ANSHIN_BULK_FREELY are meant, whoever sits at the terminal is
 * asked, after a rehearsal that counts; where nobody can be asked, --yes must be given.
 */
#ifndef ANSHIN_HTANSHIN_BULK_BULK_H
#define ANSHIN_HTANSHIN_BULK_BULK_H

#include "core/admin/operator.h"
#include "htanshin/bulk/targets.h"
#include "htanshin/choice/choice.h"
#include "htanshin/command.h"

#define ANSHIN_BULK_FREELY 20

/* What came of it. */
typedef struct anshin_came_t {
    int unchanged;                  /* it was so already: nothing is done */
    const char *detail;             /* for people; NULL: nothing */
    const char *undo;               /* the verb that brings back what was; NULL: none does */
    anshin_invitation_t invitation; /* of verbs that give one */
    const char *passwords;          /* download passwords by device, of verbs that make certificates; NULL: none */
} anshin_came_t;

/* A verb. act works in call->op, whose pool is emptied before the next target; with op.dry nothing of it is kept.
 * ANSHIN_EINVALID, ANSHIN_ECONFLICT, ANSHIN_EDENIED, ANSHIN_ENOTFOUND: refused, with the reason in op.error. Anything
 * else but APR_SUCCESS ends all. */
typedef struct anshin_bulk_t {
    anshin_targets_t of;    /* to whom */
    const char *done;       /* "locked" */
    int invites;            /* rows have registration URL and code */
    int issues;             /* rows have download passwords */
    int revokes;            /* certificates of these users are revoked by it (AnshinFourEyes bulk-revoke) */
    const char *done_twice; /* what a second run would do again to those that are done; NULL: nothing */
    apr_status_t (*act)(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came);
    void *baton;
} anshin_bulk_t;

/* Rows of options. ANSHIN_BULK_LIST: of verbs that have other options called as those of a choice. */
#define ANSHIN_BULK_LIST                                                                                 \
    {"file", "LIST", "Those of a list: CSV, or one a line; - for the standard input.", 0},               \
        {"dry-run", NULL, "Tell what would come of it; write nothing.", 0},                              \
        {"yes", NULL, "Do not ask, however many there are.", 0},                                         \
        {"result", "FILE", "Write what came of each there (mode 0600), not to the standard output.", 0}, \
    {                                                                                                    \
        "after", "ONE", "Begin behind this one: where a run was stopped.", 0                             \
    }
#define ANSHIN_BULK_OPTIONS ANSHIN_CHOICE_OPTIONS, ANSHIN_BULK_LIST
#define ANSHIN_BULK_UNDO                                                                           \
    {                                                                                              \
        "undo", "FILE", "Write a list there with which the opposite verb brings back what was.", 0 \
    }

/* 1: the command line asks for this, and not for one by its operand alone. */
int anshin_bulk_wanted(const anshin_call_t *call);

/* Do it. APR_SUCCESS, also where some were refused (call->verdict); ANSHIN_EINVALID (the options, or a list that cannot
 * be read); ANSHIN_EDENIED (nobody said yes); ANSHIN_EBUSY (stopped by a signal, or as the store is), ANSHIN_EFAULT. */
apr_status_t anshin_bulk(anshin_call_t *call, const anshin_bulk_t *bulk);

#endif

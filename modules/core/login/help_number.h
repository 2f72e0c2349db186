/*
 * Numbers to quote: who is not helped by a page tells the help desk the number on it, and the help desk finds by it
 * what the page was about (htanshin find).
 *
 * A number is a MAC of what it is about, so the page shows the same one again when it is reloaded, and only the first
 * time is written. Somebody who exists and nobody cost the same, and nothing that a stranger cannot see anyway moves
 * the number of a login (S8). A record lives for ANSHIN_KEEP_HELP.
 */
#ifndef ANSHIN_CORE_LOGIN_HELP_NUMBER_H
#define ANSHIN_CORE_LOGIN_HELP_NUMBER_H

#include "core/account/token.h"
#include "core/base/words.h"
#include "core/context/expiry.h"

typedef enum anshin_help_kind_t {
    ANSHIN_HELP_NONE = 0,
#define WORD(member, value, name) ANSHIN_HELP_##member = (value),
#include "core/login/help_kind.def"
#undef WORD
} anshin_help_kind_t;
extern const anshin_word_t anshin_help_words[];

#define ANSHIN_HELP_A_DAY 10000 /* new ones of a contract: strangers cause them */

extern const anshin_expiry_rule_t anshin_help_expiry;

/* What a page is about. */
typedef struct anshin_help_facts_t {
    anshin_help_kind_t kind;  /* ACCOUNT where a login, password or answer meets a lock: which one is found out */
    const char *user;         /* the ID, as typed or canonical; NULL: that of the link */
    anshin_token_kind_t link; /* with token */
    const char *token;        /* of the link; NULL: none */
    apr_time_t since;         /* of the lock that was met: another one has another number; 0: not known */
    apr_time_t until;         /* when it opens by itself, as the page says; 0: it does not */
    const char *reason;       /* of a certificate: the verdict's name */
    const char *serial;       /* of the certificate on the connection; NULL: none */
    int issued;               /* 1: that one is of ours */
} anshin_help_facts_t;

typedef struct anshin_help_shown_t {
    const char *number; /* "AN-" and eight letters or digits; NULL: none, for it is about nobody and nothing */
    int kept;           /* it is in the store */
    anshin_help_number_t record;
} anshin_help_shown_t;

/* Which number the page has, in a read transaction of its own. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_help_number(anshin_op_t *op, const anshin_help_facts_t *facts, anshin_help_shown_t *shown);

/* Write one that is not kept yet, lazily. APR_SUCCESS; ANSHIN_EDENIED: the day has room for no other; ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_help_number_keep(anshin_op_t *op, anshin_help_shown_t *shown);

/* By a number as people read it to each other: any case and width, with or without "AN-". Of any contract: op needs
 * none. *number: as pages show it, NULL where it can be none. APR_SUCCESS, ANSHIN_ENOTFOUND, ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_help_number_find(anshin_op_t *op, const char *typed, const char **number,
                                     anshin_help_number_t *record);

#endif

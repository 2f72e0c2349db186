/*
 * How a mail leads on: by a link, or, with AnshinMailLinks off, by words and a code (NOM-1). The one place where links
 * and codes of mails are made.
 *
 * Without links the mail names the portal as the place that its reader knows, and the page there asks for the code
 * (core/selfservice/access_code.h). The store then has the token under a key that nobody knows the token of, beside a
 * keyed hash of the code; whoever types that is given a token of his own, and from there all goes on as behind a link.
 *
 * A code has 8 signs of 28: 38 bits, for as long as the link would work. There is no small number of tries to it: who
 * knows a user ID could use that up, and keep its user out. ANSHIN_ACCESS_FAILURES of 28^8 are one in 378 million, less
 * than five tries at six digits are (one in 200,000; SP 800-63B-4 3.2.2 allows 100), and each of them counts on the
 * address that it comes from (LCK-4).
 */
#ifndef ANSHIN_CORE_MAIL_MAIL_WAY_H
#define ANSHIN_CORE_MAIL_MAIL_WAY_H

#include <jansson.h>

#include "core/account/token.h"

#define ANSHIN_ACCESS_CHARACTERS 8
#define ANSHIN_ACCESS_FAILURES 1000 /* wrong codes, after which one is as good as forgotten */

/* Make a token for an account inside a write transaction, as anshin_token_create() does, and put into data how the mail
 * leads to it: under name the link to page ("/download"), or the code under "access_code". *key is where the store has
 * the token. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_mail_way(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                             anshin_token_t *record, const char *page, json_t *data, const char *name,
                             const char **key);

/* Put into data how the mail leads to a page of the portal that asks for nothing mailed: under name, which ends in
 * "url", its address; or true, where mail has no links, under the same name with "place" at its end. 0: no memory. */
int anshin_mail_way_page(const anshin_op_t *op, json_t *data, const char *name, const char *page);

/* The address of a page of the portal ("/download"), opened with a token, as secret as that; NULL: for everybody. By
 * AnshinPortalURL alone (CON-1). In op's pool. */
char *anshin_mail_way_address(const anshin_op_t *op, const char *page, const char *token);

/* *equal: 1 when a code, as it was typed, is that of a token of an account; else 0. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_access_is(anshin_op_t *op, const anshin_account_t *account, const anshin_token_t *token,
                              const char *code, int *equal);

/* 1: a code was mailed for this token, and may still be typed. */
int anshin_access_waits(const anshin_op_t *op, const anshin_token_t *token);

#endif

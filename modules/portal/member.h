/*
 * What the pages of somebody who is logged in share: menu, account, re-authentication, results.
 */
#ifndef ANSHIN_PORTAL_MEMBER_H
#define ANSHIN_PORTAL_MEMBER_H

#include "core/change.h"
#include "core/history.h"
#include "portal/exchange.h"

/* The session as the core's verbs want it. */
anshin_member_t anshin_member_of(const anshin_exchange_t *x);

/* Menu of what the contract allows (CON-2), into the page's data. */
void anshin_member_menu(anshin_exchange_t *x);

/* The form of this page has a way out, to anshin_member_start(). */
void anshin_member_cancel(anshin_exchange_t *x);

/* Where flows are cancelled to: the account page, or the portal's first page where that is switched off. */
const char *anshin_member_start(const anshin_exchange_t *x);

/* A failure behind the login: ended sessions go to the login, faults to 503. */
int anshin_member_failure(anshin_exchange_t *x, apr_status_t status, const char *what);

/* The new id of a session into its cookie. */
void anshin_member_cookie(anshin_exchange_t *x, const char *session_id);

/* The session of this browser has ended: it drops what it holds of the site's pages, those behind its Back button among
 * them (S34; AnshinClearCache). Of caches alone: what the site has stored there is not ours. */
void anshin_member_leaves(anshin_exchange_t *x);

/* Complain about a wrong current password beside field, with what is left; 0: it was right. Locked accounts are
 * answered by the caller (anshin_answer_locked). */
int anshin_member_complain(anshin_exchange_t *x, const char *field, const anshin_proof_t *proof);

/* What was typed into a field, "" when it is missing. */
const char *anshin_member_field(const anshin_exchange_t *x, const char *name);

#define ANSHIN_TYPED_MAX 1024 /* bytes of a password or answer; beyond any contract's maximum */

/* Complain about the first of these fields (NULL behind the last) that is longer; 0: none is. The rules name what is
 * missing. */
int anshin_member_too_long(anshin_exchange_t *x, const char *const *names);

/* The page's title where its template serves several: the text TEMPLATE.title_VARIANT. */
void anshin_member_title(anshin_exchange_t *x, const char *template, const char *variant);

/* The result page: texts done.NAME.heading, .text. next: path behind the portal's base; url: anywhere. */
int anshin_member_done(anshin_exchange_t *x, const char *name, const char *next);
int anshin_member_done_url(anshin_exchange_t *x, const char *name, const char *url);

/* What the flow's result shows until the person has confirmed that it was seen (SEC-1): page.issues, with
 * page.download_password when there is one of them; page.seen afterwards. *method: the account's; may be NULL. Answers
 * of anshin_download_issues(). */
apr_status_t anshin_member_show_result(anshin_exchange_t *x, int *method);

/* --- words that several pages need (words.c) --- */

/* "ID/password + certificate", "smartphone" in the page's language. */
const char *anshin_words_method(anshin_exchange_t *x, apr_int64_t method);
const char *anshin_words_kind(anshin_exchange_t *x, apr_int64_t kind);

/* Complain beside field with the text key, or key_remaining where the contract tells how many attempts are left. */
void anshin_words_wrong(anshin_exchange_t *x, const char *field, const char *key, int remaining);

/* page.rules, page.min, page.max; change: 1 where the new password takes the place of another (PWD-2). */
void anshin_words_rules(anshin_exchange_t *x, int change);

/* A complaint for each broken rule beside "password", the mismatch beside "password_confirm". */
void anshin_words_broken(anshin_exchange_t *x, unsigned broken);

/* page.questions; selected: id or "". */
void anshin_words_questions(anshin_exchange_t *x, const char *selected);

/* Complaints about question and answer; keys of texts or NULL. */
void anshin_words_answer(anshin_exchange_t *x, const char *question_error, const char *answer_error);

#endif

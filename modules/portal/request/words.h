/*
 * What pages say in words that several of them need: methods, kinds of terminals, the password policy, questions.
 */
#ifndef ANSHIN_PORTAL_WORDS_H
#define ANSHIN_PORTAL_WORDS_H

#include "portal/request/page.h"

/* "ID/password + certificate", "smartphone" in the page's language. */
const char *anshin_words_method(anshin_page_t *page, apr_int64_t method);
const char *anshin_words_kind(anshin_page_t *page, apr_int64_t kind);

/* A terminal as parts/terminal draws it: number and label of object, and terminal_text, which has both. */
void anshin_words_terminal(anshin_page_t *page, json_t *object, apr_int64_t number, const char *label);

/* Until when a link or a code can be used, as parts/life shows it: page.life with its time, what is left in words, and
 * in seconds for the page's script. A time that is over is left out. */
void anshin_words_life(anshin_page_t *page, apr_time_t until);

/* Complain beside field with the text key, or key_remaining where the contract tells how many attempts are left. */
void anshin_words_wrong(anshin_page_t *page, const char *field, const char *key, int remaining);

/* page.rules, page.min, page.max, page.change; change: 1 where the new password takes the place of another (PWD-2). */
void anshin_words_rules(anshin_page_t *page, int change);

/* A complaint for each broken rule beside "password", the mismatch beside "password_confirm". */
void anshin_words_broken(anshin_page_t *page, unsigned broken);

/* page.questions; selected: id or "". */
void anshin_words_questions(anshin_page_t *page, const char *selected);

/* Complaints about question and answer; keys of texts or NULL. */
void anshin_words_answer(anshin_page_t *page, const char *question_error, const char *answer_error);

#endif

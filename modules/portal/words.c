/*
 * What pages say in words that several of them need: methods, kinds of terminals, the password policy, questions.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/account.h"
#include "core/password.h"
#include "portal/member.h"

const char *anshin_words_method(anshin_exchange_t *x, apr_int64_t method)
{
    return anshin_page_say(x->page, apr_pstrcat(x->op.pool, "methods.", anshin_method_name(method), NULL));
}

const char *anshin_words_kind(anshin_exchange_t *x, apr_int64_t kind)
{
    return anshin_page_say(x->page, apr_pstrcat(x->op.pool, "terminal_kinds.", anshin_terminal_kind_name(kind), NULL));
}

void anshin_words_wrong(anshin_exchange_t *x, const char *field, const char *key, int remaining)
{
    if (x->op.contract->policy.show_attempts == ANSHIN_SHOW_OFF) {
        anshin_page_error(x->page, field, key);
        return;
    }
    key = apr_pstrcat(x->op.pool, key, "_remaining", NULL);
    anshin_page_error_text(x->page, field, anshin_page_say_number(x->page, key, "remaining", remaining));
}

static void add_rule(anshin_exchange_t *x, json_t *rules, const char *text)
{
    anshin_page_append(x->page, rules, json_pack("{s:s}", "text", text));
}

/* The classes of characters that a password may have, in as few lines as possible. */
static void put_classes(anshin_exchange_t *x, json_t *rules)
{
    static const char *const names[] = {"policy.digits", "policy.upper", "policy.lower"};
    const anshin_policy_t *policy = &x->op.contract->policy;
    int usual =
        ANSHIN_CHARACTERS_DIGITS | ANSHIN_CHARACTERS_UPPER | ANSHIN_CHARACTERS_LOWER | ANSHIN_CHARACTERS_SYMBOLS;
    int i;

    if ((policy->password_characters & usual) == usual && policy->password_symbols == NULL) {
        add_rule(x, rules, anshin_page_say(x->page, "policy.characters"));
    } else {
        for (i = 0; i < 3; i++) {
            if (policy->password_characters & (1 << i)) {
                add_rule(x, rules, anshin_page_say(x->page, names[i]));
            }
        }
        if (policy->password_characters & ANSHIN_CHARACTERS_SYMBOLS) {
            const char *symbols =
                policy->password_symbols != NULL ? policy->password_symbols : "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

            add_rule(x, rules, anshin_page_say_text(x->page, "policy.symbols", "symbols", symbols));
        }
    }
    if (policy->password_characters & ANSHIN_CHARACTERS_SPACE) {
        add_rule(x, rules, anshin_page_say(x->page, "policy.space"));
    }
}

void anshin_words_rules(anshin_exchange_t *x, int change)
{
    static const char *const needs[] = {"policy.need_digit", "policy.need_upper", "policy.need_lower",
                                        "policy.need_symbol"};
    const anshin_policy_t *policy = &x->op.contract->policy;
    json_t *rules = json_array();
    json_t *length = json_pack("{s:i, s:i}", "min", policy->password_min, "max", policy->password_max);
    int i;

    add_rule(x, rules, anshin_texts_render(x->page->texts, x->page->language, "policy.length", length, x->op.pool));
    json_decref(length);
    put_classes(x, rules);
    for (i = 0; i < 4; i++) {
        if (policy->password_required & (1 << i)) {
            add_rule(x, rules, anshin_page_say(x->page, needs[i]));
        }
    }
    add_rule(x, rules, anshin_page_say(x->page, "policy.no_user"));
    add_rule(x, rules, anshin_page_say(x->page, "policy.no_address"));
    if (policy->password_blocklist != NULL) {
        add_rule(x, rules, anshin_page_say(x->page, "policy.no_blocklisted"));
    }
    if (change) {
        add_rule(x, rules, anshin_page_say(x->page, "policy.not_current"));
    }
    if (change && policy->password_history > 0) {
        add_rule(x, rules, anshin_page_say_number(x->page, "policy.not_used", "count", policy->password_history));
    }
    anshin_page_put(x->page, x->page->page, "rules", rules);
    anshin_page_put(x->page, x->page->page, "min", json_integer(policy->password_min));
    anshin_page_put(x->page, x->page->page, "max", json_integer(policy->password_max));
}

void anshin_words_questions(anshin_exchange_t *x, const char *selected)
{
    const apr_array_header_t *ids = x->op.contract->policy.questions;
    json_t *questions = json_array();
    int i;

    for (i = 0; i < ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ids, i, const char *);
        const char *text = anshin_page_say(x->page, apr_pstrcat(x->op.pool, "questions.", id, NULL));
        json_t *entry = json_pack("{s:s, s:s, s:b}", "id", id, "text", text, "selected", strcmp(id, selected) == 0);

        anshin_page_append(x->page, questions, entry);
    }
    anshin_page_put(x->page, x->page->page, "questions", questions);
}

/* A broken rule's text, with its number where it has one. */
static const char *rule_text(anshin_exchange_t *x, anshin_rule_t rule)
{
    const anshin_policy_t *policy = &x->op.contract->policy;
    const char *key = apr_pstrcat(x->op.pool, "rules.", anshin_rule_name(rule), NULL);

    if (rule == ANSHIN_RULE_TOO_SHORT) {
        return anshin_page_say_number(x->page, key, "min", policy->password_min);
    }
    if (rule == ANSHIN_RULE_TOO_LONG) {
        return anshin_page_say_number(x->page, key, "max", policy->password_max);
    }
    if (rule == ANSHIN_RULE_USED_BEFORE) {
        return anshin_page_say_number(x->page, key, "count", policy->password_history);
    }
    return anshin_page_say(x->page, key);
}

void anshin_words_broken(anshin_exchange_t *x, unsigned broken)
{
    int rule;

    for (rule = 0; rule < ANSHIN_RULE_COUNT; rule++) {
        if (broken & (1u << rule)) {
            anshin_page_error_text(x->page, rule == ANSHIN_RULE_MISMATCH ? "password_confirm" : "password",
                                   rule_text(x, (anshin_rule_t)rule));
        }
    }
}

void anshin_words_answer(anshin_exchange_t *x, const char *question_error, const char *answer_error)
{
    if (question_error != NULL) {
        anshin_page_error(x->page, "question", question_error);
    }
    if (answer_error != NULL) {
        anshin_page_error_text(x->page, "answer",
                               anshin_page_say_number(x->page, answer_error, "min", x->op.contract->policy.answer_min));
    }
}

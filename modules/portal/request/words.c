/*
 * What pages say in words that several of them need: methods, kinds of terminals, the password policy, questions.
 */
#include "portal/request/words.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account/account.h"
#include "core/account/password.h"
#include "core/base/label.h"

const char *anshin_words_method(anshin_page_t *page, apr_int64_t method)
{
    return anshin_page_say(page, apr_pstrcat(page->op->pool, "methods.", anshin_method_name(method), NULL));
}

const char *anshin_words_kind(anshin_page_t *page, apr_int64_t kind)
{
    return anshin_page_say(page, apr_pstrcat(page->op->pool, "terminal_kinds.", anshin_terminal_kind_name(kind), NULL));
}

void anshin_words_terminal(anshin_page_t *page, json_t *object, apr_int64_t number, const char *label)
{
    anshin_page_put(page, object, "number", json_integer(number));
    if (label != NULL && *label != '\0') {
        anshin_page_put(page, object, "label", json_string(label));
    }
    anshin_page_put(page, object, "terminal_text", json_string(anshin_label_title(number, label, page->op->pool)));
}

/* In the largest unit of which two are left. */
static const char *what_is_left(anshin_page_t *page, apr_int64_t seconds)
{
    static const struct {
        apr_int64_t seconds;
        const char *key;
    } units[] = {{2 * 86400, "life.days"}, {2 * 3600, "life.hours"}, {0, "life.minutes"}};
    static const apr_int64_t lengths[] = {86400, 3600, 60};
    int i = 0;

    while (seconds < units[i].seconds) {
        i++;
    }
    return anshin_page_say_number(page, units[i].key, "number",
                                  i == 2 ? (seconds + lengths[i] - 1) / lengths[i] : seconds / lengths[i]);
}

void anshin_words_life(anshin_page_t *page, apr_time_t until)
{
    const apr_int64_t seconds = apr_time_sec(until - page->op->now);
    json_t *life;

    if (until <= page->op->now) {
        return;
    }
    life = json_pack("{s:I, s:s}", "seconds", (json_int_t)seconds, "left_text", what_is_left(page, seconds));
    anshin_page_moment(page, life, "until", until, ANSHIN_DATE_PLAIN);
    anshin_page_put(page, page->page, "life", life);
}

void anshin_words_wrong(anshin_page_t *page, const char *field, const char *key, int remaining)
{
    if (page->op->contract->policy.show_attempts == ANSHIN_SHOW_OFF) {
        anshin_page_error(page, field, key);
        return;
    }
    key = apr_pstrcat(page->op->pool, key, "_remaining", NULL);
    anshin_page_error_text(page, field, anshin_page_say_number(page, key, "remaining", remaining));
}

/* pattern: an expression (ECMAScript) that a password of this rule matches, for the page's script. */
static void add_seen_rule(anshin_page_t *page, json_t *rules, const char *text, const char *pattern)
{
    anshin_page_append(page, rules, json_pack("{s:s, s:s*}", "text", text, "pattern", pattern));
}

static void add_rule(anshin_page_t *page, json_t *rules, const char *text)
{
    add_seen_rule(page, rules, text, NULL);
}

/* The classes of characters that a password may have, in as few lines as possible. */
static void put_classes(anshin_page_t *page, json_t *rules)
{
    static const char *const names[] = {"policy.digits", "policy.upper", "policy.lower"};
    const anshin_policy_t *policy = &page->op->contract->policy;
    int usual =
        ANSHIN_CHARACTERS_DIGITS | ANSHIN_CHARACTERS_UPPER | ANSHIN_CHARACTERS_LOWER | ANSHIN_CHARACTERS_SYMBOLS;
    int i;

    if ((policy->password_characters & usual) == usual && policy->password_symbols == NULL) {
        add_rule(page, rules, anshin_page_say(page, "policy.characters"));
    } else {
        for (i = 0; i < 3; i++) {
            if (policy->password_characters & (1 << i)) {
                add_rule(page, rules, anshin_page_say(page, names[i]));
            }
        }
        if (policy->password_characters & ANSHIN_CHARACTERS_SYMBOLS) {
            const char *symbols =
                policy->password_symbols != NULL ? policy->password_symbols : "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

            add_rule(page, rules, anshin_page_say_text(page, "policy.symbols", "symbols", symbols));
        }
    }
    if (policy->password_characters & ANSHIN_CHARACTERS_SPACE) {
        add_rule(page, rules, anshin_page_say(page, "policy.space"));
    }
}

/* "your last 3 passwords", and of a single one "your previous password". */
static const char *say_count(anshin_page_t *page, const char *one, const char *many, int count)
{
    return count == 1 ? anshin_page_say(page, one) : anshin_page_say_number(page, many, "count", count);
}

void anshin_words_rules(anshin_page_t *page, int change)
{
    static const struct {
        const char *key;
        const char *pattern;
    } needs[] = {{"policy.need_digit", "[0-9]"},
                 {"policy.need_upper", "[A-Z]"},
                 {"policy.need_lower", "[a-z]"},
                 {"policy.need_symbol", "[!-\\/:-@\\[-`\\{-~]"}};
    const anshin_policy_t *policy = &page->op->contract->policy;
    json_t *rules = json_array();
    json_t *length = json_pack("{s:i, s:i}", "min", policy->password_min, "max", policy->password_max);
    int i;

    add_seen_rule(page, rules,
                  anshin_texts_render(page->texts, page->language, "policy.length", length, page->op->pool),
                  apr_psprintf(page->op->pool, "^.{%d,%d}$", policy->password_min, policy->password_max));
    json_decref(length);
    put_classes(page, rules);
    for (i = 0; i < 4; i++) {
        if (policy->password_required & (1 << i)) {
            add_seen_rule(page, rules, anshin_page_say(page, needs[i].key), needs[i].pattern);
        }
    }
    add_rule(page, rules, anshin_page_say(page, "policy.no_user"));
    add_rule(page, rules, anshin_page_say(page, "policy.no_address"));
    if (policy->password_blocklist != NULL) {
        add_rule(page, rules, anshin_page_say(page, "policy.no_blocklisted"));
    }
    if (change) {
        anshin_page_label(page, "password", "labels.new_password");
        anshin_page_label(page, "password_confirm", "labels.new_password_confirm");
        add_rule(page, rules, anshin_page_say(page, "policy.not_current"));
    }
    if (change && policy->password_history > 0) {
        add_rule(page, rules, say_count(page, "policy.not_used_one", "policy.not_used", policy->password_history));
    }
    anshin_page_put(page, page->page, "rules", rules);
    anshin_page_put(page, page->page, "min", json_integer(policy->password_min));
    anshin_page_put(page, page->page, "max", json_integer(policy->password_max));
}

void anshin_words_questions(anshin_page_t *page, const char *selected)
{
    const apr_array_header_t *ids = page->op->contract->policy.questions;
    json_t *questions = json_array();
    int i;

    for (i = 0; i < ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ids, i, const char *);
        const char *text = anshin_page_say(page, apr_pstrcat(page->op->pool, "questions.", id, NULL));
        json_t *entry = json_pack("{s:s, s:s, s:b}", "id", id, "text", text, "selected", strcmp(id, selected) == 0);

        anshin_page_append(page, questions, entry);
    }
    anshin_page_put(page, page->page, "questions", questions);
}

/* A broken rule's text, with its number where it has one. */
static const char *rule_text(anshin_page_t *page, anshin_rule_t rule)
{
    const anshin_policy_t *policy = &page->op->contract->policy;
    const char *key = apr_pstrcat(page->op->pool, "rules.", anshin_rule_name(rule), NULL);

    if (rule == ANSHIN_RULE_TOO_SHORT) {
        return anshin_page_say_number(page, key, "min", policy->password_min);
    }
    if (rule == ANSHIN_RULE_TOO_LONG) {
        return anshin_page_say_number(page, key, "max", policy->password_max);
    }
    if (rule == ANSHIN_RULE_USED_BEFORE) {
        return say_count(page, "rules.used_before_one", key, policy->password_history);
    }
    return anshin_page_say(page, key);
}

void anshin_words_broken(anshin_page_t *page, unsigned broken)
{
    int rule;

    for (rule = 0; rule < ANSHIN_RULE_COUNT; rule++) {
        if (broken & (1u << rule)) {
            anshin_page_error_text(page, rule == ANSHIN_RULE_MISMATCH ? "password_confirm" : "password",
                                   rule_text(page, (anshin_rule_t)rule));
        }
    }
}

void anshin_words_answer(anshin_page_t *page, const char *question_error, const char *answer_error)
{
    if (question_error != NULL) {
        anshin_page_error(page, "question", question_error);
    }
    if (answer_error != NULL) {
        anshin_page_error_text(
            page, "answer", anshin_page_say_number(page, answer_error, "min", page->op->contract->policy.answer_min));
    }
}

/*
 * Registration, page 2 (REG-3): password, secret question and answer.
 *
 * SECURITY: passwords go to the core and nowhere else; only question and answer are shown again.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/registration.h"
#include "portal/route.h"

static const char *const steps[] = {"steps.register_code", "steps.register_credentials", "steps.register_done", NULL};

static void add_rule(anshin_exchange_t *x, json_t *rules, const char *text)
{
    if (json_array_append_new(rules, json_pack("{s:s}", "text", text)) != 0) {
        x->page->broken = 1;
    }
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

/* The policy in words. */
static void put_rules(anshin_exchange_t *x)
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
    anshin_page_put(x->page, x->page->page, "rules", rules);
}

static void put_questions(anshin_exchange_t *x, const char *selected)
{
    const apr_array_header_t *ids = x->op.contract->policy.questions;
    json_t *questions = json_array();
    int i;

    for (i = 0; i < ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ids, i, const char *);
        const char *text = anshin_page_say(x->page, apr_pstrcat(x->op.pool, "questions.", id, NULL));
        json_t *entry = json_pack("{s:s, s:s, s:b}", "id", id, "text", text, "selected", strcmp(id, selected) == 0);

        if (json_array_append_new(questions, entry) != 0) {
            x->page->broken = 1;
        }
    }
    anshin_page_put(x->page, x->page->page, "questions", questions);
}

/* The form for the user of this link. */
static void put_form(anshin_exchange_t *x, const char *user, const char *question)
{
    anshin_page_steps(x->page, steps, 1);
    anshin_page_text(x->page, "user", user);
    anshin_page_put(x->page, x->page->page, "min", json_integer(x->op.contract->policy.password_min));
    anshin_page_put(x->page, x->page->page, "max", json_integer(x->op.contract->policy.password_max));
    anshin_page_flag(x->page, "ask_question", 1);
    put_rules(x);
    put_questions(x, question);
}

int anshin_credentials_get(anshin_exchange_t *x)
{
    anshin_account_t account;
    apr_status_t status = anshin_registration_find(&x->op, x->flow.token, &account);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "registration link");
    }
    put_form(x, account.user, "");
    return anshin_answer_page(x, "register-credentials", HTTP_OK);
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
    return anshin_page_say(x->page, key);
}

static int complain(anshin_exchange_t *x, const anshin_registration_result_t *result)
{
    int rule;

    for (rule = 0; rule < ANSHIN_RULE_COUNT; rule++) {
        if (result->password_broken & (1u << rule)) {
            anshin_page_error_text(x->page, rule == ANSHIN_RULE_MISMATCH ? "password_confirm" : "password",
                                   rule_text(x, (anshin_rule_t)rule));
        }
    }
    if (result->question_error != NULL) {
        anshin_page_error(x->page, "question", result->question_error);
    }
    if (result->answer_error != NULL) {
        anshin_page_error_text(
            x->page, "answer",
            anshin_page_say_number(x->page, result->answer_error, "min", x->op.contract->policy.answer_min));
    }
    return anshin_answer_form(x, "register-credentials");
}

/* A field of the form; one that is missing is empty, and the rules say so. */
static const char *field(const anshin_exchange_t *x, const char *name)
{
    const char *value = anshin_form_get(x->form, name);

    return value ? value : "";
}

int anshin_credentials_post(anshin_exchange_t *x)
{
    anshin_registration_form_t form = {.password = field(x, "password"),
                                       .password_confirm = field(x, "password_confirm"),
                                       .question = field(x, "question"),
                                       .answer = field(x, "answer"),
                                       .language = x->page->language};
    anshin_registration_result_t result;
    apr_status_t status = anshin_registration_complete(&x->op, x->flow.token, &form, &result);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "registration");
    }
    if (result.password_broken || result.question_error || result.answer_error) {
        put_form(x, result.user, form.question);
        anshin_page_value(x->page, "answer", form.answer);
        return complain(x, &result);
    }
    anshin_flow_finish(&x->op, &x->flow, result.download_password);
    status = anshin_exchange_keep_flow(x);
    return status == APR_SUCCESS ? anshin_answer_redirect(x, "/register/done")
                                 : anshin_answer_failure(x, status, "flow");
}

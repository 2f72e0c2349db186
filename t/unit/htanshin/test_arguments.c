/*
 * The command line of htanshin: what is understood, and that nothing mistyped passes for something else (ADM-1).
 */
#include <apr_general.h>
#include <stdlib.h>

#include "htanshin/families.h"
#include "htanshin/arguments.h"
#include "htanshin/values.h"
#include "htanshin/command.h"
#include "unit/tap.h"

static apr_pool_t *pool;

/* Read words that NULL ends. */
static apr_status_t read_words(anshin_call_t *call, const char *const *words)
{
    const char *argv[24] = {"htanshin"};
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++) {
        argv[argc] = words[argc - 1];
    }
    memset(call, 0, sizeof(*call));
    call->pool = pool;
    anshin_error_clear(&call->op.error);
    return anshin_arguments_read(call, argc, argv);
}

#define READ(call, ...) read_words(call, (const char *const[]){__VA_ARGS__, NULL})

static void understood(void)
{
    anshin_call_t call;
    int number;

    ok(READ(&call, "-d", "/s", "--json", "user", "add", "p-01-usr001", "--address", "a@example.jp",
            "--terminal=mobile") == APR_SUCCESS,
       "options before and after the command, values attached and apart");
    ok(same_text(call.command->family, "user") && same_text(call.command->verb, "add"), "the command");
    ok(same_text(call.state_dir, "/s") && call.json && call.contract == NULL, "global options");
    ok(call.operand_count == 1 && same_text(call.operands[0], "p-01-usr001"), "the operand");
    ok(same_text(anshin_call_value(&call, "address"), "a@example.jp"), "value apart");
    ok(same_text(anshin_call_value(&call, "terminal"), "mobile"), "value attached");
    ok(anshin_call_value(&call, "method") == NULL, "an option that is not given");

    ok(READ(&call, "history", "--unknown", "--limit", "7", "--contract=p-02") == APR_SUCCESS, "a command of one word");
    ok(same_text(call.contract, "p-02") && anshin_call_value(&call, "unknown") != NULL, "a flag");
    ok(anshin_call_number(&call, "limit", 1, 10, 5, &number) == APR_SUCCESS && number == 7, "a number");
    ok(READ(&call, "user", "show", "--", "--json") == APR_SUCCESS && !call.json, "behind -- nothing is an option");
    ok(same_text(call.operands[0], "--json"), "but an operand");
    ok(READ(&call, "user", "add", "--help") == APR_SUCCESS && call.help, "help needs no operand");
    ok(READ(&call, "user", "--help") == APR_SUCCESS && call.help && call.command == NULL, "help of a family");
}

static void where_the_state_is(void)
{
    anshin_call_t call;

    setenv("ANSHIN_STATE_DIR", "/from/environment", 1);
    ok(READ(&call, "check") == APR_SUCCESS && same_text(call.state_dir, "/from/environment"),
       "ANSHIN_STATE_DIR (ADM-1)");
    ok(READ(&call, "check", "-d", "/given") == APR_SUCCESS && same_text(call.state_dir, "/given"), "-d goes before it");
    unsetenv("ANSHIN_STATE_DIR");
    ok(READ(&call, "check") == APR_SUCCESS && call.state_dir[0] == '/', "else the installed default");
    ok(READ(&call, "check", "-d", "relative") == ANSHIN_EINVALID, "a relative path is refused");
}

static void refused(void)
{
    static const struct {
        const char *what;
        const char *says;
        const char *words[8];
    } cases[] = {
        {"no command", "no command given", {NULL}},
        {"an unknown command", "user shwo", {"user", "shwo", "x", NULL}},
        {"an unknown option", "--adress: no such option", {"user", "add", "u", "--adress", "x", NULL}},
        {"an abbreviated option", "--addr: no such option", {"user", "add", "u", "--addr", "x", NULL}},
        {"another command's option", "--reason: no such option", {"user", "show", "u", "--reason", "x", NULL}},
        {"a short option that does not exist", "-x: no such option", {"user", "show", "u", "-x", NULL}},
        {"a command's option before it", "--address: no such option", {"--address", "a@b", "user", "add", "u", NULL}},
        {"a value that is missing", "--address: needs a value", {"user", "add", "u", "--address", NULL}},
        {"an option that must be given", "--address: must be given", {"user", "add", "u", NULL}},
        {"an option given twice",
         "--address: given twice",
         {"user", "add", "u", "--address", "a", "--address=b", NULL}},
        {"a global option given twice", "-d: given twice", {"-d", "/a", "-d", "/b", "check", NULL}},
        {"a flag with a value", "--unknown: takes no value", {"history", "--unknown=1", NULL}},
        {"a global flag with a value", "--json: takes no value", {"check", "--json=1", NULL}},
        {"somebody who names another one as who used sudo (AUD-2)",
         "--operator: must be a name without",
         {"--operator", "x (sudo tanaka)", "check", NULL}},
        {"a missing operand", "USER: is missing", {"user", "show", NULL}},
        {"one operand too many", "b: one argument too many", {"user", "show", "a", "b", NULL}},
        {"operands where none are taken", "x: one argument too many", {"check", "x", NULL}},
    };
    anshin_call_t call;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_status_t status = read_words(&call, cases[i].words);
        ok(status == ANSHIN_EINVALID && strstr(call.op.error.text, cases[i].says) != NULL, "%s: %s", cases[i].what,
           call.op.error.text);
    }
}

/* INS-6: whoever mistypes a word is told the nearest one, and nothing where none is near. */
static void meant(void)
{
    static const struct {
        const char *says; /* NULL: no guess */
        const char *words[6];
    } cases[] = {
        {"did you mean user show?", {"user", "shwo", "x", NULL}},
        {"did you mean user add?", {"usr", "add", "x", NULL}},
        {"did you mean backup?", {"bakcup", "/x", NULL}},
        {"did you mean --address?", {"user", "add", "u", "--adress", "x", NULL}},
        {"did you mean --contract?", {"user", "add", "u", "--contrakt", "x", NULL}},
        {NULL, {"user", "frobnicate", NULL}},
        {NULL, {"zzzzzz", NULL}},
        {NULL, {"a-word-that-is-much-longer-than-any-that-there-is", NULL}},
        {NULL, {"x", NULL}},
        {NULL, {"user", "add", "u", "--frobnicate", NULL}},
        {NULL, {"user", "add", "u", "--an-option-that-is-much-longer-than-any-that-there-is", NULL}},
    };
    anshin_call_t call;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_status_t status = read_words(&call, cases[i].words);
        const char *guess = strstr(call.op.error.text, "did you mean");
        ok(status == ANSHIN_EINVALID && (guess == NULL) == (cases[i].says == NULL) &&
               (guess == NULL || strcmp(guess, cases[i].says) == 0),
           "INS-6: %s", call.op.error.text);
    }
}

static void values(void)
{
    static const anshin_word_t words[] = {{"pc", 0}, {"mobile", 1}, {NULL, 0}};
    static const char *const numbers[] = {"0", "11", "-1", "+5", " 5", "5 ", "5x", "", "0x5", "99999999999999999999"};
    anshin_call_t call;
    const char *user;
    int number;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        READ(&call, "history", "u", "--limit", numbers[i]);
        ok(anshin_call_number(&call, "limit", 1, 10, 5, &number) == ANSHIN_EINVALID, "\"%s\" is no number from 1 to 10",
           numbers[i]);
    }
    READ(&call, "user", "add", "u", "--address", "a", "--terminal", "Mobile");
    ok(anshin_call_word(&call, "terminal", words, 0, &number) == ANSHIN_EINVALID, "a word is taken as it stands");
    ok(strstr(call.op.error.text, "pc, mobile") != NULL, "and the error names those there are: %s", call.op.error.text);
    READ(&call, "user", "add", "u", "--address", "a");
    ok(anshin_call_word(&call, "terminal", words, 1, &number) == APR_SUCCESS && number == 1, "absent: the default");
    ok(anshin_call_user(&call, "../../etc/passwd", &user) == ANSHIN_EINVALID, "a user ID that climbs");
    anshin_error_clear(&call.op.error);
    ok(anshin_call_user(&call, "a/b", &user) == ANSHIN_EINVALID, "a user ID with a key's separator");
    anshin_error_clear(&call.op.error);
    ok(anshin_call_user(&call, "P-01-USR001", &user) == APR_SUCCESS && same_text(user, "p-01-usr001"),
       "the canonical form");
}

/* Rows that nobody could call, or whose options would not fit, are mistakes of ours. */
static void table(void)
{
    int commands = 0;

    for (const anshin_command_t *const *family = anshin_command_families; *family != NULL; family++) {
        for (const anshin_command_t *command = *family; command->family != NULL; command++) {
            const char *words[] = {command->family, command->verb, NULL};
            int options = 0;
            int used = 0;
            while (command->options != NULL && command->options[options].name != NULL) {
                options++;
            }
            ok(anshin_command_find(command->verb != NULL ? 2 : 1, words, &used) == command && command->run != NULL &&
                   options <= ANSHIN_COMMAND_OPTIONS_MAX && command->operands_max <= ANSHIN_OPERANDS_MAX,
               "%s %s is found and fits", command->family, command->verb != NULL ? command->verb : "");
            commands++;
        }
    }
    ok(commands >= 18, "commands looked at: %d", commands);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    understood();
    where_the_state_is();
    refused();
    meant();
    values();
    table();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

/*
 * The command line: global options anywhere, then the words of the command, its operands and its options.
 *
 * Strict, since an operator's mistyped option must never be taken for something else: no abbreviations, nothing
 * twice, nothing left over.
 */
#include "htanshin/arguments.h"

#include <apr_strings.h>
#include <string.h>

#include "htanshin/families.h"
#include "htanshin/help/nearest.h"
#include "htanshin/help/topic.h"

#ifndef ANSHIN_STATE_DIR_DEFAULT
#define ANSHIN_STATE_DIR_DEFAULT "/var/lib/anshin"
#endif

/* Where reading stands. */
typedef struct reader_t {
    anshin_call_t *call;
    int argc;
    const char *const *argv;
    int at;
    apr_array_header_t *words; /* of const char *: what is no option */
} reader_t;

static apr_status_t wrong(anshin_call_t *call, const char *id, const char *what, const char *which)
{
    return anshin_fail(&call->op.error, ANSHIN_EINVALID, id, "%s: %s", which, what);
}

/* The option at hand as messages name it: without its value. */
static const char *name_of(const reader_t *reader)
{
    const char *argument = reader->argv[reader->at];

    return apr_pstrmemdup(reader->call->pool, argument, strcspn(argument, "="));
}

/* The value of the option at hand: behind its '=', or the next argument. */
static apr_status_t take_value(reader_t *reader, const char *attached, const char **value)
{
    const char *name = name_of(reader);

    if (*value != NULL) {
        return wrong(reader->call, "AN0801", "given twice", name);
    }
    if (attached != NULL) {
        *value = attached;
        return APR_SUCCESS;
    }
    if (reader->at + 1 >= reader->argc) {
        return wrong(reader->call, "AN0802", "needs a value", name);
    }
    *value = reader->argv[++reader->at];
    return APR_SUCCESS;
}

static apr_status_t take_flag(reader_t *reader, const char *attached, int *flag)
{
    if (attached != NULL) {
        return wrong(reader->call, "AN0803", "takes no value", name_of(reader));
    }
    *flag = 1;
    return APR_SUCCESS;
}

/* Who says who he is; the trail puts behind it, in brackets, who used sudo (actor.c), which nobody says himself. */
static apr_status_t take_operator(reader_t *reader, const char *attached)
{
    anshin_call_t *call = reader->call;
    apr_status_t status = take_value(reader, attached, &call->operator_name);

    return status == APR_SUCCESS && strpbrk(call->operator_name, "()") != NULL
               ? anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1981",
                             "--operator: must be a name without ( and ), between which the trail tells who used sudo")
               : status;
}

/* 1: the command has an option of that name, which then is not the one of every command. */
static int is_own(const anshin_call_t *call, const char *name)
{
    const anshin_command_option_t *options = call->command != NULL ? call->command->options : NULL;

    for (int i = 0; options != NULL && options[i].name != NULL; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* An option of the command itself, whose words come before its options. */
static apr_status_t take_command_option(reader_t *reader, const char *name, const char *attached)
{
    anshin_call_t *call = reader->call;
    const anshin_command_option_t *options = call->command != NULL ? call->command->options : NULL;
    const char *nearest;

    for (int i = 0; options != NULL && options[i].name != NULL; i++) {
        if (strcmp(options[i].name, name) != 0) {
            continue;
        }
        if (options[i].value != NULL) {
            return take_value(reader, attached, &call->values[i]);
        }
        call->values[i] = "";
        return attached == NULL ? APR_SUCCESS : wrong(call, "AN0804", "takes no value", name_of(reader));
    }
    nearest = anshin_nearest_option(call->command, name);
    if (nearest != NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1772", "%s: no such option; did you mean %s%s?",
                           name_of(reader), nearest[1] == '\0' ? "-" : "--", nearest);
    }
    return wrong(call, "AN0805", call->command != NULL ? "no such option of this command" : "no such option",
                 name_of(reader));
}

static apr_status_t take_option(reader_t *reader)
{
    anshin_call_t *call = reader->call;
    const char *argument = reader->argv[reader->at];
    const char *equals = strchr(argument, '=');
    const char *attached = equals != NULL ? equals + 1 : NULL;
    const char *name =
        equals != NULL ? apr_pstrmemdup(call->pool, argument, (apr_size_t)(equals - argument)) : argument;

    if (strcmp(name, "-d") == 0) {
        return take_value(reader, attached, &call->state_dir);
    }
    if (strcmp(name, "--contract") == 0) {
        return take_value(reader, attached, &call->contract);
    }
    if (strcmp(name, "--operator") == 0 && !is_own(call, "operator")) {
        return take_operator(reader, attached);
    }
    if (strcmp(name, "--json") == 0) {
        return take_flag(reader, attached, &call->json);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return take_flag(reader, attached, &call->help);
    }
    if (strcmp(name, "--version") == 0) {
        return take_flag(reader, attached, &call->version);
    }
    return take_command_option(reader, strncmp(name, "--", 2) == 0 ? name + 2 : "", attached);
}

/* The command is known as soon as its words are, so that its options can follow them. A second word may tell another
 * one than the first alone. */
static void look_for_command(reader_t *reader)
{
    int used;

    if (reader->call->command == NULL || reader->words->nelts == 2) {
        reader->call->command =
            anshin_command_find(reader->words->nelts, (const char *const *)reader->words->elts, &used);
    }
}

/* Without a command only help can be given, of a family when one is named. */
static apr_status_t take_no_command(reader_t *reader)
{
    anshin_call_t *call = reader->call;
    const char *const *words = (const char *const *)reader->words->elts;
    int count = reader->words->nelts;
    const char *typed, *nearest;

    call->help |= count == 1 && (anshin_command_is_family(words[0]) || anshin_topic_find(words[0]) != NULL);
    if (call->version) {
        return APR_SUCCESS;
    }
    if (call->help && count <= ANSHIN_OPERANDS_MAX) {
        for (call->operand_count = 0; call->operand_count < count; call->operand_count++) {
            call->operands[call->operand_count] = words[call->operand_count];
        }
        return APR_SUCCESS;
    }
    if (count == 0) {
        return wrong(call, "AN0806", "no command given", "htanshin");
    }
    typed = count > 1 ? apr_pstrcat(call->pool, words[0], " ", words[1], NULL) : words[0];
    nearest = anshin_nearest_command(call->families, typed, call->pool);
    if (nearest == NULL && !anshin_command_is_family(words[0])) {
        nearest =
            anshin_nearest_command(call->families, words[0], call->pool); /* the second may have been an operand */
    }
    if (nearest != NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1773", "%s: no such command; did you mean %s?", typed,
                           nearest);
    }
    return wrong(call, "AN0807", "no such command", typed);
}

/* The operand "-" is the standard input: its lines have what must be given. */
static apr_status_t check_required(anshin_call_t *call)
{
    const anshin_command_option_t *options = call->command->options;
    int lines = call->operand_count > 0 && strcmp(call->operands[0], "-") == 0;

    for (int i = 0; options != NULL && options[i].name != NULL; i++) {
        if (options[i].required && !lines && call->values[i] == NULL) {
            return wrong(call, "AN0841", "must be given", apr_pstrcat(call->pool, "--", options[i].name, NULL));
        }
    }
    return APR_SUCCESS;
}

static apr_status_t take_operands(reader_t *reader)
{
    anshin_call_t *call = reader->call;
    const char *const *words = (const char *const *)reader->words->elts;
    int used = 0;

    if (call->command == NULL) {
        return take_no_command(reader);
    }
    anshin_command_find(reader->words->nelts, words, &used);
    call->operand_count = reader->words->nelts - used;
    if (call->help) {
        return APR_SUCCESS;
    }
    if (call->operand_count < call->command->operands_min) {
        return wrong(call, "AN0808", "is missing", call->command->operands);
    }
    if (call->operand_count > call->command->operands_max) {
        return wrong(call, "AN0809", "one argument too many", words[used + call->command->operands_max]);
    }
    for (int i = 0; i < call->operand_count; i++) {
        call->operands[i] = words[used + i];
    }
    return check_required(call);
}

static const char *default_state_dir(void)
{
    const char *given = getenv("ANSHIN_STATE_DIR");

    return given != NULL && given[0] != '\0' ? given : ANSHIN_STATE_DIR_DEFAULT;
}

apr_status_t anshin_arguments_read(anshin_call_t *call, int argc, const char *const *argv)
{
    reader_t reader = {call, argc, argv, 1, apr_array_make(call->pool, 4, sizeof(const char *))};
    int literal = 0;
    apr_status_t status;

    call->families = anshin_command_families;
    for (; reader.at < argc; reader.at++) {
        const char *argument = argv[reader.at];
        if (literal || argument[0] != '-' || argument[1] == '\0') {
            APR_ARRAY_PUSH(reader.words, const char *) = argument;
            look_for_command(&reader);
        } else if (strcmp(argument, "--") == 0) {
            literal = 1;
        } else if ((status = take_option(&reader)) != APR_SUCCESS) {
            return status;
        }
    }
    if (call->state_dir == NULL) {
        call->state_dir = default_state_dir();
    }
    if (call->state_dir[0] != '/') {
        return wrong(call, "AN0810", "must be an absolute path", "-d STATE_DIR");
    }
    return take_operands(&reader);
}

/*
 * Help made of the tables of commands and topics, and the command of that name: see help.h.
 */
#include "htanshin/help/help.h"

#include <string.h>

#include <apr_strings.h>

#include "htanshin/help/nearest.h"
#include "htanshin/help/topic.h"
#include "htanshin/options.h"
#include "htanshin/print.h"
#include "htanshin/result.h"

#define INDENT 2

static void print_synopsis(FILE *out, const anshin_command_t *command)
{
    fprintf(out, "htanshin %s", command->family);
    if (command->verb != NULL) {
        fprintf(out, " %s", command->verb);
    }
    if (command->operands[0] != '\0') {
        fprintf(out, " %s", command->operands);
    }
    for (const anshin_command_option_t *option = command->options; option != NULL && option->name != NULL; option++) {
        fprintf(out, " %s--%s%s%s%s", option->required ? "" : "[", option->name, option->value != NULL ? " " : "",
                option->value != NULL ? option->value : "", option->required ? "" : "]");
    }
    fputc('\n', out);
}

static void print_options(FILE *out, const anshin_command_option_t *options)
{
    for (const anshin_command_option_t *option = options; option != NULL && option->name != NULL; option++) {
        fprintf(out, "  %s%s %s\n        %s\n", option->name[1] == '\0' ? "-" : "--", option->name,
                option->value != NULL ? option->value : "", option->help);
    }
}

void anshin_help_command(FILE *out, const anshin_command_t *command)
{
    fputs("Usage: ", out);
    print_synopsis(out, command);
    fprintf(out, "%s\n", command->help);
    print_options(out, command->options);
    fputs("Options of every command:\n", out);
    print_options(out, anshin_options_of_every_command);
}

/* The first command behind this one, or of all (NULL), that the topic (NULL: any) has; NULL: no more. */
static const anshin_command_t *next_of(const anshin_call_t *call, const anshin_topic_t *topic,
                                       const anshin_command_t *last)
{
    int seen = last == NULL;

    for (const anshin_command_t *const *family = call->families; *family != NULL; family++) {
        for (const anshin_command_t *command = *family; command->family != NULL; command++) {
            if (seen && (topic == NULL || anshin_topic_has(topic, command))) {
                return command;
            }
            seen |= command == last;
        }
    }
    return NULL;
}

/* What comes before the first semicolon or colon, or the end of the first sentence. */
static const char *brief(const anshin_command_t *command, apr_pool_t *pool)
{
    const char *text = command->help;
    apr_size_t length = strcspn(text, ";:.");

    while (text[length] == '.' && text[length + 1] != ' ' && text[length + 1] != '\0') {
        length += 1 + strcspn(text + length + 1, ";:.");
    }
    return apr_pstrmemdup(pool, text, length);
}

static const char *words_of(const anshin_command_t *command, apr_pool_t *pool)
{
    return apr_pstrcat(pool, command->family, command->verb != NULL ? " " : "",
                       command->verb != NULL ? command->verb : "", command->operands[0] != '\0' ? " " : "",
                       command->operands, NULL);
}

/* Lines "  name  what it is", the second column in one place. */
static void print_pairs(FILE *out, const apr_array_header_t *pairs)
{
    int widest = 0;

    for (int i = 0; i < pairs->nelts; i += 2) {
        int width = anshin_text_width(APR_ARRAY_IDX(pairs, i, const char *));
        widest = width > widest ? width : widest;
    }
    for (int i = 0; i < pairs->nelts; i += 2) {
        const char *name = APR_ARRAY_IDX(pairs, i, const char *);
        fprintf(out, "  %s%*s%s\n", name, widest - anshin_text_width(name) + INDENT, "",
                APR_ARRAY_IDX(pairs, i + 1, const char *));
    }
}

static void print_examples(FILE *out, const anshin_topic_t *topic)
{
    fputs("Examples:\n", out);
    for (const anshin_example_t *example = topic->examples; example->line != NULL; example++) {
        fprintf(out, "  %s\n        %s\n", example->line, example->what);
    }
}

static void print_topic(FILE *out, const anshin_topic_t *topic, const anshin_call_t *call)
{
    apr_pool_t *pool = call->pool;
    apr_array_header_t *pairs = apr_array_make(pool, 32, sizeof(const char *));

    fprintf(out, "htanshin-%s: %s\n\n", topic->name, topic->summary);
    print_examples(out, topic);
    for (const anshin_command_t *command = NULL; (command = next_of(call, topic, command)) != NULL;) {
        APR_ARRAY_PUSH(pairs, const char *) = words_of(command, pool);
        APR_ARRAY_PUSH(pairs, const char *) = brief(command, pool);
    }
    fputs("\nCommands, each with --help for its options:\n", out);
    print_pairs(out, pairs);
    fprintf(out, "\nThe manual: man htanshin-%s\n", topic->name);
    for (const anshin_command_t *command = NULL; (command = next_of(call, topic, command)) != NULL;) {
        if (command->verb == NULL && strcmp(command->family, topic->name) == 0) {
            fputc('\n', out);
            anshin_help_command(out, command);
        }
    }
}

static void print_overview(FILE *out, apr_pool_t *pool)
{
    apr_array_header_t *pairs = apr_array_make(pool, 32, sizeof(const char *));

    fputs("Usage: htanshin [-d STATE_DIR] [--contract NAME] [--json] COMMAND ...\n"
          "Manages the users, certificates and mail of Anshin Login, while httpd runs.\n\n",
          out);
    print_examples(out, anshin_topics);
    fputs("\nTopics, each with its commands by htanshin help TOPIC:\n", out);
    for (const anshin_topic_t *topic = anshin_topics; topic->name != NULL; topic++) {
        APR_ARRAY_PUSH(pairs, const char *) = topic->name;
        APR_ARRAY_PUSH(pairs, const char *) = topic->summary;
    }
    APR_ARRAY_PUSH(pairs, const char *) = "commands";
    APR_ARRAY_PUSH(pairs, const char *) = "all commands with their options";
    print_pairs(out, pairs);
    fputs("\nOptions of every command:\n", out);
    print_options(out, anshin_options_of_every_command);
    fputs("\nExit codes: 0 done; 1 not found or refused; 2 wrong usage; 3 busy or broken.\n", out);
}

static void print_all(FILE *out, const anshin_call_t *call)
{
    for (const anshin_command_t *command = NULL; (command = next_of(call, NULL, command)) != NULL;) {
        print_synopsis(out, command);
        fprintf(out, "        %s\n", command->help);
    }
}

/* The usage of each command of a family, or of one. 0: there is none. */
static int print_usages(FILE *out, const char *family, const char *verb, const anshin_call_t *call)
{
    int found = 0;

    for (const anshin_command_t *command = NULL; (command = next_of(call, NULL, command)) != NULL;) {
        if (strcmp(command->family, family) == 0 &&
            (verb == NULL || (command->verb != NULL && strcmp(command->verb, verb) == 0))) {
            fputs(found ? "\n" : "", out);
            anshin_help_command(out, command);
            found = 1;
        }
    }
    return found;
}

/* The tables as JSON, for programs: bash's completion, and the guard of the manual. */
static json_t *tables(const anshin_call_t *call)
{
    apr_pool_t *pool = call->pool;
    json_t *commands = json_array();

    for (const anshin_command_t *command = NULL; (command = next_of(call, NULL, command)) != NULL;) {
        json_t *row = json_object();
        json_t *options = json_array();
        json_t *topics = json_array();
        for (const anshin_command_option_t *option = command->options; option != NULL && option->name != NULL;
             option++) {
            json_array_append_new(options, json_string(option->name));
        }
        for (const anshin_topic_t *topic = anshin_topics; topic->name != NULL; topic++) {
            if (anshin_topic_has(topic, command)) {
                json_array_append_new(topics, json_string(topic->name));
            }
        }
        anshin_result_text(row, "command",
                           apr_pstrcat(pool, command->family, command->verb != NULL ? " " : NULL, command->verb, NULL),
                           pool);
        anshin_result_text(row, "operands", command->operands, pool);
        anshin_result_text(row, "help", command->help, pool);
        json_object_set_new(row, "options", options);
        json_object_set_new(row, "topics", topics);
        json_array_append_new(commands, row);
    }
    return commands;
}

static apr_status_t no_such(anshin_call_t *call, const char *typed)
{
    const char *nearest = anshin_nearest_command(call->families, typed, call->pool);

    if (nearest == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0890",
                           "%s: no such command, and no such topic; htanshin help lists them", typed);
    }
    return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1771",
                       "%s: no such command, and no such topic; did you mean %s?", typed, nearest);
}

static apr_status_t help(anshin_call_t *call)
{
    const char *family = call->operand_count > 0 ? call->operands[0] : NULL;
    const char *verb = call->operand_count > 1 ? call->operands[1] : NULL;
    const anshin_topic_t *topic = family != NULL && verb == NULL ? anshin_topic_find(family) : NULL;

    if (call->json) {
        call->result = tables(call);
    } else if (family == NULL) {
        print_overview(stdout, call->pool);
    } else if (topic != NULL) {
        print_topic(stdout, topic, call);
    } else if (strcmp(family, "commands") == 0 && verb == NULL) {
        print_all(stdout, call);
    } else if (!print_usages(stdout, family, verb, call)) {
        return no_such(call, verb != NULL ? apr_pstrcat(call->pool, family, " ", verb, NULL) : family);
    }
    return APR_SUCCESS;
}

const anshin_command_t anshin_commands_help[] = {
    {"help", NULL, "[TOPIC|COMMAND]", 0, 2, NULL, ANSHIN_ACCESS_NONE, help,
     "Tell what commands there are, and how they are used; of a topic its commands, of a command its options."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

/*
 * Help made of the tables of commands and topics, and the command of that name: see help.h.
 */
#include "htanshin/help/help.h"

#include <string.h>

#include <apr_strings.h>

#include "htanshin/help/nearest.h"
#include "htanshin/help/topic.h"
#include "htanshin/language/language.h"
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
                option->value != NULL ? option->value : "", anshin_say(option->help));
    }
}

void anshin_help_command(FILE *out, const anshin_command_t *command)
{
    fputs(anshin_say("Usage: "), out);
    print_synopsis(out, command);
    fprintf(out, "%s\n", anshin_say(command->help));
    print_options(out, command->options);
    fputs(anshin_say("Options of every command:\n"), out);
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
    const char *text = anshin_say(command->help);

    return apr_pstrmemdup(pool, text, anshin_first_clause(text));
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
    fputs(anshin_say("Examples:\n"), out);
    for (const anshin_example_t *example = topic->examples; example->line != NULL; example++) {
        fprintf(out, "  %s\n        %s\n", example->line, anshin_say(example->what));
    }
}

static void print_topic(FILE *out, const anshin_topic_t *topic, const anshin_call_t *call)
{
    apr_pool_t *pool = call->pool;
    apr_array_header_t *pairs = apr_array_make(pool, 32, sizeof(const char *));

    fprintf(out, "htanshin-%s: %s\n\n", topic->name, anshin_say(topic->summary));
    print_examples(out, topic);
    for (const anshin_command_t *command = NULL; (command = next_of(call, topic, command)) != NULL;) {
        APR_ARRAY_PUSH(pairs, const char *) = words_of(command, pool);
        APR_ARRAY_PUSH(pairs, const char *) = brief(command, pool);
    }
    fputs(anshin_say("\nCommands, each with --help for its options:\n"), out);
    print_pairs(out, pairs);
    fprintf(out, anshin_say("\nThe manual: man htanshin-%s\n"), topic->name);
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

    fputs(anshin_say("Usage: htanshin [-d STATE_DIR] [--contract NAME] [--json] COMMAND ...\n"
                     "Manages the users, certificates and mail of Anshin Login, while httpd runs.\n\n"),
          out);
    print_examples(out, anshin_topics);
    fputs(anshin_say("\nTopics, each with its commands by htanshin help TOPIC:\n"), out);
    for (const anshin_topic_t *topic = anshin_topics; topic->name != NULL; topic++) {
        APR_ARRAY_PUSH(pairs, const char *) = topic->name;
        APR_ARRAY_PUSH(pairs, const char *) = anshin_say(topic->summary);
    }
    APR_ARRAY_PUSH(pairs, const char *) = "commands";
    APR_ARRAY_PUSH(pairs, const char *) = anshin_say("all commands with their options");
    print_pairs(out, pairs);
    fputs(anshin_say("\nOptions of every command:\n"), out);
    print_options(out, anshin_options_of_every_command);
    fputs(anshin_say("\nExit codes: 0 done; 1 not found or refused; 2 wrong usage; 3 busy or broken.\n"), out);
}

static void print_all(FILE *out, const anshin_call_t *call)
{
    for (const anshin_command_t *command = NULL; (command = next_of(call, NULL, command)) != NULL;) {
        print_synopsis(out, command);
        fprintf(out, "        %s\n", anshin_say(command->help));
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

static json_t *options_json(const anshin_command_option_t *options)
{
    json_t *list = json_array();

    for (; options != NULL && options->name != NULL; options++) {
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", options->name, "help", options->help));
    }
    return list;
}

static json_t *topics_json(const anshin_command_t *command)
{
    json_t *list = json_array();

    for (const anshin_topic_t *topic = anshin_topics; topic->name != NULL; topic++) {
        if (anshin_topic_has(topic, command)) {
            json_array_append_new(list, json_string(topic->name));
        }
    }
    return list;
}

/* The tables as JSON, for programs and for the guards of the manual and of the texts. */
static json_t *tables(const anshin_call_t *call)
{
    json_t *commands = json_array();

    for (const anshin_command_t *command = NULL; (command = next_of(call, NULL, command)) != NULL;) {
        json_t *row = json_object();
        const char *name = command->verb == NULL ? command->family
                                                 : apr_pstrcat(call->pool, command->family, " ", command->verb, NULL);
        anshin_result_text(row, "command", name, call->pool);
        anshin_result_text(row, "operands", command->operands, call->pool);
        anshin_result_text(row, "help", command->help, call->pool);
        json_object_set_new(row, "options", options_json(command->options));
        json_object_set_new(row, "topics", topics_json(command));
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

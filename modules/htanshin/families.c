/*
 * The table of subcommands, and the usage made of it.
 */
#include "htanshin/families.h"

#include <string.h>

const anshin_command_t *const anshin_command_families[] = {
    anshin_commands_user,   anshin_commands_import,  anshin_commands_cert,     anshin_commands_session,
    anshin_commands_export, anshin_commands_history, anshin_commands_find,     anshin_commands_audit,
    anshin_commands_mail,   anshin_commands_ca,      anshin_commands_rollover, anshin_commands_compromise,
    anshin_commands_state,  anshin_commands_backup,  anshin_commands_store,    anshin_commands_dump,
    anshin_commands_check,  anshin_commands_status,  anshin_commands_help,     NULL,
};

static const anshin_command_option_t global_options[] = {
    {"d", "STATE_DIR",
     "The state directory (AnshinStateDir). Else the environment's ANSHIN_STATE_DIR, else the installed default.", 0},
    {"contract", "NAME", "The contract. Not needed where only one is declared.", 0},
    {"operator", "NAME", "Who you are; stands in the audit trail as what you say, beside what the machine knows.", 0},
    {"json", NULL, "Answer in JSON; errors as well.", 0},
    {"help", NULL, "Tell how the command is used.", 0},
    {"version", NULL, "Tell which version this is, and nothing else.", 0},
    {NULL, NULL, NULL, 0},
};

static int is_command(const anshin_command_t *command, const char *family, const char *verb)
{
    if (strcmp(command->family, family) != 0) {
        return 0;
    }
    return command->verb == NULL || (verb != NULL && strcmp(command->verb, verb) == 0);
}

const anshin_command_t *anshin_command_find(int argc, const char *const *argv, int *used)
{
    const char *verb = argc > 1 ? argv[1] : NULL;

    if (argc == 0) {
        return NULL;
    }
    for (const anshin_command_t *const *family = anshin_command_families; *family != NULL; family++) {
        for (const anshin_command_t *command = *family; command->family != NULL; command++) {
            if (is_command(command, argv[0], verb)) {
                *used = command->verb == NULL ? 1 : 2;
                return command;
            }
        }
    }
    return NULL;
}

int anshin_command_is_family(const char *word)
{
    for (const anshin_command_t *const *family = anshin_command_families; *family != NULL; family++) {
        if ((*family)->family != NULL && (*family)->verb != NULL && strcmp((*family)->family, word) == 0) {
            return 1;
        }
    }
    return 0;
}

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

void anshin_usage_command(FILE *out, const anshin_command_t *command)
{
    fputs("Usage: ", out);
    print_synopsis(out, command);
    fprintf(out, "%s\n", command->help);
    print_options(out, command->options);
    fputs("Options of every command:\n", out);
    print_options(out, global_options);
}

/* Usage of one family (name), or the list of all (NULL). ANSHIN_ENOTFOUND: no such family or command. */
static apr_status_t usage(FILE *out, const char *family, const char *verb)
{
    int found = 0;

    if (family == NULL) {
        fputs("Usage: htanshin [-d STATE_DIR] [--contract NAME] [--json] COMMAND ...\n"
              "Manages the users, certificates and mail of Anshin Login, while httpd runs.\n\n",
              out);
    }
    for (const anshin_command_t *const *table = anshin_command_families; *table != NULL; table++) {
        for (const anshin_command_t *command = *table; command->family != NULL; command++) {
            if (family != NULL && !is_command(command, family, verb != NULL ? verb : command->verb)) {
                continue;
            }
            if (verb != NULL || (family != NULL && command->verb == NULL)) {
                anshin_usage_command(out, command);
            } else {
                print_synopsis(out, command);
                fprintf(out, "        %s\n", command->help);
            }
            found = 1;
        }
    }
    if (family == NULL) {
        fputs("\nOptions of every command:\n", out);
        print_options(out, global_options);
        fputs("\nExit codes: 0 done; 1 not found or refused; 2 wrong usage; 3 busy or broken.\n", out);
    }
    return found ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}

static apr_status_t help(anshin_call_t *call)
{
    const char *family = call->operand_count > 0 ? call->operands[0] : NULL;
    const char *verb = call->operand_count > 1 ? call->operands[1] : NULL;

    if (usage(stdout, family, verb) != APR_SUCCESS) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0890", "%s%s%s: no such command", family,
                           verb != NULL ? " " : "", verb != NULL ? verb : "");
    }
    return APR_SUCCESS;
}

const anshin_command_t anshin_commands_help[] = {
    {"help", NULL, "[COMMAND]", 0, 2, NULL, ANSHIN_ACCESS_NONE, help, "Tell how commands are used."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

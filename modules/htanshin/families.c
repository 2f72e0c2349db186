/*
 * The table of subcommands: see families.h.
 */
#include "htanshin/families.h"

#include <string.h>

const anshin_command_t *const anshin_command_families[] = {
    anshin_commands_user,
    anshin_commands_import,
    anshin_commands_cert,
    anshin_commands_session,
    anshin_commands_export,
    anshin_commands_history,
    anshin_commands_find,
    anshin_commands_audit,
    anshin_commands_approval,
    anshin_commands_mail,
    anshin_commands_ca,
    anshin_commands_rollover,
    anshin_commands_compromise,
    anshin_commands_state,
    anshin_commands_key,
    anshin_commands_contract,
    anshin_commands_backup,
    anshin_commands_store,
    anshin_commands_dump,
    anshin_commands_check,
    anshin_commands_status,
    anshin_commands_help,
    NULL,
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

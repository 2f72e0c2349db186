/*
 * The options of every command: see options.h.
 */
#include "htanshin/options.h"

const anshin_command_option_t anshin_options_of_every_command[] = {
    {"d", "STATE_DIR",
     "The state directory (AnshinStateDir). Else the environment's ANSHIN_STATE_DIR, else the installed default.", 0},
    {"contract", "NAME", "The contract. Not needed where only one is declared.", 0},
    {"operator", "NAME", "Who you are; stands in the audit trail as what you say, beside what the machine knows.", 0},
    {"json", NULL, "Answer in JSON; errors as well.", 0},
    {"help", NULL, "Tell how the command is used.", 0},
    {"version", NULL, "Tell which version this is, and nothing else.", 0},
    {NULL, NULL, NULL, 0},
};

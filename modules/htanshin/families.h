/*
 * The table of subcommands.
 */
#ifndef ANSHIN_HTANSHIN_FAMILIES_H
#define ANSHIN_HTANSHIN_FAMILIES_H

#include "htanshin/command.h"

/* The command of one or two words; *used says how many. NULL: there is none. */
const anshin_command_t *anshin_command_find(int argc, const char *const *argv, int *used);

/* 1 when commands of two words begin with this one. */
int anshin_command_is_family(const char *word);

#endif

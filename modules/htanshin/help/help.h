/*
 * Help made of the tables of commands and topics.
 */
#ifndef ANSHIN_HTANSHIN_HELP_HELP_H
#define ANSHIN_HTANSHIN_HELP_HELP_H

#include <stdio.h>

#include "htanshin/command.h"

/* Usage of one command, with its options and those of every command. */
void anshin_help_command(FILE *out, const anshin_command_t *command);

#endif

/*
 * The options of every command, as help tells of them; arguments.c reads them.
 */
#ifndef ANSHIN_HTANSHIN_OPTIONS_H
#define ANSHIN_HTANSHIN_OPTIONS_H

#include "htanshin/command.h"

extern const anshin_command_option_t anshin_options_of_every_command[];

#endif

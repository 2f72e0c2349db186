/*
 * The word that somebody meant who mistyped it.
 */
#ifndef ANSHIN_HTANSHIN_HELP_NEAREST_H
#define ANSHIN_HTANSHIN_HELP_NEAREST_H

#include "htanshin/command.h"

/* The command ("user add"), or the topic or family, that is nearest to a word or two ("user ad"); in pool. NULL: none
 * is near enough to be meant. families: as call->families. */
const char *anshin_nearest_command(const anshin_command_t *const *families, const char *typed, apr_pool_t *pool);

/* The same of the options of a command (NULL: none) and of those of every command, without dashes. */
const char *anshin_nearest_option(const anshin_command_t *command, const char *typed);

#endif

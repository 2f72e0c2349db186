/*
 * The directives, read line by line.
 */
#ifndef ANSHIN_AUTH_DIRECTIVE_H
#define ANSHIN_AUTH_DIRECTIVE_H

#include "auth/config/config.h"

/* The command table, for the module structure. */
extern const command_rec anshin_directives[];

/* The value of a word that was typed in a directive, where capitals count as small letters; -1: the list does not have
 * it. */
int anshin_directive_word(cmd_parms *cmd, const anshin_word_t *words, const char *typed);

/* Remember a contract named by a Require line (of the server's configuration, not of .htaccess), to be looked for by
 * anshin_config_check(). */
anshin_use_t *anshin_site_name(cmd_parms *cmd, const char *name);

#endif

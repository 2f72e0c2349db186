/*
 * htanshin user list. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_USER_USER_LIST_H
#define ANSHIN_HTANSHIN_USER_USER_LIST_H

#include "htanshin/command.h"

extern const anshin_command_option_t anshin_user_list_options[];

/* As every command runs (command.h). */
apr_status_t anshin_user_list(anshin_call_t *call);

#endif

/*
 * htanshin user set, reset, must-change. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_USER_USER_CHANGE_H
#define ANSHIN_HTANSHIN_USER_USER_CHANGE_H

#include "htanshin/command.h"

extern const anshin_command_option_t anshin_user_set_options[];

/* As every command runs (command.h). */
apr_status_t anshin_user_set(anshin_call_t *call);
apr_status_t anshin_user_reset(anshin_call_t *call);
apr_status_t anshin_user_must_change(anshin_call_t *call);

#endif

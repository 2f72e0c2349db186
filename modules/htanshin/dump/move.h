/*
 * htanshin store move. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_DUMP_MOVE_H
#define ANSHIN_HTANSHIN_DUMP_MOVE_H

#include "htanshin/command.h"

extern const anshin_command_option_t anshin_store_move_options[];
/* APR_SUCCESS with what was moved in call->result; ANSHIN_EINVALID: the store to move to; answers of anshin_move(). */
apr_status_t anshin_store_move(anshin_call_t *call);

#endif

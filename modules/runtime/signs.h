/*
 * What a look at the machine tells of the system (core/status/status.h): files, locks and the board.
 */
#ifndef ANSHIN_RUNTIME_SIGNS_H
#define ANSHIN_RUNTIME_SIGNS_H

#include "core/status/status.h"

/* Look. What cannot be found out is -1 there. */
void anshin_signs_look(anshin_signs_t *signs, const anshin_config_t *config, const anshin_board_t *board,
                       apr_pool_t *pool);

#endif

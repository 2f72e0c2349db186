/*
 * The board in its file, STATE/run/board (core/status/board.h).
 */
#ifndef ANSHIN_RUNTIME_BOARD_FILE_H
#define ANSHIN_RUNTIME_BOARD_FILE_H

#include "core/context/op.h"
#include "core/status/board.h"

/* Whoever opens it to read or as WORKER leaves no trace; HTTPD is seen to run as long as its pool lives, or its process
 * does. */
typedef enum anshin_board_use_t { ANSHIN_BOARD_READ, ANSHIN_BOARD_WORKER, ANSHIN_BOARD_HTTPD } anshin_board_use_t;

/* Map it, made or begun anew where that is needed, with a row for each contract. After fork; pool's cleanup unmaps it.
 * APR_SUCCESS; ANSHIN_ENOTFOUND (to read alone: there is none, or it is of before the machine was started);
 * ANSHIN_EFAULT. */
apr_status_t anshin_board_open(anshin_board_t **board, const anshin_config_t *config, anshin_board_use_t use,
                               anshin_error_t *err, apr_pool_t *pool);

/* 1: a process of httpd has it open; 0: none has; -1: cannot be told. */
int anshin_board_is_used(const char *state_dir, apr_pool_t *pool);

#endif

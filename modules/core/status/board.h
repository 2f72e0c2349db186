/*
 * The board: a page of memory that all processes of this machine share (STATE/run/board). httpd's children count on it
 * what has become of attempts to log in, without a lock and without the store; the worker leaves signs of life there.
 *
 * It outlives every process. Numbers begin anew when the machine does, and then so does the time since which they are
 * counted. What shares it is of the group of the state directory.
 */
#ifndef ANSHIN_CORE_STATUS_BOARD_H
#define ANSHIN_CORE_STATUS_BOARD_H

#include <stdatomic.h>

#include "core/config/config.h"

#define ANSHIN_BOARD_FORM "anshin1" /* of all that follows; another form has another word */
#define ANSHIN_BOARD_ROWS 64        /* the last is that of all contracts that have no row of their own */
#define ANSHIN_BOARD_NAME 64        /* octets of a contract's name, with NUL */
#define ANSHIN_BOARD_RESULTS 64     /* by number, as history has them */

typedef struct anshin_board_row_t {
    char contract[ANSHIN_BOARD_NAME]; /* "": nobody's */
    _Atomic(apr_uint64_t) counts[ANSHIN_BOARD_RESULTS];
} anshin_board_row_t;

typedef struct anshin_board_t {
    char form[8];
    char boot[64];                    /* which start of the machine it counts from */
    apr_time_t since;                 /* when it began to count */
    _Atomic(apr_int64_t) worker_at;   /* the uptime when the worker was last awake; 0: not yet */
    _Atomic(apr_int64_t) signer_lost; /* 1: the worker has no signer */
    anshin_board_row_t rows[ANSHIN_BOARD_ROWS];
} anshin_board_t;

/* Begin anew, for the contracts of a configuration; nobody else may have it then. */
void anshin_board_clear(anshin_board_t *board, const char *boot, apr_time_t now);

/* The contracts that have no row get one, as long as there are any. One at a time. */
void anshin_board_admit(anshin_board_t *board, const anshin_config_t *config);

/* Once more, for each result whose bit (1 << its number) is set; board NULL: nothing happens. Any number at once. */
void anshin_board_count(anshin_board_t *board, const char *contract, apr_uint64_t results);

/* The count of a result of a contract; contract "": of those without a row. */
apr_uint64_t anshin_board_read(const anshin_board_t *board, const char *contract, int result);

/* 1: the contract has a row of its own. */
int anshin_board_has(const anshin_board_t *board, const char *contract);

#endif

/*
 * The board that processes share: see board.h.
 */
#include "core/status/board.h"

#include <string.h>

#include <apr_strings.h>

#define OTHERS (ANSHIN_BOARD_ROWS - 1)

void anshin_board_clear(anshin_board_t *board, const char *boot, apr_time_t now)
{
    memset(board, 0, sizeof(*board));
    apr_cpystrn(board->boot, boot, sizeof(board->boot));
    board->since = now;
    memcpy(board->form, ANSHIN_BOARD_FORM, sizeof(board->form));
}

/* Its row, or that of the others. Names are those of a configuration: a short list. */
static int row_of(const anshin_board_t *board, const char *contract)
{
    for (int i = 0; contract[0] != '\0' && i < OTHERS && board->rows[i].contract[0] != '\0'; i++) {
        if (strncmp(board->rows[i].contract, contract, ANSHIN_BOARD_NAME) == 0) {
            return i;
        }
    }
    return OTHERS;
}

int anshin_board_has(const anshin_board_t *board, const char *contract)
{
    return row_of(board, contract) != OTHERS;
}

static void admit(anshin_board_t *board, const char *contract)
{
    if (strlen(contract) >= ANSHIN_BOARD_NAME || anshin_board_has(board, contract)) {
        return;
    }
    for (int i = 0; i < OTHERS; i++) {
        if (board->rows[i].contract[0] == '\0') {
            apr_cpystrn(board->rows[i].contract, contract, ANSHIN_BOARD_NAME);
            return;
        }
    }
}

void anshin_board_admit(anshin_board_t *board, const anshin_config_t *config)
{
    for (int i = 0; i < config->contracts->nelts; i++) {
        admit(board, APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *)->name);
    }
}

void anshin_board_count(anshin_board_t *board, const char *contract, apr_uint64_t results)
{
    anshin_board_row_t *row;

    if (board == NULL || results == 0) {
        return;
    }
    row = &board->rows[row_of(board, contract)];
    for (int i = 0; i < ANSHIN_BOARD_RESULTS; i++) {
        if ((results >> i & 1) != 0) {
            atomic_fetch_add_explicit(&row->counts[i], 1, memory_order_relaxed);
        }
    }
}

apr_uint64_t anshin_board_read(const anshin_board_t *board, const char *contract, int result)
{
    return atomic_load_explicit(&board->rows[row_of(board, contract)].counts[result], memory_order_relaxed);
}

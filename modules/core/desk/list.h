/*
 * Lists of users who need somebody's care: see list.def. An operator finds in them those on whom he may look, and
 * nobody else counts among them.
 */
#ifndef ANSHIN_CORE_DESK_LIST_H
#define ANSHIN_CORE_DESK_LIST_H

#include "core/desk/staff.h"

typedef enum anshin_desk_list_t {
#define LIST(member, name, verbs) ANSHIN_DESK_LIST_##member,
#include "core/desk/list.def"
#undef LIST
    ANSHIN_DESK_LISTS /* so many there are */
} anshin_desk_list_t;
extern const anshin_word_t anshin_desk_list_words[];

#define ANSHIN_DESK_ROWS_MAX 5000
#define ANSHIN_DESK_EXPIRING apr_time_from_sec(40 * 86400)

typedef struct anshin_desk_row_t {
    const anshin_contract_t *contract;
    anshin_account_t account; /* what tells who it is, state and validity */
    apr_time_t at;            /* locked since, ends at, invited or mailed at; fetched at */
    apr_int64_t terminal;     /* of the certificate; 0: none */
    const char *what;         /* serial of the certificate, kind of the mail; NULL: nothing */
} anshin_desk_row_t;

/* 1: that verb can be done to many of such a list at once. */
int anshin_desk_list_takes(anshin_desk_list_t list, anshin_desk_verb_t verb);

/* *rows of anshin_desk_row_t, those first whose time comes first; in op's pool, op being of the operator's own
 * contract. One more than ANSHIN_DESK_ROWS_MAX stands for all that are left out: those whose time comes last. It walks
 * through the store, and needs memory for what it hands out, and for the users of the operator's organisation where he
 * may look on these alone. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_desk_list(anshin_op_t *op, const anshin_staff_t *staff, anshin_desk_list_t list,
                              apr_array_header_t **rows);

#endif

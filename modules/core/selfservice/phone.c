/*
 * A member's download on the phone: see phone.h.
 */
#include "core/selfservice/phone.h"

typedef struct wish_t {
    const anshin_member_t *member;
    apr_int64_t number;
    anshin_phone_t *phone;
} wish_t;

static apr_status_t link_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    anshin_account_t account;
    apr_status_t status = anshin_member_fresh(op, wish->member)
                              ? anshin_member_account(op, txn, wish->member, &account)
                              : ANSHIN_EDENIED;

    return status == APR_SUCCESS ? anshin_phone_link(op, txn, &account, wish->number, wish->phone) : status;
}

apr_status_t anshin_member_phone(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                 anshin_phone_t *phone)
{
    return anshin_op_write(op, ANSHIN_DURABLE, link_in, &(wish_t){member, number, phone});
}

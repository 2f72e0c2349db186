/*
 * The lists of users' mails (core/mail/mail_list.h) for a store of before there were any.
 */
#ifndef ANSHIN_CORE_ADMIN_LIST_MAILS_H
#define ANSHIN_CORE_ADMIN_LIST_MAILS_H

#include "core/context/op.h"

/* At the worker's start, with its lock held: a user in a short write transaction. Costs a read where all is done, else
 * walks over all mail. op needs no contract. *listed: how many users got a list. APR_SUCCESS; ANSHIN_EBUSY,
 * ANSHIN_EFAULT: it is done at the next start. */
apr_status_t anshin_list_mails(anshin_op_t *op, int *listed);

#endif

/*
 * What the configuration says of reminders, and of how long certificates are kept, decides when house is to be kept for
 * certificates and passwords. All of them are filed anew where it says something else than at the last start, and in a
 * store of before there were these.
 */
#ifndef ANSHIN_CORE_ADMIN_REFILE_H
#define ANSHIN_CORE_ADMIN_REFILE_H

#include "core/context/op.h"

/* At the worker's start, with its lock held: in short write transactions. Costs a read where nothing has changed,
 * else walks over the store. op needs no contract. *filed: how many. APR_SUCCESS; ANSHIN_EBUSY, ANSHIN_EFAULT: it is
 * done at the next start. */
apr_status_t anshin_refile(anshin_op_t *op, int *filed);

#endif

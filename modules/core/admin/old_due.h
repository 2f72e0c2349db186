/*
 * What is due in a store of before 2026-12: jobs and what ends in time lay in series of numbers, which this turns into
 * what core/store/store.h has for it. It may go, with record type expiry, when no store of that time need be opened.
 *
 *   sequence jobs[/strangers][/SECONDS]   the queues of jobs; job [strangers/][SECONDS/]NUMBER
 *   sequence requests/CONTRACT            how many strangers asked for
 *   sequence expiry/MINUTE                what ends in a minute; expiry MINUTE/NUMBER
 *   sequence expiry                       up to which minute all was done
 */
#ifndef ANSHIN_CORE_ADMIN_OLD_DUE_H
#define ANSHIN_CORE_ADMIN_OLD_DUE_H

#include "core/context/op.h"

/* At the worker's start, with its lock held, before claims are released: file what waits in the old way, in short
 * write transactions. Costs two reads where there is nothing of it, else walks over the store. op needs no contract.
 * *filed: how many. APR_SUCCESS; ANSHIN_EBUSY, ANSHIN_EFAULT: what is left is filed at the next start. */
apr_status_t anshin_old_due_convert(anshin_op_t *op, int *filed);

#endif

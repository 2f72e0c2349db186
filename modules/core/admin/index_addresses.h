/*
 * The index of addresses (core/account/address_index.h) for the terminals of a store of before there was one.
 */
#ifndef ANSHIN_CORE_ADMIN_INDEX_ADDRESSES_H
#define ANSHIN_CORE_ADMIN_INDEX_ADDRESSES_H

#include "core/context/op.h"

/* At the worker's start, with its lock held: in short write transactions. Costs a read for each contract where all is
 * done, else walks over the store. op needs no contract. *indexed: how many terminals were looked at anew. APR_SUCCESS;
 * ANSHIN_EBUSY, ANSHIN_EFAULT: it is done at the next start. */
apr_status_t anshin_index_addresses(anshin_op_t *op, int *indexed);

#endif

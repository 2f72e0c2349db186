/*
 * What a command works on, opened.
 */
#ifndef ANSHIN_HTANSHIN_OPEN_H
#define ANSHIN_HTANSHIN_OPEN_H

#include "htanshin/command.h"

/* Open what command->access asks for. APR_SUCCESS, ANSHIN_ENOTFOUND (no snapshot), ANSHIN_EINVALID, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_call_open(anshin_call_t *call);

/* Open keys and store of call->config, for a command whose access does not. contract: of call->op; NULL: none. Same
 * answers. */
apr_status_t anshin_call_store(anshin_call_t *call, const anshin_contract_t *contract);

#endif

/*
 * htanshin check: what a contract's policy departs from.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_POLICY_H
#define ANSHIN_HTANSHIN_CHECK_POLICY_H

#include "htanshin/command.h"

/* Where a contract departs from a preset: an object of each option into departures, with the preset's value under its
 * name. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_check_policy(anshin_call_t *call, const anshin_contract_t *contract, anshin_preset_t against,
                                 json_t *departures);

#endif

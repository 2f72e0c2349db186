/*
 * When counters of attempts are forgotten.
 */
#ifndef ANSHIN_CORE_ACCOUNT_LOCKOUT_EXPIRY_H
#define ANSHIN_CORE_ACCOUNT_LOCKOUT_EXPIRY_H

#include "core/context/expiry.h"

extern const anshin_expiry_rule_t anshin_counter_expiry;

#endif

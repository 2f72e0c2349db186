/*
 * htanshin check: the store, and what waits in it.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_STORE_H
#define ANSHIN_HTANSHIN_CHECK_STORE_H

#include "htanshin/command.h"

/* Before the first start there is none. One that cannot be opened or read is a finding, too. */
void anshin_check_store(anshin_call_t *call);

#endif

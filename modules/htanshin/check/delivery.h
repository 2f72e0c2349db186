/*
 * htanshin check --mail: a test mail, and what becomes of it.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_DELIVERY_H
#define ANSHIN_HTANSHIN_CHECK_DELIVERY_H

#include "htanshin/command.h"

/* Send one to an address that is one (core/mail/test_mail.h) by the way that all mail goes, and wait for what becomes
 * of it, as long as a command that takes mail has and a little more, or until a signal comes; that stands in call's
 * answer as "mail". What fails, here as well, is a finding: what check has found before is told with it. */
void anshin_check_delivery(anshin_call_t *call, const char *address);

#endif

/*
 * htanshin check: what the operator has configured, here and in httpd.
 */
#ifndef ANSHIN_HTANSHIN_CHECK_SITE_H
#define ANSHIN_HTANSHIN_CHECK_SITE_H

#include "htanshin/command.h"

/* Findings go into call's answer. */
void anshin_check_site(anshin_call_t *call);

#endif

/*
 * What the Apple profile of a new certificate shall say (CRT-3), where one is made.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_APPLE_H
#define ANSHIN_CORE_CERTIFICATE_APPLE_H

#include "core/account/account.h"

/* Texts as a device shows them. */
typedef struct anshin_apple_order_t {
    const char *portal;   /* URL; with terminal: which profile on a device it takes the place of */
    const char *terminal; /* the terminal's key */
    const char *title;    /* of the service */
    const char *organization;
    const char *description; /* in the user's language; NULL: the texts cannot be read */
} anshin_apple_order_t;

/* Fill an order of a terminal. In op->pool. NULL: no certificate is configured that profiles could be signed with. */
const anshin_apple_order_t *anshin_apple_order(anshin_op_t *op, const anshin_account_t *account, apr_int64_t terminal);

#endif

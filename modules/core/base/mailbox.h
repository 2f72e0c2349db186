/*
 * A mailbox as an operator writes it (AnshinMailFrom): "address" or "Name <address>". The one parser of that syntax:
 * what it takes when the configuration is checked can be written into a mail.
 */
#ifndef ANSHIN_CORE_BASE_MAILBOX_H
#define ANSHIN_CORE_BASE_MAILBOX_H

#include <apr_pools.h>

typedef struct anshin_mailbox_t {
    const char *name; /* UTF-8 without control characters, spaces around it taken off; "" when there is none */
    const char *address;
    const char *domain; /* of the address */
} anshin_mailbox_t;

/* 1 with *mailbox in pool; 0 when text (may be NULL) is none. A name may have any length, since the writer folds it. */
int anshin_mailbox_parse(anshin_mailbox_t *mailbox, const char *text, apr_pool_t *pool);

#endif

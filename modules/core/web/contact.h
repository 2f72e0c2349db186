/*
 * How the help desk is reached: what the operator wrote, in parts of which some can be opened.
 */
#ifndef ANSHIN_CORE_WEB_CONTACT_H
#define ANSHIN_CORE_WEB_CONTACT_H

#include <apr_tables.h>

#include "core/base/anshin.h"

typedef struct anshin_contact_part_t {
    const char *text;
    const char *url; /* https:, mailto: (RFC 6068) or tel: (RFC 3966); NULL: plain text */
} anshin_contact_part_t;

/* text in its parts, in order; nothing is lost. A telephone number has 9 to 15 digits, groups of them parted by a
 * hyphen, a space or parentheses, and begins with 0 or +. In pool. */
apr_array_header_t *anshin_contact_parts(const char *text, apr_pool_t *pool);

#endif

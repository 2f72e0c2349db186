/*
 * The query of an address that a mailed link leads to: its token is taken out before anything logs it (S9).
 */
#ifndef ANSHIN_CORE_LINK_QUERY_H
#define ANSHIN_CORE_LINK_QUERY_H

#include "core/anshin.h"

/* query with the value of every parameter t replaced by '-', in whatever way its name is written ("t", "T", "%74"), and
 * without empty parameters. *token: the value of the last one as it was sent, NULL when there is none. Both in pool. */
const char *anshin_link_query_hide(const char *query, const char **token, apr_pool_t *pool);

#endif

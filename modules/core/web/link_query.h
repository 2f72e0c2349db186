/*
 * The query of an address that a mailed link leads to: its token is taken out before anything logs it (S9).
 */
#ifndef ANSHIN_CORE_WEB_LINK_QUERY_H
#define ANSHIN_CORE_WEB_LINK_QUERY_H

#include "core/base/anshin.h"

/* query with the value of every parameter t replaced by '-', in whatever way its name is written ("t", "T", "%74",
 * "amp;t"), and without empty parameters. *token: the value of the last one, NULL when there is none. Of one that
 * begins with as many characters as a token has it is those alone, so that what a mail program adds to a link does no
 * harm; otherwise it is as it was sent. Both in pool. */
const char *anshin_link_query_hide(const char *query, const char **token, apr_pool_t *pool);

/* An address, or a part of one, with '-' for all that may be a token in whatever was made of a link: as many characters
 * of its alphabet as it has, or more, behind a '?' or directly behind a '=', encoded or not. query: 1 for the part
 * behind the '?'. In pool. */
const char *anshin_link_mask(const char *text, int query, apr_pool_t *pool);

#endif

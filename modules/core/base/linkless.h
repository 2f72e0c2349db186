/*
 * Text that no mail program makes a link of (NOM-1).
 */
#ifndef ANSHIN_CORE_BASE_LINKLESS_H
#define ANSHIN_CORE_BASE_LINKLESS_H

#include <apr_pools.h>

/* 1: a word of text is an address of the web: with a scheme and "://", or from "www." on. */
int anshin_linkless_broken(const char *text);

/* text without such words; between the labels of what looks like a bare host name stands a blank. Mail addresses stay.
 * text itself where there is nothing to change, else in pool. */
const char *anshin_linkless(const char *text, apr_pool_t *pool);

#endif

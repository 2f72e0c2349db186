/*
 * Mail addresses as people type them: their form, and what is wrong with one that has another.
 */
#ifndef ANSHIN_CORE_BASE_ADDRESS_H
#define ANSHIN_CORE_BASE_ADDRESS_H

#include "core/base/anshin.h"

#define ANSHIN_ADDRESS_MAX 254 /* bytes, RFC 5321 4.5.3.1.3 less brackets */

typedef enum anshin_address_rule_t {
    ANSHIN_ADDRESS_GOOD,
    ANSHIN_ADDRESS_FORM,    /* no name@example.jp */
    ANSHIN_ADDRESS_DOTS,    /* a dot first or last in the name, or two in a row, as Japanese carriers once gave them */
    ANSHIN_ADDRESS_QUOTED,  /* a quoted name, or a sign that needs quotes */
    ANSHIN_ADDRESS_LETTERS, /* other letters than ASCII, as in internationalized names and domains */
    ANSHIN_ADDRESS_LONG     /* more than 64 bytes of name, or ANSHIN_ADDRESS_MAX of all */
} anshin_address_rule_t;

/* The normal form of what was typed (ADR-2): as anshin_unicode_typed() has it, the spaces around it cut, the
 * ideographic full stop a plain one; upper and lower case stay. Addresses are stored and compared in it. In pool; ""
 * for what cannot be read. */
const char *anshin_address_typed(const char *typed, apr_pool_t *pool);

/* 1 when two addresses in normal form are one: letter case does not count. */
int anshin_address_same(const char *a, const char *b);

/* The same for all that are one address, to make a key of it: in lower case, in pool. */
const char *anshin_address_lower(const char *address, apr_pool_t *pool);

/* The first rule that text breaks: it must be a plain mail address (RFC 5321 dot-atom @ domain, ASCII), which no header
 * can be injected with. */
anshin_address_rule_t anshin_address_rule(const char *text);

/* 1 when it breaks none. */
int anshin_address_valid(const char *text);

/* What is wrong: the key of the page's text, and English for the operator. Static; NULL where the address is good. */
const char *anshin_address_error(anshin_address_rule_t rule);
const char *anshin_address_advice(anshin_address_rule_t rule);

/* "t***o@example.jp" for pages that are shown before the person is fully proven; in pool. */
const char *anshin_address_masked(const char *address, apr_pool_t *pool);

#endif

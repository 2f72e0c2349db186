/*
 * People: who can be looked for at the help desk, in the memory of one process, which core/desk/index.h keeps as the
 * store is. Of each user the ID, and name, organisation and mail addresses in the form in which they are compared; no
 * secret.
 *
 * Measured with 100,000 users whose name and organisation are Japanese and who have one address each: 133 octets a
 * user, and 13 ms of CPU for a look through all of them, 3 % of a walk (t/bench/search.c): little to whoever types. So
 * there is no index of parts of words, which would have to be written with each login or import, would lie on the disk,
 * and would have to know that 田 is a word.
 *
 * Not for two threads at once.
 */
#ifndef ANSHIN_CORE_DESK_PEOPLE_H
#define ANSHIN_CORE_DESK_PEOPLE_H

#include "core/base/anshin.h"

typedef struct anshin_people_t anshin_people_t;

/* The form in which what is typed and what is stored are compared: the one rule for what people type
 * (anshin_unicode_typed()), in lower case. "" for NULL. In pool. */
const char *anshin_people_form(const char *text, apr_pool_t *pool);

/* Nobody yet. most: octets that may be held. NULL: no memory. */
anshin_people_t *anshin_people_make(apr_size_t most);

/* Wiped before it is given back; NULL: nothing happens. */
void anshin_people_free(anshin_people_t *people);

/* What an account is called by now. account: key of its record, CONTRACT/USER; name and organisation as stored.
 * APR_SUCCESS; ANSHIN_EFAULT: it does not fit, or there is no memory, and people is of no use any more. */
apr_status_t anshin_people_put(anshin_people_t *people, const char *account, const char *name, const char *organisation,
                               apr_pool_t *scratch);

/* There is no such account. Its terminals stay until they go themselves. The same answers. */
apr_status_t anshin_people_drop(anshin_people_t *people, const char *account, apr_pool_t *scratch);

/* An address by now. terminal: key of its record, CONTRACT/USER/NUMBER; address NULL: there is none. The same answers,
 * and ANSHIN_EINVALID: no such key. */
apr_status_t anshin_people_put_address(anshin_people_t *people, const char *terminal, const char *address,
                                       apr_pool_t *scratch);

/* One who was found, until visit returns. */
typedef struct anshin_person_t {
    const char *account;      /* key of the record */
    const char *organisation; /* in the form that is compared, "": none */
    const char *terminal;     /* in whose address it is, its number; NULL: it is in ID, name or organisation */
} anshin_person_t;
typedef apr_status_t anshin_person_visit_fn(void *baton, const anshin_person_t *person);

/* Call visit for all who have an account and whose ID, name, organisation or one of whose addresses has part (in that
 * form) in it, in no order. Anything but APR_SUCCESS from visit ends it and is returned. */
apr_status_t anshin_people_search(const anshin_people_t *people, const char *part, anshin_person_visit_fn *visit,
                                  void *baton);

/* Octets that are held; users. */
apr_size_t anshin_people_octets(const anshin_people_t *people);
apr_size_t anshin_people_count(const anshin_people_t *people);

#endif

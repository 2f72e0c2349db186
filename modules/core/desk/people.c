/*
 * People: see people.h. A hash of texts, one a user, each of which is made anew when something of it changes.
 */
#include "core/desk/people.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/unicode.h"

#define BUCKETS_FIRST 64
#define AHEAD 8     /* buckets: a search waits for memory above all, so that is asked before it is needed */
#define OVERHEAD 16 /* of a piece of memory, at most */

/* text: CONTRACT/USER, name, organisation; then of each terminal its number and the address. NUL behind each. */
typedef struct entry_t {
    struct entry_t *next;
    apr_uint32_t hash;
    apr_uint16_t user;    /* where the user ID begins */
    apr_uint16_t account; /* 1: there is one */
    apr_uint32_t length;  /* of text */
    char text[];
} entry_t;

struct anshin_people_t {
    entry_t **buckets;
    apr_size_t room; /* buckets: a power of 2 */
    apr_size_t count;
    apr_size_t octets;
    apr_size_t most;
};

/* --- form -------------------------------------------------------------------------------------------------------- */

const char *anshin_people_form(const char *text, apr_pool_t *pool)
{
    char *lower = apr_pstrdup(pool, text != NULL ? text : "");
    const char *form = NULL;
    char *at;

    for (at = lower; *at >= ' ' && *at < 0x7f; at++) {
        *at = (char)apr_tolower(*at);
    }
    if (*at != '\0') {
        form = anshin_unicode_typed(text, 1, pool);
    }
    return form != NULL ? form : lower; /* what has no form gets into no record today */
}

/* --- the hash ---------------------------------------------------------------------------------------------------- */

/* FNV-1a. Operators alone choose IDs. */
static apr_uint32_t hash_of(const char *key, apr_size_t length)
{
    apr_uint32_t hash = 2166136261u;

    for (apr_size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)key[i]) * 16777619u;
    }
    return hash;
}

static entry_t **place_of(const anshin_people_t *people, const char *key, apr_size_t length, apr_uint32_t hash)
{
    entry_t **at = &people->buckets[hash & (people->room - 1)];

    while (*at != NULL &&
           ((*at)->hash != hash || strncmp((*at)->text, key, length) != 0 || (*at)->text[length] != '\0')) {
        at = &(*at)->next;
    }
    return at;
}

static apr_size_t size_of(const entry_t *entry)
{
    return sizeof(*entry) + entry->length + OVERHEAD;
}

static void wipe(anshin_people_t *people, entry_t *entry)
{
    people->octets -= size_of(entry);
    people->count--;
    explicit_bzero(entry->text, entry->length);
    free(entry);
}

static apr_status_t make_room(anshin_people_t *people)
{
    const apr_size_t room = people->room * 2;
    entry_t **buckets;

    if (people->count < people->room) {
        return APR_SUCCESS;
    }
    buckets = calloc(room, sizeof(*buckets));
    if (buckets == NULL) {
        return ANSHIN_EFAULT;
    }
    for (apr_size_t i = 0; i < people->room; i++) {
        for (entry_t *entry = people->buckets[i], *next; entry != NULL; entry = next) {
            entry_t **bucket = &buckets[entry->hash & (room - 1)];

            next = entry->next;
            entry->next = *bucket;
            *bucket = entry;
        }
    }
    free(people->buckets);
    people->buckets = buckets;
    people->octets += (room - people->room) * sizeof(*buckets);
    people->room = room;
    return APR_SUCCESS;
}

anshin_people_t *anshin_people_make(apr_size_t most)
{
    anshin_people_t *people = calloc(1, sizeof(*people));

    if (people != NULL) {
        people->room = BUCKETS_FIRST;
        people->buckets = calloc(people->room, sizeof(entry_t *));
        people->octets = sizeof(*people) + people->room * sizeof(entry_t *);
        people->most = most;
    }
    if (people != NULL && people->buckets == NULL) {
        free(people);
        people = NULL;
    }
    return people;
}

void anshin_people_free(anshin_people_t *people)
{
    for (apr_size_t i = 0; people != NULL && i < people->room; i++) {
        for (entry_t *entry = people->buckets[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            wipe(people, entry);
        }
    }
    if (people != NULL) {
        free(people->buckets);
        free(people);
    }
}

apr_size_t anshin_people_octets(const anshin_people_t *people)
{
    return people->octets;
}

apr_size_t anshin_people_count(const anshin_people_t *people)
{
    return people->count;
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

/* A text in the making. */
typedef struct writing_t {
    char *text;
    apr_size_t length;
} writing_t;

static void write_part(writing_t *writing, const char *part)
{
    const apr_size_t length = strlen(part) + 1;

    memcpy(writing->text + writing->length, part, length);
    writing->length += length;
}

/* What stands behind it. */
static const char *behind(const char *part)
{
    return part + strlen(part) + 1;
}

/* Where the terminals begin. */
static const char *addresses_of(const entry_t *entry)
{
    return behind(behind(behind(entry->text)));
}

/* In place of *at, which may be NULL. */
static apr_status_t replace(anshin_people_t *people, entry_t **at, const writing_t *writing, int account)
{
    entry_t *old = *at;
    entry_t *entry;

    if (old != NULL && old->account == account && old->length == writing->length &&
        memcmp(old->text, writing->text, writing->length) == 0) {
        return APR_SUCCESS;
    }
    entry = people->octets + sizeof(*entry) + writing->length + OVERHEAD <= people->most
                ? malloc(sizeof(*entry) + writing->length)
                : NULL;
    if (entry == NULL) {
        return ANSHIN_EFAULT;
    }
    entry->hash = hash_of(writing->text, strlen(writing->text));
    entry->user = (apr_uint16_t)(strcspn(writing->text, "/") + 1);
    entry->account = (apr_uint16_t)account;
    entry->length = (apr_uint32_t)writing->length;
    memcpy(entry->text, writing->text, writing->length);
    entry->next = old != NULL ? old->next : NULL;
    *at = entry;
    people->octets += size_of(entry);
    people->count++;
    if (old != NULL) {
        wipe(people, old);
    }
    return make_room(people);
}

static apr_status_t take_out(anshin_people_t *people, entry_t **at)
{
    entry_t *old = *at;

    if (old != NULL) {
        *at = old->next;
        wipe(people, old);
    }
    return APR_SUCCESS;
}

static apr_status_t put_account(anshin_people_t *people, const char *account, const char *name,
                                const char *organisation, int is_there, apr_pool_t *scratch)
{
    const apr_size_t length = strlen(account);
    entry_t **at = place_of(people, account, length, hash_of(account, length));
    const char *rest = *at != NULL ? addresses_of(*at) : "";
    const apr_size_t left = *at != NULL ? (apr_size_t)((*at)->text + (*at)->length - rest) : 0;
    writing_t writing = {apr_palloc(scratch, length + strlen(name) + strlen(organisation) + 3 + left), 0};

    if (!is_there && left == 0) {
        return take_out(people, at);
    }
    write_part(&writing, account);
    write_part(&writing, name);
    write_part(&writing, organisation);
    memcpy(writing.text + writing.length, rest, left);
    writing.length += left;
    return replace(people, at, &writing, is_there);
}

apr_status_t anshin_people_put(anshin_people_t *people, const char *account, const char *name, const char *organisation,
                               apr_pool_t *scratch)
{
    return put_account(people, account, anshin_people_form(name, scratch), anshin_people_form(organisation, scratch), 1,
                       scratch);
}

apr_status_t anshin_people_drop(anshin_people_t *people, const char *account, apr_pool_t *scratch)
{
    return put_account(people, account, "", "", 0, scratch);
}

apr_status_t anshin_people_put_address(anshin_people_t *people, const char *terminal, const char *address,
                                       apr_pool_t *scratch)
{
    const char *slash = strrchr(terminal, '/');
    const apr_size_t length = slash != NULL ? (apr_size_t)(slash - terminal) : 0;
    const char *form = anshin_people_form(address, scratch);
    writing_t writing = {NULL, 0};
    apr_size_t before;
    entry_t **at;

    if (length == 0) {
        return ANSHIN_EINVALID;
    }
    at = place_of(people, terminal, length, hash_of(terminal, length));
    writing.text = apr_palloc(scratch, (*at != NULL ? (*at)->length : length + 3) + strlen(slash) + strlen(form) + 2);
    write_part(&writing, apr_pstrmemdup(scratch, terminal, length));
    write_part(&writing, *at != NULL ? behind((*at)->text) : "");
    write_part(&writing, *at != NULL ? behind(behind((*at)->text)) : "");
    before = writing.length;
    for (const char *part = *at != NULL ? addresses_of(*at) : NULL; part != NULL && part < (*at)->text + (*at)->length;
         part = behind(behind(part))) {
        if (strcmp(part, slash + 1) != 0) {
            write_part(&writing, part);
            write_part(&writing, behind(part));
        }
    }
    if (*form != '\0') {
        write_part(&writing, slash + 1);
        write_part(&writing, form);
    }
    if (writing.length == before && (*at == NULL || !(*at)->account)) {
        return take_out(people, at);
    }
    return replace(people, at, &writing, *at != NULL && (*at)->account);
}

/* --- search ------------------------------------------------------------------------------------------------------ */

/* 1: it is in this entry; *terminal: the number of the one in whose address it is, or NULL. */
static int has(const entry_t *entry, const char *part, const char **terminal)
{
    const char *user = entry->text + entry->user;

    *terminal = NULL;
    if (strstr(user, part) != NULL || strstr(behind(user), part) != NULL ||
        strstr(behind(behind(user)), part) != NULL) {
        return 1;
    }
    for (const char *at = addresses_of(entry); at < entry->text + entry->length; at = behind(behind(at))) {
        if (strstr(behind(at), part) != NULL) {
            *terminal = at;
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_people_search(const anshin_people_t *people, const char *part, anshin_person_visit_fn *visit,
                                  void *baton)
{
    const apr_size_t length = strlen(part);
    apr_status_t status = APR_SUCCESS;

    for (apr_size_t i = 0; i < people->room; i++) {
        if (i + AHEAD < people->room && people->buckets[i + AHEAD] != NULL) {
            __builtin_prefetch(people->buckets[i + AHEAD]);
        }
        for (const entry_t *entry = people->buckets[i]; entry != NULL && status == APR_SUCCESS; entry = entry->next) {
            const char *user = entry->text + entry->user;
            anshin_person_t person = {.account = entry->text};

            /* of the whole text first, which most do not have it in */
            if (entry->account && memmem(user, entry->length - entry->user, part, length) != NULL &&
                has(entry, part, &person.terminal)) {
                person.organisation = behind(behind(user));
                status = visit(baton, &person);
            }
        }
    }
    return status;
}

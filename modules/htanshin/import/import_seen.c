/*
 * Which users stood in the file before: see import_seen.h. Kept are 64 bits of each ID, not the ID: of a million users
 * two fall together once in 37 million files.
 */
#include "htanshin/import/import_seen.h"

#include <stdlib.h>

typedef struct seen_user_t {
    apr_uint64_t hash;
    int line; /* 0: free */
} seen_user_t;

struct anshin_import_seen_t {
    seen_user_t *users;
    apr_size_t room; /* a power of 2 */
    apr_size_t count;
};

#define ROOM 1024

static apr_status_t free_users(void *data)
{
    anshin_import_seen_t *seen = data;

    free(seen->users);
    seen->users = NULL;
    return APR_SUCCESS;
}

anshin_import_seen_t *anshin_import_seen_create(apr_pool_t *pool)
{
    anshin_import_seen_t *seen = apr_pcalloc(pool, sizeof(*seen));

    apr_pool_cleanup_register(pool, seen, free_users, apr_pool_cleanup_null);
    return seen;
}

/* FNV-1a with 64 bits (Fowler, Noll, Vo). */
static apr_uint64_t hash_of(const char *user)
{
    apr_uint64_t hash = 14695981039346656037u;

    for (; *user != '\0'; user++) {
        hash = (hash ^ (unsigned char)*user) * 1099511628211u;
    }
    return hash;
}

/* Where a user stands, or would. */
static seen_user_t *place_of(seen_user_t *users, apr_size_t room, apr_uint64_t hash)
{
    apr_size_t at = (apr_size_t)(hash ^ (hash >> 32)) & (room - 1);

    while (users[at].line != 0 && users[at].hash != hash) {
        at = (at + 1) & (room - 1);
    }
    return &users[at];
}

static int grow(anshin_import_seen_t *seen)
{
    apr_size_t room = seen->room > 0 ? seen->room * 2 : ROOM;
    seen_user_t *users = calloc(room, sizeof(*users));

    if (users == NULL) {
        return 0;
    }
    for (apr_size_t i = 0; i < seen->room; i++) {
        if (seen->users[i].line != 0) {
            *place_of(users, room, seen->users[i].hash) = seen->users[i];
        }
    }
    free(seen->users);
    seen->users = users;
    seen->room = room;
    return 1;
}

apr_status_t anshin_import_seen_add(anshin_import_seen_t *seen, const char *user, int line, int *before)
{
    apr_uint64_t hash = hash_of(user);
    seen_user_t *place;

    if (seen->count * 2 >= seen->room && !grow(seen)) {
        return ANSHIN_EFAULT;
    }
    place = place_of(seen->users, seen->room, hash);
    *before = place->line;
    if (place->line == 0) {
        *place = (seen_user_t){hash, line};
        seen->count++;
    }
    return APR_SUCCESS;
}

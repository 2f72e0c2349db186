/*
 * Who calls the command.
 */
#include "htanshin/actor.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "htanshin/print.h"

static const char *uid_text(uid_t uid, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%lu", (unsigned long)uid);
}

/* The name of an account, or its number where the machine has no name for it. */
static const char *account_name(uid_t uid, apr_pool_t *pool)
{
    const struct passwd *entry = getpwuid(uid);

    return entry != NULL ? apr_pstrdup(pool, entry->pw_name) : uid_text(uid, pool);
}

/* The kernel keeps it over su and sudo. NULL: nobody logged in, as for a service or in a container. */
static const char *login_name(apr_int64_t *number, apr_pool_t *pool)
{
    FILE *file = fopen("/proc/self/loginuid", "re");
    uid_t uid = (uid_t)-1;
    char text[24];

    *number = -1;
    if (file == NULL) {
        return NULL;
    }
    if (fgets(text, sizeof(text), file) != NULL && apr_isdigit(*text)) {
        uid = (uid_t)strtoul(text, NULL, 10);
    }
    (void)fclose(file);
    if (uid == (uid_t)-1) {
        return NULL;
    }
    *number = uid;
    return account_name(uid, pool);
}

/* What --operator says, and what sudo says: neither is proven. */
static const char *claims(const char *operator_name, apr_pool_t *pool)
{
    const char *sudo = getenv("SUDO_USER");
    const char *both = operator_name == NULL ? sudo
                       : sudo == NULL        ? operator_name
                                             : apr_pstrcat(pool, operator_name, " (sudo ", sudo, ")", NULL);

    return both != NULL ? anshin_text_clean(both, pool) : NULL;
}

void anshin_actor_person(anshin_actor_t *actor, const char *sudo_user, const char *sudo_uid, apr_pool_t *pool)
{
    const struct passwd *entry;
    uid_t uid = actor->login != NULL ? (uid_t)actor->login_uid : (uid_t)actor->uid;

    actor->person = actor->number = NULL;
    if (actor->login == NULL && uid == 0 && sudo_user != NULL) {
        entry = getpwnam(sudo_user);
        uid = entry != NULL ? entry->pw_uid : 0;
    } else if (actor->login == NULL && sudo_uid != NULL && strcmp(sudo_uid, uid_text(uid, pool)) != 0) {
        uid = 0; /* sudo -u: whose account it is did not log in, and who has is not proven */
    }
    if (uid != 0) {
        actor->person = account_name(uid, pool);
        actor->number = uid_text(uid, pool);
    }
}

void anshin_actor_is_service(anshin_actor_t *actor, apr_int64_t uid, apr_pool_t *pool)
{
    if (actor->number != NULL && strcmp(actor->number, uid_text((uid_t)uid, pool)) == 0) {
        actor->person = actor->number = NULL;
    }
}

void anshin_actor_caller(anshin_actor_t *actor, const char *operator_name, apr_pool_t *pool)
{
    *actor = (anshin_actor_t){.kind = ANSHIN_ACTOR_OPERATOR,
                              .name = account_name(getuid(), pool),
                              .uid = getuid(),
                              .claimed = claims(operator_name, pool)};
    actor->login = login_name(&actor->login_uid, pool);
    anshin_actor_person(actor, getenv("SUDO_USER"), getenv("SUDO_UID"), pool);
}

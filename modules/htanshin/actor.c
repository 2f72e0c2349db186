/*
 * Who calls the command.
 */
#include "htanshin/actor.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "htanshin/print.h"

/* The name of an account, or its number where the machine has no name for it. */
static const char *account_name(uid_t uid, apr_pool_t *pool)
{
    const struct passwd *entry = getpwuid(uid);

    return entry != NULL ? apr_pstrdup(pool, entry->pw_name) : apr_psprintf(pool, "%lu", (unsigned long)uid);
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

/* One person's account of the machine: that of the login, which the kernel keeps; else the one that runs this; else,
 * where nobody has logged in that the kernel knows of, the one that sudo names. Root's is nobody's: whoever has its
 * password may be anybody. */
static void find_person(anshin_actor_t *actor, apr_pool_t *pool)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *entry;
    uid_t uid = actor->login != NULL ? (uid_t)actor->login_uid : (uid_t)actor->uid;

    if (actor->login == NULL && uid == 0 && sudo != NULL) {
        entry = getpwnam(sudo);
        uid = entry != NULL ? entry->pw_uid : 0;
    }
    if (uid != 0) {
        actor->person = account_name(uid, pool);
        actor->number = apr_psprintf(pool, "%lu", (unsigned long)uid);
    }
}

void anshin_actor_caller(anshin_actor_t *actor, const char *operator_name, apr_pool_t *pool)
{
    *actor = (anshin_actor_t){.kind = ANSHIN_ACTOR_OPERATOR,
                              .name = account_name(getuid(), pool),
                              .uid = getuid(),
                              .claimed = claims(operator_name, pool)};
    actor->login = login_name(&actor->login_uid, pool);
    find_person(actor, pool);
}

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
static const char *login_name(apr_pool_t *pool)
{
    FILE *file = fopen("/proc/self/loginuid", "re");
    uid_t uid = (uid_t)-1;
    char text[24];

    if (file == NULL) {
        return NULL;
    }
    if (fgets(text, sizeof(text), file) != NULL && apr_isdigit(*text)) {
        uid = (uid_t)strtoul(text, NULL, 10);
    }
    (void)fclose(file);
    return uid != (uid_t)-1 ? account_name(uid, pool) : NULL;
}

void anshin_actor_caller(anshin_actor_t *actor, apr_pool_t *pool)
{
    const char *claimed = getenv("SUDO_USER");

    *actor = (anshin_actor_t){.kind = ANSHIN_ACTOR_OPERATOR,
                              .name = account_name(getuid(), pool),
                              .login = login_name(pool),
                              .claimed = claimed != NULL ? anshin_text_clean(claimed, pool) : NULL};
}

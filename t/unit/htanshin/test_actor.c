/*
 * Who calls the command, as what it does will be told of: the account of the machine, and beside it what is
 * merely claimed.
 */
#include <apr_general.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "htanshin/actor.h"
#include "unit/tap.h"

static const char *person(anshin_actor_t actor, const char *sudo_user, const char *sudo_uid, apr_pool_t *pool)
{
    anshin_actor_person(&actor, sudo_user, sudo_uid, pool);
    return actor.number != NULL ? actor.number : "nobody";
}

static void test_person(apr_pool_t *pool)
{
    const anshin_actor_t plain = {.uid = 1234}, root = {.uid = 0};
    const anshin_actor_t entered = {.uid = 33, .login = "anna", .login_uid = 1234};
    anshin_actor_t actor = entered;

    ok(same_text(person(plain, NULL, NULL, pool), "1234"), "ROL-4: one's own account is one person's");
    ok(same_text(person(plain, "root", "0", pool), "nobody") && same_text(person(plain, "ben", "1235", pool), "nobody"),
       "ROL-4: but not where sudo has made it another one's");
    ok(same_text(person(plain, "anna", "1234", pool), "1234"), "or where that is the same");
    ok(same_text(person(entered, "ben", "1235", pool), "1234"),
       "ROL-4: what the kernel knows of the login counts first");
    ok(same_text(person(root, "root", "0", pool), "nobody"), "ROL-4: root's is nobody's");
    anshin_actor_person(&actor, NULL, NULL, pool);
    anshin_actor_is_service(&actor, 1235, pool);
    ok(same_text(actor.number, "1234"), "ROL-4: another one's being a service's changes nothing");
    anshin_actor_is_service(&actor, 1234, pool);
    ok(actor.number == NULL && actor.person == NULL, "ROL-4: a service's account is nobody's");
}

int main(void)
{
    const struct passwd *self = getpwuid(getuid());
    anshin_actor_t actor;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    setenv("SUDO_USER", "ta\x1b[2Jro", 1);
    anshin_actor_caller(&actor, NULL, pool);
    ok(actor.kind == ANSHIN_ACTOR_OPERATOR && self != NULL && same_text(actor.name, self->pw_name),
       "an operator is called as the real user ID is, whatever SUDO_USER says");
    ok(actor.claimed != NULL && strchr(actor.claimed, '\x1b') == NULL && strncmp(actor.claimed, "ta", 2) == 0,
       "what SUDO_USER says stands beside it, without control characters");
    ok(actor.address == NULL && actor.client == NULL, "nothing of a client is among it");
    ok(actor.person == NULL || strcmp(actor.person, "root") != 0, "ROL-4: root is no person");
    setenv("SUDO_USER", "daemon", 1);
    anshin_actor_caller(&actor, "bin", pool);
    ok(actor.login != NULL || getuid() != 0 ? actor.person == NULL || strcmp(actor.person, "bin") != 0
                                            : same_text(actor.person, "daemon") && actor.number != NULL,
       "ROL-4: where nobody has logged in, the person is who sudo names, and never who --operator does");
    setenv("SUDO_USER", "root", 1);
    anshin_actor_caller(&actor, "bin", pool);
    ok(actor.login != NULL || getuid() != 0 || (actor.person == NULL && actor.number == NULL),
       "ROL-4: and nobody where that is root");
    test_person(pool);
    unsetenv("SUDO_USER");
    anshin_actor_caller(&actor, NULL, pool);
    ok(actor.claimed == NULL, "nobody is claimed where SUDO_USER is missing");
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

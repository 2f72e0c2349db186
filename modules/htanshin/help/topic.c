/*
 * The topics of help: see topic.h.
 */
#include "htanshin/help/topic.h"

#include <string.h>

const anshin_topic_t anshin_topics[] = {
    {"user",
     "user",
     "create, invite, change, lock and delete users",
     {{"htanshin user add p-01-usr001 --address usr001@example.jp", "Create a user, and hand out what is printed."},
      {"htanshin user import users.csv --result created.csv", "Create all users of a file."},
      {"htanshin user list --state locked", "List who is locked."},
      {"htanshin user unlock p-01-usr001", "Let a user who is locked log in again."}}},
    {"many",
     NULL,
     "many users or certificates at once",
     {{"htanshin user lock --file leavers.csv --dry-run", "See what would come of each user of a list."},
      {"htanshin user lock --file leavers.csv --undo back.csv", "Lock them, and keep a list of those to unlock again."},
      {"htanshin cert renew --organisation \"Example K.K.\" --state expiring", "Renew what ends soon in a company."}}},
    {"session",
     "session history find",
     "who is logged in, login attempts, and numbers that users read out",
     {{"htanshin find AN-7F3K9QXB", "Find what the number on a user's page is about."},
      {"htanshin history p-01-usr001 --limit 10", "Show the last ten attempts of a user."},
      {"htanshin session end p-01-usr001", "End all sessions of a user."}}},
    {"cert",
     "cert",
     "client certificates: list, revoke, renew and reissue",
     {{"htanshin cert list --expires-within 40d", "List what ends within forty days."},
      {"htanshin cert revoke --user p-01-usr001 --reason keyCompromise", "Revoke the certificates of a lost device."},
      {"htanshin cert list --user p-01-usr001", "List those of a user, with the serials that show and renew take."}}},
    {"mail",
     "mail",
     "mail that waits, was sent or has failed",
     {{"htanshin mail list --state failed", "List what could not be delivered, and why."},
      {"htanshin mail resend p-01-usr001", "Mail a user the link of a certificate once more."}}},
    {"audit",
     "audit approval",
     "the audit trail, and what waits for a second operator",
     {{"htanshin audit show --user p-01-usr001 --since 40d", "Show who did what to a user."},
      {"htanshin audit verify", "See that nothing was changed, taken out or cut off."},
      {"htanshin audit archive /mnt/archive/anshin", "Copy what is closed to another place."},
      {"htanshin approval list", "List what another operator has asked for and a second one must approve."}}},
    {"ca",
     "ca",
     "the CA that issues client certificates",
     {{"htanshin ca create --name \"Example Users CA\"", "Make a CA, before httpd is started for the first time."},
      {"htanshin ca list", "List the CAs that are trusted, and which one issues."},
      {"htanshin ca create --next", "Make the CA that follows, a year before the present one ends."}}},
    {"backup",
     "backup restore key contract store dump load",
     "backups, restoring them, and the store as a whole",
     {{"htanshin backup /var/backups/anshin", "Make a backup while everything runs, without the keys."},
      {"htanshin backup /mnt/anshin-keys.tar --keys only", "Make one of the keys, to be kept apart from the others."},
      {"htanshin restore /var/backups/anshin --keys /mnt/anshin-keys.tar", "Bring the newest one back."},
      {"htanshin contract rename p-01 p-main --dry-run", "See what a contract has that is to get another name."},
      {"htanshin store check", "Read all of the store, and tell what is damaged."}}},
    {"check",
     "check status state",
     "whether the installation is in order and everything runs",
     {{"htanshin check", "Tell what hinders this installation or makes it less safe."},
      {"htanshin status", "Tell the state of the system in one word, and why."},
      {"htanshin state prepare", "Give the state directory its owners and modes again."}}},
    {NULL, NULL, NULL, {{NULL, NULL}}},
};

const anshin_topic_t *anshin_topic_find(const char *name)
{
    for (const anshin_topic_t *topic = anshin_topics; topic->name != NULL; topic++) {
        if (strcmp(topic->name, name) == 0) {
            return topic;
        }
    }
    return NULL;
}

static int takes_many(const anshin_command_t *command)
{
    for (const anshin_command_option_t *option = command->options; option != NULL && option->name != NULL; option++) {
        if (strcmp(option->name, "file") == 0) {
            return 1;
        }
    }
    return 0;
}

int anshin_topic_has(const anshin_topic_t *topic, const anshin_command_t *command)
{
    size_t length = strlen(command->family);

    if (topic->families == NULL) {
        return takes_many(command);
    }
    for (const char *at = topic->families; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
        if (strcspn(at, " ") == length && strncmp(at, command->family, length) == 0) {
            return 1;
        }
    }
    return 0;
}

/*
 * Delivery (ca/delivery.h): Maildir and command (MAI-1), modes (S31).
 */
#include <signal.h>
#include <sys/stat.h>

#include <apr_general.h>

#include "ca/command.h"
#include "ca/delivery.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define NAME "1800000000.0123456789abcdef0123456789abcdef.anshin"

static apr_pool_t *pool;
static const char *directory;
static anshin_error_t err;

static const char *in(const char *path)
{
    return apr_pstrcat(pool, directory, "/", path, NULL);
}

/* The content of a file, NULL when it is not there. */
static const char *content(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = apr_pcalloc(pool, 300000);

    if (file == NULL) {
        return NULL;
    }
    if (fread(text, 1, 299999, file) == 0 && ferror(file)) {
        text = NULL;
    }
    (void)fclose(file);
    return text;
}

static int mode_of(const char *path)
{
    struct stat seen;

    return stat(path, &seen) == 0 ? (int)(seen.st_mode & 07777) : -1;
}

static void test_maildir(void)
{
    const char *spool = in("mail");
    anshin_message_t message = {NAME, "one\r\n", 5, NULL};

    (void)umask(S_IRWXO);
    ok(anshin_maildir_make(spool, &err, pool) == APR_SUCCESS && mode_of(spool) == 02770 &&
           mode_of(in("mail/tmp")) == 02770 && mode_of(in("mail/new")) == 02770 && mode_of(in("mail/cur")) == 02770,
       "a Maildir of mode 2770 is made (S31)");
    ok(anshin_maildir_make(spool, &err, pool) == APR_SUCCESS, "and found again");
    (void)chmod(in("mail/new"), 02773);
    ok(anshin_maildir_make(spool, &err, pool) == ANSHIN_EINVALID && strcmp(err.id, "AN0738") == 0 &&
           mode_of(in("mail/new")) == 02773,
       "one that the world may write to is refused (S31)");
    (void)chmod(in("mail/new"), 02770);
    anshin_error_clear(&err);
    ok(anshin_maildir_move(spool, NAME, &err, pool) == ANSHIN_ENOTFOUND && err.status == APR_SUCCESS,
       "what is not in tmp was moved before");
    ok(anshin_maildir_write(spool, &message, &err, pool) == APR_SUCCESS &&
           same_text(content(in("mail/tmp/" NAME)), "one\r\n") && mode_of(in("mail/tmp/" NAME)) == 0660 &&
           scratch_entries(in("mail/new")) == 0,
       "a message is written to tmp, mode 0660 (S31)");
    message.data = "again";
    ok(anshin_maildir_write(spool, &message, &err, pool) == APR_SUCCESS &&
           same_text(content(in("mail/tmp/" NAME)), "again") && scratch_entries(in("mail/tmp")) == 1,
       "one left behind by a worker that died is written anew (MAI-1)");
    ok(anshin_maildir_move(spool, NAME, &err, pool) == APR_SUCCESS &&
           same_text(content(in("mail/new/" NAME)), "again") && scratch_entries(in("mail/tmp")) == 0,
       "then it is moved to new");
    ok(anshin_maildir_move(spool, NAME, &err, pool) == ANSHIN_ENOTFOUND && scratch_entries(in("mail/new")) == 1,
       "once");
}

/* Answers the move as well as where it went wrong. */
static int moves_not(const char *spool, const char *where)
{
    int fault = anshin_maildir_move(spool, NAME, &err, pool) == ANSHIN_EFAULT && strstr(err.text, where) != NULL;

    anshin_error_clear(&err);
    return fault;
}

static void test_missing_parts(void)
{
    const char *spool = in("parts");
    const char *other = in("parts-2");
    anshin_message_t message = {NAME, "one", 3, NULL};
    const char *before;
    const char *again;
    const char *after;

    (void)anshin_maildir_make(spool, &err, pool);
    (void)anshin_maildir_write(spool, &message, &err, pool);
    (void)rmdir(in("parts/new"));
    ok(moves_not(spool, "/new") && same_text(content(in("parts/tmp/" NAME)), "one"),
       "without new a message was not moved before, but cannot be (MAI-1)");
    (void)rename(in("parts/tmp"), in("parts/away"));
    (void)mkdir(in("parts/new"), 0770);
    ok(moves_not(spool, "/tmp") && moves_not(in("nowhere"), "nowhere"), "nor without tmp, nor without a spool (MAI-1)");
    (void)rename(in("parts/away"), in("parts/tmp"));
    ok(anshin_maildir_move(spool, NAME, &err, pool) == APR_SUCCESS, "with both it is");

    ok(anshin_maildir_identity(&before, spool, &err, pool) == APR_SUCCESS &&
           anshin_maildir_identity(&again, spool, &err, pool) == APR_SUCCESS && strcmp(before, again) == 0,
       "a Maildir is known again");
    (void)rename(spool, other);
    (void)anshin_maildir_make(spool, &err, pool);
    ok(anshin_maildir_identity(&after, spool, &err, pool) == APR_SUCCESS && strcmp(before, after) != 0 &&
           anshin_maildir_identity(&after, other, &err, pool) == APR_SUCCESS && strcmp(before, after) != 0,
       "another one in its place is not taken for it, nor itself elsewhere");
    ok(anshin_maildir_identity(&after, in("nowhere"), &err, pool) == ANSHIN_EFAULT, "one that is not there is a fault");
    anshin_error_clear(&err);
}

static void test_maildir_faults(void)
{
    anshin_message_t message = {NAME, "secret", 6, NULL};

    scratch_write(in("victim"), "untouched", 9, 0600);
    (void)!symlink(in("victim"), in("mail/tmp/" NAME));
    ok(anshin_maildir_write(in("mail"), &message, &err, pool) == APR_SUCCESS &&
           same_text(content(in("victim")), "untouched"),
       "a link that lies in wait is not followed");
    (void)unlink(in("mail/tmp/" NAME));
    (void)mkdir(in("mail/tmp/" NAME), 0700);
    ok(anshin_maildir_write(in("mail"), &message, &err, pool) == ANSHIN_EFAULT && err.status == ANSHIN_EFAULT &&
           strstr(err.text, "secret") == NULL,
       "what cannot be written is a fault, told without the text");
    (void)rmdir(in("mail/tmp/" NAME));
    anshin_error_clear(&err);
    ok(anshin_maildir_write(in("nowhere"), &message, &err, pool) == ANSHIN_EFAULT, "no spool is a fault");
    anshin_error_clear(&err);
    scratch_write(in("file"), "", 0, 0600);
    ok(anshin_maildir_make(in("file"), &err, pool) == ANSHIN_EFAULT, "a spool that is a file as well");
    anshin_error_clear(&err);
}

static apr_status_t run(const char *command, const char *data, apr_size_t length, apr_interval_time_t wait)
{
    const anshin_message_t message = {NAME, data, length, NULL};

    anshin_error_clear(&err);
    return anshin_command_run(command, &message, wait, &err, pool);
}

static void test_command(void)
{
    const char *script = in("take");
    const char *command = apr_pstrcat(pool, script, " 'a b' $HOME \"c;d\"", NULL);
    const char *got = in("got");
    const char *text;
    char *big = apr_pcalloc(pool, 200001);

    memset(big, 'x', 200000);
    text =
        apr_psprintf(pool, "#!/bin/sh\ncat >%s\nprintf '%%s|' \"$@\" >%s.args\nenv >%s.env\nls /proc/self/fd >%s.fds\n",
                     got, got, got, got);
    scratch_write(script, text, strlen(text), 0755);
    (void)setenv("ANSHIN_SECRET", "leaks", 1);
    ok(run(command, "Subject: x\r\n\r\nbody\r\n", 20, apr_time_from_sec(20)) == APR_SUCCESS &&
           same_text(content(got), "Subject: x\r\n\r\nbody\r\n"),
       "a command takes the message on its standard input (MAI-1)");
    ok(same_text(content(apr_pstrcat(pool, got, ".args", NULL)), "a b|$HOME|c;d|"),
       "no shell has its hands on the arguments");
    ok(strstr(content(apr_pstrcat(pool, got, ".env", NULL)), "leaks") == NULL, "nor has it our environment");
    ok(strchr(content(apr_pstrcat(pool, got, ".fds", NULL)), '4') == NULL, "nor our descriptors");
    ok(run(command, big, 200000, apr_time_from_sec(20)) == APR_SUCCESS && same_text(content(got), big),
       "a long message goes whole");
}

static void test_command_faults(void)
{
    apr_time_t begun = apr_time_now();
    char *big = apr_pcalloc(pool, 200001);
    const char *text;

    memset(big, 'x', 200000);
    ok(run("/bin/false", "m", 1, apr_time_from_sec(20)) == ANSHIN_EFAULT && strstr(err.text, "ended with 1") != NULL,
       "a command that fails is told with its status");
    ok(run("/nonexistent/sendmail -t", "m", 1, apr_time_from_sec(20)) == ANSHIN_EFAULT,
       "one that is not there is a fault");
    ok(run("sendmail -t", "m", 1, apr_time_from_sec(20)) == ANSHIN_EFAULT &&
           run("", "m", 1, apr_time_from_sec(20)) == ANSHIN_EFAULT,
       "one that is not named by its path is refused");
    ok(run("/bin/true", big, 200000, apr_time_from_sec(20)) == ANSHIN_EFAULT,
       "one that does not take the message has not got it");
    ok(run("/bin/sleep 60", big, 200000, apr_time_from_msec(200)) == ANSHIN_EFAULT &&
           apr_time_now() - begun < apr_time_from_sec(20),
       "one that hangs is killed");
    text =
        "#!/bin/sh\ncat >/dev/null\nprintf 'msmtp: 550 \\033[31mno such user\\001\\r\\nmsmtp: \\303\\251t\\351\\n' >&2\nexit 65\n";
    scratch_write(in("complain"), text, strlen(text), 0755);
    ok(run(in("complain"), "m", 1, apr_time_from_sec(20)) == ANSHIN_EFAULT &&
           strstr(err.text, "ended with 65: msmtp: 550  [31mno such user  ; msmtp: ??t?") != NULL,
       "what it complains of is told, without control characters (S27): %s", err.text);
    text =
        "#!/bin/sh\ncat >/dev/null\nhead -c 300000 /dev/zero | tr '\\0' x >&2\necho the last >&2\nsleep 3 &\nexit 3\n";
    scratch_write(in("chatter"), text, strlen(text), 0755);
    ok(run(in("chatter"), "m", 1, apr_time_from_sec(20)) == ANSHIN_EFAULT &&
           strstr(err.text, "ended with 3: x") != NULL && strstr(err.text, "xxxthe last") != NULL &&
           apr_time_now() - begun < apr_time_from_sec(25),
       "however much it says, and whatever it leaves behind");
    ok(!anshin_command_valid("sendmail", pool) && !anshin_command_valid("", pool) &&
           !anshin_command_valid("  ", pool) && anshin_command_valid("/usr/sbin/sendmail -t -i", pool),
       "which commands can be used is known beforehand");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    directory = scratch_directory(pool);
    anshin_error_clear(&err);
    test_maildir();
    test_missing_parts();
    test_maildir_faults();
    test_command();
    test_command_faults();
    apr_pool_destroy(pool);
    return done();
}

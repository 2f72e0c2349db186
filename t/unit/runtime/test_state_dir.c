/* runtime/state_dir.c: who may touch what of the state directory (S31, S36, S39). */
#include <apr_general.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/state_dir.h"
#include "runtime/state_open.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define GROUP 2  /* bin: no program of a test is in it */
#define SIGNER 4 /* sync */
#define WORKER 5

static apr_pool_t *pool;
static anshin_error_t err;
static apr_array_header_t *told;
static const char *root; /* of the scratch directory */
static const char *state;
static anshin_state_owners_t owners = {(gid_t)-1, (uid_t)-1, (uid_t)-1};

static const char *in(const char *name)
{
    return apr_pstrcat(pool, state, name, NULL);
}

static void must(int failed)
{
    if (failed) {
        ok(0, "the scene could not be set: %s", strerror(errno));
    }
}

static apr_status_t act(anshin_state_act_t what)
{
    anshin_error_clear(&err);
    told = apr_array_make(pool, 1, sizeof(const char *));
    return anshin_state_dir(state, &owners, what, told, &err, pool);
}

/* "uid:gid mode" of what is there, link or not. */
static const char *facts(const char *path)
{
    struct stat seen;

    if (lstat(path, &seen) != 0) {
        return "none";
    }
    return geteuid() == 0 ? apr_psprintf(pool, "%lu:%lu %04o", (unsigned long)seen.st_uid, (unsigned long)seen.st_gid,
                                         (unsigned)(seen.st_mode & 07777))
                          : apr_psprintf(pool, "%04o", (unsigned)(seen.st_mode & 07777));
}

/* The same, with the owners of root's. */
static int is(const char *path, const char *whose, const char *mode)
{
    return same_text(facts(path), geteuid() == 0 ? apr_pstrcat(pool, whose, " ", mode, NULL) : mode);
}

static int refused(apr_status_t status, const char *id)
{
    return status == ANSHIN_EINVALID && same_text(err.id, id);
}

static void anew(void)
{
    static const char *const names[] = {"/store", "/slots", "/run", "/mail", "/crl"};

    ok(act(ANSHIN_STATE_LOOK) == APR_SUCCESS && access(state, F_OK) != 0,
       "configtest before the first start: nothing is wrong, nothing is made");
    umask(077);
    ok(act(ANSHIN_STATE_MAKE) == APR_SUCCESS && is(state, "0:2", "0750"), "S31: STATE is root's: %s %s", err.text,
       facts(state));
    umask(022);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ok(is(in(names[i]), "0:2", "2770"), "S31: %s is the group's: %s", names[i], facts(in(names[i])));
    }
    ok(is(in("/ca"), "4:2", "0750"), "S31: ca is the signer's: %s", facts(in("/ca")));
    ok(is(in("/audit"), "5:2", "0750"), "S31, AUD-1: audit is the worker's: %s", facts(in("/audit")));
    ok(is(in("/seal.key"), "0:2", "0640"), "S31: the seal key: %s", facts(in("/seal.key")));
    ok(scratch_entries(state) == 8, "and nothing else");
    ok(act(ANSHIN_STATE_LOOK) == APR_SUCCESS && act(ANSHIN_STATE_MAKE) == APR_SUCCESS && told->nelts == 0,
       "once more: there is nothing to do");
}

static void former(void)
{
    chmod(state, 02770);
    ok(act(ANSHIN_STATE_LOOK) == APR_SUCCESS && is(state, "0:2", "2770"),
       "a former STATE of 2770 is taken by configtest");
    ok(act(ANSHIN_STATE_MAKE) == APR_SUCCESS && is(state, "0:2", "0750") && told->nelts == 1 &&
           strstr(APR_ARRAY_IDX(told, 0, const char *), "2770") != NULL,
       "S31: and closed once, saying so: %s", told->nelts > 0 ? APR_ARRAY_IDX(told, 0, const char *) : "-");
    ok(act(ANSHIN_STATE_MAKE) == APR_SUCCESS && told->nelts == 0, "not twice");
}

/* What only the operator can judge. */
static void judged(void)
{
    static const char *const names[] = {"", "/store", "/slots", "/run", "/mail", "/crl", "/ca"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *before = facts(in(names[i]));

        chmod(in(names[i]), 02775);
        ok(refused(act(ANSHIN_STATE_LOOK), "AN0544") && refused(act(ANSHIN_STATE_MAKE), "AN0544") &&
               strstr(err.text, in(names[i])) != NULL,
           "S31: open to the world is refused: %s", err.text);
        if (geteuid() == 0) {
            chmod(in(names[i]), 0750);
            must(chown(in(names[i]), (uid_t)-1, 0));
            ok(refused(act(ANSHIN_STATE_LOOK), "AN0545") && refused(act(ANSHIN_STATE_MAKE), "AN0545"),
               "S31: of another group as well: %s", err.text);
        }
        ok(act(ANSHIN_STATE_MEND) == APR_SUCCESS && same_text(facts(in(names[i])), before),
           "and mended where the operator says so: %s", facts(in(names[i])));
    }
    chmod(in("/seal.key"), 0644);
    ok(refused(act(ANSHIN_STATE_LOOK), "AN1027"), "S31: a seal key for the world: %s", err.text);
    ok(act(ANSHIN_STATE_MEND) == APR_SUCCESS && is(in("/seal.key"), "0:2", "0640"), "and mended");
    if (geteuid() == 0) {
        must(chown(state, 1, (gid_t)-1));
        ok(refused(act(ANSHIN_STATE_LOOK), "AN1023") && refused(act(ANSHIN_STATE_MEND), "AN1023"),
           "S36: a STATE of another user is never taken over: %s", err.text);
        must(chown(state, 0, (gid_t)-1));
    }
}

/* Each name exchanged for a link to a thing outside; nothing out there changes (S36, ISO-6). */
static void links(void)
{
    static const char *const names[] = {"/store", "/slots", "/run",      "/mail",
                                        "/crl",   "/ca",    "/seal.key", "/config.json"};
    const char *outside = apr_pstrcat(pool, root, "/outside", NULL);
    const char *file = apr_pstrcat(pool, outside, "/file", NULL);
    const char *kept = apr_pstrcat(pool, root, "/kept", NULL);

    mkdir(outside, 0700);
    scratch_write(file, "x", 1, 0600);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int is_file = i > 5;

        rename(in(names[i]), kept);
        must(symlink(is_file ? file : outside, in(names[i])));
        ok((act(ANSHIN_STATE_MAKE) == ANSHIN_EINVALID || i == 7) && act(ANSHIN_STATE_MEND) == ANSHIN_EINVALID &&
               is(outside, "0:0", "0700") && is(file, "0:0", "0600") && scratch_entries(outside) == 1,
           "S36: %s is a link: refused, and what it names stays as it is: %s", names[i], err.text);
        unlink(in(names[i]));
        rename(kept, in(names[i]));
    }
    must(symlink(file, in("/store/a")));
    must(link(file, in("/store/b")));
    must(symlink(outside, in("/mail/new")));
    mkfifo(in("/run/fifo"), 0600);
    scratch_write(in("/store/c"), "x", 1, 0600);
    ok(act(ANSHIN_STATE_MEND) == APR_SUCCESS && is(outside, "0:0", "0700") && is(file, "0:0", "0600"),
       "S36: links and second names in the group's directories are left alone: %s", err.text);
    ok(told->nelts == 4 && is(in("/store/c"), "0:2", "0660"), "and named: %d; a file of ours is mended: %s",
       told->nelts, facts(in("/store/c")));
    unlink(in("/store/a"));
    unlink(in("/store/b"));
    unlink(in("/mail/new"));
    unlink(in("/run/fifo"));
}

/* A change of the seal key that was broken off (crypto/keyfile.h). */
static void pair(void)
{
    const char *third = apr_pstrcat(pool, root, "/third", NULL);

    must(link(in("/seal.key"), in("/seal.key.old")));
    ok(act(ANSHIN_STATE_MEND) == APR_SUCCESS && act(ANSHIN_STATE_LOOK) == APR_SUCCESS,
       "BAK-2: the seal key that is the old one as well is taken: %s", err.text);
    must(link(in("/seal.key"), third));
    ok(refused(act(ANSHIN_STATE_MEND), "AN1026"), "S36: with a third name, elsewhere, it is not: %s", err.text);
    unlink(in("/seal.key.old"));
    ok(refused(act(ANSHIN_STATE_MEND), "AN1026"), "nor with another second one: %s", err.text);
    unlink(third);
    must(link(in("/seal.key"), in("/seal.key.0123456789abcdef")));
    ok(act(ANSHIN_STATE_MEND) == APR_SUCCESS && access(in("/seal.key.0123456789abcdef"), F_OK) != 0 &&
           is(in("/seal.key"), "0:2", "0640"),
       "BAK-2: a second name that a kill left is taken away: %s", err.text);
}

/* B41: cp -r keeps neither owner, group nor mode. */
static void restored(void)
{
    mkdir(in("/mail/new"), 0755);
    scratch_write(in("/mail/new/1"), "x", 1, 0644);
    scratch_write(in("/ca/ca.crt"), "x", 1, 0600);
    scratch_write(in("/ca/ca.key"), "x", 1, 0644);
    scratch_write(in("/config.json"), "{}", 2, 0644);
    scratch_write(in("/audit/here-00000001.jsonl"), "x", 1, 0666);
    chmod(state, 0755);
    chmod(in("/store"), 0755);
    ok(act(ANSHIN_STATE_MEND) == APR_SUCCESS && is(state, "0:2", "0750") && is(in("/store"), "0:2", "2770") &&
           is(in("/mail/new"), "0:2", "2770") && is(in("/mail/new/1"), "0:2", "0660") &&
           is(in("/ca/ca.crt"), "4:2", "0644") && is(in("/ca/ca.key"), "4:2", "0600") &&
           is(in("/config.json"), "0:2", "0640") && is(in("/audit/here-00000001.jsonl"), "5:2", "0640"),
       "B41: a restored directory has its owners and modes again: %s %s", err.text, facts(in("/ca/ca.key")));
    ok(act(ANSHIN_STATE_LOOK) == APR_SUCCESS, "and is taken: %s", err.text);
}

static void lost_key(void)
{
    unlink(in("/seal.key"));
    ok(refused(act(ANSHIN_STATE_LOOK), "AN1025") && refused(act(ANSHIN_STATE_MAKE), "AN1025") &&
           refused(act(ANSHIN_STATE_MEND), "AN1025") && access(in("/seal.key"), F_OK) != 0,
       "S39: a seal key that was lost is never replaced while the store holds something: %s", err.text);
    unlink(in("/store/c"));
    ok(act(ANSHIN_STATE_LOOK) == APR_SUCCESS && act(ANSHIN_STATE_MAKE) == APR_SUCCESS &&
           is(in("/seal.key"), "0:2", "0640"),
       "but is made for a store that is empty");
}

static int opens(const char *path, apr_status_t answer, const char *id)
{
    int fd = -1;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_state_open(&fd, state, path, &err, pool);
    if (status == APR_SUCCESS) {
        close(fd);
    }
    return status == answer && same_text(err.id, id);
}

/* The signer, to whom ca/ belongs, puts something else in the place of the certificate that root reads. */
static void opened(void)
{
    const char *outside = apr_pstrcat(pool, root, "/secret", NULL), *link_to = apr_pstrcat(pool, root, "/link", NULL);

    scratch_write(outside, "x", 1, 0600);
    must(symlink(outside, link_to));
    unlink(in("/ca/ca.crt"));
    ok(opens(in("/ca/ca.crt"), ANSHIN_ENOTFOUND, "AN1173"), "a file that is not there: %s", err.text);
    scratch_write(in("/ca/ca.crt"), "x", 1, 0644);
    ok(opens(in("/ca/ca.crt"), APR_SUCCESS, "") && opens(in("//ca/./ca.crt"), APR_SUCCESS, ""),
       "S36: the CA certificate is opened");
    unlink(in("/ca/ca.crt"));
    must(symlink(outside, in("/ca/ca.crt")));
    ok(opens(in("/ca/ca.crt"), ANSHIN_EINVALID, "AN1172"), "S36: a link in its place is not followed: %s", err.text);
    unlink(in("/ca/ca.crt"));
    must(mkfifo(in("/ca/ca.crt"), 0644));
    ok(opens(in("/ca/ca.crt"), ANSHIN_EINVALID, "AN1174"), "S36: a FIFO does not stop the start: %s", err.text);
    unlink(in("/ca/ca.crt"));
    scratch_write(apr_pstrcat(pool, root, "/ca.crt", NULL), "x", 1, 0644);
    must(rename(in("/ca"), in("/ca.aside")));
    must(symlink(root, in("/ca")));
    ok(opens(in("/ca/ca.crt"), ANSHIN_EINVALID, "AN1172"), "S36: nor is a directory that is one: %s", err.text);
    unlink(in("/ca"));
    must(rename(in("/ca.aside"), in("/ca")));
    ok(opens(in("/ca/../../secret"), ANSHIN_EINVALID, "AN1172"), "and no name leads out of it");
    ok(opens(link_to, APR_SUCCESS, ""), "elsewhere the operator may have links");
    ok(opens(root, ANSHIN_EINVALID, "AN1174"), "but not to what is no file");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    root = scratch_directory(pool);
    state = apr_pstrcat(pool, root, "/state", NULL);
    if (geteuid() == 0) {
        owners.group = GROUP;
        owners.signer = SIGNER;
        owners.worker = WORKER;
    }
    anew();
    former();
    judged();
    links();
    pair();
    restored();
    opened();
    lost_key();
    state = "/nonexistent/state";
    ok(act(ANSHIN_STATE_LOOK) == APR_SUCCESS && act(ANSHIN_STATE_MAKE) == ANSHIN_EFAULT, "no parent: %s", err.text);
    apr_terminate();
    return done();
}

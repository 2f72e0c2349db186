/*
 * httpd's children take the state directory's group by themselves; nobody else who runs as httpd's user has it.
 *
 * httpd starts children and daemons (mod_cgid's, mod_fcgid's) alike: fork, the hook drop_privileges, and there
 * mod_unixd's setuid(). A child goes on to the hook child_init, a daemon does not. So the first hook keeps the
 * capabilities over setuid(), in a child alone: when our last post_config has run, which is after the daemons of the
 * start were forked, and while the MPM says STARTING, which a child says of itself; the parent that forks a daemon
 * anew says RUNNING. The second takes the group and drops every capability.
 *
 * SECURITY: a process of the site's programs with this group could read store, keys and mail (S36). A process that
 * keeps a capability would be worse. So what was dropped is looked at, and a child that could not do it ends.
 */
#include "auth/process/child.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <ap_mpm.h>
#include <http_config.h>
#include <mpm_common.h>
#include <http_log.h>

#include "auth/config/config.h"

APLOG_USE_MODULE(anshin_auth);

#define GROUPS_MAX 1024

int anshin_child_keep(apr_pool_t *pool, server_rec *server)
{
    anshin_main_t *main = anshin_site_of(server)->main;
    int state = 0;

    (void)pool;
    if (!main->ready || geteuid() != 0 || ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS ||
        state != AP_MPMQ_STARTING) {
        return OK;
    }
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, errno, server, "AN1031: a child cannot keep the right to take its group");
        return OK;
    }
    main->keeps = 1;
    return OK;
}

/* 0, or -1 with errno. */
static int raise_setgid(void)
{
    const cap_value_t wanted[] = {CAP_SETGID};
    cap_t own = cap_get_proc();
    int failed;

    if (own == NULL) {
        return -1;
    }
    failed = cap_set_flag(own, CAP_EFFECTIVE, 1, wanted, CAP_SET) != 0 || cap_set_proc(own) != 0;
    (void)cap_free(own);
    return failed ? -1 : 0;
}

static int join(gid_t group)
{
    gid_t groups[GROUPS_MAX];
    int count = getgroups(GROUPS_MAX - 1, groups);

    if (count < 0) {
        return -1;
    }
    groups[count] = group;
    return setgroups((size_t)count + 1, groups);
}

/* 1: this process has no capability and cannot have one again, nor another user or group. */
static int is_bare(void)
{
    cap_t none = cap_init();
    cap_t own = cap_get_proc();
    int bare = none != NULL && own != NULL && cap_compare(none, own) == 0;

    (void)cap_free(none);
    (void)cap_free(own);
    return bare && raise_setgid() != 0 && setgroups(0, NULL) != 0 && setgid(0) != 0 && setuid(0) != 0;
}

static int drop_all(void)
{
    cap_t none = cap_init();
    int failed = none == NULL || cap_set_proc(none) != 0;

    (void)cap_free(none);
    (void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    return failed || !is_bare() ? -1 : 0;
}

void anshin_child_join(apr_pool_t *pool, server_rec *server)
{
    const anshin_main_t *main = anshin_site_of(server)->main;

    (void)pool;
    if (!main->keeps || geteuid() == 0) {
        return;
    }
    if (raise_setgid() != 0 || join(main->group) != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, errno, server,
                     "AN1032: a child cannot take AnshinGroup %s; it has no store and lets nobody in. httpd needs the "
                     "capability CAP_SETGID",
                     main->config->server.group);
    }
    if (drop_all() != 0) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, errno, server,
                     "AN1033: a child cannot give up its capabilities and ends");
        _exit(APEXIT_CHILDSICK);
    }
    /* CoreDumpDirectory opens /proc/PID/mem to every process of httpd's user. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, errno, server, "AN1034: a child's memory cannot be closed to others");
        _exit(APEXIT_CHILDSICK);
    }
}

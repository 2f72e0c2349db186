/*
 * mod_bench_hook: how long a request stays in the hooks of the Anshin modules. For t/bench/hooks alone, never
 * installed.
 *
 * In each child the functions that the Anshin modules have hooked are replaced by ones that read the clock before and
 * after. Of each request the sum counts in a histogram, and each phase in one of its own; all lie in a file that the
 * bench reads: PHASES histograms of BUCKETS 64-bit counters of BUCKET_NS each, the last one for all that is longer.
 * What reading the clock costs is within the figures: the last histogram holds the time between two readings with
 * nothing between.
 *
 *   BenchHookFile FILE
 */
#include <httpd.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <http_config.h>
#include <http_connection.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#define BUCKETS 4096
#define BUCKET_NS 20
#define ENTRIES 4 /* functions of ours in one phase, at most */

enum { SUM, POST_READ, ACCESS, AUTHN, AUTHZ, FIXUPS, FILTERS, HANDLER, LOG, EMPTY, PHASES };

/* What one request has spent so far. Requests without one (subrequests, redirects) are not counted. */
typedef struct spent_t {
    apr_uint64_t phase[PHASES];
    apr_uint64_t authz_began;
} spent_t;

module AP_MODULE_DECLARE_DATA bench_hook_module;

static const char *file_name;
static apr_uint64_t (*histogram)[BUCKETS];
static int (*replaced[PHASES][ENTRIES])(request_rec *);
static void (*replaced_filters[ENTRIES])(request_rec *);
static int (*authz_core)(request_rec *);

static apr_uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_uint64_t)now.tv_sec * 1000000000 + (apr_uint64_t)now.tv_nsec;
}

static spent_t *spent_of(request_rec *r)
{
    return ap_get_module_config(r->request_config, &bench_hook_module);
}

static void count(int phase, apr_uint64_t ns)
{
    apr_uint64_t bucket = ns / BUCKET_NS;

    __atomic_add_fetch(&histogram[phase][bucket < BUCKETS ? bucket : BUCKETS - 1], 1, __ATOMIC_RELAXED);
}

static int timed(request_rec *r, int phase, int entry)
{
    apr_uint64_t began = now_ns();
    int answer = replaced[phase][entry](r);
    spent_t *spent = spent_of(r);

    if (spent != NULL) {
        spent->phase[phase] += now_ns() - began;
    }
    return answer;
}

static void timed_filters(request_rec *r, int entry)
{
    apr_uint64_t began = now_ns();
    spent_t *spent = spent_of(r);

    replaced_filters[entry](r);
    if (spent != NULL) {
        spent->phase[FILTERS] += now_ns() - began;
    }
}

/* A function of its own for each place in a list of hooks: hooks have no baton. */
#define INSTEAD(phase, entry)                  \
    static int phase##_##entry(request_rec *r) \
    {                                          \
        return timed(r, phase, entry);         \
    }
#define INSTEAD_ALL(phase) INSTEAD(phase, 0) INSTEAD(phase, 1) INSTEAD(phase, 2) INSTEAD(phase, 3)
#define FILTERS_INSTEAD(entry)                  \
    static void FILTERS_##entry(request_rec *r) \
    {                                           \
        timed_filters(r, entry);                \
    }

INSTEAD_ALL(POST_READ)
INSTEAD_ALL(ACCESS)
INSTEAD_ALL(AUTHN)
INSTEAD_ALL(FIXUPS)
INSTEAD_ALL(HANDLER)
INSTEAD_ALL(LOG)
FILTERS_INSTEAD(0)
FILTERS_INSTEAD(1)
FILTERS_INSTEAD(2)
FILTERS_INSTEAD(3)

static int is_ours(const char *name)
{
    return name != NULL && strstr(name, "anshin") != NULL;
}

/* Put them in the place of those of ours in one phase's list. */
#define REPLACE(hook, phase, table, kind)                                                                    \
    do {                                                                                                     \
        static kind (*const instead[ENTRIES])(request_rec *) = {phase##_0, phase##_1, phase##_2, phase##_3}; \
        apr_array_header_t *hooks = ap_hook_get_##hook();                                                    \
        int found = 0;                                                                                       \
                                                                                                             \
        for (int i = 0; hooks != NULL && i < hooks->nelts; i++) {                                            \
            ap_LINK_##hook##_t *link = &((ap_LINK_##hook##_t *)(void *)hooks->elts)[i];                      \
            if (is_ours(link->szName) && found < ENTRIES) {                                                  \
                (table)[found] = link->pFunc;                                                                \
                link->pFunc = instead[found];                                                                \
                found++;                                                                                     \
            }                                                                                                \
        }                                                                                                    \
    } while (0)

/* The check of authorization looks for itself in the list and calls what stands behind it, so that it must not be
 * replaced: its time is what passes until mod_authz_core is called. */
static int authz_reached(request_rec *r)
{
    spent_t *spent = spent_of(r);

    if (spent != NULL && spent->authz_began != 0) {
        spent->phase[AUTHZ] += now_ns() - spent->authz_began;
        spent->authz_began = 0;
    }
    return authz_core(r);
}

static int authz_begins(request_rec *r)
{
    spent_t *spent = spent_of(r);

    if (spent != NULL) {
        spent->authz_began = now_ns();
    }
    return DECLINED;
}

static void watch_authz(void)
{
    apr_array_header_t *hooks = ap_hook_get_auth_checker();
    ap_LINK_auth_checker_t *links = hooks == NULL ? NULL : (ap_LINK_auth_checker_t *)(void *)hooks->elts;

    for (int i = 0; links != NULL && i < hooks->nelts; i++) {
        if (links[i].szName != NULL && strcmp(links[i].szName, "mod_authz_core.c") == 0) {
            authz_core = links[i].pFunc;
            links[i].pFunc = authz_reached;
            return;
        }
    }
}

static void child_init(apr_pool_t *pool, server_rec *server)
{
    (void)pool;
    (void)server;
    if (histogram == NULL) {
        return;
    }
    REPLACE(post_read_request, POST_READ, replaced[POST_READ], int);
    REPLACE(access_checker, ACCESS, replaced[ACCESS], int);
    REPLACE(check_user_id, AUTHN, replaced[AUTHN], int);
    REPLACE(fixups, FIXUPS, replaced[FIXUPS], int);
    REPLACE(handler, HANDLER, replaced[HANDLER], int);
    REPLACE(log_transaction, LOG, replaced[LOG], int);
    REPLACE(insert_filter, FILTERS, replaced_filters, void);
    watch_authz();
}

static int request_begins(request_rec *r)
{
    if (histogram != NULL && r->main == NULL && r->prev == NULL) {
        ap_set_module_config(r->request_config, &bench_hook_module, apr_pcalloc(r->pool, sizeof(spent_t)));
    }
    return DECLINED;
}

static int request_ended(request_rec *r)
{
    spent_t *spent = spent_of(r);
    apr_uint64_t began;

    if (spent == NULL) {
        return DECLINED;
    }
    for (int phase = SUM + 1; phase < EMPTY; phase++) {
        count(phase, spent->phase[phase]);
        spent->phase[SUM] += spent->phase[phase];
    }
    count(SUM, spent->phase[SUM]);
    began = now_ns();
    count(EMPTY, now_ns() - began);
    return DECLINED;
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    size_t length = sizeof(apr_uint64_t[PHASES][BUCKETS]);
    void *mapped;
    int fd;

    (void)pconf;
    (void)plog;
    (void)ptemp;
    if (file_name == NULL || histogram != NULL) {
        return OK;
    }
    fd = open(file_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)length) != 0) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, errno, server, "BenchHookFile %s", file_name);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    histogram = mapped == MAP_FAILED ? NULL : mapped;
    return histogram == NULL ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

static const char *set_file(cmd_parms *command, void *config, const char *name)
{
    (void)command;
    (void)config;
    file_name = name;
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("BenchHookFile", set_file, NULL, RSRC_CONF, "where the histograms go"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_post_read_request(request_begins, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_check_authz(authz_begins, NULL, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_log_transaction(request_ended, NULL, NULL, APR_HOOK_REALLY_LAST);
}

AP_DECLARE_MODULE(bench_hook) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, directives, register_hooks, 0};

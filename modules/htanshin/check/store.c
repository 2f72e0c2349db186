/*
 * htanshin check: the store, see store.h.
 */
#include "htanshin/check/store.h"

#include <errno.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/admin/census.h"
#include "core/context/store_mark.h"
#include "core/context/backed_up.h"
#include "core/mail/job_node.h"
#include "htanshin/check/authorities.h"
#include "htanshin/check/problem.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/open.h"

static void check_trouble(anshin_call_t *call, const anshin_store_t *store)
{
    anshin_store_health_t trouble;
    json_t *problem;

    anshin_store_health(&trouble, store, call->pool);
    if (trouble.why != NULL) {
        problem = anshin_check_find(call, ANSHIN_FINDING_CHECKPOINTS,
                                    apr_pstrcat(call->pool, "checkpoints fail: ", trouble.why, NULL));
        anshin_result_number(problem, "journal", (apr_int64_t)trouble.length);
        anshin_result_number(problem, "limit", (apr_int64_t)trouble.limit);
    }
    if (trouble.detour != NULL) {
        (void)anshin_check_find(
            call, ANSHIN_FINDING_DETOUR,
            apr_pstrcat(call->pool, "the last checkpoint met a fault and went another way: ", trouble.detour, NULL));
    }
}

/* A server that cannot be asked is told of by whoever opens it. */
static void check_standbys(anshin_call_t *call, const anshin_store_t *store)
{
    anshin_store_health_t health;

    anshin_store_health(&health, store, call->pool);
    if (health.server.version == 0) {
        return;
    }
    if (health.server.standbys < 0) {
        (void)anshin_check_find(call, ANSHIN_FINDING_STANDBYS_UNSEEN,
                                anshin_finding(ANSHIN_FINDING_STANDBYS_UNSEEN)->what);
    } else if (health.server.standbys > 0 && health.server.synchronous == 0) {
        (void)anshin_check_find(call, ANSHIN_FINDING_STANDBYS, anshin_finding(ANSHIN_FINDING_STANDBYS)->what);
    }
}

static void tell_bound(anshin_call_t *call, anshin_op_t *op)
{
    apr_array_header_t *nodes;

    if (anshin_jobs_of_nodes(op, &nodes) != APR_SUCCESS) {
        return; /* what hinders it the census has met, too */
    }
    for (int i = 0; i < nodes->nelts; i++) {
        const anshin_jobs_of_node_t *of = &APR_ARRAY_IDX(nodes, i, anshin_jobs_of_node_t);

        if (!of->lives) {
            (void)anshin_check_find(
                call, ANSHIN_FINDING_MAIL_NODE,
                apr_psprintf(call->pool, "%s is gone; mails that wait for it: %" APR_INT64_T_FMT, of->node, of->count));
        }
    }
}

static void tell_strangers(anshin_call_t *call, const anshin_census_t *census)
{
    for (int i = 0; i < census->strangers->nelts; i++) {
        const anshin_strangers_t *strangers = &APR_ARRAY_IDX(census->strangers, i, anshin_strangers_t);

        if (strangers->renamed_to != NULL) {
            (void)anshin_check_find(
                call, ANSHIN_FINDING_RENAMING,
                apr_psprintf(call->pool,
                             "contract %s: htanshin contract rename %s %s is not done: %" APR_INT64_T_FMT
                             " users cannot log in yet",
                             strangers->contract, strangers->contract, strangers->renamed_to, strangers->users));
        } else if (strangers->users > 0) {
            (void)anshin_check_find(
                call, ANSHIN_FINDING_STRANGERS,
                apr_psprintf(call->pool,
                             "contract %s: is not declared, but has %" APR_INT64_T_FMT " user%s, who cannot log in",
                             strangers->contract, strangers->users, strangers->users == 1 ? "" : "s"));
        } else {
            (void)anshin_check_find(call, ANSHIN_FINDING_REMAINS,
                                    apr_psprintf(call->pool,
                                                 "contract %s: is not declared, and has no users, but %" APR_INT64_T_FMT
                                                 " record%s of counters, history and the like",
                                                 strangers->contract, strangers->records,
                                                 strangers->records == 1 ? "" : "s"));
        }
    }
}

static void tell_erasing(anshin_call_t *call, const anshin_census_t *census)
{
    for (int i = 0; i < census->erasing->nelts; i++) {
        const char *contract = APR_ARRAY_IDX(census->erasing, i, const char *);

        (void)anshin_check_find(
            call, ANSHIN_FINDING_ERASING,
            apr_psprintf(call->pool,
                         "contract %s: htanshin contract remove %s --erase is not done: its persons "
                         "may be in the trail, or in files of the store",
                         contract, contract));
    }
}

#define MAIL_WAITS apr_time_from_sec(900) /* longer than any mail does that the worker can deliver */

static void tell_mail(anshin_call_t *call, const anshin_census_t *census)
{
    apr_time_t now = apr_time_now();

    if (census->mails_failed > 0) {
        (void)anshin_check_find(call, ANSHIN_FINDING_MAIL_FAILED,
                                apr_psprintf(call->pool, "%" APR_INT64_T_FMT " mail%s failed", census->mails_failed,
                                             census->mails_failed == 1 ? "" : "s"));
    }
    if (census->mail_oldest != 0 && census->mail_oldest < now - MAIL_WAITS) {
        (void)anshin_check_find(call, ANSHIN_FINDING_MAIL_WAITS,
                                apr_psprintf(call->pool, "the oldest mail has waited for %" APR_INT64_T_FMT " minutes",
                                             (apr_int64_t)apr_time_sec(now - census->mail_oldest) / 60));
    }
}

#define CLOCK_MAY_LAG apr_time_from_sec(300) /* what NTP mends by itself, and two machines may differ by */

/* What the worker found when it kept house last, and what was written since by a clock ahead of this one. */
static void tell_clock(anshin_call_t *call, const anshin_census_t *census)
{
    const anshin_agreed_t *clock = &census->clock;

    if (clock->by != 0) {
        (void)anshin_check_find_with(call, ANSHIN_FINDING_CLOCK_STEP, anshin_agreed_words(clock, call->pool),
                                     apr_pstrcat(call->pool, anshin_finding(ANSHIN_FINDING_CLOCK_STEP)->remedy,
                                                 ". Until ", anshin_time_text(clock->until, call->pool),
                                                 " nothing is removed by it", NULL));
    }
    if (clock->by == 0 && census->newest > apr_time_now() + CLOCK_MAY_LAG) {
        (void)anshin_check_find(call, ANSHIN_FINDING_CLOCK_BEHIND,
                                apr_psprintf(call->pool, "the clock is behind what was written here last, at %s",
                                             anshin_time_text(census->newest, call->pool)));
    }
}

static void tell_backup(anshin_call_t *call, anshin_op_t *op)
{
    anshin_backed_up_t backup;
    const char *late = anshin_backed_up_get(op, &backup) == APR_SUCCESS ? anshin_backed_up_late(op, &backup) : NULL;

    if (late != NULL) {
        (void)anshin_check_find(call, ANSHIN_FINDING_BACKUP, late);
    }
}

/* That the trail is there for so long is what the operator promises; that it goes after that, too. */
static void tell_trail(anshin_call_t *call, const anshin_census_t *census)
{
    if (census->segments_old > 0) {
        (void)anshin_check_find(
            call, ANSHIN_FINDING_AUDIT_OLD,
            apr_psprintf(call->pool,
                         "%" APR_INT64_T_FMT
                         " segment%s of the audit trail closed longer ago than AnshinAuditRetention",
                         census->segments_old, census->segments_old == 1 ? "" : "s"));
    }
}

/* Everything that takes a walk through the store. */
static apr_status_t tell_census(anshin_call_t *call, anshin_store_t *store)
{
    const anshin_env_t env = {.config = call->config,
                              .store = store,
                              .now = anshin_clock_system,
                              .node = anshin_open_node(&call->config->server, call->pool)};
    anshin_census_t census;
    anshin_op_t op;
    apr_status_t status;

    status = anshin_store_mark_look(&env, &call->op.error, call->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_op_init(&op, &env, NULL, &call->op.actor, call->pool);
    status = anshin_census_take(&op, &census);
    if (status != APR_SUCCESS) {
        call->op.error = op.error;
        return status;
    }
    anshin_check_ca_stopped(call, &op);
    anshin_check_ca_unusable(call, &op);
    tell_clock(call, &census);
    tell_strangers(call, &census);
    tell_erasing(call, &census);
    tell_mail(call, &census);
    tell_bound(call, &op);
    tell_backup(call, &op);
    tell_trail(call, &census);
    return APR_SUCCESS;
}

void anshin_check_store(anshin_call_t *call)
{
    const char *path = apr_pstrcat(call->pool, call->config->server.state_dir, "/store", NULL);
    anshin_store_t *store;
    apr_status_t status;

    if (anshin_open_store_is_local(&call->config->server) && access(path, F_OK) != 0 && errno == ENOENT) {
        return;
    }
    status = anshin_open_store(&store, &call->config->server, &call->op.error, call->pool);
    if (status == APR_SUCCESS) {
        check_trouble(call, store);
        check_standbys(call, store);
        status = tell_census(call, store);
    }
    if (status != APR_SUCCESS) {
        (void)anshin_check_find(call, ANSHIN_FINDING_STORE, call->op.error.text);
        anshin_error_clear(&call->op.error);
    }
}

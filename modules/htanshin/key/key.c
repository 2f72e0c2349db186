/*
 * htanshin key: the seal key is rotated (core/keeping/rotation.h).
 *
 * SECURITY. The files of the keys are root's, and so is the part that makes and wipes them; it opens no store. All else
 * is done by a child that has become the worker's user.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/keeping/leak.h"
#include "core/keeping/store_check.h"
#include "crypto/derive.h"
#include "htanshin/actor.h"
#include "htanshin/backup/restored.h"
#include "htanshin/child.h"
#include "htanshin/command.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/config_file.h"
#include "runtime/open.h"
#include "runtime/state_dir.h"
#include "runtime/state_names.h"

typedef struct rotating_t rotating_t;

struct rotating_t {
    anshin_call_t *call;
    anshin_config_t *config;
    anshin_state_owners_t owners;
    const char *path;
    apr_status_t (*step)(rotating_t *rotating, anshin_op_t *op, json_t *told);
};

/* --- in the child ------------------------------------------------------------------------------------------------- */

static apr_status_t open_and_do(void *baton, json_t *told)
{
    rotating_t *rotating = baton;
    anshin_call_t *call = rotating->call;
    const anshin_hashing_t hashing = {.none = 1};
    anshin_env_t env = {0};
    anshin_op_t op;
    apr_status_t status = anshin_open(&env, rotating->config, &hashing, &call->op.error, call->pool);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EFAULT : status;
    }
    anshin_op_init(&op, &env, NULL, &call->op.actor, call->pool);
    status = rotating->step(rotating, &op, told);
    if (status != APR_SUCCESS) {
        call->op.error = op.error;
    }
    apr_pool_destroy(call->pool); /* closes the store, whose checkpointer may be at work */
    return status;
}

/* Is it the key that the store knows? A rotation that began with a wrong one would leave everything closed. */
static apr_status_t see_key(rotating_t *rotating, anshin_op_t *op, json_t *told)
{
    anshin_store_findings_t findings = {.limit = ANSHIN_DAMAGE_TEXTS};
    anshin_rotation_t rotation;
    const char *id;
    apr_status_t status = anshin_rotation_get(op, &rotation);

    status = status == APR_SUCCESS ? anshin_key_id(op, 0, &id) : status;
    if (status == APR_SUCCESS && rotation.is_known && strcmp(rotation.key, id) != 0) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1656",
                           "%s is not the seal key that this store was last used with (%s); nothing was done",
                           rotating->path, rotation.key);
    }
    status = status == APR_SUCCESS ? anshin_store_check(op, &findings) : status;
    if (status == APR_SUCCESS && !rotation.is_known && findings.broken > 0 && findings.genuine == 0) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1657",
                           "%ld records or files of the store cannot be read, the first: %s; nothing was done. See "
                           "htanshin store check",
                           (long)findings.broken, APR_ARRAY_IDX(findings.texts, 0, const char *));
    }
    if (status == APR_SUCCESS && findings.broken > 0) { /* no reason to go on with a key that leaked */
        anshin_damage_tell(told, &findings, op->pool);
    }
    return status;
}

/* Of files that waited: to be revoked or reissued. */
static void put_certificates(const anshin_op_t *op, const anshin_leak_t *leak, json_t *told)
{
    json_t *list = json_array();

    anshin_result_number(told, "certificates_known", leak->issued);
    json_object_set_new(told, "certificates", list);
    for (int i = 0; i < leak->certificates->nelts; i++) {
        const anshin_leaked_certificate_t *one = &APR_ARRAY_IDX(leak->certificates, i, anshin_leaked_certificate_t);
        json_t *row = json_object();

        anshin_result_text(row, "terminal", one->terminal, op->pool);
        anshin_result_text(row, "serial", one->serial, op->pool);
        json_array_append_new(list, row);
    }
    if (leak->issued > leak->certificates->nelts) {
        anshin_result_number(told, "certificates_not_listed", leak->issued - leak->certificates->nelts);
    }
}

static apr_status_t put_leak(anshin_op_t *op, const anshin_rotation_t *rotation, json_t *told)
{
    anshin_leak_t leak;
    json_t *who = json_array();
    apr_status_t status = anshin_leak_end(op, rotation, &leak);

    if (status != APR_SUCCESS) {
        json_decref(who);
        return status;
    }
    anshin_result_number(told, "sessions_ended", leak.sessions);
    anshin_result_number(told, "links_ended", leak.links);
    anshin_result_number(told, "downloads_ended", leak.downloads);
    anshin_result_number(told, "authenticator_apps_known", leak.apps);
    anshin_result_number(told, "imported_hashes_known", leak.imported);
    json_object_set_new(told, "known", who);
    for (int i = 0; i < leak.who->nelts; i++) {
        json_t *row = json_object();

        anshin_result_text(row, "known", APR_ARRAY_IDX(leak.who, i, const char *), op->pool);
        json_array_append_new(who, row);
    }
    if (leak.named > leak.who->nelts) {
        anshin_result_number(told, "known_not_listed", leak.named - leak.who->nelts);
    }
    put_certificates(op, &leak, told);
    return APR_SUCCESS;
}

/* The key was changed, just now or before. */
static apr_status_t note_change(rotating_t *rotating, anshin_op_t *op, json_t *told)
{
    anshin_rotation_t rotation;
    apr_status_t status = anshin_rotation_begin(op);

    status = status == APR_SUCCESS ? anshin_rotation_get(op, &rotation) : status;
    if (status == APR_SUCCESS && rotation.former != NULL && anshin_call_value(rotating->call, "leaked") != NULL) {
        status = put_leak(op, &rotation, told);
    }
    return status;
}

static void put_rest(const anshin_op_t *op, json_t *told, const anshin_rotation_t *rotation,
                     const anshin_rotation_rest_t *rest)
{
    if (rest->links > 0) {
        anshin_result_text(told, "state", "links that were made with the old key wait", op->pool);
        anshin_result_number(told, "links", rest->links);
        anshin_result_time(told, "last_link_ends", rest->last_ends, op->pool);
    } else {
        anshin_result_text(told, "state", "pages that were open at the change may still be sent", op->pool);
        anshin_result_time(told, "until", rotation->changed_at + ANSHIN_ROTATION_KEEP, op->pool);
    }
}

/* Does nothing need the old key any more? Then it ends. "over" is for the parent. */
static apr_status_t try_end(rotating_t *rotating, anshin_op_t *op, json_t *told)
{
    const int now =
        anshin_call_value(rotating->call, "now") != NULL || anshin_call_value(rotating->call, "leaked") != NULL;
    anshin_store_findings_t findings = {.limit = 1};
    anshin_rotation_rest_t rest;
    anshin_rotation_t rotation;
    apr_status_t status = note_change(rotating, op, told);

    status = status == APR_SUCCESS ? anshin_rotation_get(op, &rotation) : status;
    if (status != APR_SUCCESS || rotation.former == NULL) {
        json_object_set_new(told, "over", json_true());
        return status;
    }
    if (rotation.resealed_at == 0) {
        anshin_result_text(told, "state", "the worker seals anew what the old key has sealed", op->pool);
        return APR_SUCCESS;
    }
    status = anshin_rotation_rest(op, &rotation, &rest);
    if (status == APR_SUCCESS && (rest.links > 0 || (!now && op->now < rotation.changed_at + ANSHIN_ROTATION_KEEP))) {
        put_rest(op, told, &rotation, &rest);
        return APR_SUCCESS;
    }
    status = status == APR_SUCCESS ? anshin_store_check(op, &findings) : status;
    if (status == APR_SUCCESS && findings.former > 0) {
        anshin_result_number(told, "sealed_with_the_old_key", findings.former);
        anshin_result_text(told, "state", "the worker seals anew what the old key has sealed", op->pool);
        return anshin_rotation_again(op);
    }
    status = status == APR_SUCCESS ? anshin_rotation_end(op) : status;
    if (status == APR_SUCCESS) {
        json_object_set_new(told, "over", json_true());
    }
    return status;
}

/* --- in root ------------------------------------------------------------------------------------------------------ */

static apr_status_t do_step(rotating_t *rotating,
                            apr_status_t (*step)(rotating_t *rotating, anshin_op_t *op, json_t *told))
{
    rotating->step = step;
    return anshin_child_run(rotating->call, rotating->owners.worker, rotating->owners.group, open_and_do, rotating);
}

static apr_status_t announce_and_change(rotating_t *rotating)
{
    anshin_call_t *call = rotating->call;
    anshin_error_t *err = &call->op.error;
    apr_status_t status = do_step(rotating, see_key);

    if (status == APR_SUCCESS) {
        status = anshin_seal_key_announce(rotating->path, rotating->owners.group, err, call->pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    apr_sleep(3 * ANSHIN_RING_LOOK); /* every process that uses a key knows the new one by now */
    status = anshin_seal_key_change(rotating->path, rotating->owners.group, err, call->pool);
    status = status == APR_SUCCESS ? do_step(rotating, note_change) : status;
    if (status == APR_SUCCESS) {
        anshin_result_text(call->result, "state",
                           "the new key is in use; the worker seals anew what the old one has "
                           "sealed",
                           call->pool);
    }
    return status;
}

static apr_status_t go_on(rotating_t *rotating)
{
    anshin_call_t *call = rotating->call;
    apr_status_t status = do_step(rotating, try_end);

    if (status != APR_SUCCESS || json_object_get(call->result, "over") == NULL) {
        return status;
    }
    json_object_del(call->result, "over");
    status = anshin_seal_key_forget(rotating->path, &call->op.error, call->pool);
    if (status == APR_SUCCESS) {
        anshin_result_text(call->result, "state", "the old key is wiped; the rotation is over", call->pool);
    }
    return status;
}

/* A backup of the store needs the keys of its time. */
static void put_next(const anshin_call_t *call, anshin_seal_key_stage_t before, anshin_seal_key_stage_t now)
{
    const char *next = "run htanshin key rotate again later: it ends the rotation as soon as nothing needs the old key "
                       "(htanshin key status)";

    if (now != ANSHIN_SEAL_KEY_CHANGED) {
        next = "run htanshin backup --keys only: backups from now on need the new key";
    } else if (before != ANSHIN_SEAL_KEY_CHANGED) {
        next =
            "run htanshin backup --keys only now: it has both keys, and backups until the end need both. Run htanshin "
            "key rotate again later: it ends the rotation as soon as nothing needs the old key (htanshin key status)";
    }
    anshin_result_text(call->result, "next", next, call->pool);
}

/* Two at once would each make the old key of what the other one put in its place. */
static apr_status_t lock(anshin_call_t *call)
{
    int fd = open(call->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* until the program ends */
    int code = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;

    if (code == 0) {
        return APR_SUCCESS;
    }
    return anshin_fail(
        &call->op.error, code == EWOULDBLOCK ? ANSHIN_EBUSY : ANSHIN_EFAULT, "AN1809", "%s: %s", call->state_dir,
        code == EWOULDBLOCK ? "another htanshin key rotate is at work: wait until it has ended" : strerror(code));
}

/* The program was killed while it wiped the old key. A leaked one is another matter: that begins anew, and wipes as
 * well. */
static apr_status_t wipe_rest(rotating_t *rotating)
{
    anshin_call_t *call = rotating->call;
    apr_status_t status = anshin_seal_key_forget(rotating->path, &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        anshin_result_text(call->result, "state",
                           "what was left of the old key is wiped; the rotation is over, and none was begun",
                           call->pool);
    }
    return status;
}

static apr_status_t take_step(rotating_t *rotating, anshin_seal_key_stage_t stage)
{
    if (stage == ANSHIN_SEAL_KEY_GOING && anshin_call_value(rotating->call, "leaked") == NULL) {
        return wipe_rest(rotating);
    }
    return stage == ANSHIN_SEAL_KEY_CHANGED ? go_on(rotating) : announce_and_change(rotating);
}

static apr_status_t key_rotate(anshin_call_t *call)
{
    rotating_t rotating = {.call = call};
    anshin_seal_key_stage_t stage;
    apr_status_t status = anshin_config_file_read(&rotating.config, call->state_dir, &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        status = anshin_state_owners_find(&rotating.owners, &rotating.config->server, &call->op.error);
    }
    status = status == APR_SUCCESS ? lock(call) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_actor_caller(&call->op.actor, call->operator_name, call->pool);
    rotating.path = apr_pstrcat(call->pool, call->state_dir, "/" ANSHIN_STATE_KEY, NULL);
    call->result = json_object();
    stage = anshin_seal_key_stage(rotating.path, call->pool);
    status = take_step(&rotating, stage);
    if (status == APR_SUCCESS) {
        put_next(call, stage, anshin_seal_key_stage(rotating.path, call->pool));
    }
    return status;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

static apr_status_t put_progress(anshin_call_t *call, const anshin_rotation_t *rotation)
{
    anshin_store_findings_t findings = {.limit = 1};
    anshin_rotation_rest_t rest;
    apr_status_t status = anshin_store_check(&call->op, &findings);

    status = status == APR_SUCCESS ? anshin_rotation_rest(&call->op, rotation, &rest) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_result_number(call->result, "sealed_with_the_old_key", findings.former);
    anshin_result_number(call->result, "links_made_with_the_old_key", rest.links);
    if (rest.links > 0) {
        anshin_result_time(call->result, "last_link_ends", rest.last_ends, call->pool);
    }
    if (rotation->changed_at != 0) {
        anshin_result_time(call->result, "changed", rotation->changed_at, call->pool);
    }
    if (rotation->resealed_at != 0) {
        anshin_result_time(call->result, "sealed_anew", rotation->resealed_at, call->pool);
    }
    return APR_SUCCESS;
}

static apr_status_t key_status(anshin_call_t *call)
{
    static const char *const stages[] = {[ANSHIN_SEAL_KEY_ALONE] = "no rotation is under way",
                                         [ANSHIN_SEAL_KEY_ANNOUNCED] = "the new key is announced: say key rotate again",
                                         [ANSHIN_SEAL_KEY_CHANGED] = "the new key is in use, the old one still there",
                                         [ANSHIN_SEAL_KEY_GOING] =
                                             "the rotation is over, the old key not wiped yet: say key rotate again"};
    const char *path = apr_pstrcat(call->pool, call->state_dir, "/" ANSHIN_STATE_KEY, NULL);
    anshin_seal_key_stage_t stage = anshin_seal_key_stage(path, call->pool);
    anshin_rotation_t rotation;
    const char *id;
    apr_status_t status = anshin_rotation_get(&call->op, &rotation);

    status = status == APR_SUCCESS ? anshin_key_id(&call->op, 0, &id) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    call->result = json_object();
    anshin_result_text(call->result, "key", id, call->pool);
    anshin_result_text(call->result, "state", stages[stage], call->pool);
    anshin_result_number(call->result, "kept_for_the_audit_trail", rotation.kept);
    return stage == ANSHIN_SEAL_KEY_CHANGED ? put_progress(call, &rotation) : APR_SUCCESS;
}

static const anshin_command_option_t rotate_options[] = {
    {"leaked", NULL,
     "The old key is in wrong hands: end all sessions, and all links, codes and downloads that wait; tell whose "
     "secrets the key opens.",
     0},
    {"now", NULL, "Do not wait for a day until pages that were open at the change are sent.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_key[] = {
    {"key", "rotate", "", 0, 0, rotate_options, ANSHIN_ACCESS_NONE, key_rotate,
     "Put a new seal key in the place of the old one, while everything runs; said again, go on, and wipe the old one "
     "when nothing needs it."},
    {"key", "status", "", 0, 0, NULL, ANSHIN_ACCESS_ALL, key_status,
     "Tell which seal key is in use, and what still needs the old one."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

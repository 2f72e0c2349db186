/*
 * What was unpacked, checked from within: see restored.h.
 *
 * SECURITY. Root parses nothing of a backup that the worker parses, but config.json, and that after its MAC was found
 * right: a child becomes the worker's user for good, and answers with one JSON text. The child that looks at the MACs
 * opens nothing but the key, 32 octets. What a child does not say in so many words was not checked.
 */
#include "htanshin/backup/restored.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "core/audit/chain.h"
#include "core/context/secret.h"
#include "crypto/crypto.h"
#include "crypto/pki/ca.h"
#include "htanshin/child.h"
#include "htanshin/result.h"
#include "runtime/config_file.h"
#include "runtime/open.h"
#include "runtime/state_names.h"
#include "runtime/trail_file.h"

/* What a child has. */
typedef struct work_t {
    anshin_call_t *call;
    const char *directory;
    const anshin_state_owners_t *owners; /* NULL: it stays who it is */
    const anshin_staged_t *staged, *keys;
    json_t *told; /* the answer */
    int despite;  /* damage is no hindrance */
} work_t;

/* --- a child ------------------------------------------------------------------------------------------------------ */

typedef struct running_t {
    work_t *work;
    apr_status_t (*run)(work_t *work);
} running_t;

static apr_status_t run_in_child(void *baton, json_t *told)
{
    const running_t *running = baton;

    running->work->told = told;
    return running->run(running->work);
}

static apr_status_t run_as(work_t *work, uid_t uid, apr_status_t (*run)(work_t *work))
{
    return anshin_child_run(work->call, work->owners != NULL ? uid : (uid_t)-1,
                            work->owners != NULL ? work->owners->group : (gid_t)-1, run_in_child,
                            &(running_t){work, run});
}

/* --- keys and MACs ------------------------------------------------------------------------------------------------ */

static apr_status_t open_key(work_t *work, anshin_op_t *op, anshin_env_t *env)
{
    const anshin_crypto_settings_t settings = {
        .key_file = apr_pstrcat(work->call->pool, work->directory, "/" ANSHIN_STATE_KEY, NULL),
        .memory = 8192, /* for no hash: none is computed here */
        .passes = 1,
        .lanes = 1,
    };
    anshin_crypto_t *crypto = NULL;
    apr_status_t status = anshin_crypto_open(&crypto, &settings, &work->call->op.error, work->call->pool);

    env->crypto = crypto;
    env->now = anshin_clock_system;
    if (status == APR_SUCCESS) {
        anshin_op_init(op, env, NULL, &work->call->op.actor, work->call->pool);
    }
    return status;
}

static apr_status_t check_mac(work_t *work, anshin_op_t *op, const anshin_staged_t *staged)
{
    anshin_error_t *err = &work->call->op.error;
    int is_key = 0, is_mac = 0;
    apr_status_t status = anshin_backup_key_is(op, &is_key, staged->head.key);

    if (status == APR_SUCCESS) {
        status = anshin_backup_mac_is(op, &is_mac, staged->sum, staged->mac);
    }
    if (status != APR_SUCCESS) {
        *err = op->error;
        return status;
    }
    if (!is_key) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1747",
                           "restore: the seal key is not the one that this backup was made with; where the key was "
                           "rotated since, give the backup of the key of then with --keys");
    }
    return is_mac ? APR_SUCCESS
                  : anshin_fail(err, ANSHIN_EINVALID, "AN1748",
                                "restore: the backup was changed by somebody who does not have the seal key");
}

static apr_status_t check_macs(work_t *work)
{
    anshin_env_t env = {0};
    anshin_op_t op;
    apr_status_t status = open_key(work, &op, &env);

    if (status == APR_SUCCESS) {
        status = check_mac(work, &op, work->staged);
    }
    return status == APR_SUCCESS && work->keys != NULL ? check_mac(work, &op, work->keys) : status;
}

apr_status_t anshin_restored_macs(anshin_call_t *call, const char *directory, const anshin_staged_t *staged,
                                  const anshin_staged_t *keys)
{
    work_t work = {call, directory, NULL, staged, keys, NULL, 0};

    return run_as(&work, geteuid(), check_macs);
}

/* --- the store ---------------------------------------------------------------------------------------------------- */

/* A segment behind the one that the store knows; or its length. The worker wrote it after the backup's moment. */
static apr_status_t cut_trail(work_t *work, anshin_op_t *op)
{
    anshin_trail_places_t places;
    const char *path;
    struct stat seen;
    apr_status_t status = anshin_trail_places(op, &places);

    if (status != APR_SUCCESS) {
        return status;
    }
    for (apr_int64_t segment = places.head.segment + 1; unlink(anshin_trail_path(op->env, segment, op->pool)) == 0;
         segment++) {}
    path = anshin_trail_path(op->env, places.head.segment, op->pool);
    if (stat(path, &seen) == 0 && seen.st_size > places.head.octets && truncate(path, places.head.octets) != 0) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1749", "restore: %s cannot be cut: %s", path, strerror(errno));
    }
    (void)work;
    return APR_SUCCESS;
}

void anshin_damage_tell(json_t *result, const anshin_store_findings_t *findings, apr_pool_t *pool)
{
    json_t *found = json_array();

    anshin_result_number(result, "damaged", findings->broken);
    json_object_set_new(result, "found", found);
    for (int i = 0; i < findings->texts->nelts && i < findings->broken; i++) {
        json_t *row = json_object();

        anshin_result_text(row, "found", APR_ARRAY_IDX(findings->texts, i, const char *), pool);
        json_array_append_new(found, row);
    }
}

static apr_status_t look_through(work_t *work, anshin_op_t *op)
{
    anshin_store_findings_t findings = {.limit = ANSHIN_DAMAGE_TEXTS};
    apr_int64_t sessions = 0;
    apr_status_t status = anshin_store_check(op, &findings);

    if (status == APR_SUCCESS && findings.broken > 0 && !work->despite) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1705",
                           "restore: %" APR_INT64_T_FMT " records or files of the backup cannot be read, the first: %s"
                           "; an earlier backup may have them, or give --despite-damage",
                           findings.broken, APR_ARRAY_IDX(findings.texts, 0, const char *));
    }
    if (status == APR_SUCCESS && findings.broken > 0) {
        anshin_damage_tell(work->told, &findings, op->pool);
    }
    if (status == APR_SUCCESS) {
        status = cut_trail(work, op);
    }
    if (status == APR_SUCCESS) {
        status = anshin_backup_restored(op, &work->staged->head, &sessions);
    }
    if (status == APR_SUCCESS) {
        anshin_result_number(work->told, "records", findings.records);
        anshin_result_number(work->told, "blobs", findings.blobs);
        anshin_result_number(work->told, "loose", findings.loose);
        anshin_result_number(work->told, "sessions_ended", sessions);
    }
    return status;
}

static apr_status_t check_store(work_t *work)
{
    anshin_call_t *call = work->call;
    const anshin_hashing_t hashing = {.none = 1};
    anshin_env_t env = {0};
    anshin_config_t *config;
    anshin_op_t op;
    apr_status_t status = anshin_config_file_read(&config, work->directory, &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        status = anshin_open(&env, config, &hashing, &call->op.error, call->pool);
    }
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EFAULT : status;
    }
    anshin_op_init(&op, &env, NULL, &call->op.actor, call->pool);
    status = look_through(work, &op);
    if (status != APR_SUCCESS) {
        call->op.error = op.error;
    }
    apr_pool_destroy(call->pool); /* closes the store, whose checkpointer may be at work */
    return status;
}

apr_status_t anshin_restored_store(anshin_call_t *call, const char *directory, const anshin_state_owners_t *owners,
                                   const anshin_staged_t *staged, int despite)
{
    work_t work = {call, directory, owners, staged, NULL, NULL, despite};

    if (geteuid() == 0 && owners->worker == (uid_t)-1) {
        return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1740",
                           "restore: the CA worker's user (AnshinCAUser) is not there: make it first");
    }
    return run_as(&work, owners->worker, check_store);
}

/* --- the CAs ------------------------------------------------------------------------------------------------------ */

static apr_status_t check_key(work_t *work, const char *certificate, const char *name)
{
    anshin_call_t *call = work->call;
    const anshin_ca_key_source_t source = {
        .key = apr_psprintf(call->pool, "%.*skey", (int)strlen(certificate) - 3, certificate)};
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = anshin_ca_try_key(certificate, &source, &err, call->pool);
    if (status == APR_SUCCESS) {
        anshin_result_text(work->told, name, "its key belongs to it", call->pool);
    } else if (status == ANSHIN_ENOTFOUND) {
        anshin_result_text(work->told, name, "its key is not here: put it back, unless it is elsewhere or on a token",
                           call->pool);
    } else if (strstr(err.text, "encrypted") != NULL || strstr(err.text, "passphrase") != NULL) {
        anshin_result_text(work->told, name, "its key is encrypted and was not tried", call->pool);
    } else {
        call->op.error = err;
        call->op.error.status = ANSHIN_EINVALID;
        return ANSHIN_EINVALID;
    }
    return APR_SUCCESS;
}

static apr_status_t check_cas(work_t *work)
{
    const char *ca = apr_pstrcat(work->call->pool, work->directory, "/" ANSHIN_STATE_CA, NULL);
    apr_status_t status = APR_SUCCESS;
    apr_finfo_t entry;
    apr_dir_t *stream;

    if (apr_dir_open(&stream, ca, work->call->pool) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    while (status == APR_SUCCESS && apr_dir_read(&entry, APR_FINFO_NAME, stream) == APR_SUCCESS) {
        apr_size_t length = strlen(entry.name);

        if (length > 4 && strcmp(entry.name + length - 4, ".crt") == 0) {
            status = check_key(work, apr_pstrcat(work->call->pool, ca, "/", entry.name, NULL),
                               apr_pstrdup(work->call->pool, entry.name));
        }
    }
    (void)apr_dir_close(stream);
    return status;
}

apr_status_t anshin_restored_ca(anshin_call_t *call, const char *directory, const anshin_state_owners_t *owners)
{
    work_t work = {call, directory, owners, NULL, NULL, NULL, 0};

    return run_as(&work, owners->signer, check_cas);
}

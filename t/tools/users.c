/*
 * people STATE_DIR PREFIX COUNT [HASH-MEMORY]: users PREFIX1 to PREFIXcount who have just registered, so that as many
 * certificates are to be issued where the contract's default method asks for one. Prints "USER DOWNLOAD-PASSWORD" a
 * line ("-" without a certificate); their password is that of add_person(). HASH-MEMORY in KiB, 8192 when not given:
 * that of the server, or its first login hashes anew. Makes seal key and store where they are missing.
 *
 * For the suites of the worker, which need neither httpd nor a browser, and for those that need many users.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "crypto/keyfile.h"
#include "core/mail/job.h"
#include "core/selfservice/registration.h"
#include "crypto/crypto.h"
#include "runtime/config_file.h"
#include "store/dbm/store_dbm.h"
#include "core/admin/operator.h"

__attribute__((noreturn)) static void die(const char *what, const anshin_error_t *err)
{
    fprintf(stderr, "people: %s: %s %s\n", what, err->id, err->text);
    exit(1);
}

static void open_env(anshin_env_t *env, const char *state_dir, int memory, apr_pool_t *pool)
{
    anshin_crypto_settings_t settings = {.passes = 1, .lanes = 1, .slots = 2, .wait = apr_time_from_sec(30)};
    anshin_config_t *config;
    anshin_crypto_t *crypto;
    anshin_error_t err;

    anshin_error_clear(&err);
    settings.memory = memory;
    settings.key_file = apr_pstrcat(pool, state_dir, "/seal.key", NULL);
    settings.slot_dir = apr_pstrcat(pool, state_dir, "/slots", NULL);
    (void)mkdir(settings.slot_dir, 0770);
    if (anshin_config_file_read(&config, state_dir, &err, pool) != APR_SUCCESS ||
        anshin_seal_key_create(settings.key_file, (gid_t)-1, &err, pool) != APR_SUCCESS ||
        anshin_crypto_open(&crypto, &settings, &err, pool) != APR_SUCCESS ||
        anshin_store_open(&env->store, &anshin_store_dbm, apr_pstrcat(pool, state_dir, "/store", NULL), &err, pool) !=
            APR_SUCCESS) {
        die(state_dir, &err);
    }
    env->config = config;
    env->crypto = crypto;
    env->now = anshin_clock_system;
    env->now_baton = NULL;
}

static void add_person(const anshin_env_t *env, const char *user, apr_pool_t *pool)
{
    anshin_account_new_t spec = {
        user, apr_pstrcat(pool, user, "@mail.example", NULL), -1, ANSHIN_TERMINAL_PC, "ja", NULL, NULL, NULL, 0};
    anshin_registration_form_t form = {
        "Correct-horse-9-battery", "Correct-horse-9-battery", "pet", "たま", "ja", 0, NULL};
    anshin_registration_result_t result;
    anshin_code_result_t code;
    anshin_invitation_t invitation;
    const char *token;
    anshin_op_t op;

    anshin_op_init(&op, env, APR_ARRAY_IDX(env->config->contracts, 0, anshin_contract_t *), &anshin_actor_worker, pool);
    if (anshin_account_create(&op, &spec, &invitation) != APR_SUCCESS) {
        die(user, &op.error);
    }
    token = strstr(invitation.url, "?t=") + 3;
    if (anshin_registration_code(&op, token, invitation.code, &code) != APR_SUCCESS || !code.right ||
        anshin_registration_complete(&op, token, &form, &result) != APR_SUCCESS) {
        die(user, &op.error);
    }
    if (op.jobs_queued) {
        anshin_job_ring(&op);
    }
    printf("%s %s\n", user, result.download_password == NULL ? "-" : result.download_password);
}

int main(int argc, char **argv)
{
    anshin_env_t env = {0};
    apr_pool_t *pool;
    apr_pool_t *scratch;
    long count;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: people STATE_DIR PREFIX COUNT [HASH-MEMORY]\n");
        return 2;
    }
    count = strtol(argv[3], NULL, 10);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    (void)umask(S_IRWXO);
    open_env(&env, argv[1], argc > 4 ? (int)strtol(argv[4], NULL, 10) : 8192, pool);
    apr_pool_create(&scratch, pool);
    for (long i = 1; i <= count; i++) {
        apr_pool_clear(scratch);
        add_person(&env, apr_psprintf(scratch, "%s%ld", argv[2], i), scratch);
    }
    apr_pool_destroy(pool);
    return 0;
}

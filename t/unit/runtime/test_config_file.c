/* runtime/config_file.c: the configuration in the state directory, written by httpd and believed by others (S31,
 * S36). */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/config_file.h"
#include "core/config/config_json.h"
#include "unit/scratch.h"
#include "unit/tap.h"

static apr_pool_t *pool;
static anshin_error_t err;

static anshin_config_t *config_of(const char *state_dir)
{
    anshin_config_t *config;

    anshin_error_clear(&err);
    anshin_config_create(&config, &err, pool);
    config->server.state_dir = state_dir;
    return config;
}

static void declare(anshin_config_t *config, const char *name, const char *url)
{
    anshin_contract_t *contract;

    anshin_contract_create(&contract, name, ANSHIN_PRESET_MODERN, &err, pool);
    anshin_option_parse(&contract->policy, anshin_option_find(anshin_policy_options, "AnshinPortalURL"), 1, &url, &err,
                        pool);
    anshin_contract_finish(contract, &err, pool);
    APR_ARRAY_PUSH(config->contracts, anshin_contract_t *) = contract;
}

static void write_text(const char *path, const char *text)
{
    scratch_write(path, text, strlen(text), 0640);
}

static void hostile(const char *dir, const char *good)
{
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "\xff",
        "{\"version\":2,\"server\":{},\"contracts\":[]}",
        "{\"version\":1,\"server\":{},\"contracts\":[]}",
        "{\"version\":1,\"server\":{},\"contracts\":{}}",
        "{\"version\":1,\"server\":{},\"contracts\":[],\"more\":1}",
        "{\"version\":1,\"version\":1,\"server\":{},\"contracts\":[]}",
        "{\"version\":1,\"server\":{\"AnshinStateDir\":\"/x\"},\"contracts\":[{\"name\":\"../a\",\"preset\":\"modern\","
        "\"policy\":{\"AnshinPortalURL\":\"https://a.example/\"}}]}",
        "{\"version\":1,\"server\":{\"AnshinStateDir\":\"/x\"},\"contracts\":[{\"name\":\"a\",\"preset\":\"none\","
        "\"policy\":{\"AnshinPortalURL\":\"https://a.example/\"}}]}",
        "{\"version\":1,\"server\":{\"AnshinStateDir\":\"/x\"},\"contracts\":[{\"name\":\"a\",\"preset\":\"modern\","
        "\"policy\":{}}]}",
        "{\"version\":1,\"server\":{\"AnshinStateDir\":\"/x\",\"AnshinHashMemory\":\"1\"},\"contracts\":[]}"};
    const char *path = apr_pstrcat(pool, dir, "/config.json", NULL);
    anshin_config_t *config;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        write_text(path, wrong[i]);
        anshin_error_clear(&err);
        ok(anshin_config_file_read(&config, dir, &err, pool) == ANSHIN_EINVALID && err.text[0] != '\0',
           "a broken snapshot is refused: %.80s", err.text);
    }
    for (size_t length = strlen(good) - 2; length > 200; length /= 2) {
        write_text(path, apr_pstrmemdup(pool, good, length));
        anshin_error_clear(&err);
        ok(anshin_config_file_read(&config, dir, &err, pool) == ANSHIN_EINVALID,
           "a snapshot cut at %d bytes is refused", (int)length);
    }
}

static void snapshot(void)
{
    const char *dir = scratch_directory(pool);
    const char *path = apr_pstrcat(pool, dir, "/config.json", NULL);
    anshin_config_t *config = config_of(dir), *again = NULL;
    json_t *a, *b;
    struct stat info;
    char *text;

    ok(anshin_config_file_read(&again, dir, &err, pool) == ANSHIN_ENOTFOUND, "no snapshot yet: %s", err.text);
    declare(config, "a", "https://a.example/");
    declare(config, "b", "https://a.example:8443/b/");
    anshin_config_finish(config, &err, pool);
    anshin_error_clear(&err);
    ok(anshin_config_file_write(config, &err, pool) == APR_SUCCESS &&
           anshin_config_file_write(config, &err, pool) == APR_SUCCESS,
       "saved, twice: %s", err.text);
    ok(stat(path, &info) == 0 && (info.st_mode & 07777) == 0640 && scratch_entries(dir) == 1,
       "S31: mode 0640, and nothing else is left behind");
    ok(anshin_config_file_read(&again, dir, &err, pool) == APR_SUCCESS, "read back: %s", err.text);
    a = anshin_config_to_json(config, pool);
    b = anshin_config_to_json(again, pool);
    ok(again != NULL && json_equal(a, b), "the same configuration comes back");
    ok(same_text(anshin_config_contract(again, "b")->portal_origin, "https://a.example:8443") &&
           anshin_config_contract(again, "b")->preset == ANSHIN_PRESET_MODERN,
       "with its derived places and preset");
    text = json_dumps(a, 0);
    hostile(dir, text);
    free(text);
    json_decref(a);
    json_decref(b);
    anshin_error_clear(&err);
    ok(anshin_config_file_write(config, &err, pool) == APR_SUCCESS &&
           anshin_config_file_read(&again, dir, &err, pool) == APR_SUCCESS,
       "a new start mends it");
    unlink(path);
    rmdir(dir);
    anshin_error_clear(&err);
    ok(anshin_config_file_write(config, &err, pool) == ANSHIN_EFAULT && strstr(err.text, "cannot make"),
       "a state directory that is gone is a fault: %s", err.text);
}

/* Whose it is and who could have written it is judged on the file itself. */
static void believed(void)
{
    const char *dir = scratch_directory(pool);
    const char *path = apr_pstrcat(pool, dir, "/config.json", NULL);
    const char *elsewhere = apr_pstrcat(pool, dir, "/elsewhere", NULL);
    anshin_config_t *config = config_of(dir), *again = NULL;

    declare(config, "a", "https://a.example/");
    anshin_config_finish(config, &err, pool);
    anshin_config_file_write(config, &err, pool);
    anshin_error_clear(&err);
    for (mode_t mode = 0; mode < 0100; mode++) {
        int others = (mode & 0027) != 0;
        apr_status_t status;

        chmod(path, 0600 | mode);
        anshin_error_clear(&err);
        status = anshin_config_file_read(&again, dir, &err, pool);
        ok(others ? status == ANSHIN_EINVALID && same_text(err.id, "AN0771") : status == APR_SUCCESS,
           "S36: a configuration of mode %04o is %s", 0600 | (unsigned)mode, others ? "not believed" : "read");
    }
    chmod(path, 0640);
    anshin_error_clear(&err);
    ok(rename(path, elsewhere) == 0 && symlink(elsewhere, path) == 0 &&
           anshin_config_file_read(&again, dir, &err, pool) == ANSHIN_EINVALID && same_text(err.id, "AN1022"),
       "S36: nor one behind a link: %s", err.text);
    unlink(path);
    anshin_error_clear(&err);
    ok(mkfifo(path, 0640) == 0 && anshin_config_file_read(&again, dir, &err, pool) == ANSHIN_EINVALID,
       "a pipe holds nobody up: %s", err.text);
    unlink(path);
    if (geteuid() == 0) {
        ok(rename(elsewhere, path) == 0 && chown(path, 1, (gid_t)-1) == 0 &&
               anshin_config_file_read(&again, dir, &err, pool) == ANSHIN_EINVALID,
           "S36: another user's is not believed by root");
    }
}

/* D1: a copy, or a directory that was moved. */
static void elsewhere(void)
{
    static const char *const places[] = {"/state", "/state/"};
    const char *dir = scratch_directory(pool);
    anshin_config_t *again = NULL;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        anshin_config_t *config = config_of(places[i]);
        json_t *json;

        declare(config, "a", "https://a.example/");
        config->server.share_dir = "/statement/share";
        config->server.mail_spool = "/state/mail";
        anshin_config_finish(config, &err, pool);
        json = anshin_config_to_json(config, pool);
        json_dump_file(json, apr_pstrcat(pool, dir, "/config.json", NULL), 0);
        json_decref(json);
        chmod(apr_pstrcat(pool, dir, "/config.json", NULL), 0640);
        anshin_error_clear(&err);
        ok(anshin_config_file_read(&again, dir, &err, pool) == APR_SUCCESS && same_text(again->server.state_dir, dir) &&
               same_text(again->server.ca_key, apr_pstrcat(pool, dir, "/ca/ca.key", NULL)) &&
               same_text(again->server.mail_spool, apr_pstrcat(pool, dir, "/mail", NULL)) &&
               same_text(again->server.share_dir, "/statement/share"),
           "a copy of %s is its own: what lay below it lies below the copy, and nothing else moves: %s", places[i],
           err.text);
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    snapshot();
    believed();
    elsewhere();
    apr_terminate();
    return done();
}

/*
 * htanshin store move: all of the store into the one that AnshinStore is to name from then on (CLU-4).
 *
 * SECURITY. What is read lies for as long as it takes in a file of the state directory that has no name, which nobody
 * else can open.
 */
#include "htanshin/dump/move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/config/store_address.h"
#include "core/keeping/move.h"
#include "htanshin/dump/lines.h"
#include "htanshin/language/language.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/open.h"
#include "runtime/state_names.h"

static void show_progress(void *baton, anshin_move_step_t step, apr_int64_t lines)
{
    const long so_many = (long)lines;

    (void)baton;
    (void)fprintf(stderr, "\r%30s\r", "");
    switch (step) {
    case ANSHIN_MOVE_READ:
        (void)fprintf(stderr, anshin_say("%ld lines read"), so_many);
        break;
    case ANSHIN_MOVE_CHECKED:
        (void)fprintf(stderr, anshin_say("%ld lines checked"), so_many);
        break;
    case ANSHIN_MOVE_WRITTEN:
        (void)fprintf(stderr, anshin_say("%ld lines written"), so_many);
        break;
    case ANSHIN_MOVE_COMPARED:
        (void)fprintf(stderr, anshin_say("%ld lines compared"), so_many);
        break;
    }
}

/* As the configuration would be with the target, whose name and place are judged by the same rules. */
static apr_status_t choose_target(anshin_call_t *call, anshin_config_t **config)
{
    const anshin_server_t *server = &call->config->server;
    const char *to = call->operands[0];
    anshin_error_t *err = &call->op.error;
    anshin_store_kind_t kind;
    const char *address;
    apr_status_t status = anshin_store_address_read(&kind, &address, to, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    *config = apr_pmemdup(call->pool, call->config, sizeof(**config));
    (*config)->server.store = to;
    if (strcmp(server->store, to) == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1944", "store move: %.100s is the store that there is", to);
    }
    return anshin_open_store_is_local(server) && kind != ANSHIN_STORE_PGSQL
               ? anshin_fail(err, ANSHIN_EINVALID, "AN1945",
                             "store move: both would lie in %.100s/store; use htanshin dump and load",
                             server->state_dir)
               : APR_SUCCESS;
}

/* One in a server gets its tables, where it has none. */
static apr_status_t open_target(anshin_call_t *call, const anshin_config_t *config, anshin_env_t *target)
{
    const anshin_hashing_t none = {.none = 1};
    apr_status_t status = APR_SUCCESS;

    if (!anshin_open_store_is_local(&config->server)) {
        status = anshin_open_store_init(&config->server, &call->op.error, call->pool);
        if (status == ANSHIN_ECONFLICT) {
            anshin_error_clear(&call->op.error);
            status = APR_SUCCESS;
        }
    }
    return status == APR_SUCCESS ? anshin_open_to_load(target, config, &none, &call->op.error, call->pool) : status;
}

/* For a store in files: of which machine. */
static const char *name_of(const anshin_config_t *config, apr_pool_t *pool)
{
    char host[256] = "";

    if (!anshin_open_store_is_local(&config->server)) {
        return config->server.store;
    }
    (void)gethostname(host, sizeof(host) - 1);
    return apr_psprintf(pool, "%s (%s, %s)", config->server.store, host, config->server.state_dir);
}

static FILE *nameless(const anshin_call_t *call)
{
    const char *directory = apr_pstrcat(call->pool, call->config->server.state_dir, "/" ANSHIN_STATE_STORE, NULL);
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);

    return fd >= 0 ? fdopen(fd, "w+") : NULL;
}

static void tell(anshin_call_t *call, const anshin_config_t *target, const anshin_loaded_t *moved)
{
    const char *store = target->server.store;
    const char *to_do =
        call->json
            ? apr_psprintf(call->pool,
                           "write into httpd's configuration on every machine: AnshinStore '%s'; then start httpd",
                           store)
            : apr_psprintf(
                  call->pool,
                  anshin_say("write into httpd's configuration on every machine: AnshinStore '%s'; then start httpd"),
                  store);

    call->result = json_object();
    anshin_result_number(call->result, "records", moved->records);
    anshin_result_number(call->result, "blobs", moved->blobs);
    anshin_result_number(call->result, "due", moved->due);
    anshin_result_text(call->result, "to_do", to_do, call->pool);
}

apr_status_t anshin_store_move(anshin_call_t *call)
{
    anshin_move_t move = {.replace = anshin_call_value(call, "replace") != NULL,
                          .write = anshin_lines_write,
                          .settle = anshin_lines_settle,
                          .progress = isatty(STDERR_FILENO) ? show_progress : NULL};
    anshin_config_t *config = NULL;
    anshin_load_source_t source;
    anshin_lines_t lines;
    anshin_env_t target = {0};
    anshin_loaded_t moved;
    apr_status_t status = choose_target(call, &config);

    status = status == APR_SUCCESS ? open_target(call, config, &target) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    move.file = nameless(call);
    if (move.file == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1946",
                           "store move: no file for what is read can be made in %.100s/store: %s",
                           config->server.state_dir, strerror(errno));
    }
    source = anshin_lines_of(&lines, move.file, call->pool);
    move.target = &target;
    move.to = name_of(config, call->pool);
    move.lines = &source;
    status = anshin_move(&call->op, &move, &moved);
    (void)fclose(move.file);
    if (move.progress != NULL) {
        (void)fprintf(stderr, "\r%30s\r", "");
    }
    if (status == APR_SUCCESS) {
        tell(call, config, &moved);
    }
    return status;
}

const anshin_command_option_t anshin_store_move_options[] = {
    {"replace", NULL, "Also into a store that is not empty: all that is in it goes.", 0},
    {NULL, NULL, NULL, 0},
};

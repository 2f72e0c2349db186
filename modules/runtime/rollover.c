/*
 * The roll-over files of the CAs: see rollover.h.
 *
 * SECURITY: who may write such a file may have other CAs trusted. It lies beside the key, in a directory of the
 * signer's user or of root, who have all of that already.
 */
#include "runtime/rollover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/config/ca_files.h"
#include "runtime/io.h"
#include "runtime/state_open.h"

#define SIZE_MAX_READ 4096
#define MODE 0644

/* --- in ---------------------------------------------------------------------------------------------------------- */

static apr_status_t parse(anshin_ca_line_t *line, int fd, const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    char data[SIZE_MAX_READ];
    anshin_error_t rule;
    apr_size_t length = 0;
    json_t *json = anshin_io_read(fd, data, sizeof(data), &length) == APR_SUCCESS
                       ? json_loadb(data, length, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    apr_status_t status;

    anshin_error_clear(&rule);
    status = json != NULL ? anshin_ca_line_from_json(line, json, &rule, pool) : ANSHIN_EINVALID;
    json_decref(json);
    return status == APR_SUCCESS ? status
                                 : anshin_fail(err, ANSHIN_EINVALID, "AN1235",
                                               "%s is not what htanshin ca writes: %s; put it back from the backup",
                                               path, json != NULL ? rule.text : "no JSON");
}

apr_status_t anshin_rollover_read(anshin_ca_line_t *line, const char *state_dir, const char *path, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    anshin_error_t none;
    int fd;
    apr_status_t status;

    memset(line, 0, sizeof(*line));
    anshin_error_clear(&none);
    status = anshin_state_open(&fd, state_dir, path, &none, pool);
    if (status == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS) {
        *err = none;
        return status;
    }
    status = parse(line, fd, path, err, pool);
    (void)close(fd);
    return status;
}

apr_status_t anshin_rollovers_read(anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool)
{
    const char *state_dir = config->server.state_dir;
    apr_status_t status =
        anshin_rollover_read(&config->line, state_dir, anshin_ca_rollover_file(config, NULL, pool), err, pool);

    for (int i = 0; status == APR_SUCCESS && i < config->contracts->nelts; i++) {
        anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, anshin_contract_t *);

        if (contract->policy.ca_certificate != NULL) {
            status = anshin_rollover_read(&contract->line, state_dir, anshin_ca_rollover_file(config, contract, pool),
                                          err, pool);
        }
    }
    return status;
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* 0, or an errno. */
static int fill(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    int code = fd < 0 ? errno : anshin_io_write(fd, text, strlen(text));

    if (code == 0 && (fchmod(fd, MODE) != 0 || fsync(fd) != 0)) {
        code = errno;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return code;
}

apr_status_t anshin_rollover_write(const char *path, const anshin_ca_line_t *line, anshin_error_t *err,
                                   apr_pool_t *pool)
{
    const char *fresh = apr_pstrcat(pool, path, ".new", NULL);
    json_t *json = anshin_ca_line_to_json(line);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    int code = ENOMEM;

    json_decref(json);
    (void)unlink(fresh); /* one that a crash left */
    if (text != NULL) {
        code = fill(fresh, text);
        code = code == 0 && rename(fresh, path) != 0 ? errno : code;
        free(text);
    }
    if (code == 0) {
        code = anshin_io_sync_directory(apr_pstrmemdup(pool, path, (apr_size_t)(strrchr(path, '/') - path) + 1));
    } else {
        (void)unlink(fresh);
    }
    return code == 0 ? APR_SUCCESS : anshin_fail(err, ANSHIN_EFAULT, "AN1236", "%s: %s", path, strerror(code));
}

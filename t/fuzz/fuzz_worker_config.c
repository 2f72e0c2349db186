/*
 * The snapshot of the configuration as the worker reads it, who may be root then: a file of anything, of any mode, or a
 * link. What only its owner can write and the world cannot read is taken as one of mode 0600 is; nothing else is taken.
 *
 * An octet of mode, then the file.
 */
#include "fuzz.h"

#include <sys/stat.h>
#include <unistd.h>

#include "runtime/config_file.h"
#include "core/config/config_json.h"

enum {
    MODE_BITS = 0x3f, /* of group and others */
    MODE_LINK = 0x40  /* a link to such a file */
};

const int fuzz_runs = 600; /* of long seeds, read twice */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    (void)fuzz_directory();
    return 0;
}

static void put_file(int mode, const uint8_t *data, size_t size, apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, fuzz_directory(), "/config.json", NULL);
    const char *path = fuzz_file("snapshot", data, size);

    (void)unlink(name);
    require(chmod(path, 0600 | (mode & MODE_BITS)) == 0);
    require(((mode & MODE_LINK) != 0 ? symlink(path, name) : link(path, name)) == 0);
}

/* The same octets, as its owner alone can read them. */
static apr_status_t read_plain(anshin_config_t **config, const uint8_t *data, size_t size, apr_pool_t *pool)
{
    put_file(0, data, size, pool);
    return anshin_config_file_read(config, fuzz_directory(), NULL, pool);
}

static void check_alike(const anshin_config_t *config, const anshin_config_t *other, apr_pool_t *pool)
{
    json_t *first = anshin_config_to_json(config, pool);
    json_t *second = anshin_config_to_json(other, pool);

    require(json_equal(first, second));
    json_decref(first);
    json_decref(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    int mode = size > 0 ? data[0] : 0;
    int wide = (mode & 0027) != 0; /* nobody but its owner writes, the world has nothing */
    anshin_config_t *config = NULL;
    anshin_config_t *other = NULL;
    anshin_error_t err;
    apr_status_t status;

    data += size > 0;
    size -= size > 0;
    put_file(mode, data, size, pool);
    anshin_error_clear(&err);
    status = anshin_config_file_read(&config, fuzz_directory(), &err, pool);
    if ((mode & MODE_LINK) != 0) {
        require(status == ANSHIN_EINVALID && strcmp(err.id, "AN1022") == 0);
    } else if (wide) {
        require(status == ANSHIN_EINVALID && strcmp(err.id, "AN0771") == 0);
    } else {
        require(status == APR_SUCCESS || status == ANSHIN_EINVALID);
        require((read_plain(&other, data, size, pool) == APR_SUCCESS) == (status == APR_SUCCESS));
    }
    require((status == APR_SUCCESS) == (err.text[0] == '\0') && strlen(err.text) < sizeof(err.text));
    if (status == APR_SUCCESS) {
        check_alike(config, other, pool);
    }
    return 0;
}

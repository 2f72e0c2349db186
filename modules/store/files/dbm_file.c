/*
 * A table: see table.h.
 *
 * What apr_dbm (1.6) does and does not do, as found out by trying: a missing key is APR_SUCCESS with no data; gdbm
 * hands out memory that must be given back, db memory that lives until the next call; nothing is closed when a pool
 * ends; gdbm leaves its descriptor open for programs that are started; the first call of all keeps the root of the pool
 * it was given for as long as the process lives.
 */
#include "store/files/dbm_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_dbm.h>
#include <apr_strings.h>

#define GDBM_ITEM_NOT_FOUND 15 /* of gdbm.h, part of its ABI */

struct anshin_dbm_file_t {
    apr_pool_t *pool;
    apr_dbm_t *dbm;
    const char *name;
    int is_gdbm;
};

apr_status_t anshin_dbm_file_load_driver(const char *type, anshin_error_t *err)
{
    const char *first;
    const char *second;
    apr_pool_t *pool;
    apr_status_t status;

    apr_pool_create(&pool, NULL); /* its root is APR's own pool, which lives as long as the process */
    status = apr_dbm_get_usednames_ex(pool, type, "name", &first, &second);
    apr_pool_destroy(pool);
    if (status != APR_SUCCESS) {
        char text[128];

        return anshin_fail(
            err, ANSHIN_EINVALID, "AN0344",
            "store: apr-util has no driver for DBM files of type %s: %s. Install the library (Berkeley DB "
            "for db, GNU dbm for gdbm), or name the other type: AnshinStore %s",
            type, apr_strerror(status, text, sizeof(text)), strcmp(type, "db") == 0 ? "dbm:gdbm" : "dbm");
    }
    return APR_SUCCESS;
}

/* Every descriptor of this file that the process has: only our own tables open it. */
static void keep_from_programs(int fd)
{
    struct stat wanted;
    struct stat facts;
    struct dirent *entry;
    DIR *stream = opendir("/proc/self/fd");

    if (stream == NULL || fstat(fd, &wanted) != 0) {
        if (stream != NULL) {
            closedir(stream);
        }
        return;
    }
    while ((entry = readdir(stream)) != NULL) {
        int other = (int)strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && fstat(other, &facts) == 0 && facts.st_ino == wanted.st_ino &&
            facts.st_dev == wanted.st_dev) {
            (void)fcntl(other, F_SETFD, FD_CLOEXEC);
        }
    }
    closedir(stream);
}

static const apr_int32_t apr_modes[] = {
    [ANSHIN_DBM_FILE_READ] = APR_DBM_READONLY,
    [ANSHIN_DBM_FILE_WRITE] = APR_DBM_READWRITE,
    [ANSHIN_DBM_FILE_CREATE] = APR_DBM_RWCREATE, /* db refuses an empty file that is there, so apr_dbm makes it */
};

/* db makes a file under another name first, and waits without end for one that a killed process has left there. */
static apr_status_t remove_remains(const anshin_dbm_file_t *table, const anshin_directory_t *directory,
                                   anshin_error_t *err)
{
    apr_status_t status = anshin_directory_remove(directory, apr_pstrcat(table->pool, "__db.", table->name, NULL), err);

    return status == APR_SUCCESS ? anshin_directory_remove(directory, table->name, err) : status;
}

/* Look at the file before apr_dbm does: is it there, a file of ours, and (made just now) of the right mode? */
static apr_status_t open_dbm(anshin_dbm_file_t *table, const anshin_directory_t *directory, const char *type,
                             anshin_dbm_file_mode_t mode, anshin_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    int fd = -1;

    if (mode == ANSHIN_DBM_FILE_CREATE) {
        status = remove_remains(table, directory, err);
    } else {
        status = anshin_directory_open_file(&fd, directory, table->name, O_RDONLY, err);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    status =
        apr_dbm_open_ex(&table->dbm, type, anshin_directory_path(directory, table->name, table->pool), apr_modes[mode],
                        APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD | APR_FPROT_GWRITE, table->pool);
    if (status != APR_SUCCESS) {
        char text[128];

        status = anshin_fail(err, ANSHIN_EFAULT, "AN0337", "store: cannot open %s as a %s file: %s", table->name, type,
                             apr_strerror(status, text, sizeof(text)));
    } else if (mode == ANSHIN_DBM_FILE_CREATE) {
        status = anshin_directory_adopt(&fd, directory, table->name, err);
        if (status != APR_SUCCESS) {
            apr_dbm_close(table->dbm);
        }
    }
    if (status == APR_SUCCESS && table->is_gdbm) {
        keep_from_programs(fd);
    }
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

/* db writes pages as malloc gave them, with whatever the process had in that memory before: passwords of requests, or
 * the very records that a scrub is to remove (t/conf/valgrind.supp has the place). From here on memory comes filled,
 * and stays so: other threads may be at a table as well, and a process that makes bases makes more of them. */
static void fill_memory(void)
{
#ifdef M_PERTURB
    (void)mallopt(M_PERTURB, 0x5a);
#endif
}

apr_status_t anshin_dbm_file_open(anshin_dbm_file_t **table, const anshin_directory_t *directory, const char *name,
                                  const char *type, anshin_dbm_file_mode_t mode, anshin_error_t *err)
{
    anshin_dbm_file_t *self;
    apr_pool_t *pool;
    apr_status_t status;

    *table = NULL;
    if (apr_pool_create_unmanaged(&pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0336", "store: no memory to open %s", name);
    }
    self = apr_pcalloc(pool, sizeof(*self));
    self->pool = pool;
    self->name = apr_pstrdup(pool, name);
    self->is_gdbm = strcmp(type, "gdbm") == 0;
    if (mode != ANSHIN_DBM_FILE_READ) {
        fill_memory();
    }
    status = open_dbm(self, directory, type, mode, err);
    if (status != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return status;
    }
    *table = self;
    return APR_SUCCESS;
}

void anshin_dbm_file_close(anshin_dbm_file_t *table)
{
    if (table != NULL) {
        apr_dbm_close(table->dbm);
        apr_pool_destroy(table->pool);
    }
}

/* db writes its pages in closing, tries every one, and returns what went wrong to apr_dbm, which drops it. But errno is
 * set by whatever system call fails, and by none that succeeds: when it is still 0, none has failed. (A page that could
 * not be written before, in a put, is still in memory and is tried once more.) gdbm writes through a mapping, which
 * does not tell. */
int anshin_dbm_file_finish(anshin_dbm_file_t *table)
{
    int is_gdbm = table->is_gdbm;
    int failed;

    errno = 0;
    apr_dbm_close(table->dbm);
    failed = errno;
    apr_pool_destroy(table->pool);
    return failed == 0 && !is_gdbm;
}

static apr_status_t fail(const anshin_dbm_file_t *table, apr_status_t status, const char *id, const char *what,
                         anshin_error_t *err)
{
    char general[120];
    char text[120] = "";
    int code;

    apr_dbm_geterror(table->dbm, &code, text, sizeof(text));
    return anshin_fail(err, ANSHIN_EFAULT, id, "store: cannot %s %s: %s (%s, %d)", what, table->name,
                       apr_strerror(status, general, sizeof(general)), text, code);
}

static apr_datum_t datum(const void *data, apr_size_t length)
{
    return (apr_datum_t){.dptr = (char *)data, .dsize = length};
}

/* gdbm answers a damaged file like a missing key; its error code tells them apart. */
static int failed_quietly(const anshin_dbm_file_t *table)
{
    char text[16];
    int code = 0;

    if (!table->is_gdbm) {
        return 0;
    }
    apr_dbm_geterror(table->dbm, &code, text, sizeof(text));
    return code != 0 && code != GDBM_ITEM_NOT_FOUND;
}

static apr_status_t fetch(anshin_dbm_file_t *table, const void *key, apr_size_t key_length, apr_datum_t *value,
                          anshin_error_t *err)
{
    apr_status_t status;

    memset(value, 0, sizeof(*value));
    errno = 0;
    status = apr_dbm_fetch(table->dbm, datum(key, key_length), value);
    if (value->dptr != NULL) {
        return APR_SUCCESS;
    }
    if (failed_quietly(table) || (status != APR_SUCCESS && !table->is_gdbm)) {
        return fail(table, status, "AN0338", "read", err);
    }
    return ANSHIN_ENOTFOUND;
}

apr_status_t anshin_dbm_file_get(anshin_dbm_file_t *table, const void *key, apr_size_t key_length,
                                 anshin_bytes_t *value, anshin_error_t *err, apr_pool_t *pool)
{
    apr_datum_t found;
    apr_status_t status = fetch(table, key, key_length, &found, err);

    if (status == APR_SUCCESS) {
        value->data = apr_pmemdup(pool, found.dptr, found.dsize);
        value->length = found.dsize;
        apr_dbm_freedatum(table->dbm, found);
    }
    return status;
}

apr_status_t anshin_dbm_file_has(anshin_dbm_file_t *table, const void *key, apr_size_t key_length, anshin_error_t *err)
{
    apr_datum_t found;
    apr_status_t status = fetch(table, key, key_length, &found, err);

    if (status == APR_SUCCESS) {
        apr_dbm_freedatum(table->dbm, found);
    }
    return status;
}

apr_status_t anshin_dbm_file_put(anshin_dbm_file_t *table, const void *key, apr_size_t key_length, const void *value,
                                 apr_size_t length, anshin_error_t *err)
{
    apr_status_t status = apr_dbm_store(table->dbm, datum(key, key_length), datum(value, length));

    return status == APR_SUCCESS ? APR_SUCCESS : fail(table, status, "AN0339", "write", err);
}

apr_status_t anshin_dbm_file_erase(anshin_dbm_file_t *table, const void *key, apr_size_t key_length,
                                   anshin_error_t *err)
{
    apr_status_t status = apr_dbm_delete(table->dbm, datum(key, key_length));

    return status == APR_SUCCESS ? APR_SUCCESS : fail(table, status, "AN0340", "erase from", err);
}

/* The next key is asked for with the key before, as the library handed it out; the visitor gets a copy, which a fetch
 * cannot overwrite. */
static apr_status_t visit_one(anshin_dbm_file_t *table, apr_datum_t key, int with_values,
                              anshin_dbm_file_visit_fn *visit, void *baton, anshin_error_t *err)
{
    char copy[ANSHIN_DBM_FILE_KEY_MAX];
    apr_datum_t value;
    apr_status_t status;

    if (key.dsize > sizeof(copy)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0341", "store: %s holds a key that is too long", table->name);
    }
    memcpy(copy, key.dptr, key.dsize);
    if (!with_values) {
        return visit(baton, copy, key.dsize, NULL, 0);
    }
    status = fetch(table, copy, key.dsize, &value, err);
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0342", "store: %s lists a key that it does not find", table->name);
    }
    if (status == APR_SUCCESS) {
        status = visit(baton, copy, key.dsize, value.dptr, value.dsize);
        apr_dbm_freedatum(table->dbm, value);
    }
    return status;
}

apr_status_t anshin_dbm_file_each(anshin_dbm_file_t *table, int with_values, anshin_dbm_file_visit_fn *visit,
                                  void *baton, anshin_error_t *err)
{
    apr_datum_t key = {NULL, 0};
    apr_status_t status = apr_dbm_firstkey(table->dbm, &key);

    while (key.dptr != NULL) {
        apr_status_t answer = visit_one(table, key, with_values, visit, baton, err);

        if (answer != APR_SUCCESS) {
            apr_dbm_freedatum(table->dbm, key);
            return answer;
        }
        status = apr_dbm_nextkey(table->dbm, &key);
    }
    if (failed_quietly(table) || (status != APR_SUCCESS && !table->is_gdbm)) {
        return fail(table, status, "AN0343", "list", err);
    }
    return APR_SUCCESS;
}

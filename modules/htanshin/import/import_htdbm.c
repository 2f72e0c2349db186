/*
 * Files of htdbm: see import_htdbm.h.
 */
#include "htanshin/import/import_htdbm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_dbm.h>
#include <apr_strings.h>

#include "htanshin/import/import_htpasswd.h"

typedef struct reader_t {
    apr_dbm_t *dbm;
    apr_datum_t key; /* of the last one; dptr NULL: none */
    int number;
} reader_t;

static apr_status_t close_dbm(void *data)
{
    apr_dbm_close(data);
    return APR_SUCCESS;
}

apr_status_t anshin_import_htdbm_find(apr_dbm_t **dbm, const char *name, const char **why, apr_pool_t *pool)
{
    static const char *const kinds[] = {"db", "gdbm"};
    apr_status_t status = APR_EGENERAL;

    if (faccessat(AT_FDCWD, apr_pstrcat(pool, name, ".pag", NULL), F_OK, AT_EACCESS) == 0) {
        status = apr_dbm_open_ex(dbm, "sdbm", name, APR_DBM_READONLY, APR_FPROT_OS_DEFAULT, pool);
    } else if (faccessat(AT_FDCWD, name, F_OK, AT_EACCESS) != 0) {
        status = APR_FROM_OS_ERROR(errno);
    } else {
        for (size_t i = 0; status != APR_SUCCESS && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            status = apr_dbm_open_ex(dbm, kinds[i], name, APR_DBM_READONLY, APR_FPROT_OS_DEFAULT, pool);
        }
    }
    if (status != APR_SUCCESS) {
        char reason[120];

        *why = apr_psprintf(pool, "cannot be opened as a file of htdbm (SDBM, Berkeley DB, GDBM): %s",
                            apr_strerror(status, reason, sizeof(reason)));
        return ANSHIN_EINVALID;
    }
    apr_pool_cleanup_register(pool, *dbm, close_dbm, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

void *anshin_import_htdbm_open(apr_dbm_t *dbm, apr_pool_t *pool)
{
    reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->dbm = dbm;
    return reader;
}

/* Some writers count a NUL at the end. NULL: there is one inside, or it is too long. */
static char *text_of(const apr_datum_t *datum, apr_pool_t *pool)
{
    apr_size_t length = (apr_size_t)datum->dsize;

    if (length > 0 && datum->dptr[length - 1] == '\0') {
        length--;
    }
    return length <= ANSHIN_IMPORT_LINE_MAX && (length == 0 || memchr(datum->dptr, '\0', length) == NULL)
               ? apr_pstrmemdup(pool, length > 0 ? datum->dptr : "", length)
               : NULL;
}

static apr_status_t broken(anshin_error_t *err, const reader_t *reader, apr_status_t status)
{
    char reason[120];

    return anshin_fail(err, ANSHIN_EFAULT, "AN1296", "the file of htdbm cannot be read behind user %d: %s",
                       reader->number, apr_strerror(status, reason, sizeof(reason)));
}

apr_status_t anshin_import_htdbm_next(void *baton, anshin_import_record_t *record, anshin_error_t *err,
                                      apr_pool_t *pool)
{
    reader_t *reader = baton;
    apr_datum_t value = {NULL, 0};
    apr_status_t status;
    char *user, *hash;

    status =
        reader->number == 0 ? apr_dbm_firstkey(reader->dbm, &reader->key) : apr_dbm_nextkey(reader->dbm, &reader->key);
    if (reader->key.dptr == NULL) { /* some kinds answer the end as a failure to find */
        return APR_EOF;
    }
    if (status == APR_SUCCESS) {
        status = apr_dbm_fetch(reader->dbm, reader->key, &value);
    }
    if (status != APR_SUCCESS) {
        return broken(err, reader, status);
    }
    reader->number++;
    user = text_of(&reader->key, pool);
    hash = value.dptr != NULL ? text_of(&value, pool) : NULL;
    if (hash != NULL) {
        hash[strcspn(hash, ":")] = '\0';
    }
    if (value.dptr != NULL) {
        apr_dbm_freedatum(reader->dbm, value);
    }
    anshin_import_htpasswd_record(record, reader->number, user, hash, pool);
    if (user == NULL) {
        record->wrong = "the user ID has a NUL inside";
    }
    return APR_SUCCESS;
}

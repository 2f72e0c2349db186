/*
 * Backups of the state directory: see backup.h.
 */
#include "core/keeping/backup.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/context/backed_up.h"
#include "core/context/keys_part.h"
#include "core/context/secret.h"
#include "core/mail/event.h"

#define PART 20000 /* sessions of a walk */

static const char *const names[] = {"apart", "with", "only"};
#define NAMES (int)(sizeof(names) / sizeof(names[0]))

const char *anshin_backup_keys_name(anshin_backup_keys_t keys)
{
    return names[keys];
}

int anshin_backup_keys_find(const char *name)
{
    for (int i = 0; i < NAMES; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static apr_status_t key_of(anshin_op_t *op, const char **key)
{
    return anshin_secret_mac(op, key, "backup-key", "");
}

apr_status_t anshin_backup_key_is(anshin_op_t *op, int *is, const char *theirs)
{
    return anshin_secret_mac_is(op, is, "backup-key", "", theirs);
}

apr_status_t anshin_backup_mac_is(anshin_op_t *op, int *is, const char *sum, const char *theirs)
{
    return anshin_secret_mac_is(op, is, "backup", sum, theirs);
}

apr_status_t anshin_backup_mac(anshin_op_t *op, const char **mac, const char *sum)
{
    return anshin_secret_mac(op, mac, "backup", sum);
}

/* --- BACKUP ------------------------------------------------------------------------------------------------------- */

apr_status_t anshin_backup_head_write(anshin_op_t *op, anshin_backup_keys_t keys, const char **text)
{
    const char *key = NULL;
    apr_status_t status = key_of(op, &key);
    json_t *json;
    char *dumped;

    if (status != APR_SUCCESS) {
        return status;
    }
    json = json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:s}", "anshin", "backup", "format", ANSHIN_BACKUP_FORMAT,
                     "version", ANSHIN_VERSION, "made", anshin_time_text(op->now, op->pool), "keys",
                     anshin_backup_keys_name(keys), "made_at", (json_int_t)op->now, "key", key);
    dumped = json != NULL ? json_dumps(json, JSON_INDENT(1)) : NULL;
    json_decref(json);
    if (dumped == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1732", "backup: out of memory");
    }
    *text = apr_pstrcat(op->pool, dumped, "\n", NULL);
    free(dumped);
    return APR_SUCCESS;
}

apr_status_t anshin_backup_head_read(anshin_backup_head_t *head, const char *text, apr_size_t length,
                                     anshin_error_t *err, apr_pool_t *pool)
{
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const char *what = NULL, *keys = NULL, *version = NULL, *key = NULL;
    json_int_t format = 0, made_at = 0;
    int known = json_unpack(json, "{s:s, s:I, s:s, s:s, s:I, s:s}", "anshin", &what, "format", &format, "version",
                            &version, "keys", &keys, "made_at", &made_at, "key", &key) == 0 &&
                strcmp(what, "backup") == 0;
    int word = known ? anshin_backup_keys_find(keys) : -1;
    apr_status_t status = APR_SUCCESS;

    if (known && format > ANSHIN_BACKUP_FORMAT) {
        status = anshin_fail(err, ANSHIN_EINVALID, "AN1733",
                             "the backup has format %" JSON_INTEGER_FORMAT ", and this program (" ANSHIN_VERSION
                             ") knows %d: install version %.32s or a later one",
                             format, ANSHIN_BACKUP_FORMAT, version);
    } else if (!known || format < 1 || word < 0) {
        status = anshin_fail(err, ANSHIN_EINVALID, "AN1734", "the backup does not say what it is");
    } else {
        *head = (anshin_backup_head_t){(anshin_backup_keys_t)word, (apr_time_t)made_at, apr_pstrdup(pool, version),
                                       apr_pstrdup(pool, key)};
    }
    json_decref(json);
    return status;
}

/* --- the trail ---------------------------------------------------------------------------------------------------- */

typedef struct telling_t {
    anshin_event_t event;
    apr_time_t made_at; /* of the backup; 0: it has no users in it */
} telling_t;

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const telling_t *telling = baton;
    apr_status_t status = anshin_event(op, txn, &telling->event);

    return status == APR_SUCCESS && telling->made_at != 0 ? anshin_backed_up_put(op, txn, telling->made_at) : status;
}

apr_status_t anshin_backup_made(anshin_op_t *op, anshin_backup_keys_t keys, const char *where)
{
    telling_t telling = {{.act = ANSHIN_ACT_STORE_BACKED_UP, .reason = where},
                         keys != ANSHIN_BACKUP_ONLY ? op->now : 0};

    return anshin_op_write(op, ANSHIN_DURABLE, tell, &telling);
}

typedef struct ending_t {
    const anshin_record_type_t *type;
    const apr_array_header_t *keys;
} ending_t;

static apr_status_t remove_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const ending_t *ending = baton;
    apr_status_t status = APR_SUCCESS;

    (void)op;
    for (int i = 0; status == APR_SUCCESS && i < ending->keys->nelts; i++) {
        status = anshin_txn_delete(txn, ending->type, APR_ARRAY_IDX(ending->keys, i, const char *));
    }
    return status;
}

static apr_status_t remove_all(anshin_op_t *op, const anshin_record_type_t *type, apr_int64_t *count)
{
    const anshin_keys_part_t part = {.type = type, .prefix = "", .limit = PART};
    ending_t ending = {.type = type};
    apr_status_t status;

    do {
        status = anshin_keys_part(op, &part, &ending.keys);
        if (status == APR_SUCCESS && ending.keys->nelts > 0) {
            status = anshin_op_write(op, ANSHIN_LAZY, remove_in, &ending);
            *count += ending.keys->nelts;
        }
    } while (status == APR_SUCCESS && ending.keys->nelts == PART);
    return status;
}

apr_status_t anshin_backup_end_sessions(anshin_op_t *op, apr_int64_t *sessions)
{
    apr_int64_t lists = 0;
    apr_status_t status;

    *sessions = 0;
    status = remove_all(op, &anshin_record_session, sessions);
    return status == APR_SUCCESS ? remove_all(op, &anshin_record_session_list, &lists) : status;
}

apr_status_t anshin_backup_restored(anshin_op_t *op, const anshin_backup_head_t *head, apr_int64_t *sessions)
{
    const char *which = apr_pstrcat(op->pool, "backup of ", anshin_time_text(head->made_at, op->pool), NULL);
    telling_t telling = {{.act = ANSHIN_ACT_STORE_RESTORED, .reason = which}, head->made_at};
    apr_status_t status = anshin_backup_end_sessions(op, sessions);

    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, tell, &telling) : status;
}

/*
 * htanshin restore: a backup becomes the state directory (BAK-1, B41).
 *
 * Nothing is replaced before all was checked: the backup is unpacked beside STATE, sums, MAC and records are looked at
 * there, owners and modes put right; then it takes the name STATE in one step.
 *
 * SECURITY. Works as root, and believes a backup nothing until its MAC was found right: until then what was unpacked
 * is root's alone, and nothing of it is parsed but BACKUP and the key. After that it is looked at by processes that are
 * not root (restored.h). Whoever has the seal key can make a backup that passes, as he could write the store. So one
 * that brings a key of its own proves nothing by its MAC: the STATE that is there must have the same, or the operator
 * says that he knows where it comes from.
 */
#include "htanshin/backup/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/actor.h"
#include "htanshin/backup/folder.h"
#include "htanshin/backup/place.h"
#include "htanshin/backup/restored.h"
#include "htanshin/backup/tree.h"
#include "htanshin/result.h"
#include "htanshin/stream/signals.h"
#include "htanshin/values.h"
#include "runtime/config_file.h"
#include "runtime/io.h"
#include "runtime/state_names.h"

#define KEY_MAX 65536 /* octets of a key's file */

typedef struct restore_t {
    anshin_call_t *call;
    anshin_place_t place;
    const char *directory; /* that is made, as a path */
    anshin_state_owners_t owners;
    anshin_staged_t staged, keys;
    int has_keys;
    int own_key; /* the MAC was checked by a key that the backup brought, and that no STATE here has */
} restore_t;

/* --- what is read ------------------------------------------------------------------------------------------------- */

static apr_status_t cannot_open(anshin_call_t *call, const char *name)
{
    return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1712", "%s: %s", name, strerror(errno));
}

/* A folder with a backup in it, or one with several, of which the newest is meant. */
static apr_status_t open_folder(anshin_source_t **source, anshin_call_t *call, const char *name, int fd)
{
    const char *newest;
    int one;

    if (faccessat(fd, "SHA256SUMS", F_OK, 0) == 0) {
        return anshin_source_folder(source, fd, &call->op.error, call->pool);
    }
    newest = anshin_folder_newest(fd, call->pool);
    if (newest == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1715", "%s: holds no backup that is whole", name);
    }
    one = openat(fd, newest, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (one < 0) {
        return cannot_open(call, newest);
    }
    anshin_result_text(call->result, "backup", newest, call->pool);
    return anshin_source_folder(source, one, &call->op.error, call->pool);
}

static apr_status_t open_source(anshin_source_t **source, anshin_call_t *call, const char *name)
{
    int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    struct stat seen;

    if (fd < 0 || fstat(fd, &seen) != 0) {
        return cannot_open(call, name);
    }
    if (S_ISDIR(seen.st_mode)) {
        return open_folder(source, call, name, fd);
    }
    anshin_source_archive(source, fd, &call->op.error, call->pool);
    return APR_SUCCESS;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static apr_status_t not_taken(restore_t *restore, const char *name)
{
    return anshin_fail(&restore->call->op.error, ANSHIN_EFAULT, "AN1716", "restore: %s cannot be taken over: %s", name,
                       strerror(errno));
}

static int open_state(const restore_t *restore)
{
    return openat(restore->place.above, restore->place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A short plain file whole; ENOENT: it is none, or not there; or another errno. */
static apr_status_t read_key(int from, const char *name, char octets[KEY_MAX], apr_size_t *length)
{
    int fd = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat seen;
    apr_status_t status = fd < 0 || fstat(fd, &seen) != 0 ? errno : APR_SUCCESS;

    *length = 0;
    if (status == APR_SUCCESS) {
        status = !S_ISREG(seen.st_mode)   ? ENOENT
                 : seen.st_size > KEY_MAX ? EFBIG
                                          : anshin_io_read(fd, octets, KEY_MAX, length);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
}

/* One of the STATE that is there; a certificate that the backup has as well stays the backup's. */
static apr_status_t take_over(restore_t *restore, int from, const char *name)
{
    char octets[KEY_MAX];
    apr_size_t length;
    int to = -1;
    apr_status_t status = read_key(from, name, octets, &length);

    if (status == APR_SUCCESS) {
        to = anshin_tree_create(restore->place.fd, name);
        status = to < 0 ? errno : anshin_io_write(to, octets, length);
    }
    explicit_bzero(octets, sizeof(octets));
    if (to >= 0) {
        (void)close(to);
    }
    if (status == APR_SUCCESS) {
        json_t *taken = json_object_get(restore->call->result, "taken_over");

        if (taken == NULL) {
            taken = json_array();
            json_object_set_new(restore->call->result, "taken_over", taken);
        }
        json_array_append_new(taken, json_string(name));
        return APR_SUCCESS;
    }
    errno = status;
    return status == ENOENT || !anshin_source_is_key(name) ? APR_SUCCESS : not_taken(restore, name);
}

/* A backup that brings its key: is it the one of the STATE that is there? */
static apr_status_t compare_key(restore_t *restore)
{
    anshin_call_t *call = restore->call;
    char own[KEY_MAX], there[KEY_MAX];
    apr_size_t own_length, there_length;
    unsigned char differs = 0;
    int state = open_state(restore);
    apr_status_t status = state >= 0 ? read_key(state, ANSHIN_STATE_KEY, there, &there_length) : errno;
    int known = status == APR_SUCCESS;

    if (known) {
        status = read_key(restore->place.fd, ANSHIN_STATE_KEY, own, &own_length);
        differs = status != APR_SUCCESS || own_length != there_length;
        for (apr_size_t i = 0; !differs && i < own_length; i++) {
            differs = own[i] != there[i];
        }
    }
    explicit_bzero(own, sizeof(own));
    explicit_bzero(there, sizeof(there));
    if (state >= 0) {
        (void)close(state);
    }
    if (!known && status != ENOENT) {
        errno = status;
        return not_taken(restore, ANSHIN_STATE_KEY);
    }
    restore->own_key = !known || differs;
    return known && differs && anshin_call_value(call, "trust-keys") == NULL
               ? anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1791",
                             "restore: the backup brings a seal key that is not the one of %s: anybody may have made "
                             "it; give --trust-keys if you know where it comes from",
                             call->state_dir)
               : APR_SUCCESS;
}

static apr_status_t take_over_all(restore_t *restore)
{
    static const char *const seal_keys[] = {ANSHIN_STATE_KEY, ANSHIN_STATE_KEY_NEW, ANSHIN_STATE_KEY_OLD};
    int state = open_state(restore);
    int ca = state >= 0 ? openat(state, ANSHIN_STATE_CA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    DIR *stream = ca >= 0 ? fdopendir(ca) : NULL;
    apr_status_t status = APR_SUCCESS;
    const struct dirent *entry;

    for (size_t i = 0; state >= 0 && status == APR_SUCCESS && i < sizeof(seal_keys) / sizeof(seal_keys[0]); i++) {
        status = take_over(restore, state, seal_keys[i]);
    }
    while (status == APR_SUCCESS && stream != NULL && (entry = readdir(stream)) != NULL) {
        const char *name = apr_pstrcat(restore->call->pool, ANSHIN_STATE_CA "/", entry->d_name, NULL);

        if (anshin_source_is_name(name)) {
            status = take_over(restore, state, name);
        }
    }
    if (stream != NULL) {
        (void)closedir(stream);
    }
    if (state >= 0) {
        (void)close(state);
    }
    return status;
}

static apr_status_t find_keys(restore_t *restore)
{
    anshin_call_t *call = restore->call;
    const char *name = anshin_call_value(call, "keys");
    anshin_source_t *source;
    apr_status_t status = APR_SUCCESS;

    if (name != NULL) {
        status = open_source(&source, call, name);
        if (status == APR_SUCCESS) {
            status = anshin_stage(&restore->keys, restore->place.fd, source, 1, &call->op.error, call->pool);
        }
        restore->has_keys = 1;
    } else if (restore->staged.head.keys == ANSHIN_BACKUP_APART) {
        status = take_over_all(restore);
    } else {
        status = compare_key(restore);
    }
    if (status == APR_SUCCESS && faccessat(restore->place.fd, ANSHIN_STATE_KEY, F_OK, 0) != 0) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1717",
                             "restore: the backup has no keys: give the backup of them with --keys");
    }
    return status;
}

/* --- the state ---------------------------------------------------------------------------------------------------- */

/* As the backup's configuration has them, unless the options say otherwise. */
static apr_status_t find_owners(restore_t *restore)
{
    anshin_call_t *call = restore->call;
    const char *group = anshin_call_value(call, "group");
    const char *signer = anshin_call_value(call, "signer-user");
    anshin_config_t *config;
    apr_status_t status = anshin_config_file_read(&config, restore->directory, &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        config->server.group = group != NULL ? group : config->server.group;
        config->server.signer_user = signer != NULL ? signer : config->server.signer_user;
        status = anshin_state_owners_find(&restore->owners, &config->server, &call->op.error);
    }
    return status;
}

static apr_status_t unpack(restore_t *restore)
{
    anshin_call_t *call = restore->call;
    anshin_source_t *source;
    apr_status_t status = open_source(&source, call, call->operands[0]);

    if (status == APR_SUCCESS) {
        status = anshin_stage(&restore->staged, restore->place.fd, source, 0, &call->op.error, call->pool);
    }
    if (status == APR_SUCCESS && restore->staged.head.keys == ANSHIN_BACKUP_ONLY) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1725",
                           "%s: holds keys alone; name the backup itself, and this one with --keys", call->operands[0]);
    }
    return status == APR_SUCCESS ? find_keys(restore) : status;
}

/* Nobody is named, and nothing handed to anybody, before the MACs were found right. */
static apr_status_t check(restore_t *restore)
{
    anshin_call_t *call = restore->call;
    apr_array_header_t *done = apr_array_make(call->pool, 4, sizeof(const char *));
    apr_status_t status =
        anshin_restored_macs(call, restore->directory, &restore->staged, restore->has_keys ? &restore->keys : NULL);

    if (status == APR_SUCCESS) {
        status = find_owners(restore);
    }
    if (status == APR_SUCCESS) {
        status = anshin_state_dir(restore->directory, &restore->owners, ANSHIN_STATE_MEND, done, &call->op.error,
                                  call->pool);
    }
    if (status == APR_SUCCESS) {
        status = anshin_restored_store(call, restore->directory, &restore->owners, &restore->staged,
                                       anshin_call_value(call, "despite-damage") != NULL);
    }
    return status == APR_SUCCESS ? anshin_restored_ca(call, restore->directory, &restore->owners) : status;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void add(json_t *look, const char *text)
{
    json_array_append_new(look, json_pack("{s:s}", "what", text));
}

static void tell(restore_t *restore, const char *kept)
{
    anshin_call_t *call = restore->call;
    const char *made = anshin_time_text(restore->staged.head.made_at, call->pool);
    json_t *look;

    anshin_result_text(call->result, "of", made, call->pool);
    if (kept != NULL) {
        anshin_result_text(call->result, "kept", kept, call->pool);
    }
    look = json_array();
    json_object_set_new(call->result, "look_at", look);
    if (json_object_get(call->result, "damaged") != NULL) {
        call->verdict = ANSHIN_EXIT_REFUSED;
        add(look, "the store was damaged already when the backup was made: htanshin store check tells where");
    }
    if (restore->own_key) {
        add(look, "the backup was checked by a key that it brought itself: that tells nothing of who made it");
    }
    add(look,
        apr_psprintf(call->pool,
                     "certificates that were revoked after %s are valid again: revoke them (htanshin cert revoke); "
                     "the next list of revoked ones has a higher number than any before",
                     made));
    add(look, apr_psprintf(call->pool, "passwords, terminals and locks are as they were at %s; everybody logs in anew",
                           made));
    add(look, apr_psprintf(call->pool, "mail that waited at %s goes out now, though it may have gone out since", made));
}

static int is_try(const anshin_call_t *call)
{
    return anshin_call_value(call, "check") != NULL;
}

static apr_status_t finish(restore_t *restore)
{
    const char *kept = NULL;
    apr_status_t status = APR_SUCCESS;

    if (anshin_signals_came()) {
        return anshin_fail(&restore->call->op.error, ANSHIN_EFAULT, "AN1730", "restore: broken off; all is as it was");
    }
    if (!is_try(restore->call)) {
        restore->call->done = "the backup is restored";
        status = anshin_place_swap(&restore->place, restore->call, &kept);
    }
    if (status == APR_SUCCESS) {
        tell(restore, kept);
    }
    return status;
}

apr_status_t anshin_restore(anshin_call_t *call)
{
    restore_t *restore = apr_pcalloc(call->pool, sizeof(*restore));
    apr_status_t status;

    restore->call = call;
    call->result = json_object();
    (void)umask(S_IRWXG | S_IRWXO);
    anshin_actor_caller(&call->op.actor, call->operator_name, call->pool);
    anshin_signals_catch();
    anshin_signals_let(1);
    status = anshin_place_begin(&restore->place, call,
                                is_try(call)                                 ? ANSHIN_PLACE_TRY
                                : anshin_call_value(call, "replace") != NULL ? ANSHIN_PLACE_REPLACE
                                                                             : ANSHIN_PLACE_NEW);
    if (status == APR_SUCCESS) {
        restore->directory = apr_pstrcat(call->pool, call->state_dir, ".restoring", NULL);
        status = unpack(restore);
    }
    if (status == APR_SUCCESS) {
        status = check(restore);
    }
    if (status == APR_SUCCESS) {
        status = finish(restore);
    }
    anshin_place_end(&restore->place);
    if (status != APR_SUCCESS) {
        json_decref(call->result);
        call->result = NULL;
    }
    return status;
}

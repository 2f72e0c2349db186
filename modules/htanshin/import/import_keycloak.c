/*
 * Users as Keycloak exports them: see import_keycloak.h.
 *
 * A hash becomes a text of the form that the reader of hashes knows, which judges it; nothing of it is believed here.
 */
#include "htanshin/import/import_keycloak.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <jansson.h>

#include "htanshin/stream/signals.h"

#define BLOCK 65536
#define GROUPS_MAX 256 /* more than an account can have */

typedef struct reader_t {
    json_t *root;
    json_t *users; /* of root */
    size_t at;
} reader_t;

/* --- the file ----------------------------------------------------------------------------------------------------- */

static apr_status_t forget(void *data)
{
    json_decref(((reader_t *)data)->root);
    return APR_SUCCESS;
}

static apr_status_t refuse(anshin_error_t *err, const char *why)
{
    return anshin_fail(err, ANSHIN_EINVALID, "AN1297", "the file is no export of Keycloak: %s", why);
}

apr_status_t anshin_import_keycloak_take(void **taken, const char *octets, apr_size_t length, anshin_error_t *err,
                                         apr_pool_t *pool)
{
    reader_t *reader = apr_pcalloc(pool, sizeof(*reader));
    json_error_t error;

    reader->root = json_loadb(octets, length, JSON_REJECT_DUPLICATES, &error);
    if (reader->root == NULL) {
        return refuse(err, apr_psprintf(pool, "line %d, column %d is not JSON", error.line, error.column));
    }
    apr_pool_cleanup_register(pool, reader, forget, apr_pool_cleanup_null);
    reader->users = json_is_array(reader->root) ? reader->root : json_object_get(reader->root, "users");
    *taken = reader;
    return json_is_array(reader->users)
               ? APR_SUCCESS
               : refuse(err, "it has no list \"users\"; export the realm with its users (kc.sh export)");
}

/* All of it; *octets is the caller's to free. */
static apr_status_t read_all(int fd, char **octets, apr_size_t *length, anshin_error_t *err)
{
    apr_size_t room = 0;
    ssize_t got = 1;

    *octets = NULL;
    for (*length = 0; got > 0 && *length <= ANSHIN_IMPORT_KEYCLOAK_MAX; *length += (apr_size_t)got) {
        if (room - *length < BLOCK) {
            char *more = realloc(*octets, room = room * 2 + BLOCK);

            if (more == NULL) {
                return anshin_fail(err, ANSHIN_EFAULT, "AN1298", "the file cannot be read: out of memory");
            }
            *octets = more;
        }
        do {
            got = read(fd, *octets + *length, BLOCK);
        } while (got < 0 && errno == EINTR && !anshin_signals_came());
        if (got < 0) {
            return anshin_fail(err, ANSHIN_EFAULT, "AN1299", "the file cannot be read: %s", strerror(errno));
        }
    }
    return *length <= ANSHIN_IMPORT_KEYCLOAK_MAX
               ? APR_SUCCESS
               : refuse(err, "it is larger than 64 MiB; export with --users different_files, and give one after the "
                             "other");
}

apr_status_t anshin_import_keycloak_open(void **reader, int fd, anshin_error_t *err, apr_pool_t *pool)
{
    char *octets;
    apr_size_t length;
    apr_status_t status = read_all(fd, &octets, &length, err);

    if (status == APR_SUCCESS) {
        status = anshin_import_keycloak_take(reader, octets, length, err, pool);
    }
    free(octets);
    return status;
}

/* --- a password --------------------------------------------------------------------------------------------------- */

/* A member of text; "": there is none. */
static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* Data of a credential: an object, or one as text within the text. The caller releases it; NULL: there is none. */
static json_t *data_of(json_t *credential, const char *name)
{
    json_t *data = json_object_get(credential, name);

    return json_is_string(data) ? json_loads(json_string_value(data), JSON_REJECT_DUPLICATES, NULL) : json_incref(data);
}

/* A parameter of argon2: text, or a list of one; "": there is none. */
static const char *parameter_of(const json_t *data, const char *name)
{
    json_t *value = json_object_get(json_object_get(data, "additionalParameters"), name);
    const char *text = json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);

    return text != NULL ? text : "";
}

static const char *without_padding(const char *text, apr_pool_t *pool)
{
    return apr_pstrmemdup(pool, text, strcspn(text, "="));
}

/* What a credential says. */
typedef struct secret_t {
    const char *algorithm;
    const char *salt;
    const char *value;
    apr_int64_t iterations;
    const json_t *data; /* with the parameters of argon2 */
} secret_t;

static const char *hash_of(const secret_t *secret, apr_pool_t *pool)
{
    if (strcmp(secret->algorithm, "argon2") == 0) {
        return apr_psprintf(
            pool, "$argon2%s$v=%s$m=%s,t=%" APR_INT64_T_FMT ",p=%s$%s$%s", parameter_of(secret->data, "type"),
            strcmp(parameter_of(secret->data, "version"), "1.0") == 0 ? "16" : "19",
            parameter_of(secret->data, "memory"), secret->iterations, parameter_of(secret->data, "parallelism"),
            without_padding(secret->salt, pool), without_padding(secret->value, pool));
    }
    return apr_psprintf(pool, "$%s$%" APR_INT64_T_FMT "$%s$%s", secret->algorithm, secret->iterations, secret->salt,
                        secret->value);
}

static const char *password_of(json_t *credential, apr_pool_t *pool)
{
    json_t *hidden = data_of(credential, "secretData");
    json_t *data = data_of(credential, "credentialData");
    const json_t *first = data != NULL ? data : credential;
    const secret_t secret = {.algorithm = text_of(first, "algorithm"),
                             .salt = text_of(hidden != NULL ? hidden : credential, "salt"),
                             .value =
                                 hidden != NULL ? text_of(hidden, "value") : text_of(credential, "hashedSaltedValue"),
                             .iterations = json_integer_value(json_object_get(first, "hashIterations")),
                             .data = data};
    const char *hash = hash_of(&secret, pool);

    json_decref(hidden);
    json_decref(data);
    return hash;
}

/* --- a user ------------------------------------------------------------------------------------------------------- */

static void set(const anshin_import_record_t *record, int column, const char *text, apr_pool_t *pool)
{
    APR_ARRAY_IDX(record->cells, column, const char *) = apr_pstrdup(pool, text);
}

/* The name as its language has it: the family name first where it is no Latin. */
static void set_name(const anshin_import_record_t *record, const json_t *user, apr_pool_t *pool)
{
    const char *first = text_of(user, "firstName");
    const char *last = text_of(user, "lastName");
    int latin = ((unsigned char)last[0] & 0x80) == 0;
    const char *between = first[0] != '\0' && last[0] != '\0' ? " " : "";

    set(record, ANSHIN_IMPORT_NAME, apr_pstrcat(pool, latin ? first : last, between, latin ? last : first, NULL), pool);
}

/* The last part of each path. */
static void set_groups(anshin_import_record_t *record, const json_t *user, apr_pool_t *pool)
{
    const char *list = "";
    size_t i;
    json_t *group;

    if (json_array_size(json_object_get(user, "groups")) > GROUPS_MAX) {
        record->wrong = "the user is in more than 256 groups";
        return;
    }

    json_array_foreach(json_object_get(user, "groups"), i, group)
    {
        const char *path = json_is_string(group) ? json_string_value(group) : "";
        const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;

        list = apr_pstrcat(pool, list, list[0] != '\0' ? "," : "", name, NULL);
    }
    set(record, ANSHIN_IMPORT_GROUPS, list, pool);
}

static int must_change(const json_t *user)
{
    size_t i;
    json_t *action;

    json_array_foreach(json_object_get(user, "requiredActions"), i, action)
    {
        if (json_is_string(action) && strcmp(json_string_value(action), "UPDATE_PASSWORD") == 0) {
            return 1;
        }
    }
    return 0;
}

static void set_password(anshin_import_record_t *record, const json_t *user, apr_pool_t *pool)
{
    int count = 0;
    size_t i;
    json_t *credential;

    json_array_foreach(json_object_get(user, "credentials"), i, credential)
    {
        if (json_is_object(credential) && strcmp(text_of(credential, "type"), "password") == 0 && !must_change(user)) {
            set(record, ANSHIN_IMPORT_HASH, password_of(credential, pool), pool);
            count++;
        }
    }
    if (count > 1) {
        record->wrong = "there are several credentials of type password: leave the one that is to be taken";
    }
}

apr_status_t anshin_import_keycloak_next(void *baton, anshin_import_record_t *record, anshin_error_t *err,
                                         apr_pool_t *pool)
{
    reader_t *reader = baton;
    const json_t *user = json_array_get(reader->users, reader->at);
    const json_t *locale;

    (void)err;
    if (user == NULL) {
        return APR_EOF;
    }
    reader->at++;
    *record = (anshin_import_record_t){.line = (int)reader->at, .wrong_line = (int)reader->at};
    record->cells = anshin_import_columns_cells(pool);
    set(record, ANSHIN_IMPORT_USER, text_of(user, "username"), pool);
    set(record, ANSHIN_IMPORT_ADDRESS, text_of(user, "email"), pool);
    set_name(record, user, pool);
    set_groups(record, user, pool);
    locale = json_array_get(json_object_get(json_object_get(user, "attributes"), "locale"), 0);
    if (json_is_string(locale)) {
        set(record, ANSHIN_IMPORT_LANGUAGE, json_string_value(locale), pool);
    }
    set_password(record, user, pool);
    if (!json_is_object(user)) {
        record->wrong = "a user must be an object";
    } else if (json_is_false(json_object_get(user, "enabled"))) {
        record->wrong = "the user is disabled there";
    }
    return APR_SUCCESS;
}

/*
 * anshin-signer: holds the CAs' keys and makes certificates of them, for the worker alone (CRT-7).
 *
 *   anshin-signer [-p] [-u USER] [-s PASSPHRASE_PROGRAM] [-a CERTIFICATE -k KEY] CERTIFICATE KEY [CERTIFICATE KEY]...
 *
 * -a, -k: those that profiles for Apple devices are signed with.
 * One CA that cannot be opened does not keep the others from their work. Started by anshin-ca with a socket as its
 * standard input; it ends when that closes. Logs go to standard error, with -p as anshin-ca's do.
 *
 * SECURITY: has no network and no store, and takes the requests of one short table (request.c). Started by root
 * it becomes USER before it opens a file. The state directory is closed to that user, so the directory of each key is
 * opened first and becomes the working directory then: what is opened in it is opened with the rights of USER, to whom
 * the key belongs. Once it has the keys it shuts itself in: no file and no socket can be opened any more; with a key on
 * a token files may still be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ca/sandbox.h"
#include "ca/log.h"
#include "ca/process.h"
#include "ca/signer/request.h"
#include "core/config/key_reference.h"
#include "crypto/heap.h"
#include "runtime/privilege.h"

#define SEND_WAIT apr_time_from_sec(30)

typedef struct arguments_t {
    const char *user;       /* NULL: stay who we are */
    const char *passphrase; /* program; NULL: none */
    const char *apple;      /* certificate for Apple profiles; NULL: none */
    const char *apple_key;  /* its key */
    char **files;           /* certificate, key, certificate, key ... */
    int count;              /* of the CAs */
} arguments_t;

/* Absolute, as all paths are. */
static int are_places(const char *certificate, const char *key)
{
    return certificate[0] == '/' && (key[0] == '/' || anshin_key_is_on_token(key));
}

static int read_arguments(arguments_t *arguments, int argc, char **argv)
{
    int option;

    memset(arguments, 0, sizeof(*arguments));
    while ((option = getopt(argc, argv, "pu:s:a:k:")) != -1) {
        if (option == 'p') {
            anshin_log_for_reader();
        } else if (option == 'u') {
            arguments->user = optarg;
        } else if (option == 's') {
            arguments->passphrase = optarg;
        } else if (option == 'a') {
            arguments->apple = optarg;
        } else if (option == 'k') {
            arguments->apple_key = optarg;
        } else {
            return 0;
        }
    }
    arguments->files = argv + optind;
    arguments->count = (argc - optind) / 2;
    for (int i = 0; i < arguments->count; i++) {
        if (!are_places(arguments->files[2 * i], arguments->files[2 * i + 1])) {
            return 0;
        }
    }
    return arguments->count > 0 && (argc - optind) % 2 == 0 &&
           (arguments->apple == NULL
                ? arguments->apple_key == NULL
                : arguments->apple_key != NULL && are_places(arguments->apple, arguments->apple_key));
}

/* --- becoming what it is ---------------------------------------------------------------------------------------- */

/* A CA before its files are opened. */
typedef struct source_t {
    const char *certificate;
    const char *key;
    const char *place; /* directory of the key, or of the certificate where the key is on a token */
    int directory;     /* the same; -1: it cannot be entered */
    int code;          /* errno then */
} source_t;

/* Both paths are short ones where they can be, since the way to the key's directory is closed later. */
static void find_directory(source_t *source, apr_pool_t *pool)
{
    int on_token = anshin_key_is_on_token(source->key);
    const char *file = on_token ? source->certificate : source->key;
    apr_size_t length = (apr_size_t)(strrchr(file, '/') - file) + 1;

    source->place = apr_pstrmemdup(pool, file, length);
    source->directory = open(source->place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    source->code = errno;
    source->key += on_token ? 0 : length;
    if (strncmp(source->certificate, source->place, length) == 0 && strchr(source->certificate + length, '/') == NULL) {
        source->certificate += length;
    }
}

static source_t *find_directories(const arguments_t *arguments, apr_pool_t *pool)
{
    source_t *sources = apr_pcalloc(pool, (apr_size_t)arguments->count * sizeof(*sources));

    for (int i = 0; i < arguments->count; i++) {
        sources[i].certificate = arguments->files[2 * i];
        sources[i].key = arguments->files[2 * i + 1];
        find_directory(&sources[i], pool);
    }
    return sources;
}

/* Of what Apple profiles are signed with, where it is given. */
static source_t find_apple(const arguments_t *arguments, apr_pool_t *pool)
{
    source_t source = {.certificate = arguments->apple, .key = arguments->apple_key, .directory = -1};

    if (source.certificate != NULL) {
        find_directory(&source, pool);
    }
    return source;
}

static int names_token(const arguments_t *arguments)
{
    int found = arguments->apple_key != NULL && anshin_key_is_on_token(arguments->apple_key);

    for (int i = 0; i < arguments->count; i++) {
        found |= anshin_key_is_on_token(arguments->files[2 * i + 1]);
    }
    return found;
}

/* groups 1: with the groups that the user database gives, by which a device of a token may be reached. */
static apr_status_t leave_root(const char *name, int groups, anshin_error_t *err)
{
    anshin_unix_user_t user;
    apr_status_t status;

    if (geteuid() != 0) {
        return APR_SUCCESS;
    }
    if (name == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0721", "signer: started by root; give -u USER");
    }
    status = anshin_unix_user_find(&user, name, err);
    return status == APR_SUCCESS ? anshin_privilege_drop(&user, user.gid, groups, err) : status;
}

/* The worker decides when the signer ends, by closing the socket: it may need it for the job in hand. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE};

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        (void)signal(ignored[i], SIG_IGN);
    }
}

static int is_known(const apr_array_header_t *cas, const anshin_ca_t *ca)
{
    for (int i = 0; i < cas->nelts; i++) {
        const anshin_ca_t *other = APR_ARRAY_IDX(cas, i, anshin_signer_ca_t).ca;

        if (other != NULL && strcmp(anshin_ca_opened_id(other), anshin_ca_opened_id(ca)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* 0, or an errno. */
static int enter(const source_t *source)
{
    int code = source->directory < 0 ? source->code : fchdir(source->directory) == 0 ? 0 : errno;

    if (source->directory >= 0) {
        (void)close(source->directory);
    }
    return code;
}

static apr_status_t cannot_enter(const source_t *source, int code, anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN0720", "signer: %s: %s", source->place, strerror(code));
}

static apr_status_t open_one(anshin_ca_t **ca, const apr_array_header_t *cas, const source_t *source,
                             const char *passphrase, anshin_error_t *err, apr_pool_t *pool)
{
    int code = enter(source);
    apr_status_t status = code == 0 ? anshin_ca_open(ca, source->certificate, source->key, passphrase, err, pool)
                                    : cannot_enter(source, code, err);

    if (status == APR_SUCCESS && is_known(cas, *ca)) {
        status = anshin_fail(err, ANSHIN_EINVALID, "AN1232", "%s: another CA has the same key; give it one of its own",
                             source->key);
    }
    return status;
}

/* How the CAs were opened. */
typedef struct opening_t {
    apr_array_header_t *cas; /* of anshin_signer_ca_t */
    int count;               /* of those that are open */
    int on_token;            /* one of them is */
    const char *refused;     /* URI of a key whose token has refused a PIN; NULL: none has */
    apr_status_t status;     /* of the last that is not; a token that refuses its PIN comes before all others */
    anshin_error_t *err;     /* of the same */
    int alone;               /* there is one CA: whoever ends for it tells why */
    apr_pool_t *pool;
} opening_t;

/* For the worker, which is told in the welcome. */
static const char *reason(apr_status_t status, const anshin_error_t *err, apr_pool_t *pool)
{
    return apr_pstrdup(pool, err->text[0] != '\0' ? err->text : anshin_status_name(status));
}

static void note_failure(opening_t *opening, anshin_signer_ca_t *failed, apr_status_t status, const anshin_error_t *err)
{
    *failed = (anshin_signer_ca_t){.why = reason(status, err, opening->pool)};
    if (opening->status != ANSHIN_EDENIED) {
        opening->status = status;
        *opening->err = *err;
    }
    if (!opening->alone) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1233", "a CA cannot be used; the others work without it", status, err);
    }
}

/* 1: they are on one token, or it cannot be told. */
static int are_together(const char *key, const char *other, apr_pool_t *pool)
{
    anshin_token_uri_t one;
    anshin_token_uri_t two;
    anshin_error_t ignored;

    anshin_error_clear(&ignored);
    return anshin_token_uri_read(&one, key, "", &ignored, pool) != APR_SUCCESS ||
           anshin_token_uri_read(&two, other, "", &ignored, pool) != APR_SUCCESS || one.token == NULL ||
           two.token == NULL || strcmp(one.token, two.token) == 0;
}

/* A token that has refused the PIN of one key gets none for the next, or each start would use up a try a key. */
static apr_status_t open_next(anshin_ca_t **ca, opening_t *opening, const source_t *source, const char *passphrase,
                              anshin_error_t *err, apr_pool_t *pool)
{
    int on_token = anshin_key_is_on_token(source->key);
    apr_status_t status;

    if (on_token && opening->refused != NULL && are_together(source->key, opening->refused, pool)) {
        return anshin_fail(err, ANSHIN_EDENIED, "AN1257",
                           "%s: no PIN is tried, since its token has refused one for another key", source->certificate);
    }
    status = open_one(ca, opening->cas, source, passphrase, err, pool);
    if (on_token && status == ANSHIN_EDENIED) {
        opening->refused = source->key;
    }
    return status;
}

static void open_all(opening_t *opening, const arguments_t *arguments, const source_t *sources, apr_pool_t *pool)
{
    for (int i = 0; i < arguments->count; i++) {
        anshin_signer_ca_t *opened;
        anshin_ca_t *ca = NULL;
        anshin_error_t err;
        apr_status_t status;

        anshin_error_clear(&err);
        status = open_next(&ca, opening, &sources[i], arguments->passphrase, &err, pool);
        opened = apr_array_push(opening->cas); /* behind those that is_known() looks at */
        if (status == APR_SUCCESS) {
            *opened = (anshin_signer_ca_t){.ca = ca};
            opening->count++;
            opening->on_token |= anshin_ca_is_on_token(ca);
        } else {
            note_failure(opening, opened, status, &err);
        }
    }
}

/* Certificates are made without it as well. */
static void tell_apple(apr_status_t status, const anshin_error_t *err)
{
    anshin_log_cause(ANSHIN_LOG_ERROR, "AN1246", "no profiles for Apple devices are made", status, err);
}

static void refuse_apple(anshin_signer_apple_t *apple, apr_status_t status, const anshin_error_t *err, apr_pool_t *pool)
{
    tell_apple(status, err);
    *apple = (anshin_signer_apple_t){.why = reason(status, err, pool)};
}

/* Where it is given. */
static void open_apple(anshin_signer_apple_t *apple, const source_t *source, const char *passphrase, apr_pool_t *pool)
{
    const anshin_ca_key_source_t key = {
        .key = source->key, .program = passphrase, .directive = "AnshinAppleProfileKey"};
    anshin_apple_signer_t *opened = NULL;
    anshin_error_t err;
    apr_status_t status;
    int code;

    if (source->certificate == NULL) {
        return;
    }
    anshin_error_clear(&err);
    code = enter(source);
    status = code == 0 ? anshin_apple_signer_open(&opened, source->certificate, &key, &err, pool)
                       : cannot_enter(source, code, &err);
    if (status == APR_SUCCESS) {
        apple->signer = opened;
    } else {
        refuse_apple(apple, status, &err, pool);
    }
}

static void try_apple(anshin_signer_apple_t *apple, apr_pool_t *pool)
{
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    status = apple->signer != NULL ? anshin_apple_signer_try(apple->signer, &err) : APR_SUCCESS;
    if (status != APR_SUCCESS) {
        refuse_apple(apple, status, &err, pool);
    }
}

/* As confined as the process is from now on. */
static void try_all(opening_t *opening)
{
    for (int i = 0; i < opening->cas->nelts; i++) {
        anshin_signer_ca_t *opened = &APR_ARRAY_IDX(opening->cas, i, anshin_signer_ca_t);
        anshin_error_t err;
        apr_status_t status;

        anshin_error_clear(&err);
        status = opened->ca != NULL ? anshin_ca_try(opened->ca, &err) : APR_SUCCESS;
        if (status != APR_SUCCESS) {
            opening->count--;
            note_failure(opening, opened, status, &err);
        }
    }
}

static apr_status_t prepare(anshin_signer_t *signer, const arguments_t *arguments, anshin_error_t *err,
                            apr_pool_t *pool)
{
    opening_t opening = {.cas = signer->cas, .err = err, .alone = arguments->count == 1, .pool = pool};
    source_t *sources = find_directories(arguments, pool);
    const source_t apple = find_apple(arguments, pool);
    apr_status_t status = leave_root(arguments->user, names_token(arguments), err);

    if (status == APR_SUCCESS) {
        status = anshin_process_hide(err);
    }
    if (status == APR_SUCCESS) {
        open_all(&opening, arguments, sources, pool);
        open_apple(&signer->apple, &apple, arguments->passphrase, pool);
        opening.on_token |= signer->apple.signer != NULL && anshin_apple_is_on_token(signer->apple.signer);
        status = opening.count > 0 ? anshin_process_confine(err) : opening.status;
    }
    if (status == APR_SUCCESS) {
        tzset(); /* the log's time of day: the last file that is needed */
        status = anshin_process_sandbox(opening.on_token, err);
    }
    if (status == APR_SUCCESS) {
        try_all(&opening);
        try_apple(&signer->apple, pool);
        status = opening.count > 0 ? APR_SUCCESS : opening.status;
    }
    return status;
}

/* --- serving ---------------------------------------------------------------------------------------------------- */

static int is_on_token(const anshin_signer_t *signer)
{
    if (signer->apple.signer != NULL && anshin_apple_is_on_token(signer->apple.signer)) {
        return 1;
    }
    for (int i = 0; i < signer->cas->nelts; i++) {
        const anshin_ca_t *ca = APR_ARRAY_IDX(signer->cas, i, anshin_signer_ca_t).ca;

        if (ca != NULL && anshin_ca_is_on_token(ca)) {
            return 1;
        }
    }
    return 0;
}

/* One request. APR_EOF: the worker has gone. ANSHIN_EBUSY: a token does not sign any more. */
static apr_status_t serve_one(anshin_signer_t *signer, anshin_wire_t *request, anshin_wire_t *answer, apr_pool_t *pool)
{
    anshin_error_t err;
    apr_status_t sent;
    apr_status_t status = anshin_wire_receive(STDIN_FILENO, request, -1);

    anshin_error_clear(&err);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_signer_answer(answer, request, signer, apr_time_now(), &err, pool);
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN0722", "request refused", status, &err);
    } else if (err.status != APR_SUCCESS) {
        tell_apple(err.status, &err);
    }
    sent = anshin_wire_send(STDIN_FILENO, answer, SEND_WAIT);
    return sent == APR_SUCCESS && status == ANSHIN_EFAULT && is_on_token(signer) ? ANSHIN_EBUSY : sent;
}

/* A token has refused the PIN. Whoever ended now would be started again, and would use up the token's tries; so nothing
 * is answered until the worker ends. */
static void sit_still(apr_pool_t *pool)
{
    anshin_wire_t *request = apr_palloc(pool, sizeof(*request));

    while (anshin_wire_receive(STDIN_FILENO, request, -1) == APR_SUCCESS) {}
}

static apr_status_t serve(anshin_signer_t *signer, apr_pool_t *pool)
{
    anshin_wire_t *request = apr_palloc(pool, sizeof(*request));
    anshin_wire_t *answer = apr_palloc(pool, sizeof(*answer));
    apr_pool_t *scratch;
    apr_status_t status;

    apr_pool_create(&scratch, pool);
    do {
        apr_pool_clear(scratch);
        status = serve_one(signer, request, answer, scratch);
    } while (status == APR_SUCCESS);
    return status;
}

int main(int argc, char **argv)
{
    arguments_t arguments;
    anshin_error_t err;
    anshin_signer_t signer = {.cas = NULL};
    apr_pool_t *pool;
    apr_status_t status;

    anshin_process_close_inherited();
    ignore_signals();
    (void)umask(S_IRWXG | S_IRWXO);
    anshin_log_open("anshin-signer", ANSHIN_LOG_NOTICE);
    if (!anshin_heap_wipes()) {
        anshin_log(ANSHIN_LOG_ERROR, "AN1279", "freed memory cannot be wiped, and may keep the CA's passphrase");
        return 1;
    }
    anshin_error_clear(&err);
    if (!read_arguments(&arguments, argc, argv) || apr_initialize() != APR_SUCCESS) {
        anshin_log(ANSHIN_LOG_ERROR, "AN0723",
                   "is started by anshin-ca, with [-p] [-u USER] [-s PASSPHRASE_PROGRAM] [-a CERTIFICATE -k KEY] "
                   "CERTIFICATE KEY [CERTIFICATE KEY]...");
        return 2;
    }
    apr_pool_create(&pool, NULL);
    signer.cas = apr_array_make(pool, arguments.count, sizeof(anshin_signer_ca_t));
    status = prepare(&signer, &arguments, &err, pool);
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0724", "no certificates can be made", status, &err);
        if (status == ANSHIN_EDENIED) {
            sit_still(pool);
        }
        apr_terminate();
        return 1;
    }
    status = serve(&signer, pool);
    if (status == ANSHIN_EBUSY) {
        anshin_log(ANSHIN_LOG_ERROR, "AN1278", "ending, so that the token is opened anew");
    } else if (status != APR_EOF) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0725", "a message of the worker cannot be read", status, NULL);
    }
    apr_terminate(); /* wipes the keys */
    return status == APR_EOF ? 0 : 1;
}

/*
 * What an operator writes, tried before anybody needs it: see trial.h.
 */
#include "core/mail/trial.h"

#include <string.h>

#include <apr_file_info.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "core/base/mailbox.h"
#include "core/mail/mail.h"
#include "core/mail/mail_format.h"
#include "core/render/announcement.h"
#include "core/render/template.h"
#include "core/render/template_dirs.h"
#include "core/render/text.h"

#define SUFFIX ".mustache"
#define DOMAIN "mail.example"
#define ID "00000000000000000000000000000000"

/* A value for every name that an installed mail has; t/check/templates.t compares. */
static const char sample[] =
    "{\"greeting\": \"安心 太郎\", \"when\": 1795329000, \"where\": \"192.0.2.1\", \"by_password\": true,"
    " \"by_code\": true, \"by_answer\": true, \"unlock_text\": 1795329000,"
    " \"terminal\": \"1\", \"address\": \"user@mail.example\", \"name\": \"p-01-usr007\", \"code\": \"000000\","
    " \"days\": 10, \"account_url\": \"https://login.example/anshin/\","
    " \"reissue_url\": \"https://login.example/anshin/\", \"renewal_url\": \"https://login.example/anshin/\","
    " \"minutes\": 10, \"expires_text\": 1795329000, \"url\": \"https://login.example/anshin/\","
    " \"download_url\": \"https://login.example/anshin/\", \"help_url\": \"https://login.example/anshin/\","
    " \"renewal\": true, \"access_code\": \"bcdf-ghjk\", \"place\": true, \"help_place\": true,"
    " \"users\": [{\"id\": \"p-01-usr007\"}], \"more\": true, \"login_url\": \"https://login.example/anshin/\","
    " \"login_place\": true, \"account_place\": true, \"reissue_place\": true, \"renewal_place\": true,"
    " \"again\": true, \"way_ended\": true, \"registration_code\": \"bcdfghjk23\", \"asked\": true,"
    " \"given\": true, \"refused\": true,"
    " \"you_approved\": true, \"you_refused\": true, \"is_revoke\": true, \"is_renew\": true, \"is_unlock\": true,"
    " \"is_lock\": true, \"is_disable\": true, \"is_reinvite\": true, \"count\": 12,"
    " \"asked_by\": \"staff/ope01\", \"decided_by\": \"staff/ope02\"}";

typedef struct trial_t {
    const anshin_config_t *config;
    const anshin_contract_t *contract;
    anshin_trial_tell_fn *tell;
    void *baton;
    int troubles;
    apr_hash_t *tried; /* names of files */
    apr_pool_t *whole; /* of the trial */
    apr_pool_t *pool;  /* cleared before each text */
} trial_t;

static void report(trial_t *trial, const char *what, const anshin_error_t *cause)
{
    anshin_error_t trouble;

    anshin_error_clear(&trouble);
    (void)anshin_fail(&trouble, ANSHIN_EINVALID, cause->id, "contract %s: %s: %s", trial->contract->name, what,
                      cause->text);
    trial->tell(trial->baton, trial->contract, &trouble);
    trial->troubles++;
}

/* --- mail ------------------------------------------------------------------------------------------------------- */

/* Sample data is no secret. */
static void wipe_nothing(void *ctx, void *buffer, apr_size_t length)
{
    (void)ctx;
    (void)buffer;
    (void)length;
}

static void try_mail(trial_t *trial, const char *kind, const char *language, json_t *data)
{
    const anshin_crypto_t crypto = {.wipe = wipe_nothing};
    const anshin_env_t env = {.config = trial->config, .crypto = &crypto};
    const anshin_mail_facts_t facts = {kind, "p-01-usr007", language, "user@mail.example", DOMAIN, data};
    anshin_op_t op = {.pool = trial->pool, .env = &env, .contract = trial->contract};
    anshin_mail_text_t text;
    const char *message;
    apr_size_t length;
    apr_status_t status;

    anshin_error_clear(&op.error);
    status = anshin_mail_render(&op, &facts, &text);
    if (status == APR_SUCCESS && text.instead != NULL) {
        status = anshin_fail(&op.error, ANSHIN_EINVALID, "AN1101", "%s", text.instead);
    }
    if (status == APR_SUCCESS) {
        status = anshin_mail_format(&op, ID, &text, &message, &length);
    }
    if (status != APR_SUCCESS) {
        report(trial, apr_pstrcat(trial->pool, "mail/", kind, ".", language, NULL), &op.error);
    }
}

/* KIND and LANGUAGE of "KIND.LANGUAGE.mustache"; 0: it is no template of a mail. */
static int take_apart(const char *file, const char **kind, const char **language, apr_pool_t *pool)
{
    char *name = apr_pstrdup(pool, file);
    char *suffix = strrchr(name, '.');
    char *dot;

    if (suffix == NULL || strcmp(suffix, SUFFIX) != 0) {
        return 0;
    }
    *suffix = '\0';
    dot = strrchr(name, '.');
    if (dot == NULL || dot == name) {
        return 0;
    }
    *dot = '\0';
    *kind = name;
    *language = dot + 1;
    return 1;
}

/* The names of files in a directory; none where it is not there. In pool. */
static apr_array_header_t *names_in(const char *path, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 32, sizeof(const char *));
    apr_dir_t *directory;
    apr_finfo_t info;

    if (apr_dir_open(&directory, path, pool) != APR_SUCCESS) {
        return names;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, directory) == APR_SUCCESS) {
        APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(pool, info.name);
    }
    (void)apr_dir_close(directory);
    return names;
}

/* Every mail of a directory; one that stands in both is found in the contract's first, and tried once. */
static void try_mails(trial_t *trial, const char *directory, json_t *data)
{
    const apr_array_header_t *names = names_in(apr_pstrcat(trial->whole, directory, "/mail", NULL), trial->whole);

    for (int i = 0; i < names->nelts; i++) {
        const char *file = APR_ARRAY_IDX(names, i, const char *);
        const char *kind;
        const char *language;

        apr_pool_clear(trial->pool);
        if (apr_hash_get(trial->tried, file, APR_HASH_KEY_STRING) == NULL &&
            take_apart(file, &kind, &language, trial->pool)) {
            apr_hash_set(trial->tried, file, APR_HASH_KEY_STRING, file);
            try_mail(trial, kind, language, data);
        }
    }
}

/* A mail has links, or codes and words in their place. */
static void choose_way(const trial_t *trial, json_t *data)
{
    static const char *const links[] = {"url", NULL}, *const words[] = {"place", "access_code", NULL};
    const char *const *dropped = trial->contract->policy.mail_links ? words : links;
    const char *name;
    json_t *value;
    void *next;

    for (; *dropped != NULL; dropped++) {
        json_object_foreach_safe(data, next, name, value)
        {
            apr_size_t length = strlen(name), end = strlen(*dropped);

            if (length >= end && strcmp(name + length - end, *dropped) == 0) {
                (void)json_object_del(data, name);
            }
        }
    }
}

/* AnshinMailFrom was parsed as a directive; what stands in for it may be none ("noreply@localhost"). */
static int try_sender(trial_t *trial)
{
    const anshin_op_t op = {.pool = trial->pool, .contract = trial->contract};
    const char *from = anshin_mail_sender(&op);
    anshin_mailbox_t sender;
    anshin_error_t none;

    if (anshin_mailbox_parse(&sender, from, trial->pool)) {
        return 1;
    }
    anshin_error_clear(&none);
    (void)anshin_fail(&none, ANSHIN_EINVALID, "AN1105", "\"%.120s\" is not a sender; give AnshinMailFrom an address",
                      from);
    report(trial, "mail", &none);
    return 0;
}

/* None installed: AnshinShareDir is another directory's. */
static void try_all_mails(trial_t *trial, json_t *data)
{
    anshin_error_t none;

    anshin_error_clear(&none);
    try_mails(trial, trial->config->server.share_dir, data);
    if (apr_hash_count(trial->tried) == 0) {
        (void)anshin_fail(&none, ANSHIN_EINVALID, "AN1102", "%s/mail holds no template",
                          trial->config->server.share_dir);
        report(trial, "mail", &none);
    }
    if (trial->contract->policy.template_dir != NULL) {
        try_mails(trial, trial->contract->policy.template_dir, data);
    }
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

static void try_page(trial_t *trial, const char *name)
{
    const char *const places[] = {trial->contract->policy.template_dir,
                                  apr_pstrcat(trial->pool, trial->config->server.share_dir, "/templates", NULL), NULL};
    anshin_template_dirs_t dirs = {places, SUFFIX};
    anshin_template_t template = {NULL, ANSHIN_TEMPLATE_HTML, anshin_template_from_dirs, &dirs};
    anshin_error_t cause;
    apr_status_t status;

    anshin_error_clear(&cause);
    status = anshin_template_from_dirs(&dirs, name, &template.source, &cause, trial->pool);
    if (status == APR_SUCCESS) {
        status = anshin_template_check(&template, &cause, trial->pool);
    }
    if (status == ANSHIN_ENOTFOUND) {
        (void)anshin_fail(&cause, ANSHIN_EINVALID, "AN0213",
                          "\"%.80s\" cannot name a template; use letters, digits, "
                          "'-' and '_'",
                          name);
    }
    if (status != APR_SUCCESS) {
        report(trial, apr_pstrcat(trial->pool, name, SUFFIX, NULL), &cause);
    }
}

static void try_pages(trial_t *trial, const char *below)
{
    const char *own = apr_pstrcat(trial->whole, trial->contract->policy.template_dir, "/", below, NULL);
    const apr_array_header_t *names = names_in(own, trial->whole);

    for (int i = 0; i < names->nelts; i++) {
        const char *file = APR_ARRAY_IDX(names, i, const char *);
        apr_size_t length = strlen(file);

        apr_pool_clear(trial->pool);
        if (length > strlen(SUFFIX) && strcmp(file + length - strlen(SUFFIX), SUFFIX) == 0) {
            try_page(trial,
                     apr_pstrcat(trial->pool, below, apr_pstrndup(trial->pool, file, length - strlen(SUFFIX)), NULL));
        }
    }
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static void try_texts(trial_t *trial)
{
    const char *const places[] = {apr_pstrcat(trial->pool, trial->config->server.share_dir, "/lang", NULL),
                                  trial->contract->policy.text_dir, NULL};
    anshin_texts_t *texts;
    anshin_error_t cause;

    anshin_error_clear(&cause);
    if (anshin_texts_load(&texts, places, &cause, trial->pool) != APR_SUCCESS) {
        report(trial, "texts", &cause);
    }
}

static void try_notice(trial_t *trial)
{
    const char *path = trial->contract->policy.notice;
    apr_array_header_t *announcements;
    anshin_error_t cause;

    anshin_error_clear(&cause);
    if (path != NULL &&
        anshin_announcements_read(&announcements, path, "ja", apr_time_now(), &cause, trial->pool) != APR_SUCCESS) {
        report(trial, "AnshinNotice", &cause);
    }
}

int anshin_trial_contract(const anshin_config_t *config, const anshin_contract_t *contract, anshin_trial_tell_fn *tell,
                          void *baton, apr_pool_t *pool)
{
    trial_t trial = {.config = config, .contract = contract, .tell = tell, .baton = baton};
    json_t *data = json_loads(sample, 0, NULL);

    if (apr_pool_create(&trial.whole, pool) != APR_SUCCESS ||
        apr_pool_create(&trial.pool, trial.whole) != APR_SUCCESS) {
        json_decref(data);
        return 1;
    }
    trial.tried = apr_hash_make(trial.whole);
    choose_way(&trial, data);
    if (try_sender(&trial)) {
        try_all_mails(&trial, data);
    }
    json_decref(data);
    if (contract->policy.template_dir != NULL) {
        try_pages(&trial, "");
        try_pages(&trial, "parts/");
    }
    apr_pool_clear(trial.pool);
    try_texts(&trial);
    try_notice(&trial);
    apr_pool_destroy(trial.whole);
    return trial.troubles;
}

int anshin_trial_all(const anshin_config_t *config, anshin_trial_tell_fn *tell, void *baton, apr_pool_t *pool)
{
    int troubles = 0;

    for (int i = 0; i < config->contracts->nelts; i++) {
        troubles += anshin_trial_contract(config, APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *), tell,
                                          baton, pool);
    }
    return troubles;
}

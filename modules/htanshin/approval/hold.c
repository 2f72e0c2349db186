/*
 * Commands that wait for a second operator: see hold.h.
 */
#include "htanshin/approval/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/admin/certificates.h"
#include "core/context/secret.h"
#include "core/desk/hold.h"
#include "htanshin/actor.h"
#include "htanshin/approval/many.h"
#include "htanshin/call.h"
#include "htanshin/open.h"
#include "htanshin/stream/signals.h"
#include "htanshin/values.h"
#include "runtime/io.h"

/* Options that decide nothing of what is done, or whom by their lists, who are looked at themselves. */
static int decides_nothing(const char *name)
{
    static const char *const names[] = {"file", "yes", "result", "undo", "after", "step", NULL};

    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* So that no value reads as another option. */
static const char *quoted(const char *value, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, 2 * strlen(value) + 3);
    char *end = text;

    *end++ = '"';
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            *end++ = '\\';
        }
        *end++ = *value;
    }
    *end++ = '"';
    *end = '\0';
    return text;
}

static const char *options_of(const anshin_call_t *call)
{
    const anshin_command_option_t *options = call->command->options;
    const char *text = "";

    for (int i = 0; options != NULL && options[i].name != NULL; i++) {
        if (call->values[i] != NULL && !decides_nothing(options[i].name)) {
            text = apr_pstrcat(call->pool, text, *text != '\0' ? " --" : "--", options[i].name,
                               options[i].value != NULL ? " " : "",
                               options[i].value != NULL ? quoted(call->values[i], call->pool) : "", NULL);
        }
    }
    return text;
}

/* --- who ---------------------------------------------------------------------------------------------------------- */

static void leave_service(anshin_call_t *call, const char *name)
{
    const struct passwd *entry = name != NULL && *name != '\0' ? getpwnam(name) : NULL;

    if (entry != NULL) {
        anshin_actor_is_service(&call->op.actor, entry->pw_uid, call->pool);
    }
}

void anshin_hold_who(anshin_call_t *call)
{
    static const char *const httpd[] = {"www-data", "apache", "httpd", "wwwrun", "http", "nobody", NULL};
    struct stat directory;

    if (call->op.actor.number == NULL) {
        return;
    }
    if (stat(call->state_dir, &directory) == 0) {
        anshin_actor_is_service(&call->op.actor, directory.st_uid, call->pool);
    }
    if (call->config->httpd_uid >= 0) {
        anshin_actor_is_service(&call->op.actor, call->config->httpd_uid, call->pool);
    }
    leave_service(call, call->config->server.worker_user);
    leave_service(call, call->config->server.signer_user);
    for (int i = 0; httpd[i] != NULL; i++) {
        leave_service(call, httpd[i]);
    }
}

/* --- what --------------------------------------------------------------------------------------------------------- */

/* Said twice, it does nothing twice: who was stopped in it says it again. */
static int repeats(const char *verb)
{
    static const char *const verbs[] = {"cert revoke",     "ca compromise", "ca switch",   "contract rename",
                                        "contract remove", "user add",      "user import", NULL};

    for (int i = 0; verbs[i] != NULL; i++) {
        if (strcmp(verbs[i], verb) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *verb_of(const anshin_call_t *call)
{
    return apr_pstrcat(call->pool, call->command->family, " ", call->command->verb, NULL);
}

/* input: digest of what it reads; or NULL. */
static apr_status_t hold_of(anshin_call_t *call, anshin_eyes_t eyes, const apr_array_header_t *whom, const char *input)
{
    const char *verb = verb_of(call);
    const char *options = options_of(call);
    const anshin_hold_t held = {.eyes = eyes,
                                .verb = verb,
                                .options = input != NULL ? apr_pstrcat(call->pool, options, *options != '\0' ? " " : "",
                                                                       "SHA-256 \"", input, "\"", NULL)
                                                         : options,
                                .whom = whom,
                                .repeats = repeats(verb)};
    apr_status_t status;

    anshin_hold_who(call);
    status = anshin_hold(&call->op, &held);
    if (status == APR_SUCCESS && whom->nelts > 1) {
        anshin_many_approved(call);
    }
    return status;
}

static apr_status_t hold(anshin_call_t *call, anshin_eyes_t eyes, const apr_array_header_t *whom)
{
    return hold_of(call, eyes, whom, NULL);
}

static const char *entry_of(const anshin_call_t *call, const anshin_target_t *target)
{
    return apr_pstrcat(call->pool, call->op.contract->name, "/", target->user != NULL ? target->user : "", "/",
                       target->serial != NULL ? target->serial : "", target->undoes ? "/0/undo" : "/0", NULL);
}

apr_array_header_t *anshin_hold_entries(const anshin_call_t *call, const apr_array_header_t *targets)
{
    apr_array_header_t *whom = apr_array_make(call->pool, targets->nelts + 1, sizeof(const char *));

    for (int i = 0; i < targets->nelts; i++) {
        const anshin_target_t *target = &APR_ARRAY_IDX(targets, i, anshin_target_t);

        if (target->wrong == NULL) {
            APR_ARRAY_PUSH(whom, const char *) = entry_of(call, target);
        }
    }
    return whom;
}

/* 1: the options would change what somebody may do at the help desk. */
static int changes_role(const anshin_call_t *call)
{
    return call->op.contract->policy.staff &&
           (strcmp(call->command->verb, "set") == 0 || strcmp(call->command->verb, "add") == 0) &&
           (anshin_call_value(call, "role") != NULL || anshin_call_value(call, "organisation") != NULL);
}

/* Of one who is meant alone, the devices that lose a certificate. */
static apr_status_t count_devices(anshin_call_t *call, const char *user, int *count)
{
    const int dry = call->op.dry;
    anshin_holder_done_t done = {.done = 0};
    apr_status_t status;

    call->op.dry = 1;
    status = anshin_holder_revoke(&call->op, user, 0, &done);
    call->op.dry = dry;
    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_ECONFLICT || status == ANSHIN_EINVALID) {
        anshin_error_clear(&call->op.error); /* which is told of him, in his row */
        return APR_SUCCESS;
    }
    *count = status == APR_SUCCESS && done.done > *count ? done.done : *count;
    return status;
}

apr_status_t anshin_hold_many(anshin_call_t *call, int revokes, const apr_array_header_t *targets, int *again)
{
    const apr_array_header_t *whom = anshin_hold_entries(call, targets);
    const anshin_contract_t *contract = call->op.contract;
    int count = whom->nelts;
    anshin_eyes_t eyes;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; count == 1 && revokes && strcmp(call->command->family, "cert") == 0 && i < targets->nelts; i++) {
        const anshin_target_t *target = &APR_ARRAY_IDX(targets, i, anshin_target_t);

        if (target->wrong == NULL && target->user != NULL) {
            status = count_devices(call, target->user, &count);
        }
    }
    eyes = anshin_approval_of_many(contract, count, revokes);
    if (changes_role(call) && whom->nelts > 0 && ANSHIN_HAS(contract->policy.four_eyes, ANSHIN_EYES_ROLES)) {
        eyes = ANSHIN_EYES_ROLES;
    }
    *again = 0;
    if (status == APR_SUCCESS && eyes != ANSHIN_EYES_NONE) {
        status = hold(call, eyes, whom);
        *again = status == APR_SUCCESS && repeats(verb_of(call));
    }
    return status;
}

/* --- users whom the input names ---------------------------------------------------------------------------------- */

int anshin_hold_reads(const anshin_call_t *call)
{
    return anshin_approval_of_many(call->op.contract, 2, 1) != ANSHIN_EYES_NONE;
}

static apr_status_t unkept(anshin_call_t *call)
{
    return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1854",
                       "what is read cannot be kept until a second operator was asked: %s", strerror(errno));
}

apr_status_t anshin_hold_keep(anshin_call_t *call, int fd)
{
    const int kept = memfd_create("input", MFD_CLOEXEC);
    char octets[16384];
    ssize_t got = 1;

    while (kept >= 0 && got != 0) {
        got = read(fd, octets, sizeof(octets));
        if ((got < 0 && (errno != EINTR || anshin_signals_came())) ||
            (got > 0 && anshin_io_write(kept, octets, (apr_size_t)got) != APR_SUCCESS)) {
            break;
        }
    }
    if (kept < 0 || got != 0 || lseek(kept, 0, SEEK_SET) != 0 || dup3(kept, fd, O_CLOEXEC) < 0) {
        got = -1;
        (void)unkept(call);
    }
    if (kept >= 0) {
        (void)close(kept);
    }
    return got == 0 ? APR_SUCCESS : ANSHIN_EFAULT;
}

static apr_status_t digest_of(anshin_call_t *call, int fd, const char **hex)
{
    const anshin_crypto_t *crypto = call->env.crypto;
    unsigned char digest[ANSHIN_DIGEST_BYTES];
    struct stat seen = {.st_size = 0};
    void *octets = MAP_FAILED;
    apr_status_t status = ANSHIN_EFAULT;

    if (fstat(fd, &seen) == 0 && seen.st_size > 0) {
        octets = mmap(NULL, (size_t)seen.st_size, PROT_READ, MAP_SHARED, fd, 0);
    }
    if (octets != MAP_FAILED) {
        status = crypto->digest(crypto->ctx, digest, octets, (apr_size_t)seen.st_size);
        (void)munmap(octets, (size_t)seen.st_size);
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1855", "SHA-256 of what is read cannot be told");
    }
    *hex = anshin_hex(digest, sizeof(digest), call->pool);
    return APR_SUCCESS;
}

apr_status_t anshin_hold_input(anshin_call_t *call, int fd, int revokes, const apr_array_header_t *users)
{
    const anshin_eyes_t eyes = anshin_approval_of_many(call->op.contract, users->nelts, revokes);
    apr_array_header_t *whom = apr_array_make(call->pool, users->nelts + 1, sizeof(const char *));
    const char *input = NULL;
    apr_status_t status = eyes != ANSHIN_EYES_NONE ? digest_of(call, fd, &input) : APR_SUCCESS;

    for (int i = 0; i < users->nelts; i++) {
        APR_ARRAY_PUSH(whom, const char *) =
            entry_of(call, &(anshin_target_t){.user = APR_ARRAY_IDX(users, i, const char *)});
    }
    if (status == APR_SUCCESS && eyes != ANSHIN_EYES_NONE) {
        status = hold_of(call, eyes, whom, input);
    }
    return status == APR_SUCCESS && lseek(fd, 0, SEEK_SET) != 0 ? unkept(call) : status;
}

apr_status_t anshin_hold_list(anshin_call_t *call)
{
    const anshin_policy_t *policy = &call->op.contract->policy;

    return policy->staff && ANSHIN_HAS(policy->four_eyes, ANSHIN_EYES_ROLES)
               ? anshin_fail(&call->op.error, ANSHIN_EDENIED, "AN1845",
                             "AnshinFourEyes of contract %s: operators get a role or an organisation one by one, not "
                             "from a list",
                             call->op.contract->name)
               : APR_SUCCESS;
}

apr_status_t anshin_hold_role(anshin_call_t *call, const char *user)
{
    apr_array_header_t *whom = apr_array_make(call->pool, 1, sizeof(const char *));

    if (!changes_role(call) || !ANSHIN_HAS(call->op.contract->policy.four_eyes, ANSHIN_EYES_ROLES)) {
        return APR_SUCCESS;
    }
    if (user == NULL) {
        return anshin_hold_list(call);
    }
    APR_ARRAY_PUSH(whom, const char *) = entry_of(call, &(anshin_target_t){.user = user});
    return hold(call, ANSHIN_EYES_ROLES, whom);
}

/* CAs, and what a contract has had, are of the installation: the first contract that wants a second operator for them
 * has what waits. */
static const anshin_contract_t *first_with(const anshin_config_t *config, anshin_eyes_t eyes)
{
    for (int i = 0; i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        if (ANSHIN_HAS(contract->policy.four_eyes, eyes)) {
            return contract;
        }
    }
    return NULL;
}

apr_status_t anshin_hold_contract(anshin_call_t *call, const char *from, const char *to)
{
    apr_array_header_t *whom = apr_array_make(call->pool, 2, sizeof(const char *));
    const anshin_contract_t *of_op = call->op.contract;
    apr_status_t status = APR_SUCCESS;

    APR_ARRAY_PUSH(whom, const char *) = apr_pstrcat(call->pool, "contract ", from, NULL);
    if (to != NULL) {
        APR_ARRAY_PUSH(whom, const char *) = apr_pstrcat(call->pool, "new name ", to, NULL);
    }
    call->op.contract = first_with(call->config, ANSHIN_EYES_BULK);
    if (call->op.contract != NULL) {
        status = hold(call, ANSHIN_EYES_BULK, whom);
    }
    if (status == APR_SUCCESS) {
        anshin_many_approved(call);
    }
    call->op.contract = of_op;
    return status;
}

apr_status_t anshin_hold_ca(anshin_call_t *call, const char *what)
{
    apr_array_header_t *whom = apr_array_make(call->pool, 2, sizeof(const char *));
    const anshin_contract_t *of_op = call->op.contract;
    const anshin_contract_t *contract;
    apr_status_t status = anshin_call_config(call);

    contract = status == APR_SUCCESS ? first_with(call->config, ANSHIN_EYES_CA) : NULL;
    if (status != APR_SUCCESS || contract == NULL) {
        return status;
    }
    if (call->op.env == NULL && (status = anshin_call_store(call, NULL)) != APR_SUCCESS) {
        return status;
    }
    APR_ARRAY_PUSH(whom, const char *) = what;
    if (call->contract != NULL) {
        APR_ARRAY_PUSH(whom, const char *) = call->contract;
    }
    call->op.contract = contract;
    status = hold(call, ANSHIN_EYES_CA, whom);
    call->op.contract = of_op;
    return status;
}

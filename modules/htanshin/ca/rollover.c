/*
 * htanshin ca list, switch, retire, and create, request, import --next: from one CA to the next (CAS-2).
 *
 * SECURITY. Runs as the signer's user, to whom the directory of the keys belongs, with the group of the store, in which
 * it counts. What changes is one small file (runtime/rollover.h), put in place in one step: a command that dies has
 * done nothing or all, and httpd goes by it from its next start on.
 */
#include "htanshin/ca/rollover.h"

#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/certificate/issuer.h"
#include "core/config/ca_files.h"
#include "core/config/key_reference.h"
#include "crypto/pki/ca_chain.h"
#include "crypto/pki/trust.h"
#include "crypto/sum.h"
#include "htanshin/approval/hold.h"
#include "htanshin/ca/ca_lock.h"
#include "htanshin/ca/ca_told.h"
#include "htanshin/call.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/rollover.h"

#define RELOAD "reload httpd, and whatever else checks certificates of this CA"

/* A line, as its file has it now; httpd may not have read that yet. */
typedef struct line_t {
    const anshin_contract_t *contract; /* NULL: the server's */
    const char *file;
    anshin_ca_line_t state;
} line_t;

static apr_status_t refuse(anshin_call_t *call, apr_status_t status, const char *why)
{
    return anshin_fail(&call->op.error, status, "AN1237", "%s", why);
}

static apr_status_t read_line(anshin_call_t *call, line_t *line)
{
    static const anshin_ca_line_t first = {.issuing = 1, .last = 1, .count = 1, .trusted = {1}};
    apr_status_t status;

    line->contract = call->contract != NULL ? anshin_config_contract(call->config, call->contract) : NULL;
    if (call->contract != NULL && line->contract == NULL) {
        return refuse(call, ANSHIN_ENOTFOUND, apr_psprintf(call->pool, "contract %s: is not declared", call->contract));
    }
    line->file = anshin_ca_rollover_file(call->config, line->contract, call->pool);
    status = anshin_rollover_read(&line->state, call->state_dir, line->file, &call->op.error, call->pool);
    if (status == APR_SUCCESS && line->state.count == 0) {
        line->state = first;
    }
    return status;
}

static anshin_ca_files_t files_of(const anshin_call_t *call, const line_t *line, int generation)
{
    anshin_ca_files_t files = anshin_ca_files(call->config, line->contract, generation, call->pool);
    const char *key = anshin_ca_line_key(&line->state, generation);

    files.key = key != NULL ? key : files.key;
    return files;
}

static int highest(const line_t *line)
{
    return line->state.trusted[line->state.count - 1];
}

static apr_status_t load(anshin_call_t *call, const char *file, anshin_trust_ca_t *ca)
{
    anshin_trust_t *trust;
    apr_array_header_t *found;
    apr_status_t status = anshin_trust_load(&trust, file, &found, &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        *ca = APR_ARRAY_IDX(found, 0, anshin_trust_ca_t);
    }
    return status;
}

typedef struct writing_t {
    anshin_call_t *call;
    const line_t *line;
} writing_t;

static apr_status_t put_line(void *baton)
{
    const writing_t *writing = baton;
    anshin_call_t *call = writing->call;

    return anshin_rollover_write(writing->line->file, &writing->line->state, &call->op.error, call->pool);
}

static apr_status_t write_line(anshin_call_t *call, anshin_act_t act, const line_t *line,
                               const anshin_ca_files_t *files)
{
    apr_status_t status = anshin_ca_tell(call, act, files->name, put_line, &(writing_t){call, line});

    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "ca", files->name, call->pool);
        anshin_result_text(call->result, "certificate", files->certificate, call->pool);
        anshin_result_text(call->result, "next_step", RELOAD, call->pool);
    }
    return status;
}

/* --- the next one: create, request, import ----------------------------------------------------------------------- */

/* A CA that is to follow. */
typedef struct next_t {
    line_t line;
    anshin_ca_files_t files;
    anshin_ca_key_source_t key;
} next_t;

static apr_status_t plan(anshin_call_t *call, next_t *next)
{
    const char *on_token = anshin_call_value(call, "use-key");
    line_t *line = &next->line;
    apr_status_t status = anshin_call_config(call);

    if (status == APR_SUCCESS) {
        status = read_line(call, line);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (highest(line) > line->state.issuing || line->state.count == ANSHIN_CA_GENERATIONS_MAX) {
        return refuse(call, ANSHIN_ECONFLICT,
                      apr_psprintf(call->pool,
                                   "the next CA is there already: %s; htanshin ca switch takes it, htanshin "
                                   "ca retire removes one",
                                   files_of(call, line, highest(line)).certificate));
    }
    line->state.last++;
    next->files = files_of(call, line, line->state.last);
    next->files.key = on_token != NULL ? on_token : next->files.key;
    next->key = (anshin_ca_key_source_t){
        .key = next->files.key, .program = anshin_call_value(call, "passphrase"), .by_operator = 1};
    return APR_SUCCESS;
}

/* The same name with the number of the generation, where the operator has given none. */
static void number_name(anshin_call_t *call, const next_t *next, anshin_ca_wanted_t *wanted)
{
    if (anshin_call_value(call, "name") == NULL) {
        wanted->common_name = apr_psprintf(call->pool, "%s %d", wanted->common_name, next->line.state.last);
    }
}

/* Two CAs of one name cannot be told apart by whoever looks for an issuer by its name; of one key, by nobody. */
static apr_status_t check_alone(anshin_call_t *call, const next_t *next)
{
    const line_t *line = &next->line;
    anshin_trust_ca_t ca = {.name = NULL};
    apr_status_t status = load(call, next->files.certificate, &ca);

    for (int i = 0; status == APR_SUCCESS && i < line->state.count; i++) {
        const anshin_ca_files_t files = files_of(call, line, line->state.trusted[i]);
        anshin_trust_ca_t other;

        status = load(call, files.certificate, &other);
        if (status == APR_SUCCESS && strcmp(ca.name, other.name) == 0) {
            status = refuse(call, ANSHIN_EINVALID,
                            apr_psprintf(call->pool, "--name: %s has that name too; give the next CA one of its own",
                                         files.certificate));
        } else if (status == APR_SUCCESS && strcmp(ca.id, other.id) == 0) {
            status = refuse(
                call, ANSHIN_EINVALID,
                apr_psprintf(call->pool, "the key: %s has it too; give the next CA one of its own", files.certificate));
        }
    }
    return status;
}

/* It is made: whoever reads the line from now on trusts it. */
static apr_status_t join(anshin_call_t *call, anshin_act_t act, next_t *next)
{
    anshin_ca_line_t *state = &next->line.state;
    apr_status_t status = check_alone(call, next);

    if (status != APR_SUCCESS) {
        return status;
    }
    state->trusted[state->count] = state->last;
    state->keys[state->count] = anshin_call_value(call, "use-key");
    state->count++;
    return write_line(call, act, &next->line, &next->files);
}

apr_status_t anshin_rollover_create(anshin_call_t *call, anshin_ca_wanted_t *wanted)
{
    next_t next;
    apr_status_t status = plan(call, &next);

    if (status != APR_SUCCESS) {
        return status;
    }
    number_name(call, &next, wanted);
    status = anshin_hold_ca(call, next.files.name);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_ca_create(next.files.certificate, &next.key, wanted, &call->op.error, call->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = join(call, ANSHIN_ACT_CA_CREATED, &next);
    if (status != APR_SUCCESS) { /* nothing has issued with them yet */
        (void)unlink(next.files.certificate);
        if (anshin_call_value(call, "use-key") == NULL) {
            (void)unlink(next.files.key);
        }
    }
    return status;
}

apr_status_t anshin_rollover_request(anshin_call_t *call, anshin_ca_wanted_t *wanted)
{
    next_t next;
    apr_status_t status = plan(call, &next);

    if (status != APR_SUCCESS) {
        return status;
    }
    number_name(call, &next, wanted);
    status = anshin_ca_request(next.files.request, &next.key, wanted, &call->op.error, call->pool);
    status =
        status == APR_SUCCESS ? anshin_ca_tell(call, ANSHIN_ACT_CA_REQUESTED, next.files.name, NULL, NULL) : status;
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "request", next.files.request, call->pool);
        anshin_result_text(call->result, "key", next.files.key, call->pool);
        anshin_result_text(call->result, "name", wanted->common_name, call->pool);
    }
    return status;
}

/* The second operator approves this certificate, by the SHA-256 of the file. */
static apr_status_t hold_import(anshin_call_t *call, const next_t *next, const anshin_bytes_t *pem)
{
    char text[ANSHIN_SUM_TEXT + 1];
    anshin_sum_t *sum;
    apr_status_t status = anshin_sum_create(&sum, &call->op.error, call->pool);

    if (status == APR_SUCCESS && ((status = anshin_sum_begin(sum)) != APR_SUCCESS ||
                                  (status = anshin_sum_add(sum, pem->data, pem->length)) != APR_SUCCESS ||
                                  (status = anshin_sum_end(sum, text)) != APR_SUCCESS)) {
        return anshin_fail(&call->op.error, status, "AN1847", "SHA-256 is not available");
    }
    return status == APR_SUCCESS ? anshin_hold_ca(call, apr_pstrcat(call->pool, next->files.name, " ", text, NULL))
                                 : status;
}

apr_status_t anshin_rollover_import(anshin_call_t *call, const anshin_bytes_t *pem, anshin_ca_imported_t *imported)
{
    next_t next;
    apr_status_t status = plan(call, &next);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = hold_import(call, &next, pem);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_ca_import(imported, next.files.certificate, &next.key, pem, &call->op.error, call->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = join(call, ANSHIN_ACT_CA_IMPORTED, &next);
    if (status != APR_SUCCESS) { /* the key stays: the company has signed for it */
        (void)unlink(next.files.certificate);
        (void)unlink(apr_pstrcat(call->pool, next.files.certificate, ANSHIN_CA_CHAIN_SUFFIX, NULL));
    }
    return status;
}

/* --- list -------------------------------------------------------------------------------------------------------- */

static const char *state_of(const line_t *line, int generation, apr_time_t stopped)
{
    return stopped != 0                        ? "compromised"
           : generation == line->state.issuing ? "issuing"
           : generation > line->state.issuing  ? "next"
                                               : "old";
}

static apr_status_t add_row(anshin_call_t *call, const line_t *line, int generation)
{
    const anshin_ca_files_t files = files_of(call, line, generation);
    anshin_trust_ca_t ca = {.id = "", .name = NULL, .end = 0};
    anshin_issued_left_t left = {.count = 0};
    json_t *row = json_object();
    apr_time_t stopped = 0;
    apr_status_t status = APR_SUCCESS;

    if (load(call, files.certificate, &ca) == APR_SUCCESS) {
        left.ca = (anshin_revoked_ca_t){files.name, ca.id};
        status = anshin_issued_left(&call->op, &left, 1);
        status = status == APR_SUCCESS ? anshin_issuer_stopped(&call->op, NULL, ca.id, &stopped) : status;
    }
    anshin_result_text(row, "ca", files.name, call->pool);
    anshin_result_text(row, "state", ca.name != NULL ? state_of(line, generation, stopped) : "missing", call->pool);
    anshin_result_text(row, "id", ca.id, call->pool);
    anshin_result_text(row, "name", ca.name, call->pool);
    anshin_result_time(row, "not_after", ca.end, call->pool);
    anshin_result_number(row, "certificates", left.count);
    anshin_result_time(row, "until", left.until, call->pool);
    anshin_result_text(row, "certificate", files.certificate, call->pool);
    return json_array_append_new(call->result, row) == 0 ? status : ANSHIN_EFAULT;
}

static apr_status_t add_line(anshin_call_t *call, const char *contract)
{
    line_t line;
    apr_status_t status;

    call->contract = contract;
    status = read_line(call, &line);
    for (int i = 0; status == APR_SUCCESS && i < line.state.count; i++) {
        status = add_row(call, &line, line.state.trusted[i]);
    }
    return status;
}

/* Of one contract, or each line once. */
static apr_status_t ca_list(anshin_call_t *call)
{
    const apr_array_header_t *contracts = call->config->contracts;
    const char *seen = "\n";
    apr_status_t status = APR_SUCCESS;

    call->result = json_array();
    if (call->contract != NULL) {
        return add_line(call, call->contract);
    }
    for (int i = 0; status == APR_SUCCESS && i < contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        const char *file =
            apr_pstrcat(call->pool, "\n", anshin_ca_rollover_file(call->config, contract, call->pool), "\n", NULL);

        if (strstr(seen, file) == NULL) {
            seen = apr_pstrcat(call->pool, seen, file, NULL);
            status = add_line(call, contract->name);
        }
    }
    return status;
}

/* --- switch ------------------------------------------------------------------------------------------------------ */

static apr_status_t ca_switch(anshin_call_t *call)
{
    line_t line;
    anshin_ca_files_t files;
    anshin_trust_ca_t ca;
    apr_time_t stopped = 0;
    apr_status_t status = anshin_ca_lock(call);

    if (status == APR_SUCCESS) {
        status = read_line(call, &line);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (highest(&line) == line.state.issuing) {
        return refuse(call, ANSHIN_ECONFLICT, "there is no next CA; htanshin ca create --next makes one");
    }
    files = files_of(call, &line, highest(&line));
    status = load(call, files.certificate, &ca);
    if (status == APR_SUCCESS && !anshin_key_is_on_token(files.key) && access(files.key, R_OK) != 0) {
        status = refuse(call, ANSHIN_ENOTFOUND,
                        apr_psprintf(call->pool, "%s: the key of the next CA cannot be read; put it back", files.key));
    }
    if (status == APR_SUCCESS) {
        status = anshin_issuer_stopped(&call->op, NULL, ca.id, &stopped);
    }
    if (status == APR_SUCCESS && stopped != 0) {
        status = refuse(call, ANSHIN_ECONFLICT,
                        apr_psprintf(call->pool,
                                     "the next CA was declared compromised on %s; htanshin ca retire %s, then "
                                     "htanshin ca create --next",
                                     anshin_time_text(stopped, call->pool), files.name));
    }
    if (status == APR_SUCCESS) {
        status = anshin_hold_ca(call, apr_pstrcat(call->pool, files.name, " ", ca.id, NULL));
    }
    if (status == APR_SUCCESS) {
        line.state.issuing = highest(&line);
        status = write_line(call, ANSHIN_ACT_CA_SWITCHED, &line, &files);
    }
    return status;
}

/* --- retire ------------------------------------------------------------------------------------------------------ */

/* Its place in the line; -1: none. */
static int place_of(const anshin_call_t *call, const line_t *line, const char *name)
{
    for (int i = 0; i < line->state.count; i++) {
        if (strcmp(files_of(call, line, line->state.trusted[i]).name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static apr_status_t check_left(anshin_call_t *call, const anshin_ca_files_t *files)
{
    anshin_issued_left_t left = {.ca = {.name = files->name}};
    anshin_trust_ca_t ca = {.id = ""};
    apr_status_t status = load(call, files->certificate, &ca);

    if (status != APR_SUCCESS) {
        return status;
    }
    left.ca.id = ca.id;
    status = anshin_issued_left(&call->op, &left, 1);
    if (status == APR_SUCCESS && left.count > 0) {
        status = refuse(call, ANSHIN_ECONFLICT,
                        apr_psprintf(call->pool,
                                     "%" APR_INT64_T_FMT " good certificates of the CA %s are left, the last until %s; "
                                     "wait for them, let their users renew, or give --force, which ends them",
                                     left.count, files->name, anshin_time_text(left.until, call->pool)));
    }
    return status;
}

static apr_status_t ca_retire(anshin_call_t *call)
{
    const char *name = call->operands[0];
    line_t line;
    anshin_ca_files_t files;
    int place;
    apr_status_t status = anshin_ca_lock(call);

    if (status == APR_SUCCESS) {
        status = read_line(call, &line);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    place = place_of(call, &line, name);
    if (place < 0) {
        return refuse(call, ANSHIN_ENOTFOUND,
                      apr_psprintf(call->pool, "there is no CA %s here; htanshin ca list names them", name));
    }
    if (line.state.trusted[place] == line.state.issuing) {
        return refuse(call, ANSHIN_ECONFLICT,
                      apr_psprintf(call->pool, "the CA %s issues; htanshin ca switch makes the next one issue", name));
    }
    files = files_of(call, &line, line.state.trusted[place]);
    status = anshin_call_value(call, "force") == NULL ? check_left(call, &files) : APR_SUCCESS;
    if (status == APR_SUCCESS) {
        status = anshin_hold_ca(call, name);
    }
    if (status == APR_SUCCESS) {
        line.state.count--;
        memmove(&line.state.trusted[place], &line.state.trusted[place + 1],
                (size_t)(line.state.count - place) * sizeof(int));
        memmove(&line.state.keys[place], &line.state.keys[place + 1],
                (size_t)(line.state.count - place) * sizeof(char *));
        status = write_line(call, ANSHIN_ACT_CA_RETIRED, &line, &files);
    }
    return status;
}

/* ----------------------------------------------------------------------------------------------------------------- */

#define SIGNER_USER                                                                             \
    {                                                                                           \
        "signer-user", "USER",                                                                  \
            "Who owns the key, where root calls: the AnshinSignerUser; that of httpd when not " \
            "given.",                                                                           \
            0                                                                                   \
    }

static const anshin_command_option_t options[] = {
    SIGNER_USER,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t retire_options[] = {
    {"force", NULL, "Also while good certificates of it are left, which are refused from then on.", 0},
    SIGNER_USER,
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_rollover[] = {
    {"ca", "list", "", 0, 0, options, ANSHIN_ACCESS_SIGNER_STORE, ca_list,
     "List the CAs that are trusted, and which one issues; with the good certificates of each that are left."},
    {"ca", "switch", "", 0, 0, options, ANSHIN_ACCESS_SIGNER_STORE, ca_switch,
     "Let the next CA issue; the one before stays trusted. Reload httpd after that."},
    {"ca", "retire", "NAME", 1, 1, retire_options, ANSHIN_ACCESS_SIGNER_STORE, ca_retire,
     "Trust a CA no more that does not issue; refused while good certificates of it are left. Reload httpd after "
     "that."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

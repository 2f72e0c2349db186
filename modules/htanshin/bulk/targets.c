/*
 * Who or what is meant: see targets.h.
 */
#include "htanshin/bulk/targets.h"

#include <ctype.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/base/user_id.h"
#include "htanshin/choice/choice.h"
#include "htanshin/csv.h"
#include "htanshin/import/import_columns.h"
#include "htanshin/values.h"

#define SERIAL_DIGITS_MAX 40 /* RFC 5280 4.1.2.2: 20 octets */
#define NONE (-1)

/* While a list is read. */
typedef struct reading_t {
    anshin_call_t *call;
    const anshin_targets_t *of;
    int users;   /* number of the column of user IDs, */
    int serials; /* of serials, */
    int undo;    /* and of the verb that the line is for; NONE: there is none */
    apr_hash_t *seen;
    apr_array_header_t *targets;
} reading_t;

const char *anshin_serial_typed(const char *typed, apr_pool_t *pool)
{
    char *digits = apr_palloc(pool, strlen(typed) + 2);
    char *end = digits;
    const char *at = strncmp(typed, "0x", 2) == 0 || strncmp(typed, "0X", 2) == 0 ? typed + 2 : typed;

    for (; *at != '\0'; at++) {
        if (isxdigit((unsigned char)*at)) {
            *end++ = (char)tolower((unsigned char)*at);
        } else if (*at != ':') {
            return NULL;
        }
    }
    *end = '\0';
    if ((end - digits) % 2 != 0) {
        memmove(digits + 1, digits, (size_t)(end - digits) + 1);
        digits[0] = '0';
        end++;
    }
    while (end - digits > 2 && digits[0] == '0' && digits[1] == '0') {
        digits += 2;
    }
    return digits == end || end - digits > SERIAL_DIGITS_MAX ? NULL : digits;
}

static anshin_target_t target_of(const anshin_call_t *call, const char *typed, int serial)
{
    const char *normal = serial ? anshin_serial_typed(typed, call->pool) : anshin_user_canonical(typed, call->pool);
    const char *name = normal != NULL ? normal : apr_pstrdup(call->pool, typed);

    return (anshin_target_t){.user = serial ? NULL : name,
                             .serial = serial ? name : NULL,
                             .wrong = normal != NULL ? NULL
                                      : serial       ? "no serial number"
                                                     : "no user ID"};
}

/* One twice would be done twice: an invitation, for instance, would end the one before. */
static void add(reading_t *reading, anshin_target_t target, int line)
{
    apr_pool_t *pool = reading->call->pool;
    const char *name = target.user != NULL ? target.user : target.serial;
    const int *before = apr_hash_get(reading->seen, name, APR_HASH_KEY_STRING);

    if (target.wrong != NULL) {
        target.wrong = apr_psprintf(pool, "line %d: %s", line, target.wrong);
    } else if (before != NULL) {
        target.wrong = apr_psprintf(pool, "line %d: line %d names the same", line, *before);
    } else {
        apr_hash_set(reading->seen, name, APR_HASH_KEY_STRING, apr_pmemdup(pool, &line, sizeof(line)));
    }
    APR_ARRAY_PUSH(reading->targets, anshin_target_t) = target;
}

/* --- a list ------------------------------------------------------------------------------------------------------ */

static int is_serial_name(const char *cell)
{
    return strcmp(cell, "serial") == 0 || strcmp(cell, "SERIAL") == 0 || strcmp(cell, "証明書番号") == 0;
}

/* 1: the first line names the columns. Without one the first cell is what the verb's operand is. */
static int read_names(reading_t *reading, const anshin_import_record_t *record, apr_pool_t *pool)
{
    int named = 0;

    for (int i = 0; i < record->cells->nelts; i++) {
        const char *cell = APR_ARRAY_IDX(record->cells, i, const char *);

        if (reading->of->certificates && is_serial_name(cell)) {
            reading->serials = i;
            named = 1;
        } else if (anshin_import_column_find(cell, pool) == ANSHIN_IMPORT_USER) {
            reading->users = i;
            named = 1;
        } else if (strcmp(cell, "undo") == 0) {
            reading->undo = i;
        }
    }
    if (!named) {
        *(reading->of->certificates ? &reading->serials : &reading->users) = 0;
        reading->undo = NONE;
    }
    return named;
}

static const char *cell_at(const anshin_import_record_t *record, int number)
{
    return number >= 0 && number < record->cells->nelts
               ? anshin_csv_text(APR_ARRAY_IDX(record->cells, number, const char *))
               : "";
}

static void take_line(reading_t *reading, const anshin_import_record_t *record)
{
    const char *verb = cell_at(record, reading->undo);
    int serial = reading->serials != NONE;
    const char *typed = cell_at(record, serial ? reading->serials : reading->users);

    if (*verb != '\0' && strcmp(verb, reading->of->verb) != 0) {
        return; /* for another verb */
    }
    if (record->wrong != NULL) {
        add(reading,
            (anshin_target_t){.user = apr_pstrdup(reading->call->pool, typed),
                              .wrong = apr_pstrdup(reading->call->pool, record->wrong)},
            record->wrong_line);
    } else {
        anshin_target_t target = target_of(reading->call, typed, serial);

        target.undoes = *verb != '\0';
        add(reading, target, record->line);
    }
}

/* A line of one cell that names the column, and is the ID of a user as well: nobody knows which of them is meant. */
static apr_status_t refuse_doubtful(reading_t *reading, const anshin_import_record_t *record, apr_pool_t *pool)
{
    anshin_call_t *call = reading->call;
    const char *user = record->cells->nelts == 1 && !reading->of->certificates
                           ? anshin_user_canonical(cell_at(record, 0), pool)
                           : NULL;
    anshin_account_t account;
    apr_status_t status =
        user != NULL ? anshin_op_get(&call->op, &anshin_record_account, anshin_account_key(&call->op, user), &account)
                     : ANSHIN_ENOTFOUND;

    if (status == APR_SUCCESS) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1867",
                             "line 1: %.64s names the column, and is the ID of a user; put a line \"user ID\" above it",
                             user);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* The first line. */
static apr_status_t take_first(reading_t *reading, const anshin_import_record_t *record, apr_pool_t *pool)
{
    if (read_names(reading, record, pool)) {
        return refuse_doubtful(reading, record, pool);
    }
    take_line(reading, record);
    return APR_SUCCESS;
}

static apr_status_t read_list(reading_t *reading)
{
    anshin_call_t *call = reading->call;
    anshin_error_t *err = &call->op.error;
    anshin_import_text_t *text;
    anshin_import_records_t *records;
    anshin_import_record_t record;
    apr_pool_t *scratch;
    int first = 1;
    apr_status_t status = anshin_import_text_open(&text, call->input, ANSHIN_IMPORT_AUTO, err, call->pool);

    if (status == APR_SUCCESS) {
        status = anshin_import_records_open(&records, text, 0, err, call->pool);
    }
    apr_pool_create(&scratch, call->pool);
    while (status == APR_SUCCESS &&
           (status = anshin_import_records_next(records, &record, err, scratch)) == APR_SUCCESS) {
        if (first) {
            status = take_first(reading, &record, scratch);
        } else {
            take_line(reading, &record);
        }
        first = 0;
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return status == APR_EOF ? APR_SUCCESS : status;
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

static apr_status_t add_chosen(anshin_call_t *call, void *baton, const anshin_particulars_t *user)
{
    const reading_t *reading = baton;

    (void)call;
    APR_ARRAY_PUSH(reading->targets, anshin_target_t) =
        (anshin_target_t){.user = apr_pstrdup(reading->targets->pool, user->account.user)};
    return APR_SUCCESS;
}

static apr_status_t wrong(anshin_call_t *call, const char *text)
{
    return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1343", "%s", text);
}

/* Of users that are chosen, which come in the order of their IDs. The one itself may be among them no more: it was
 * deleted, or is in another state by what was done to it. */
static apr_status_t choose_after(anshin_call_t *call, apr_array_header_t **targets)
{
    const char *typed = anshin_call_value(call, "after");
    const anshin_target_t user = target_of(call, typed, 0);
    apr_array_header_t *rest = apr_array_make(call->pool, (*targets)->nelts + 1, sizeof(anshin_target_t));

    for (int i = 0; i < (*targets)->nelts; i++) {
        const anshin_target_t *each = &APR_ARRAY_IDX(*targets, i, anshin_target_t);

        if (strcmp(each->user, user.user) > 0) {
            APR_ARRAY_PUSH(rest, anshin_target_t) = *each;
        }
    }
    *targets = rest;
    return user.wrong == NULL ? APR_SUCCESS : wrong(call, "--after: is no user ID");
}

/* Of a list: behind the line that a run was stopped after. */
static apr_status_t begin_after(anshin_call_t *call, apr_array_header_t **targets)
{
    const char *typed = anshin_call_value(call, "after");
    const anshin_target_t user = target_of(call, typed, 0);
    const anshin_target_t serial = target_of(call, typed, 1);

    for (int i = 0; i < (*targets)->nelts; i++) {
        const anshin_target_t *each = &APR_ARRAY_IDX(*targets, i, anshin_target_t);

        if ((each->user != NULL && strcmp(each->user, user.user) == 0) ||
            (each->serial != NULL && strcmp(each->serial, serial.serial) == 0)) {
            apr_array_header_t *rest = apr_array_make(call->pool, (*targets)->nelts, sizeof(anshin_target_t));

            for (i++; i < (*targets)->nelts; i++) {
                APR_ARRAY_PUSH(rest, anshin_target_t) = APR_ARRAY_IDX(*targets, i, anshin_target_t);
            }
            *targets = rest;
            return APR_SUCCESS;
        }
    }
    return wrong(call, "--after: is not among those that are meant");
}

apr_status_t anshin_targets_read(anshin_call_t *call, const anshin_targets_t *of, apr_array_header_t **targets)
{
    reading_t reading = {.call = call,
                         .of = of,
                         .users = NONE,
                         .serials = NONE,
                         .undo = NONE,
                         .seen = apr_hash_make(call->pool),
                         .targets = apr_array_make(call->pool, 64, sizeof(anshin_target_t))};
    int listed = anshin_call_value(call, "file") != NULL;
    const char *user = of->certificates ? anshin_call_value(call, "user") : NULL; /* all of one user's */
    anshin_choice_t choice = {.given = 0};
    apr_status_t status = anshin_call_value(call, "after") != NULL && (call->operand_count > 0 || user != NULL)
                              ? wrong(call, "--after: is for a list, or users that are chosen")
                              : APR_SUCCESS;

    *targets = reading.targets;
    if (status == APR_SUCCESS && of->chooses) {
        status = anshin_choice_read(call, &choice);
    }
    if (status == APR_SUCCESS && call->operand_count + listed + choice.given + (user != NULL) != 1) {
        status = wrong(call, of->chooses ? "give one of an operand, --file, and options that choose users"
                                         : "give an operand, or --file");
    }
    if (status == APR_SUCCESS && call->operand_count > 0) {
        add(&reading, target_of(call, call->operands[0], of->certificates), 1);
    } else if (status == APR_SUCCESS && user != NULL) {
        add(&reading, target_of(call, user, 0), 1);
    } else if (status == APR_SUCCESS) {
        status = listed ? read_list(&reading) : anshin_choice_each(call, &choice, add_chosen, &reading);
    }
    if (status != APR_SUCCESS || anshin_call_value(call, "after") == NULL) {
        return status;
    }
    return choice.given ? choose_after(call, targets) : begin_after(call, targets);
}

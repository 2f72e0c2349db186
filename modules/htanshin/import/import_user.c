/*
 * A line of an import that names a user: see import_user.h.
 */
#include "htanshin/import/import_user.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/admin/adopt.h"
#include "core/admin/amend.h"
#include "core/admin/given.h"
#include "core/base/address.h"
#include "core/base/label.h"
#include "core/selfservice/method.h"
#include "htanshin/approval/hold.h"
#include "htanshin/user/user_attributes.h"

/* What the verbs of core refuse, by the number of the reason's id. */
static const struct {
    int number;
    int column;
} reasons[] = {
    {140, ANSHIN_IMPORT_USER},         {813, ANSHIN_IMPORT_USER},     {145, ANSHIN_IMPORT_USER},
    {141, ANSHIN_IMPORT_ADDRESS},      {1438, ANSHIN_IMPORT_ADDRESS}, {142, ANSHIN_IMPORT_METHOD},
    {1439, ANSHIN_IMPORT_METHOD},      {143, ANSHIN_IMPORT_TERMINAL}, {1260, ANSHIN_IMPORT_LABEL},
    {144, ANSHIN_IMPORT_LANGUAGE},     {1432, ANSHIN_IMPORT_GROUPS},  {1433, ANSHIN_IMPORT_GROUPS},
    {1434, ANSHIN_IMPORT_VALID_UNTIL}, {1290, ANSHIN_IMPORT_HASH},    {1291, ANSHIN_IMPORT_HASH},
    {1292, ANSHIN_IMPORT_HASH},        {1295, ANSHIN_IMPORT_HASH},    {1845, ANSHIN_IMPORT_ORGANISATION},
};
#define OF_SEVERAL 1431

/* Of AN1431, which is of several, the word that it begins with. */
static int column_of(const anshin_error_t *error)
{
    static const int texts[] = {ANSHIN_IMPORT_NAME, ANSHIN_IMPORT_ORGANISATION, ANSHIN_IMPORT_MEMO};

    int number = error->id[0] != '\0' ? atoi(error->id + 2) : 0;

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].number == number) {
            return reasons[i].column;
        }
    }
    for (size_t i = 0; number == OF_SEVERAL && i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *name = anshin_import_column_name(texts[i]);

        if (strncmp(error->text, name, strlen(name)) == 0) {
            return texts[i];
        }
    }
    return -1;
}

const char *anshin_import_done_name(anshin_import_done_t done)
{
    static const char *const names[ANSHIN_IMPORT_DONES] = {"created", "unchanged", "changed", "refused"};

    return names[done];
}

void anshin_import_refuse(anshin_call_t *call, anshin_import_came_t *came, int column, const char *value,
                          const char *reason)
{
    anshin_error_clear(&call->op.error);
    (void)anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1495", "%s", reason);
    came->done = ANSHIN_IMPORT_REFUSED;
    came->column = column;
    came->value = value;
}

/* What a verb answered: a mistake of the line, or the end of it all. */
static apr_status_t take_answer(const anshin_call_t *call, apr_status_t status, const char *const *cells,
                                anshin_import_came_t *came)
{
    if (status != ANSHIN_EINVALID && status != ANSHIN_ECONFLICT && status != ANSHIN_EDENIED) {
        return status;
    }
    came->done = ANSHIN_IMPORT_REFUSED;
    came->column = column_of(&call->op.error);
    /* What stands in place of a hash may be a password; an empty cell tells nothing. */
    came->value = came->column >= 0 && came->column != ANSHIN_IMPORT_HASH && cells[came->column][0] != '\0'
                      ? cells[came->column]
                      : NULL;
    return APR_SUCCESS;
}

/* A cell, or what stands for one that says nothing; otherwise, when neither is there. */
static const char *said(const char *const *cells, const anshin_import_ways_t *ways, int column, const char *otherwise)
{
    const char *text = cells[column][0] != '\0' || ways == NULL ? cells[column] : ways->given[column];

    return text[0] != '\0' ? text : otherwise;
}

/* A cell that is one of some words. 0: it is none of them, and the line is refused. */
static int read_word(anshin_call_t *call, int column, const char *text, const anshin_word_t *words, int *value,
                     anshin_import_came_t *came)
{
    const anshin_word_t *word;

    if (text == NULL) {
        return 1;
    }
    word = anshin_word_find(words, anshin_import_word((anshin_import_column_t)column, text, call->pool));
    if (word == NULL) {
        anshin_import_refuse(call, came, column, text,
                             apr_psprintf(call->pool, "must be one of %s", anshin_word_list(words, ", ", call->pool)));
        return 0;
    }
    *value = (int)word->value;
    return 1;
}

/* A day or time; an empty cell is none that is given. 0: the line is refused. */
static int read_time(anshin_call_t *call, const char *const *cells, anshin_import_column_t column,
                     anshin_attributes_t *attributes, anshin_attribute_t attribute, anshin_import_came_t *came)
{
    int last = attribute == ANSHIN_ATTRIBUTE_VALID_UNTIL;
    apr_time_t *time = last ? &attributes->valid_until : &attributes->valid_from;

    if (cells[column][0] == '\0') {
        return 1;
    }
    attributes->given |= 1 << attribute;
    if (anshin_user_time(anshin_import_cell(column, cells[column], call->pool), last, time)) {
        return 1;
    }
    anshin_import_refuse(call, came, (int)column, cells[column],
                         "must be a day such as 2027/4/1 or 2027-04-01, or a time such as 2027-04-01T09:00");
    return 0;
}

static const char *read_text(anshin_call_t *call, const char *const *cells, anshin_import_column_t column,
                             anshin_attributes_t *attributes, anshin_attribute_t attribute)
{
    if (cells[column][0] != '\0') {
        attributes->given |= 1 << attribute;
    }
    return anshin_import_cell(column, cells[column], call->pool);
}

/* 0: the line is refused. */
static int read_attributes(anshin_call_t *call, const char *const *cells, anshin_attributes_t *attributes,
                           anshin_import_came_t *came)
{
    *attributes = (anshin_attributes_t){.given = 0};
    attributes->name = read_text(call, cells, ANSHIN_IMPORT_NAME, attributes, ANSHIN_ATTRIBUTE_NAME);
    attributes->organisation =
        read_text(call, cells, ANSHIN_IMPORT_ORGANISATION, attributes, ANSHIN_ATTRIBUTE_ORGANISATION);
    attributes->groups = read_text(call, cells, ANSHIN_IMPORT_GROUPS, attributes, ANSHIN_ATTRIBUTE_GROUPS);
    attributes->memo = read_text(call, cells, ANSHIN_IMPORT_MEMO, attributes, ANSHIN_ATTRIBUTE_MEMO);
    return read_time(call, cells, ANSHIN_IMPORT_VALID_FROM, attributes, ANSHIN_ATTRIBUTE_VALID_FROM, came) &&
           read_time(call, cells, ANSHIN_IMPORT_VALID_UNTIL, attributes, ANSHIN_ATTRIBUTE_VALID_UNTIL, came);
}

/* What a line says, over what stands in spec. 0: it is refused. ways NULL: of one who is there. */
static int read_spec(anshin_call_t *call, const char *const *cells, const anshin_import_ways_t *ways,
                     anshin_account_new_t *spec, anshin_import_came_t *came)
{
    const char *language = said(cells, ways, ANSHIN_IMPORT_LANGUAGE, NULL);

    spec->user = came->user;
    spec->address = said(cells, ways, ANSHIN_IMPORT_ADDRESS, spec->address);
    spec->label = said(cells, ways, ANSHIN_IMPORT_LABEL, spec->label);
    if (language != NULL) {
        spec->language = anshin_import_word(ANSHIN_IMPORT_LANGUAGE, language, call->pool);
    }
    return read_word(call, ANSHIN_IMPORT_METHOD, said(cells, ways, ANSHIN_IMPORT_METHOD, NULL), anshin_method_words,
                     &spec->method, came) &&
           read_word(call, ANSHIN_IMPORT_TERMINAL, said(cells, ways, ANSHIN_IMPORT_TERMINAL, NULL),
                     anshin_terminal_kind_words, &spec->terminal_kind, came);
}

/* The hash of a line, judged; spec->imported stays NULL where there is none. */
static apr_status_t read_hash(anshin_call_t *call, const char *const *cells, const anshin_import_ways_t *ways,
                              anshin_imported_t *imported, anshin_account_new_t *spec)
{
    apr_status_t status = APR_SUCCESS;

    if (cells[ANSHIN_IMPORT_HASH][0] != '\0') {
        status = anshin_imported_check(&call->op, imported, cells[ANSHIN_IMPORT_HASH], ways->accept_weak);
        spec->imported = status == APR_SUCCESS ? imported : NULL;
    }
    return status;
}

static const char *left_text(apr_int64_t method, apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "the password hash is not taken: by method %s the user registers, and chooses a password then",
                        anshin_method_name(method));
}

/* A new user with a hash logs in by it, where ID and password are all that the method asks for. */
static apr_status_t use_hash(anshin_call_t *call, anshin_account_new_t *spec, anshin_import_came_t *came)
{
    apr_int64_t method = spec->method >= 0 ? spec->method : call->op.contract->policy.default_method;
    apr_status_t status = anshin_account_new_check(&call->op, spec);

    if (status != APR_SUCCESS || spec->imported == NULL) {
        return status;
    }
    if (method != ANSHIN_METHOD_PASSWORD) {
        came->detail = left_text(method, call->pool);
        spec->imported = NULL;
        return APR_SUCCESS;
    }
    came->detail = apr_psprintf(call->pool, "logs in by the password of before (%s), without registration",
                                anshin_word_name(anshin_scheme_words, spec->imported->scheme, ""));
    return APR_SUCCESS;
}

static const char *default_address(const anshin_call_t *call, const anshin_import_ways_t *ways, const char *user)
{
    if (ways->mail_domain == NULL) {
        return NULL;
    }
    return strchr(user, '@') != NULL ? user : apr_pstrcat(call->pool, user, "@", ways->mail_domain, NULL);
}

static apr_status_t create(anshin_call_t *call, const char *const *cells, const anshin_import_ways_t *ways,
                           anshin_import_came_t *came)
{
    anshin_attributes_t attributes;
    anshin_account_new_t spec = {.address = default_address(call, ways, came->user),
                                 .method = -1,
                                 .terminal_kind = ANSHIN_TERMINAL_PC,
                                 .attributes = &attributes};
    anshin_imported_t imported;
    apr_status_t status;

    if (!read_spec(call, cells, ways, &spec, came) || !read_attributes(call, cells, &attributes, came)) {
        return APR_SUCCESS;
    }
    if (spec.address == NULL) {
        anshin_import_refuse(call, came, ANSHIN_IMPORT_ADDRESS, NULL,
                             "a new user needs a mail address: give a column of them, or --mail-domain");
        return APR_SUCCESS;
    }
    status = cells[ANSHIN_IMPORT_ORGANISATION][0] != '\0' ? anshin_hold_list(call) : APR_SUCCESS;
    status = status == APR_SUCCESS ? read_hash(call, cells, ways, &imported, &spec) : status;
    status = status == APR_SUCCESS ? use_hash(call, &spec, came) : status;
    if (status == APR_SUCCESS && !ways->rehearsal) {
        status = anshin_account_create(&call->op, &spec, &came->invitation);
    }
    came->done = ANSHIN_IMPORT_CREATED;
    return take_answer(call, status, cells, came);
}

/* --- a user who is there ------------------------------------------------------------------------------------------ */

/* What a line says otherwise than it is. */
typedef struct difference_t {
    int column;
    const char *before;
    const char *after;
} difference_t;

typedef struct differences_t {
    difference_t each[ANSHIN_IMPORT_COLUMNS];
    int count;
    const char *left; /* why the hash is not taken, for people; NULL: it is, or one expects no other */
} differences_t;

static void compare(differences_t *differences, int column, const char *before, const char *after)
{
    before = before != NULL ? before : "";
    if (strcmp(before, after) != 0) {
        differences->each[differences->count++] = (difference_t){column, before, after};
    }
}

/* One who has a password of his own keeps it, however often the file is read. */
static apr_status_t compare_hash(anshin_call_t *call, const anshin_account_t *account, anshin_account_new_t *spec,
                                 differences_t *differences)
{
    const char *before = anshin_imported_scheme(account->password_hash);
    anshin_account_t after = *account;
    int differs = 0;
    apr_status_t status;

    after.method = spec->method;
    if (spec->imported == NULL || !anshin_adopt_open(&after)) {
        if (spec->imported != NULL && after.method != ANSHIN_METHOD_PASSWORD &&
            account->state == ANSHIN_ACCOUNT_PENDING) {
            differences->left = left_text(after.method, call->pool);
        }
        spec->imported = NULL;
        return APR_SUCCESS;
    }
    status = anshin_adopt_differs(&call->op, account, spec->imported, &differs);
    if (status == APR_SUCCESS && differs) {
        differences->each[differences->count++] =
            (difference_t){ANSHIN_IMPORT_HASH, before != NULL ? before : "",
                           anshin_word_name(anshin_scheme_words, spec->imported->scheme, "")};
    }
    return status;
}

/* Of what stands with the first device, and the account's method and language. */
static void compare_given(anshin_call_t *call, const char *const *cells, const anshin_account_t *account,
                          const anshin_terminal_t *first, const anshin_account_new_t *spec, differences_t *differences)
{
    const char *address = anshin_address_typed(cells[ANSHIN_IMPORT_ADDRESS], call->pool);
    const char *label = anshin_label_typed(cells[ANSHIN_IMPORT_LABEL], call->pool);

    if (cells[ANSHIN_IMPORT_ADDRESS][0] != '\0' && !anshin_address_same(first->address, address)) {
        compare(differences, ANSHIN_IMPORT_ADDRESS, first->address, address);
    }
    compare(differences, ANSHIN_IMPORT_METHOD, anshin_method_name(account->method), anshin_method_name(spec->method));
    compare(differences, ANSHIN_IMPORT_TERMINAL, anshin_terminal_kind_name(first->kind),
            anshin_terminal_kind_name(spec->terminal_kind));
    if (cells[ANSHIN_IMPORT_LABEL][0] != '\0') {
        compare(differences, ANSHIN_IMPORT_LABEL, first->label, label != NULL ? label : cells[ANSHIN_IMPORT_LABEL]);
    }
    if (cells[ANSHIN_IMPORT_LANGUAGE][0] != '\0') {
        compare(differences, ANSHIN_IMPORT_LANGUAGE, account->language, spec->language);
    }
}

static const char *groups_text(const anshin_account_t *account, apr_pool_t *pool)
{
    return account->groups != NULL && account->groups->nelts > 0 ? apr_array_pstrcat(pool, account->groups, ',') : "";
}

static const char *time_text(apr_time_t time, apr_pool_t *pool)
{
    return time != 0 ? anshin_time_text(time, pool) : "";
}

/* after: the account with them. */
static void compare_attributes(const anshin_account_t *before, const anshin_account_t *after,
                               differences_t *differences, apr_pool_t *pool)
{
    compare(differences, ANSHIN_IMPORT_NAME, before->name, after->name != NULL ? after->name : "");
    compare(differences, ANSHIN_IMPORT_ORGANISATION, before->organisation,
            after->organisation != NULL ? after->organisation : "");
    compare(differences, ANSHIN_IMPORT_GROUPS, groups_text(before, pool), groups_text(after, pool));
    compare(differences, ANSHIN_IMPORT_MEMO, before->memo, after->memo != NULL ? after->memo : "");
    if (before->valid_from != after->valid_from) {
        compare(differences, ANSHIN_IMPORT_VALID_FROM, time_text(before->valid_from, pool),
                time_text(after->valid_from, pool));
    }
    if (before->valid_until != after->valid_until) {
        compare(differences, ANSHIN_IMPORT_VALID_UNTIL, time_text(before->valid_until, pool),
                time_text(after->valid_until, pool));
    }
}

/* "address, label", or with what is before and after. */
static const char *told(const differences_t *differences, int whole, apr_pool_t *pool)
{
    const char *text = "";

    for (int i = 0; i < differences->count; i++) {
        const difference_t *each = &differences->each[i];
        const char *name = anshin_import_column_name(each->column);

        text = apr_pstrcat(pool, text, i > 0 ? ", " : "", name, NULL);
        if (whole) {
            text = apr_psprintf(pool, "%s: %s → %s", text, each->before[0] != '\0' ? each->before : "-", each->after);
        }
    }
    return text;
}

/* By the rules that the verb has, which is not asked in a rehearsal. */
static apr_status_t check(anshin_call_t *call, const anshin_account_new_t *spec, const differences_t *differences)
{
    apr_status_t status = APR_SUCCESS;
    const char *normal;

    for (int i = 0; status == APR_SUCCESS && i < differences->count; i++) {
        switch (differences->each[i].column) {
        case ANSHIN_IMPORT_ADDRESS:
            status = anshin_given_address(&call->op, spec->address, &normal);
            break;
        case ANSHIN_IMPORT_LABEL:
            status = anshin_given_label(&call->op, spec->label, &normal);
            break;
        case ANSHIN_IMPORT_METHOD:
            status = anshin_given_method(&call->op, spec->method);
            break;
        case ANSHIN_IMPORT_TERMINAL:
            status = anshin_given_kind(&call->op, spec->terminal_kind);
            break;
        case ANSHIN_IMPORT_LANGUAGE:
            status = anshin_given_language(&call->op, spec->language);
            break;
        case ANSHIN_IMPORT_ORGANISATION:
            status = anshin_hold_list(call);
            break;
        default: /* attributes were checked before */
            break;
        }
    }
    return status;
}

/* What changes, and the download passwords that the method needs, which nobody else has. */
static const char *change_text(anshin_call_t *call, const differences_t *differences, const anshin_amended_t *amended)
{
    const char *text = told(differences, 1, call->pool);

    for (int i = 0; amended != NULL && i < amended->issues->nelts; i++) {
        const anshin_method_issue_t *issue = &APR_ARRAY_IDX(amended->issues, i, anshin_method_issue_t);

        text = apr_psprintf(call->pool, "%s; download password of device %" APR_INT64_T_FMT ": %s", text,
                            issue->terminal, issue->download_password);
    }
    return differences->left != NULL ? apr_pstrcat(call->pool, text, "; ", differences->left, NULL) : text;
}

static apr_status_t change(anshin_call_t *call, const char *const *cells, const anshin_account_new_t *spec,
                           const differences_t *differences, anshin_import_came_t *came)
{
    anshin_amend_t amend = {.user = came->user, .kind = -1, .method = -1, .attributes = *spec->attributes};
    anshin_amended_t amended;
    apr_status_t status;

    for (int i = 0; i < differences->count; i++) {
        switch (differences->each[i].column) {
        case ANSHIN_IMPORT_ADDRESS:
            amend.address = spec->address;
            break;
        case ANSHIN_IMPORT_LABEL:
            amend.label = spec->label;
            break;
        case ANSHIN_IMPORT_METHOD:
            amend.method = spec->method;
            break;
        case ANSHIN_IMPORT_TERMINAL:
            amend.kind = spec->terminal_kind;
            break;
        case ANSHIN_IMPORT_LANGUAGE:
            amend.language = spec->language;
            break;
        case ANSHIN_IMPORT_HASH:
            amend.imported = spec->imported;
            break;
        default:
            break;
        }
    }
    status = anshin_account_amend(&call->op, &amend, &amended);
    if (status == APR_SUCCESS) {
        came->done = ANSHIN_IMPORT_CHANGED;
        came->detail = change_text(call, differences, &amended);
    }
    return take_answer(call, status == ANSHIN_ENOTFOUND ? ANSHIN_ECONFLICT : status, cells, came);
}

/* left: what is to be told of a hash; or NULL. */
static void leave(anshin_call_t *call, const anshin_account_t *account, const char *left, anshin_import_came_t *came)
{
    came->done = ANSHIN_IMPORT_UNCHANGED;
    came->detail = left;
    if (account->state == ANSHIN_ACCOUNT_PENDING) {
        came->pending = 1;
        came->detail =
            apr_psprintf(call->pool, "not registered yet: htanshin user invite %s gives a new URL and code%s%s",
                         came->user, left != NULL ? "; " : "", left != NULL ? left : "");
    }
}

static apr_status_t settle(anshin_call_t *call, const char *const *cells, const anshin_import_ways_t *ways,
                           const anshin_account_t *account, const anshin_terminal_t *first, anshin_import_came_t *came)
{
    anshin_attributes_t attributes;
    anshin_account_new_t spec = {.address = first->address,
                                 .method = (int)account->method,
                                 .terminal_kind = (int)first->kind,
                                 .language = account->language,
                                 .label = first->label,
                                 .attributes = &attributes};
    anshin_account_t after = *account;
    differences_t differences = {.count = 0};
    anshin_imported_t imported;
    int changed;
    apr_status_t status;

    if (!read_spec(call, cells, NULL, &spec, came) || !read_attributes(call, cells, &attributes, came)) {
        return APR_SUCCESS;
    }
    status = anshin_attributes_put(&call->op, &after, &attributes, &changed);
    if (status == APR_SUCCESS) {
        compare_given(call, cells, account, first, &spec, &differences);
        compare_attributes(account, &after, &differences, call->pool);
        status = check(call, &spec, &differences);
    }
    status = status == APR_SUCCESS ? read_hash(call, cells, ways, &imported, &spec) : status;
    status = status == APR_SUCCESS ? compare_hash(call, account, &spec, &differences) : status;
    if (status != APR_SUCCESS) {
        return take_answer(call, status, cells, came);
    }
    if (differences.count == 0) {
        leave(call, account, differences.left, came);
        return APR_SUCCESS;
    }
    if (!ways->update) {
        int column = differences.each[0].column;

        anshin_import_refuse(call, came, column, column != ANSHIN_IMPORT_HASH ? cells[column] : NULL,
                             apr_psprintf(call->pool, "user %s exists, differs in %s; --update changes it", came->user,
                                          told(&differences, 0, call->pool)));
        return APR_SUCCESS;
    }
    if (!ways->rehearsal) {
        return change(call, cells, &spec, &differences, came);
    }
    came->done = ANSHIN_IMPORT_CHANGED;
    came->detail = change_text(call, &differences, NULL);
    return APR_SUCCESS;
}

apr_status_t anshin_import_user(anshin_call_t *call, const char *const *cells, const anshin_import_ways_t *ways,
                                anshin_import_came_t *came)
{
    anshin_account_t account;
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_read(&call->op, came->user, &account, &terminals);

    if (status == ANSHIN_ENOTFOUND) {
        anshin_error_clear(&call->op.error);
        return create(call, cells, ways, came);
    }
    if (status == APR_SUCCESS && terminals->nelts == 0) {
        anshin_import_refuse(call, came, ANSHIN_IMPORT_USER, came->user, "the user exists and has no device");
        return APR_SUCCESS;
    }
    return status == APR_SUCCESS
               ? settle(call, cells, ways, &account, &APR_ARRAY_IDX(terminals, 0, anshin_terminal_t), came)
               : status;
}

/*
 * Numbers for the help desk: see help_number.h.
 *
 * SECURITY: strangers cause these records, and pages for everybody show the numbers. The number of a login is made of
 * the ID and of the lock that its page has met; whether somebody has the ID is written beside it and has no part in it.
 */
#include "core/login/help_number.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/account/lockout.h"
#include "core/context/daily.h"
#include "core/context/secret.h"
#include "core/login/claimant.h"

#define PREFIX "AN-"
#define CHARACTERS 8
#define ALPHABET "23456789BCDFGHJKMNPQRSTVWXYZ"
#define PART 16 /* hexadecimal digits of a MAC that a number is made of */
#define PARTS 4 /* of a MAC */

const anshin_word_t anshin_help_words[] = {
#define WORD(member, value, name) {name, ANSHIN_HELP_##member},
#include "core/login/help_kind.def"
#undef WORD
    {NULL, 0}};

typedef struct looking_t {
    const anshin_help_facts_t *facts;
    anshin_help_shown_t *shown;
    const char *about; /* what is locked; NULL: nothing */
    apr_time_t period; /* and of when */
} looking_t;

/* --- what it is about ------------------------------------------------------------------------------------------- */

static void put_account(anshin_help_number_t *record, const anshin_account_t *account)
{
    record->user = account->user;
    record->account = account->number;
}

/* Of all locks of an ID the one that the page has met. */
static int is_met(const looking_t *looking, apr_time_t since)
{
    return looking->facts->since == 0 || looking->facts->since == since;
}

/* Reads the same of somebody and of nobody. */
static apr_status_t of_user(anshin_op_t *op, anshin_txn_t *txn, looking_t *looking, const char *typed)
{
    anshin_help_number_t *record = &looking->shown->record;
    anshin_account_t account = {.user = NULL};
    anshin_lock_t lock, strangers;
    apr_status_t status = anshin_claimant_subject(op, typed, &looking->about);

    if (status == APR_SUCCESS) {
        status = anshin_account_get(op, txn, looking->about, &account);
    }
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    if (status == APR_SUCCESS) {
        put_account(record, &account);
    } else {
        record->typed = anshin_claimant_typed(typed, op->pool);
    }
    if ((status = anshin_lock_get(op, txn, ANSHIN_COUNTER_PASSWORD, looking->about, &lock)) != APR_SUCCESS ||
        (status = anshin_lock_get(op, txn, ANSHIN_COUNTER_STRANGER, looking->about, &strangers)) != APR_SUCCESS) {
        return status;
    }
    if (lock.kinds != 0 && is_met(looking, lock.since)) {
        record->since = lock.since;
    } else if (record->user != NULL && account.state == ANSHIN_ACCOUNT_LOCKED && is_met(looking, account.disabled_at)) {
        record->kind = account.locked_by == ANSHIN_LOCKED_BY_USER ? ANSHIN_HELP_SELF : ANSHIN_HELP_OPERATOR;
        record->since = account.disabled_at;
    } else {
        record->kind = ANSHIN_HELP_STRANGERS;
        record->since = strangers.since;
    }
    looking->period = looking->facts->since != 0 ? looking->facts->since : looking->facts->until;
    return APR_SUCCESS;
}

/* Whose link it is; nobody's is about nothing. */
static apr_status_t of_link(anshin_op_t *op, anshin_txn_t *txn, looking_t *looking)
{
    static const anshin_counter_kind_t counters[] = {[ANSHIN_HELP_REGISTRATION] = ANSHIN_COUNTER_REGISTRATION,
                                                     [ANSHIN_HELP_DOWNLOAD] = ANSHIN_COUNTER_DOWNLOAD,
                                                     [ANSHIN_HELP_LOST_DEVICE] = ANSHIN_COUNTER_LOST_DEVICE};
    const anshin_help_facts_t *facts = looking->facts;
    anshin_help_number_t *record = &looking->shown->record;
    anshin_link_t link;
    anshin_lock_t lock;
    apr_status_t status = anshin_token_find(op, txn, facts->link, facts->token, &link);

    if (status != APR_SUCCESS && status != ANSHIN_EDENIED) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (facts->kind == ANSHIN_HELP_ACCOUNT) {
        return of_user(op, txn, looking, link.account.user);
    }
    looking->about = facts->kind == ANSHIN_HELP_DOWNLOAD
                         ? anshin_download_subject(op, link.account.user, link.token.terminal)
                         : link.account.user;
    put_account(record, &link.account);
    record->terminal = link.token.terminal;
    status = anshin_lock_get(op, txn, counters[facts->kind], looking->about, &lock);
    record->since = looking->period = status == APR_SUCCESS ? lock.since : 0;
    return status;
}

/* One of ours tells whose it is; a page a day, for each network and browser. */
static apr_status_t of_certificate(anshin_op_t *op, anshin_txn_t *txn, looking_t *looking)
{
    const anshin_help_facts_t *facts = looking->facts;
    anshin_help_number_t *record = &looking->shown->record;
    const char *network = anshin_address_network(op);
    anshin_certificate_t certificate = {0};
    apr_status_t status = ANSHIN_ENOTFOUND;

    if (facts->issued && facts->serial != NULL) {
        status = anshin_txn_get(txn, &anshin_record_certificate, facts->serial, &certificate);
    }
    if (status == APR_SUCCESS && certificate.contract != NULL &&
        strcmp(certificate.contract, op->contract->name) == 0) {
        record->user = certificate.user;
        record->account = certificate.account;
        record->terminal = certificate.terminal;
    }
    looking->about = apr_pstrcat(op->pool, network != NULL ? network : "", "/", facts->reason, "/",
                                 facts->issued && facts->serial != NULL ? facts->serial : "", "/",
                                 op->actor.client != NULL ? op->actor.client : "", NULL);
    looking->period = op->now / ANSHIN_EXPIRY_DAY;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t find_subject(anshin_op_t *op, anshin_txn_t *txn, looking_t *looking)
{
    const anshin_help_facts_t *facts = looking->facts;

    if (facts->kind == ANSHIN_HELP_CERTIFICATE) {
        return of_certificate(op, txn, looking);
    }
    if (facts->kind == ANSHIN_HELP_ADDRESS) {
        looking->about = anshin_address_network(op);
        looking->period = facts->until;
        return APR_SUCCESS;
    }
    if (facts->user != NULL) {
        return of_user(op, txn, looking, facts->user);
    }
    return facts->token != NULL ? of_link(op, txn, looking) : APR_SUCCESS;
}

/* --- the number ------------------------------------------------------------------------------------------------- */

static const char *number_of(const anshin_op_t *op, const char *mac, int part)
{
    apr_uint64_t rest = strtoull(apr_pstrndup(op->pool, mac + part * PART, PART), NULL, 16);
    char *number = apr_pstrcat(op->pool, PREFIX, "........", NULL);

    for (int i = 0; i < CHARACTERS; i++) {
        number[strlen(PREFIX) + (apr_size_t)i] = ALPHABET[rest % strlen(ALPHABET)];
        rest /= strlen(ALPHABET);
    }
    return number;
}

/* Where another one has the number by chance, the next part of the MAC gives another. */
static apr_status_t find_number(anshin_op_t *op, anshin_txn_t *txn, anshin_help_shown_t *shown)
{
    apr_status_t status = APR_SUCCESS;

    for (int part = 0; part < PARTS; part++) {
        anshin_help_number_t there;
        const char *number = number_of(op, shown->record.subject, part);

        status = anshin_txn_get(txn, &anshin_record_help_number, number, &there);
        if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
            return status;
        }
        shown->kept = status == APR_SUCCESS && there.subject != NULL &&
                      anshin_secret_equal(op, there.subject, shown->record.subject);
        if (status == ANSHIN_ENOTFOUND || shown->kept) {
            shown->number = number;
            return APR_SUCCESS;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const looking_t *asked = baton;
    const anshin_help_facts_t *facts = asked->facts;
    looking_t looking = {.facts = facts, .shown = asked->shown};
    anshin_help_number_t *record = &asked->shown->record;
    const char *text;
    apr_status_t status;

    memset(asked->shown, 0, sizeof(*asked->shown));
    *record = (anshin_help_number_t){.contract = op->contract->name,
                                     .kind = facts->kind,
                                     .reason = facts->reason,
                                     .serial = facts->serial,
                                     .address = op->actor.address,
                                     .client = op->actor.client,
                                     .at = op->now,
                                     .until = facts->until};
    status = find_subject(op, txn, &looking);
    if (status != APR_SUCCESS || looking.about == NULL) {
        return status;
    }
    text = apr_psprintf(op->pool, "%s/%d/%s/%" APR_TIME_T_FMT, op->contract->name, (int)facts->kind, looking.about,
                        looking.period);
    status = anshin_secret_mac(op, &record->subject, "help-number", text);
    return status == APR_SUCCESS ? find_number(op, txn, asked->shown) : status;
}

apr_status_t anshin_help_number(anshin_op_t *op, const anshin_help_facts_t *facts, anshin_help_shown_t *shown)
{
    return anshin_op_read(op, look, &(looking_t){.facts = facts, .shown = shown});
}

static apr_status_t keep(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_help_shown_t *shown = baton;
    const char *today = apr_pstrcat(op->pool, "help-numbers/", op->contract->name, NULL);
    anshin_help_number_t there;
    int count;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_help_number, shown->number, &there);

    if (status != ANSHIN_ENOTFOUND) {
        return status; /* another page of the same was quicker */
    }
    if ((status = anshin_daily_get(op, txn, today, &count)) != APR_SUCCESS) {
        return status;
    }
    if (count >= ANSHIN_HELP_A_DAY) {
        return ANSHIN_EDENIED;
    }
    if ((status = anshin_daily_add(op, txn, today)) != APR_SUCCESS ||
        (status = anshin_txn_put(txn, &anshin_record_help_number, shown->number, &shown->record)) != APR_SUCCESS) {
        return status;
    }
    return anshin_expiry_file(op, txn, &anshin_record_help_number, shown->number, op->now + ANSHIN_KEEP_HELP);
}

apr_status_t anshin_help_number_keep(anshin_op_t *op, anshin_help_shown_t *shown)
{
    apr_status_t status = shown->kept ? APR_SUCCESS : anshin_op_write(op, ANSHIN_LAZY, keep, shown);

    shown->kept = status == APR_SUCCESS;
    return status;
}

/* --- the help desk ---------------------------------------------------------------------------------------------- */

apr_status_t anshin_help_number_find(anshin_op_t *op, const char *typed, const char **number,
                                     anshin_help_number_t *record)
{
    const char *signs = anshin_secret_normalise(typed, op->pool); /* without hyphens, in lower case */
    char *upper;

    *number = NULL;
    if (strlen(signs) == CHARACTERS + 2 && strncmp(signs, "an", 2) == 0) {
        signs += 2;
    }
    upper = apr_pstrdup(op->pool, signs);
    for (char *at = upper; *at != '\0'; at++) {
        *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    }
    if (strlen(upper) != CHARACTERS || strspn(upper, ALPHABET) != CHARACTERS) {
        return ANSHIN_ENOTFOUND;
    }
    *number = apr_pstrcat(op->pool, PREFIX, upper, NULL);
    return anshin_op_get(op, &anshin_record_help_number, *number, record);
}

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return anshin_expiry_over(op, ((const anshin_help_number_t *)record)->at + ANSHIN_KEEP_HELP);
}

const anshin_expiry_rule_t anshin_help_expiry = {&anshin_record_help_number, over, NULL, NULL};

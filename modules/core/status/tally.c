/*
 * What takes a walk to know: see tally.h.
 */
#include "core/status/tally.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/account/lockout.h"
#include "core/certificate/certificate.h"
#include "core/certificate/revoked.h"
#include "core/mail/mail.h"

#define PAUSE apr_time_from_msec(20) /* between two walks: others read and write */
#define NUMBERS (sizeof(anshin_tally_t) / sizeof(apr_int64_t))
#define DAY apr_time_from_sec(86400)

const int anshin_ending_days[ANSHIN_ENDINGS] = {1, 10, 40, 90};

typedef struct taking_t {
    const anshin_op_t *op;
    apr_hash_t *tallies; /* of anshin_tally_t, by contract */
    const struct walk_t *walk;
} taking_t;

/* --- what counts ------------------------------------------------------------------------------------------------- */

static void count_account(const taking_t *taking, anshin_tally_t *tally, const anshin_contract_t *contract,
                          const char *key, const void *record)
{
    const anshin_account_t *account = record;

    (void)taking, (void)contract, (void)key;
    if (account->state >= 0 && account->state < (apr_int64_t)(sizeof(tally->users) / sizeof(tally->users[0]))) {
        tally->users[account->state]++;
    }
}

static void count_certificate(const taking_t *taking, anshin_tally_t *tally, const anshin_contract_t *contract,
                              const char *key, const void *record)
{
    const anshin_certificate_t *certificate = record;
    const anshin_standing_t standing = anshin_certificate_standing(certificate, taking->op->now);

    (void)contract, (void)key;
    tally->certificates[standing]++;
    for (int i = 0; standing == ANSHIN_STANDING_ACTIVE && i < ANSHIN_ENDINGS; i++) {
        tally->ending[i] += certificate->not_after < taking->op->now + anshin_ending_days[i] * DAY;
    }
}

static void count_session(const taking_t *taking, anshin_tally_t *tally, const anshin_contract_t *contract,
                          const char *key, const void *record)
{
    const anshin_session_t *session = record;

    (void)key;
    tally->sessions += session->created_at + contract->policy.session_lifetime > taking->op->now &&
                       session->seen_at + contract->policy.session_idle > taking->op->now;
}

/* Key CONTRACT/USER/KIND. */
static void count_lock(const taking_t *taking, anshin_tally_t *tally, const anshin_contract_t *contract,
                       const char *key, const void *record)
{
    const anshin_counter_t *counter = record;
    const apr_interval_time_t opens = contract->policy.unlock_after;
    const int kind = anshin_word_value(anshin_counter_words, strrchr(key, '/') + 1, -1);

    tally->locks += counter->locked_at != 0 && !counter->phantom && kind >= 0 &&
                    anshin_counter_locks_account((anshin_counter_kind_t)kind) &&
                    (opens == 0 || counter->locked_at + opens > taking->op->now);
}

static void count_mail(const taking_t *taking, anshin_tally_t *tally, const anshin_contract_t *contract,
                       const char *key, const void *record)
{
    const anshin_mail_t *mail = record;
    const int waits = mail->state == ANSHIN_MAIL_WAITING || mail->state == ANSHIN_MAIL_DELIVERING;

    (void)taking, (void)contract, (void)key;
    tally->mails_waiting += waits;
    tally->mails_failed += mail->state == ANSHIN_MAIL_FAILED;
    if (waits && (tally->mail_oldest == 0 || mail->created_at < tally->mail_oldest)) {
        tally->mail_oldest = mail->created_at;
    }
}

/* offset: of the contract in a record; none: it is the first part of the key. */
#define BY_KEY ((apr_size_t)-1)

static const struct walk_t {
    const anshin_record_type_t *type;
    apr_size_t contract;
    void (*count)(const taking_t *taking, anshin_tally_t *tally, const anshin_contract_t *contract, const char *key,
                  const void *record);
} walks[] = {
    {&anshin_record_account, offsetof(anshin_account_t, contract), count_account},
    {&anshin_record_certificate, offsetof(anshin_certificate_t, contract), count_certificate},
    {&anshin_record_session, offsetof(anshin_session_t, contract), count_session},
    {&anshin_record_counter, BY_KEY, count_lock},
    {&anshin_record_mail, offsetof(anshin_mail_t, contract), count_mail},
};

/* --- walking ------------------------------------------------------------------------------------------------------ */

/* Its name as the configuration has it; NULL: it is not declared. */
static const anshin_contract_t *contract_of(const taking_t *taking, const char *key, const void *record)
{
    char name[ANSHIN_KEY_MAX + 1];
    const char *slash;
    const char *given;

    if (taking->walk->contract != BY_KEY) {
        memcpy(&given, (const char *)record + taking->walk->contract, sizeof(given));
        return given != NULL ? anshin_config_contract(taking->op->env->config, given) : NULL;
    }
    slash = strchr(key, '/');
    if (slash == NULL || slash - key > ANSHIN_KEY_MAX) {
        return NULL;
    }
    apr_cpystrn(name, key, (apr_size_t)(slash - key) + 1);
    return anshin_config_contract(taking->op->env->config, name);
}

static apr_status_t visit(void *baton, const char *key, const void *record)
{
    const taking_t *taking = baton;
    const anshin_contract_t *contract = contract_of(taking, key, record);

    if (contract != NULL) {
        taking->walk->count(taking, apr_hash_get(taking->tallies, contract->name, APR_HASH_KEY_STRING), contract, key,
                            record);
    }
    return APR_SUCCESS;
}

static apr_status_t walk(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    taking_t *taking = baton;

    (void)op;
    return anshin_txn_each(txn, taking->walk->type, "", visit, taking);
}

/* --- writing down ------------------------------------------------------------------------------------------------- */

static const char *key_of(const anshin_op_t *op, const char *contract)
{
    return apr_pstrcat(op->pool, "status/", contract, NULL);
}

static const char *text_of(const anshin_op_t *op, const anshin_tally_t *tally)
{
    const apr_int64_t *numbers = (const apr_int64_t *)tally;
    const char *text = "";

    for (apr_size_t i = 0; i < NUMBERS; i++) {
        text = apr_psprintf(op->pool, "%s%s%" APR_INT64_T_FMT, text, i > 0 ? " " : "", numbers[i]);
    }
    return text;
}

static apr_status_t write_down(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const taking_t *taking = baton;
    const apr_array_header_t *contracts = op->env->config->contracts;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < contracts->nelts; i++) {
        const char *name = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *)->name;
        const anshin_fact_t fact = {.value = text_of(op, apr_hash_get(taking->tallies, name, APR_HASH_KEY_STRING)),
                                    .at = op->now};

        status = anshin_txn_put(txn, &anshin_record_fact, key_of(op, name), &fact);
    }
    return status;
}

apr_status_t anshin_tally_take(anshin_op_t *op)
{
    const apr_array_header_t *contracts = op->env->config->contracts;
    taking_t taking = {.op = op, .tallies = apr_hash_make(op->pool)};
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < contracts->nelts; i++) {
        apr_hash_set(taking.tallies, APR_ARRAY_IDX(contracts, i, const anshin_contract_t *)->name, APR_HASH_KEY_STRING,
                     apr_pcalloc(op->pool, sizeof(anshin_tally_t)));
    }
    for (apr_size_t i = 0; status == APR_SUCCESS && i < sizeof(walks) / sizeof(walks[0]); i++) {
        taking.walk = &walks[i];
        status = anshin_op_read(op, walk, &taking);
        apr_sleep(PAUSE);
    }
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_LAZY, write_down, &taking) : status;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* What another version wrote counts as far as it goes. */
static void parse(anshin_tally_t *tally, const char *text)
{
    apr_int64_t *numbers = (apr_int64_t *)tally;
    char *end;

    for (apr_size_t i = 0; i < NUMBERS && *text != '\0'; i++, text = end) {
        numbers[i] = apr_strtoi64(text, &end, 10);
        if (end == text) {
            return;
        }
    }
}

static apr_status_t get_fact(anshin_txn_t *txn, const char *key, anshin_fact_t *fact)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key, fact);

    if (status == ANSHIN_ENOTFOUND) {
        memset(fact, 0, sizeof(*fact));
        status = APR_SUCCESS;
    }
    return status;
}

apr_status_t anshin_tally_read(anshin_op_t *op, anshin_txn_t *txn, const char *contract, anshin_tally_t *tally,
                               apr_time_t *at)
{
    anshin_fact_t fact;
    apr_status_t status = get_fact(txn, key_of(op, contract), &fact);

    memset(tally, 0, sizeof(*tally));
    *at = 0;
    if (status == APR_SUCCESS && fact.value != NULL) {
        parse(tally, fact.value);
        *at = fact.at;
    }
    return status;
}

/* --- CAs ---------------------------------------------------------------------------------------------------------- */

typedef struct ca_note_t {
    const char *name;
    apr_time_t end;
} ca_note_t;

static const char *ca_key(const anshin_op_t *op, const char *name)
{
    return apr_pstrcat(op->pool, "status-ca/", name, NULL);
}

static apr_status_t put_ca(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const ca_note_t *note = baton;
    const anshin_fact_t fact = {.value = apr_psprintf(op->pool, "%" APR_TIME_T_FMT, note->end), .at = op->now};

    return anshin_txn_put(txn, &anshin_record_fact, ca_key(op, note->name), &fact);
}

apr_status_t anshin_tally_note_ca(anshin_op_t *op, const char *name, apr_time_t end)
{
    ca_note_t note = {name, end};
    anshin_fact_t fact;
    apr_status_t status = anshin_op_get(op, &anshin_record_fact, ca_key(op, name), &fact);

    if (status == APR_SUCCESS && fact.value != NULL && apr_atoi64(fact.value) == end) {
        return APR_SUCCESS;
    }
    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? anshin_op_write(op, ANSHIN_LAZY, put_ca, &note)
                                                               : status;
}

apr_status_t anshin_tally_read_ca(anshin_op_t *op, anshin_txn_t *txn, const char *name, apr_time_t *end,
                                  apr_time_t *crl)
{
    anshin_fact_t fact;
    apr_status_t status = get_fact(txn, ca_key(op, name), &fact);

    *end = *crl = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    *end = fact.value != NULL ? apr_atoi64(fact.value) : 0;
    status = get_fact(txn, apr_pstrcat(op->pool, "crl/", name, NULL), &fact);
    *crl = status == APR_SUCCESS && fact.at != 0 ? fact.at + ANSHIN_CRL_LIFE : 0;
    return status;
}

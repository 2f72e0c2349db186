/*
 * htanshin user export. A row has what an import of the same user takes, under the names that it knows, and behind that
 * what else is told of users; so an import of an export changes nothing.
 */
#include "htanshin/export/user_export.h"

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/certificate/certificate.h"
#include "htanshin/choice/choice.h"
#include "htanshin/export/export.h"
#include "htanshin/result.h"

/* What is not the import's is passed over by it: import/import_columns.c has these names too. */
static const anshin_export_column_t columns[] = {
    {"user", "ユーザID"},
    {"name", "氏名"},
    {"organisation", "組織名"},
    {"groups", "グループ"},
    {"memo", "メモ"},
    {"valid-from", "有効開始日"},
    {"valid-until", "有効期限"},
    {"method", "ログイン方法"},
    {"language", "言語"},
    {"address", "メールアドレス"},
    {"terminal", "端末種別"},
    {"label", "端末名"},
    {"state", "状態"},
    {"valid-now", "現在有効"},
    {"created-at", "作成日時"},
    {"registered-at", "登録日時"},
    {"last-login-at", "最終ログイン日時"},
    {"locked-by", "ロック理由"},
    {"devices", "端末数"},
    {"other-devices", "ほかの端末"},
    {"certificate", "証明書番号"},
    {"certificate-state", "証明書の状態"},
    {"certificate-until", "証明書の有効期限"},
};

/* By whom, and by which attempts. */
static const char *lock_text(const anshin_particulars_t *user, apr_pool_t *pool)
{
    const anshin_account_t *account = &user->account;
    const char *text =
        account->disabled_at != 0 ? anshin_word_name(anshin_locked_by_words, account->locked_by, "unknown") : NULL;

    for (const anshin_word_t *kind = anshin_counter_words; kind->name != NULL; kind++) {
        if ((user->lock.kinds & (1u << kind->value)) != 0) {
            text = apr_pstrcat(pool, text != NULL ? text : "", text != NULL ? ", " : "", kind->name, NULL);
        }
    }
    return text;
}

/* "2: smartphone, a@example.jp, label; 3: ...". */
static const char *others_text(const anshin_particulars_t *user, apr_pool_t *pool)
{
    const char *text = NULL;

    for (int i = 1; i < user->terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(user->terminals, i, anshin_terminal_facts_t).terminal;

        text = apr_psprintf(pool, "%s%s%" APR_INT64_T_FMT ": %s, %s%s%s", text != NULL ? text : "",
                            text != NULL ? "; " : "", terminal->number, anshin_terminal_kind_name(terminal->kind),
                            terminal->address != NULL ? terminal->address : "", terminal->label != NULL ? ", " : "",
                            terminal->label != NULL ? terminal->label : "");
    }
    return text;
}

static void put_given(json_t *row, const anshin_account_t *account, const anshin_terminal_t *first, apr_pool_t *pool)
{
    anshin_result_text(row, "user", account->user, pool);
    anshin_result_text(row, "name", account->name, pool);
    anshin_result_text(row, "organisation", account->organisation, pool);
    anshin_result_text(row, "groups", account->groups != NULL ? apr_array_pstrcat(pool, account->groups, ';') : NULL,
                       pool);
    anshin_result_text(row, "memo", account->memo, pool);
    anshin_result_time(row, "valid-from", account->valid_from, pool);
    anshin_result_time(row, "valid-until", account->valid_until, pool);
    anshin_result_text(row, "method", anshin_method_name(account->method), pool);
    anshin_result_text(row, "language", account->language, pool);
    anshin_result_text(row, "address", first != NULL ? first->address : NULL, pool);
    anshin_result_text(row, "terminal", first != NULL ? anshin_terminal_kind_name(first->kind) : NULL, pool);
    anshin_result_text(row, "label", first != NULL ? first->label : NULL, pool);
}

static void put_certificate(json_t *row, const anshin_terminal_facts_t *first, apr_time_t now, apr_pool_t *pool)
{
    const anshin_certificate_t *certificate = first != NULL && first->has_certificate ? &first->certificate : NULL;

    anshin_result_text(row, "certificate", certificate != NULL ? certificate->serial : NULL, pool);
    anshin_result_text(row, "certificate-state",
                       certificate != NULL ? anshin_word_name(anshin_standing_words,
                                                              anshin_certificate_standing(certificate, now), NULL)
                                           : NULL,
                       pool);
    anshin_result_time(row, "certificate-until", certificate != NULL ? certificate->not_after : 0, pool);
}

static apr_status_t export_one(anshin_call_t *call, void *baton, const anshin_particulars_t *user)
{
    const anshin_account_t *account = &user->account;
    const anshin_terminal_facts_t *first =
        user->terminals->nelts > 0 ? &APR_ARRAY_IDX(user->terminals, 0, anshin_terminal_facts_t) : NULL;
    apr_pool_t *pool = call->pool;
    json_t *row = json_object();

    put_given(row, account, first != NULL ? &first->terminal : NULL, pool);
    anshin_result_text(row, "state", anshin_account_state_name(account->state), pool);
    anshin_result_flag(row, "valid-now", anshin_account_valid(account, call->op.now));
    anshin_result_time(row, "created-at", account->created_at, pool);
    anshin_result_time(row, "registered-at", account->registered_at, pool);
    anshin_result_time(row, "last-login-at", account->last_login_at, pool);
    anshin_result_text(row, "locked-by", lock_text(user, pool), pool);
    anshin_result_number(row, "devices", user->terminals->nelts);
    anshin_result_text(row, "other-devices", others_text(user, pool), pool);
    put_certificate(row, first, call->op.now, pool);
    return anshin_export_row(baton, row);
}

apr_status_t anshin_user_export(anshin_call_t *call)
{
    anshin_export_t export;
    anshin_choice_t choice;
    apr_status_t status = anshin_choice_read(call, &choice);

    if (status == APR_SUCCESS) {
        status = anshin_export_begin(&export, call,
                                     &(anshin_export_of_t){columns, (int)(sizeof(columns) / sizeof(columns[0])), NULL});
    }
    return status == APR_SUCCESS ? anshin_export_end(&export, anshin_choice_each(call, &choice, export_one, &export))
                                 : status;
}

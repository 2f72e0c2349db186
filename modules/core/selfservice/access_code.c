/*
 * Codes of mails without links: see access_code.h.
 *
 * SECURITY: faces everybody. Codes are compared as keyed hashes in constant time, in one transaction with the count of
 * what was wrong, so that any number of guesses at once are as many one after the other.
 */
#include "core/selfservice/access_code.h"

#include "core/context/secret.h"
#include "core/mail/mail_way.h"
#include "core/selfservice/reissue_request.h"

/* What is typed, and what it could be the code of. */
typedef struct try_t {
    anshin_reissue_kind_t kind;
    const char *user;  /* as typed */
    const char *code;  /* the same */
    const char *token; /* of the browser that asked; of a download the one that is given */
    int *right;
    anshin_account_t account;
    int known; /* there is such an account */
} try_t;

/* The account that was named. Nobody's number stands in for that of an unknown one, so that both cost a hash. */
static apr_status_t find_account(anshin_op_t *op, anshin_txn_t *txn, try_t *tried)
{
    static const anshin_account_t nobody = {.user = "", .number = ""};
    apr_status_t status = anshin_account_get_typed(op, txn, tried->user, &tried->account);

    tried->known = status == APR_SUCCESS;
    if (!tried->known) {
        tried->account = nobody;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* Is it the code of this token? One that waits no longer counts for nothing, at the same cost. */
static apr_status_t compare(anshin_op_t *op, const try_t *tried, const anshin_token_t *token, int *equal)
{
    apr_status_t status = anshin_access_is(op, &tried->account, token, tried->code, equal);

    *equal = *equal && anshin_access_waits(op, token);
    return status;
}

static apr_status_t count_wrong(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_token_t *token)
{
    if (!anshin_access_waits(op, token)) {
        return APR_SUCCESS;
    }
    token->failures++;
    return anshin_txn_put(txn, &anshin_record_token, key, token);
}

/* --- asked for in a browser ------------------------------------------------------------------------------------- */

/* The token of the code that was mailed last; none: one that no code fits. */
static apr_status_t find_mailed(anshin_op_t *op, anshin_txn_t *txn, const try_t *tried, anshin_fact_t *fact,
                                anshin_token_t *token)
{
    apr_status_t status =
        tried->known ? anshin_reissue_mailed(op, txn, tried->kind, &tried->account, fact) : ANSHIN_ENOTFOUND;

    *token = (anshin_token_t){.kind = (anshin_token_kind_t)tried->kind};
    if (status == APR_SUCCESS) {
        status = fact->value != NULL ? anshin_txn_get(txn, &anshin_record_token, fact->value, token) : ANSHIN_ENOTFOUND;
    }
    if (status == APR_SUCCESS && (token->kind != (apr_int64_t)tried->kind ||
                                  !anshin_account_owns(&tried->account, token->account, token->created_at))) {
        *token = (anshin_token_t){.kind = (anshin_token_kind_t)tried->kind};
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* A form that is sent twice finds what its first has brought about (FLO-2). */
static apr_status_t was_right(anshin_op_t *op, anshin_txn_t *txn, const try_t *tried, int *was)
{
    anshin_link_t link;
    apr_status_t status = anshin_token_find(op, txn, (anshin_token_kind_t)tried->kind, tried->token, &link);

    *was = status == APR_SUCCESS || status == ANSHIN_EDENIED;
    return *was || status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* The browser's token takes the place of the one that nobody knows; the code is used up. */
static apr_status_t let_count(anshin_op_t *op, anshin_txn_t *txn, const try_t *tried, const anshin_fact_t *fact,
                              anshin_token_t *token)
{
    const char *key;
    apr_status_t status;

    token->access_mac = NULL;
    status = anshin_token_move(op, txn, fact->value, token, tried->token, &key);
    return status == APR_SUCCESS ? anshin_reissue_mailed_moved(op, txn, tried->kind, &tried->account, key) : status;
}

static apr_status_t check_asked(anshin_op_t *op, anshin_txn_t *txn, try_t *tried)
{
    anshin_fact_t fact = {.value = NULL};
    anshin_token_t token;
    apr_status_t status = find_mailed(op, txn, tried, &fact, &token);

    if (status != APR_SUCCESS || (status = compare(op, tried, &token, tried->right)) != APR_SUCCESS) {
        return status;
    }
    return *tried->right ? let_count(op, txn, tried, &fact, &token) : count_wrong(op, txn, fact.value, &token);
}

static apr_status_t asked_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_address_attempt_t address = {0};
    try_t *tried = baton;
    apr_status_t status = find_account(op, txn, tried);

    *tried->right = 0;
    if (status == APR_SUCCESS) {
        status = was_right(op, txn, tried, tried->right);
    }
    if (status != APR_SUCCESS || *tried->right) {
        return status;
    }
    /* Before the facts, in the order of owners. */
    if ((status = anshin_address_reserve(op, txn, &address)) != APR_SUCCESS ||
        (status = check_asked(op, txn, tried)) != APR_SUCCESS) {
        return status;
    }
    return anshin_address_settle(op, txn, &address, *tried->right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);
}

apr_status_t anshin_access_asked(anshin_op_t *op, anshin_reissue_kind_t kind, const char *user, const char *token,
                                 const char *code, int *right)
{
    try_t tried = {.kind = kind, .user = user, .code = code, .token = token, .right = right};

    *right = 0;
    return anshin_op_write(op, ANSHIN_DURABLE, asked_in, &tried);
}

/* --- a download ------------------------------------------------------------------------------------------------- */

/* What waits on a terminal under a code, and its token. ANSHIN_ENOTFOUND: nothing. */
static apr_status_t find_download(anshin_op_t *op, anshin_txn_t *txn, const try_t *tried, apr_int64_t terminal,
                                  anshin_download_t *download, anshin_token_t *token)
{
    apr_status_t status =
        anshin_txn_get(txn, &anshin_record_download, anshin_terminal_key(op, tried->account.user, terminal), download);

    if (status == APR_SUCCESS) {
        status = download->token != NULL ? anshin_txn_get(txn, &anshin_record_token, download->token, token)
                                         : ANSHIN_ENOTFOUND;
    }
    return status == APR_SUCCESS && !anshin_account_owns(&tried->account, token->account, token->created_at)
               ? ANSHIN_ENOTFOUND
               : status;
}

/* A token of one's own, whose link the download has from now on. */
static apr_status_t give(anshin_op_t *op, anshin_txn_t *txn, try_t *tried, anshin_download_t *download,
                         anshin_token_t *token)
{
    const char *former = download->token;
    apr_status_t status = anshin_secret_token(op, &tried->token);

    if (status == APR_SUCCESS) {
        status = anshin_token_move(op, txn, former, token, tried->token, &download->token);
    }
    return status == APR_SUCCESS
               ? anshin_txn_put(txn, &anshin_record_download,
                                anshin_terminal_key(op, tried->account.user, token->terminal), download)
               : status;
}

static apr_status_t check_terminal(anshin_op_t *op, anshin_txn_t *txn, try_t *tried, apr_int64_t terminal)
{
    anshin_download_t download;
    anshin_token_t token;
    int equal;
    apr_status_t status = find_download(op, txn, tried, terminal, &download, &token);

    if (status != APR_SUCCESS || (status = compare(op, tried, &token, &equal)) != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (!equal || *tried->right) {
        return *tried->right ? APR_SUCCESS : count_wrong(op, txn, download.token, &token);
    }
    *tried->right = 1;
    return give(op, txn, tried, &download, &token);
}

static apr_status_t download_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_address_attempt_t address = {0};
    const anshin_token_t none = {.kind = ANSHIN_TOKEN_DOWNLOAD};
    try_t *tried = baton;
    int equal;
    apr_status_t status = find_account(op, txn, tried);

    *tried->right = 0;
    if (status == APR_SUCCESS && !tried->known) {
        status = compare(op, tried, &none, &equal);
    }
    for (int i = 0; status == APR_SUCCESS && tried->account.terminals && i < tried->account.terminals->nelts; i++) {
        status = check_terminal(op, txn, tried, APR_ARRAY_IDX(tried->account.terminals, i, apr_int64_t));
    }
    if (status != APR_SUCCESS || (status = anshin_address_reserve(op, txn, &address)) != APR_SUCCESS) {
        return status;
    }
    return anshin_address_settle(op, txn, &address, *tried->right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);
}

apr_status_t anshin_access_download(anshin_op_t *op, const char *user, const char *code, const char **token, int *right)
{
    try_t tried = {.user = user, .code = code, .right = right};
    apr_status_t status;

    *right = 0;
    status = anshin_op_write(op, ANSHIN_DURABLE, download_in, &tried);
    *token = tried.token;
    return status;
}

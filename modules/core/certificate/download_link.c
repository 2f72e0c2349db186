/*
 * Links to downloads: see download_link.h.
 *
 * SECURITY: a link counts only while its download names it, so that there is never more than one of each kind.
 */
#include "core/certificate/download_link.h"

#include <string.h>

#include "core/account/account.h"

static int is(const char *key, const char *named)
{
    return named != NULL && strcmp(key, named) == 0;
}

/* Links of both kinds look alike; only the store knows which it is. */
static apr_status_t find_token(anshin_op_t *op, anshin_txn_t *txn, const char *token, anshin_link_t *link)
{
    apr_status_t status = anshin_token_find(op, txn, ANSHIN_TOKEN_DOWNLOAD, token, link);

    return status == ANSHIN_ENOTFOUND ? anshin_token_find(op, txn, ANSHIN_TOKEN_PHONE, token, link) : status;
}

static int leads_to(const anshin_download_link_t *found)
{
    const anshin_download_t *download = &found->download;
    const char *key = found->link.key;

    return is(key, found->link.token.kind == ANSHIN_TOKEN_PHONE ? download->phone : download->token) ||
           is(key, download->opened);
}

int anshin_download_link_mailed(const anshin_download_link_t *found)
{
    return is(found->link.key, found->download.token);
}

apr_status_t anshin_download_link_find(anshin_op_t *op, anshin_txn_t *txn, const char *token,
                                       anshin_download_link_t *found)
{
    const anshin_token_t *record = &found->link.token;
    apr_status_t status = find_token(op, txn, token, &found->link);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_get(txn, &anshin_record_download, anshin_terminal_key(op, record->user, record->terminal),
                            &found->download);
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    if (!leads_to(found) || !found->download.serial ||
        !anshin_account_owns(&found->link.account, found->download.account, found->download.created_at)) {
        return ANSHIN_EDENIED;
    }
    status = anshin_txn_get(txn, &anshin_record_certificate, found->download.serial, &found->certificate);
    if (status == ANSHIN_ENOTFOUND ||
        (status == APR_SUCCESS && found->certificate.state != ANSHIN_CERTIFICATE_ACTIVE)) {
        return ANSHIN_EDENIED;
    }
    return status;
}

apr_status_t anshin_download_forget_links(anshin_txn_t *txn, const anshin_download_t *download)
{
    const char *const links[] = {download->token, download->phone, download->opened};
    apr_status_t status = APR_SUCCESS;

    for (apr_size_t i = 0; status == APR_SUCCESS && i < sizeof links / sizeof links[0]; i++) {
        status = links[i] != NULL ? anshin_txn_delete(txn, &anshin_record_token, links[i]) : APR_SUCCESS;
    }
    return status;
}

apr_status_t anshin_download_link_standing(anshin_op_t *op, const char *token, anshin_link_standing_t *standing)
{
    apr_status_t status = anshin_link_standing(op, ANSHIN_TOKEN_DOWNLOAD, token, standing);

    return status == APR_SUCCESS && *standing == ANSHIN_LINK_UNKNOWN
               ? anshin_link_standing(op, ANSHIN_TOKEN_PHONE, token, standing)
               : status;
}

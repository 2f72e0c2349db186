/*
 * The mail of an invitation: see invitation.h.
 *
 * SECURITY: URL and code exist in the sealed facts of the mail and nowhere else. The address was typed by an operator,
 * so that it gets so many a day whatever accounts they are for (S40), and each operator sends so many.
 */
#include "core/mail/invitation.h"

#include <apr_strings.h>
#include <jansson.h>

#include "core/context/daily.h"
#include "core/context/secret.h"
#include "core/mail/mail.h"

static const char *today_of(const anshin_op_t *op)
{
    return apr_pstrcat(op->pool, "invitations/", op->actor.name != NULL ? op->actor.name : "", NULL);
}

apr_status_t anshin_invitation_left(anshin_op_t *op, anshin_txn_t *txn, const char **refused)
{
    int count = 0;
    apr_status_t status = anshin_daily_get(op, txn, today_of(op), &count);

    *refused = count >= ANSHIN_INVITATIONS_A_DAY ? "desk.invitations" : NULL;
    return status;
}

apr_status_t anshin_invitation_count(anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_daily_add(op, txn, today_of(op));
}

apr_status_t anshin_invitation_room(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                    const char *address, const char **refused)
{
    apr_status_t status;

    *refused = op->contract->policy.mail_links ? NULL : "desk.no_links";
    if (*refused != NULL) {
        return APR_SUCCESS;
    }
    status = anshin_mail_room(op, txn, account, address, ANSHIN_MAIL_INVITED);
    if (status == ANSHIN_EDENIED) {
        *refused = "errors.address_mails";
        return APR_SUCCESS;
    }
    return status == APR_SUCCESS ? anshin_invitation_left(op, txn, refused) : status;
}

apr_status_t anshin_invitation_mail(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                    const char *address, const anshin_invitation_facts_t *facts)
{
    json_t *data = json_pack("{s:s, s:s, s:I}", "url", facts->url, "registration_code", facts->code, "expires_text",
                             anshin_mail_moment(facts->expires_at));
    const anshin_mail_new_t mail = {
        .kind = "invitation", .account = account, .address = address, .bound = ANSHIN_MAIL_INVITED, .data = data};
    apr_status_t status = data != NULL ? anshin_mail_add(op, txn, &mail)
                                       : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1621", "invitation: out of memory");

    json_decref(data);
    anshin_secret_wipe(op, facts->url);
    anshin_secret_wipe(op, facts->code);
    if (status == ANSHIN_EDENIED) {
        return anshin_fail(&op->error, ANSHIN_EBUSY, "AN1622",
                           "invitation: the address has got its last mail of today");
    }
    return status == APR_SUCCESS ? anshin_invitation_count(op, txn) : status;
}

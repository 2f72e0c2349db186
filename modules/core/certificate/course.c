/*
 * How far a terminal's certificate has come: see course.h. Nothing is kept for it alone but when a file was first
 * fetched and a certificate first used; all else stands in the records that the steps leave.
 */
#include "core/certificate/course.h"

#include <string.h>

#include "core/account/account.h"
#include "core/mail/mail.h"

/* What has become of the mail with the link. One that is kept no more was sent: failed ones are kept as long. */
static apr_status_t look_at_mail(anshin_op_t *op, anshin_txn_t *txn, const anshin_download_t *download,
                                 anshin_course_t *course)
{
    anshin_mail_t mail;
    apr_status_t status;

    (void)op;
    course->stage = ANSHIN_COURSE_UNMAILED;
    if (download->mail == NULL) {
        return APR_SUCCESS;
    }
    status = anshin_txn_get(txn, &anshin_record_mail, download->mail, &mail);
    course->stage = ANSHIN_COURSE_MAILED;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    course->mailed_at = mail.sent_at;
    if (mail.state == ANSHIN_MAIL_WAITING || mail.state == ANSHIN_MAIL_DELIVERING) {
        course->stage = ANSHIN_COURSE_MAILING;
        course->mailed_at = 0;
    } else if (mail.state == ANSHIN_MAIL_FAILED) {
        course->stage = ANSHIN_COURSE_UNMAILED;
        course->mailed_at = 0;
    }
    return APR_SUCCESS;
}

static apr_status_t look_at_download(anshin_op_t *op, anshin_txn_t *txn, const anshin_download_t *download,
                                     anshin_course_t *course)
{
    const int over = download->serial != NULL && download->expires_at <= op->now;
    apr_status_t status;

    if (download->serial == NULL) {
        course->stage = ANSHIN_COURSE_REGISTERED;
        return APR_SUCCESS;
    }
    course->until = over ? 0 : download->expires_at;
    status = look_at_mail(op, txn, download, course);
    if (download->fetched > 0) {
        course->stage = over ? ANSHIN_COURSE_IMPORTED : ANSHIN_COURSE_FETCHED;
    } else if (over) {
        course->stage = ANSHIN_COURSE_LAPSED;
    }
    return status;
}

/* Its download is no more: the certificate's own record tells. */
static apr_status_t look_at_certificate(anshin_op_t *op, anshin_txn_t *txn, const char *serial, anshin_course_t *course)
{
    anshin_certificate_t certificate;
    apr_status_t status =
        serial != NULL ? anshin_txn_get(txn, &anshin_record_certificate, serial, &certificate) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        return status;
    }
    if (anshin_certificate_standing(&certificate, op->now) != ANSHIN_STANDING_ACTIVE ||
        (certificate.used_at == 0 && certificate.fetched_at == 0)) {
        return ANSHIN_ENOTFOUND;
    }
    course->stage = certificate.used_at != 0 ? ANSHIN_COURSE_USED : ANSHIN_COURSE_IMPORTED;
    return APR_SUCCESS;
}

apr_status_t anshin_course_get(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                               const anshin_terminal_t *terminal, anshin_course_t *course)
{
    anshin_download_t download;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_download,
                                         anshin_terminal_key(op, account->user, terminal->number), &download);

    *course = (anshin_course_t){.terminal = *terminal};
    if (status == APR_SUCCESS && anshin_account_owns(account, download.account, download.created_at)) {
        return look_at_download(op, txn, &download, course);
    }
    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND
               ? look_at_certificate(op, txn, terminal->renewing != NULL ? terminal->renewing : terminal->certificate,
                                     course)
               : status;
}

typedef struct finding_t {
    const char *user;
    apr_int64_t number;
    anshin_course_t *course;
} finding_t;

static int is_wanted(const finding_t *finding, const anshin_course_t *course)
{
    return finding->number != 0 ||
           (course->stage != ANSHIN_COURSE_IMPORTED && course->stage != ANSHIN_COURSE_USED);
}

static apr_status_t find_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const finding_t *finding = baton;
    apr_array_header_t *terminals;
    anshin_account_t account;
    apr_status_t status = anshin_account_get(op, txn, finding->user, &account);

    status = status == APR_SUCCESS ? anshin_account_terminals(op, txn, &account, &terminals) : status;
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);

        if (finding->number != 0 && finding->number != terminal->number) {
            continue;
        }
        status = anshin_course_get(op, txn, &account, terminal, finding->course);
        if (status == APR_SUCCESS && is_wanted(finding, finding->course)) {
            return APR_SUCCESS;
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status == APR_SUCCESS ? ANSHIN_ENOTFOUND : status;
}

apr_status_t anshin_course_find(anshin_op_t *op, const char *user, apr_int64_t number, anshin_course_t *course)
{
    return anshin_op_read(op, find_in, &(finding_t){user, number, course});
}

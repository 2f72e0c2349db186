/*
 * The worker for unit programs that need certificates which wait for download: it makes them with files of a few
 * letters, and mails.
 */
#ifndef ANSHIN_UNIT_ISSUED_H
#define ANSHIN_UNIT_ISSUED_H

#include "core/certificate/issue.h"
#include "core/mail/outbox.h"
#include "core/selfservice/reissue_request.h"
#include "unit/users.h"

typedef enum issued_mail_t { ISSUED_SENT, ISSUED_FAILED, ISSUED_WAITING /* the jobs of mail are left alone */ } issued_mail_t;

static inline void issued_make(fixture_t *fixture, const anshin_job_t *job, const char *key)
{
    anshin_op_t *op = fixture_op(fixture);
    anshin_issue_made_t made = {.fingerprint = apr_pstrcat(fixture->pool, "fp-", job->serial, NULL),
                                .not_before = fixture->now,
                                .not_after = fixture->now + apr_time_from_sec(300 * 86400),
                                .modern = {(const unsigned char *)"MODERN", 6},
                                .compat = {(const unsigned char *)"COMPAT", 6}};
    anshin_issue_order_t order;
    apr_status_t status = anshin_issue_order(op, job, &order);

    if (status == APR_SUCCESS) {
        status = anshin_issue_commit(op, job, key, "w", &order, &made);
    }
    if (status != APR_SUCCESS && status != ANSHIN_EDENIED) {
        printf("# issue: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
    if (status == ANSHIN_EDENIED) {
        (void)anshin_job_drop(op, key, "w");
    }
}

static inline void issued_deliver(fixture_t *fixture, const anshin_job_t *job, const char *key, issued_mail_t mail)
{
    const anshin_claimed_mail_t outbox = {key, "w", job->mail};

    if (mail == ISSUED_SENT) { /* its text stays, for who reads the link in it */
        anshin_mail_t record;

        (void)fixture_get(fixture, &anshin_record_mail, job->mail, &record);
        record.state = ANSHIN_MAIL_SENT;
        record.sent_at = fixture->now;
        fixture_put(fixture, &anshin_record_mail, job->mail, &record);
        (void)anshin_job_drop(fixture_op(fixture), key, "w");
    } else if (mail == ISSUED_FAILED) {
        (void)anshin_outbox_failed(fixture_op(fixture), &outbox, "nobody takes it");
    }
}

/* All jobs that are due; how many there were. */
static inline int issued_work(fixture_t *fixture, issued_mail_t mail)
{
    int done = 0;
    anshin_job_t job;
    const char *key;
    apr_time_t wake;

    for (; anshin_job_claim(fixture_op(fixture), "w", &job, &key, &wake) == APR_SUCCESS; done++) {
        if (job.kind == ANSHIN_JOB_ISSUE) {
            issued_make(fixture, &job, key);
        } else if (job.kind == ANSHIN_JOB_MAIL) {
            issued_deliver(fixture, &job, key, mail);
        } else if (anshin_reissue_process(fixture_op(fixture), &job, key, "w") != APR_SUCCESS) {
            printf("# a request was not processed\n");
            exit(1);
        }
    }
    return done;
}

/* The token in the newest mail of a kind; "": there is none. */
static inline const char *issued_link(fixture_t *fixture, const char *kind)
{
    const char *at = strstr(users_mailed_text(fixture, kind), "?t=");

    return at != NULL ? apr_pstrndup(fixture->pool, at + 3, 43) : "";
}

#endif

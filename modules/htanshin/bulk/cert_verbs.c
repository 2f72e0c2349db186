/*
 * What can be done to many certificates: see cert_verbs.h.
 */
#include "htanshin/bulk/cert_verbs.h"

#include <apr_strings.h>

#include "core/admin/certificates.h"
#include "core/certificate/revocation.h"
#include "htanshin/bulk/user_verbs.h"
#include "htanshin/call.h"

/* --- making ------------------------------------------------------------------------------------------------------ */

typedef apr_status_t holder_fn(anshin_op_t *op, const anshin_holder_t *holder, anshin_holder_done_t *done);

/* Which one, and what is said of a device that is passed over. */
typedef struct making_t {
    holder_fn *make;
    const char *waits;
} making_t;

static apr_status_t make(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    const making_t *making = baton;
    const anshin_holder_t holder = {.user = target->user, .serial = target->serial};
    anshin_holder_done_t done;
    apr_status_t status = making->make(&call->op, &holder, &done);

    if (status != APR_SUCCESS) {
        return status;
    }
    came->unchanged = done.done == 0;
    came->passwords = anshin_bulk_passwords(done.issues, call->pool);
    if (done.waiting > 0) {
        came->detail = apr_psprintf(call->pool, "%d %s: %s", done.waiting, done.waiting == 1 ? "device" : "devices",
                                    making->waits);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_bulk_renew(anshin_call_t *call)
{
    static making_t making = {anshin_holder_renew,
                              "a certificate waits for download already; mail resend sends its link again"};
    const anshin_bulk_t bulk = {.of = {.verb = "renew", .certificates = 1, .chooses = 1},
                                .done = "renewed",
                                .issues = 1,
                                .act = make,
                                .baton = &making};

    return anshin_bulk(call, &bulk);
}

apr_status_t anshin_bulk_reissue(anshin_call_t *call)
{
    static making_t making = {anshin_holder_reissue,
                              "a certificate waits for download already; mail resend sends its link again"};
    const anshin_bulk_t bulk = {.of = {.verb = "reissue", .certificates = 1, .chooses = 1},
                                .done = "reissued",
                                .issues = 1,
                                .revokes = 1,
                                .act = make,
                                .baton = &making};

    return anshin_bulk(call, &bulk);
}

/* --- revoking ---------------------------------------------------------------------------------------------------- */

static apr_status_t revoke_serial(anshin_call_t *call, int reason, const char *serial, anshin_came_t *came)
{
    apr_status_t status = anshin_certificate_revoke(&call->op, serial, reason);

    if (status == ANSHIN_ECONFLICT) {
        came->unchanged = 1;
        came->detail = "is revoked already";
        return APR_SUCCESS;
    }
    return status;
}

static apr_status_t revoke_one(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    const int *reason = baton;
    anshin_holder_done_t done;
    apr_status_t status;

    if (target->serial != NULL) {
        return revoke_serial(call, *reason, target->serial, came);
    }
    status = anshin_holder_revoke(&call->op, target->user, *reason, &done);
    if (status == APR_SUCCESS) {
        came->unchanged = done.done == 0;
        came->detail = done.done == 0
                           ? "has no certificate that counts"
                           : apr_psprintf(call->pool, "of %d %s", done.done, done.done == 1 ? "device" : "devices");
    }
    return status;
}

apr_status_t anshin_bulk_revoke(anshin_call_t *call, int reason)
{
    const anshin_bulk_t bulk = {.of = {.verb = "revoke", .certificates = 1, .chooses = 1},
                                .done = "revoked",
                                .revokes = 1,
                                .act = revoke_one,
                                .baton = &reason};

    return anshin_bulk(call, &bulk);
}

/* --- the link once more ------------------------------------------------------------------------------------------ */

static apr_status_t resend(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    static const char *const reasons[] = {[ANSHIN_RESEND_SENT] = NULL,
                                          [ANSHIN_RESEND_PAUSED] = "one was mailed in the last five minutes",
                                          [ANSHIN_RESEND_FULL] = "the address gets no more today",
                                          [ANSHIN_RESEND_MAKING] =
                                              "the certificate is being made, and the first mail follows",
                                          [ANSHIN_RESEND_NOTHING] = "nothing waits for download"};
    const anshin_holder_t holder = {.user = target->user};
    anshin_resend_outcome_t why;
    anshin_holder_done_t done;
    apr_status_t status = anshin_holder_resend(&call->op, &holder, &why, &done);

    (void)baton;
    if (status == APR_SUCCESS) {
        came->unchanged = done.done == 0;
        came->detail = done.done == 0 ? reasons[why] : NULL;
    }
    return status;
}

apr_status_t anshin_bulk_resend(anshin_call_t *call)
{
    static const anshin_bulk_t bulk = {.of = {.verb = "resend", .chooses = 1}, .done = "sent", .act = resend};

    return anshin_bulk(call, &bulk);
}

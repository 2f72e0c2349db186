/*
 * How far a user has come: see stages.h.
 */
#include "core/admin/stages.h"

#include "core/certificate/certificate.h"
#include "core/certificate/renewal.h"

const anshin_word_t anshin_user_stage_words[] = {
    {"invited", ANSHIN_USER_INVITED},         {"pending", ANSHIN_USER_INVITED},
    {"registered", ANSHIN_USER_REGISTERED},   {"issued", ANSHIN_USER_ISSUED},
    {"downloaded", ANSHIN_USER_DOWNLOADED},   {"used", ANSHIN_USER_USED},
    {"expiring", ANSHIN_USER_EXPIRING},       {"active", ANSHIN_USER_ACTIVE},
    {"locked", ANSHIN_USER_LOCKED},           {"disabled", ANSHIN_USER_DISABLED},
    {"lost-device", ANSHIN_USER_LOST_DEVICE}, {NULL, 0}};

static unsigned bit(anshin_user_stage_t stage)
{
    return 1u << stage;
}

/* Of one certificate, if it counts. */
static unsigned of_certificate(const anshin_op_t *op, int there, const anshin_certificate_t *certificate)
{
    if (!there || anshin_certificate_standing(certificate, op->now) != ANSHIN_STANDING_ACTIVE) {
        return 0;
    }
    if (certificate->used_at != 0) {
        return bit(ANSHIN_USER_USED);
    }
    return bit(certificate->fetched_at != 0 ? ANSHIN_USER_DOWNLOADED : ANSHIN_USER_ISSUED);
}

static unsigned of_terminal(const anshin_op_t *op, const anshin_terminal_facts_t *facts)
{
    unsigned stages = of_certificate(op, facts->has_certificate, &facts->certificate);

    if (stages != 0 && facts->certificate.not_after - op->now <= anshin_renewal_window(op)) {
        stages |= bit(ANSHIN_USER_EXPIRING);
    }
    stages |= of_certificate(op, facts->has_renewing, &facts->renewing);
    return stages != 0 ? stages : bit(ANSHIN_USER_REGISTERED);
}

unsigned anshin_user_stages(const anshin_op_t *op, const anshin_particulars_t *user)
{
    const anshin_account_t *account = &user->account;
    unsigned stages = user->lock.kinds != 0 || account->state == ANSHIN_ACCOUNT_LOCKED ? bit(ANSHIN_USER_LOCKED) : 0;

    stages |= user->lost_device_lock.kinds != 0 ? bit(ANSHIN_USER_LOST_DEVICE) : 0;
    stages |= account->state == ANSHIN_ACCOUNT_DISABLED ? bit(ANSHIN_USER_DISABLED) : 0;
    stages |= account->state == ANSHIN_ACCOUNT_ACTIVE ? bit(ANSHIN_USER_ACTIVE) : 0;
    if (account->registered_at == 0) {
        return stages | (account->state == ANSHIN_ACCOUNT_PENDING ? bit(ANSHIN_USER_INVITED) : 0);
    }
    if (account->method != ANSHIN_METHOD_CERTIFICATE) {
        return stages | bit(account->last_login_at != 0 ? ANSHIN_USER_USED : ANSHIN_USER_REGISTERED);
    }
    for (int i = 0; i < user->terminals->nelts; i++) {
        stages |= of_terminal(op, &APR_ARRAY_IDX(user->terminals, i, anshin_terminal_facts_t));
    }
    return stages;
}

/*
 * What waits for a second operator: see approval.h.
 */
#include "core/context/approval.h"

#include <string.h>

#include <apr_strings.h>

#include "core/context/secret.h"

const anshin_word_t anshin_approval_words[] = {
    {"waiting", ANSHIN_APPROVAL_WAITING}, {"approved", ANSHIN_APPROVAL_APPROVED},
    {"refused", ANSHIN_APPROVAL_REFUSED}, {"withdrawn", ANSHIN_APPROVAL_WITHDRAWN},
    {"expired", ANSHIN_APPROVAL_EXPIRED}, {NULL, 0}};

const anshin_word_t anshin_eyes_words[] = {{"bulk-revoke", ANSHIN_EYES_BULK_REVOKE},
                                           {"bulk", ANSHIN_EYES_BULK},
                                           {"roles", ANSHIN_EYES_ROLES},
                                           {"ca", ANSHIN_EYES_CA},
                                           {NULL, 0}};

anshin_approval_state_t anshin_approval_state(const anshin_op_t *op, const anshin_approval_t *approval)
{
    if (approval->state != ANSHIN_APPROVAL_WAITING) {
        return (anshin_approval_state_t)approval->state;
    }
    return approval->expires_at <= op->now ? ANSHIN_APPROVAL_EXPIRED : ANSHIN_APPROVAL_WAITING;
}

static int same(const char *a, const char *b)
{
    return a != NULL && b != NULL && *a != '\0' && strcmp(a, b) == 0;
}

const char *anshin_approval_name(const anshin_actor_t *actor)
{
    return actor->person != NULL ? actor->person : actor->name;
}

/* Both are of the same kind of person, and each is known. */
static int is_known(const anshin_actor_t *actor, const anshin_approval_t *approval)
{
    return (actor->kind == ANSHIN_ACTOR_STAFF || actor->kind == ANSHIN_ACTOR_OPERATOR) &&
           approval->by == (apr_int64_t)actor->kind && actor->number != NULL && *actor->number != '\0' &&
           approval->number != NULL && *approval->number != '\0';
}

int anshin_approval_is_own(const anshin_actor_t *actor, const anshin_approval_t *approval)
{
    return !is_known(actor, approval) || same(actor->number, approval->number) ||
           same(anshin_approval_name(actor), approval->name);
}

int anshin_approval_is_asker(const anshin_actor_t *actor, const anshin_approval_t *approval)
{
    return is_known(actor, approval) && same(actor->number, approval->number) &&
           same(anshin_approval_name(actor), approval->name);
}

apr_status_t anshin_approval_digest(anshin_op_t *op, const anshin_approval_t *approval, const char **hex)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *whom = approval->whom != NULL ? apr_array_pstrcat(op->pool, approval->whom, '\n') : "";
    const char *text =
        apr_psprintf(op->pool, "%" APR_TIME_T_FMT "\n%s\n%s\n%s\n%s\n%s\n%s", approval->at,
                     approval->name != NULL ? approval->name : "", approval->number != NULL ? approval->number : "",
                     approval->verb != NULL ? approval->verb : "", approval->why != NULL ? approval->why : "",
                     approval->digest != NULL ? approval->digest : "", whom);
    unsigned char digest[ANSHIN_DIGEST_BYTES];

    if (crypto->digest(crypto->ctx, digest, text, strlen(text)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1822", "SHA-256 is not available");
    }
    *hex = anshin_hex(digest, sizeof(digest), op->pool);
    return APR_SUCCESS;
}

anshin_eyes_t anshin_approval_of_many(const anshin_contract_t *contract, int count, int revokes)
{
    const int eyes = contract->policy.four_eyes;

    if (count > 1 && revokes && ANSHIN_HAS(eyes, ANSHIN_EYES_BULK_REVOKE)) {
        return ANSHIN_EYES_BULK_REVOKE;
    }
    return count > 1 && ANSHIN_HAS(eyes, ANSHIN_EYES_BULK) ? ANSHIN_EYES_BULK : ANSHIN_EYES_NONE;
}

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return anshin_expiry_over(op, ((const anshin_approval_t *)record)->expires_at + ANSHIN_KEEP_APPROVAL);
}

const anshin_expiry_rule_t anshin_approval_expiry = {&anshin_record_approval, over, NULL, NULL};

/*
 * Users whose password came as a hash of another system (core/account/imported.h, IMP-2): they log in by it, once, and then by
 * one of ours.
 */
#include "core/account/imported.h"
#include "core/account/toll.h"
#include "core/admin/amend.h"
#include "core/admin/housekeeping.h"
#include "core/login/reauthentication.h"
#include "unit/crash_store.h"
#include "unit/users.h"

#define PASSWORD "Umzug 2026 gut"
#define HASH "$apr1$uVKfUIwI$NhlyQdO87yTSUnoeeMpVk1"
#define OTHER_HASH "$5$abcdefgh$9ycXs.bGAxVuJHSOAmDsYDNIWook1onvYG8ekIsbzE3"
#define HOUR apr_time_from_sec(3600)

static fixture_t fixture;
static anshin_crypto_t watched;
static const anshin_crypto_t *real;
static void (*meanwhile)(void); /* happens once, during the next check */
static int ours, theirs;        /* checks that were made */
static anshin_toll_t paid;      /* by the last of them */

static apr_status_t watch_ours(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                               apr_size_t length, const anshin_hash_place_t *place)
{
    ours++;
    return real->password_verify(ctx, verdict, phc, secret, length, place);
}

static apr_status_t watch_theirs(void *ctx, anshin_verdict_t *verdict, const char *text, const anshin_toll_t *toll,
                                 const char *secret, apr_size_t length, const anshin_hash_place_t *place)
{
    void (*what)(void) = meanwhile;

    meanwhile = NULL;
    theirs++;
    paid = toll != NULL ? *toll : (anshin_toll_t){.memory = 0};
    if (what != NULL) {
        what();
    }
    return real->imported_verify(ctx, verdict, text, toll, secret, length, place);
}

/* One of method password with a hash. */
static apr_status_t make(const char *user, const char *hash, int method, anshin_invitation_t *invitation)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_imported_t imported;
    const anshin_account_new_t spec = {user, "taro@example.jp", method, ANSHIN_TERMINAL_PC, NULL, NULL,
                                       NULL, &imported,         0};
    apr_status_t status = anshin_imported_check(op, &imported, hash, 0);

    status = status == APR_SUCCESS ? anshin_account_create(op, &spec, invitation) : status;
    if (status != APR_SUCCESS) {
        printf("# %s %s\n", op->error.id, op->error.text);
    }
    return status;
}

static const char *give(const char *user)
{
    anshin_invitation_t invitation;

    if (make(user, HASH, ANSHIN_METHOD_PASSWORD, &invitation) != APR_SUCCESS) {
        exit(1);
    }
    return user;
}

static anshin_login_outcome_t log_in(const char *user, const char *password)
{
    return users_login(&fixture, user, password, &users_no_peer, "192.0.2.1").outcome;
}

static const char *hash_of(const char *user)
{
    return users_account(&fixture, user).password_hash;
}

static void test_login(void)
{
    const char *user = give("first");
    anshin_account_t account = users_account(&fixture, user);

    ok(account.state == ANSHIN_ACCOUNT_ACTIVE && account.registration == NULL && account.registered_at != 0,
       "IMP-2: such a user of ID and password needs no registration");
    ok(same_text(anshin_imported_scheme(account.password_hash), "apr1") &&
           strstr(account.password_hash, "NhlyQdO87") == NULL,
       "IMP-2: the hash is sealed, its scheme is told: %.30s", account.password_hash);
    ok(log_in(user, "Umzug 2026 gu") == ANSHIN_LOGIN_WRONG && log_in(user, "") == ANSHIN_LOGIN_WRONG,
       "IMP-2: another password is wrong");
    ok(same_text(hash_of(user), account.password_hash), "IMP-2: and changes nothing");
    ok(log_in(user, PASSWORD) == ANSHIN_LOGIN_OK, "IMP-2: its password lets in");
    ok(strncmp(hash_of(user), "$argon2id$", 10) == 0, "IMP-2: and is hashed by us then");
    account = users_account(&fixture, user);
    ok(account.password_history == NULL, "IMP-2: the former hash is nowhere any more");
    theirs = 0;
    ok(log_in(user, PASSWORD) == ANSHIN_LOGIN_OK, "IMP-2: the password is the same");
}

static void test_counts(void)
{
    const char *user = give("guessed");
    int tries = 0;

    while (tries < 100 && log_in(user, "wrong") == ANSHIN_LOGIN_WRONG) {
        tries++;
    }
    ok(tries > 1 && tries < 100 && log_in(user, PASSWORD) == ANSHIN_LOGIN_LOCKED,
       "S5: wrong passwords count against an imported hash as against ours (%d)", tries);
    ok(anshin_imported_scheme(hash_of(user)) != NULL, "S5: and who is locked out replaces nothing");
}

static void test_toll(void)
{
    const char *old = "with-ours";

    (void)users_register(&fixture, old, ANSHIN_METHOD_PASSWORD);
    (void)give("waits");
    for (int i = 0; i < 3; i++) {
        static const char *const who[] = {"with-ours", "waits", "nobody"};

        ours = theirs = 0;
        (void)log_in(who[i], "wrong");
        ok(ours == 1 && theirs == 1 && paid.work[ANSHIN_SCHEME_APR1] == 1,
           "S8: while such hashes remain, argon2 and their scheme are paid by %s", who[i]);
    }
    {
        anshin_invitation_t invitation;

        (void)make("waits2", OTHER_HASH, ANSHIN_METHOD_PASSWORD, &invitation);
    }
    (void)log_in("nobody", "wrong");
    ok(paid.work[ANSHIN_SCHEME_APR1] == 1 && paid.work[ANSHIN_SCHEME_SHA256_CRYPT] == 5000, "S8: each of the schemes");
}

static void test_forged_toll(void)
{
    const anshin_toll_t forged = {.work = {[ANSHIN_SCHEME_PBKDF2_SHA256] = UINT32_MAX, [ANSHIN_SCHEME_SHA1] = 7}};
    const anshin_hash_place_t place = {0};
    const anshin_imported_t few = {.scheme = ANSHIN_SCHEME_ARGON2, .work = 1024, .memory = 64};
    const anshin_imported_t much = {.scheme = ANSHIN_SCHEME_ARGON2, .work = 1024, .memory = 512};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_toll_t toll;
    anshin_txn_t *txn;
    anshin_verdict_t verdict;

    ok(real->imported_verify(real->ctx, &verdict, NULL, &forged, "x", 1, &place) == APR_SUCCESS && !verdict.match,
       "S8: a toll that nobody could pay is paid up to the bounds of an import");
    ok(anshin_toll_raise(op, &few) == APR_SUCCESS && anshin_toll_raise(op, &much) == APR_SUCCESS, "two of one work");
    txn = fixture_begin(op, ANSHIN_TXN_READ);
    ok(anshin_toll_get(op, txn, &toll) == APR_SUCCESS && toll.memory == 512, "S8: the larger memory is paid (%u)",
       toll.memory);
    anshin_txn_abort(txn);
}

static int review(void)
{
    int lowered = -1;
    anshin_op_t *op = fixture_op(&fixture);

    op->contract = NULL;
    return anshin_toll_review(op, &lowered) == APR_SUCCESS ? lowered : -1;
}

static void test_review(void)
{
    ok(log_in("waits2", PASSWORD) == ANSHIN_LOGIN_OK, "the last one of a scheme logs in");
    ok(review() == 0, "the toll stays where an import may still go on");
    fixture.now += 3 * HOUR;
    ok(review() == 1, "S8: then it is lowered to what remains");
    (void)log_in("nobody", "wrong");
    ok(paid.work[ANSHIN_SCHEME_APR1] == 1 && paid.work[ANSHIN_SCHEME_SHA256_CRYPT] == 0, "S8: to the other scheme");
    ok(review() == 0, "once");
    ok(log_in("waits", PASSWORD) == ANSHIN_LOGIN_OK &&
           anshin_account_unlock(fixture_op(&fixture), "guessed") == APR_SUCCESS &&
           log_in("guessed", PASSWORD) == ANSHIN_LOGIN_OK,
       "all have logged in");
    ok(review() == 1, "S8: nothing remains");
    theirs = 0;
    (void)log_in("nobody", "wrong");
    ok(theirs == 0, "S8: and nobody pays any more");
    (void)give("again");
    theirs = 0;
    (void)log_in("nobody", "wrong");
    ok(theirs == 1, "S8: until the next import");
}

/* --- at once ------------------------------------------------------------------------------------------------------ */

static anshin_login_outcome_t other;

static void logs_in_too(void)
{
    other = log_in("twice", PASSWORD);
}

static void is_reset(void)
{
    anshin_invitation_t invitation;

    (void)anshin_account_reset(fixture_op(&fixture), "gone", &invitation);
}

static void gets_another(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_imported_t imported;
    anshin_amended_t amended;
    const anshin_amend_t amend = {.user = "other", .kind = -1, .method = -1, .imported = &imported};

    (void)anshin_imported_check(op, &imported, "{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0);
    if (anshin_account_amend(op, &amend, &amended) != APR_SUCCESS) {
        printf("# %s\n", op->error.text);
    }
}

static void test_at_once(void)
{
    anshin_account_t account;

    (void)give("twice");
    meanwhile = logs_in_too;
    ok(log_in("twice", PASSWORD) == ANSHIN_LOGIN_OK && other == ANSHIN_LOGIN_OK,
       "IMP-2: of two logins at once both are let in");
    account = users_account(&fixture, "twice");
    ok(strncmp(account.password_hash, "$argon2id$", 10) == 0 && account.password_history == NULL,
       "IMP-2: and the hash was replaced once");
    ok(log_in("twice", PASSWORD) == ANSHIN_LOGIN_OK, "S5: nothing counts against it");
    (void)give("gone");
    meanwhile = is_reset;
    ok(log_in("gone", PASSWORD) == ANSHIN_LOGIN_WRONG && hash_of("gone") == NULL,
       "S16: who is reset meanwhile gets nothing, and the hash does not come back");
    (void)give("other");
    meanwhile = gets_another;
    ok(log_in("other", PASSWORD) == ANSHIN_LOGIN_WRONG && same_text(anshin_imported_scheme(hash_of("other")), "sha1"),
       "S16: nor does who gets another hash meanwhile");
}

/* Death at each writing step: the hash is the one or the other, and the password still lets in. */
static void test_death(void)
{
    int deaths = 0;
    int kept = 0;
    int survived = 0;

    for (int step = 0; step < 200 && !survived; step++) {
        const char *user = give(apr_psprintf(fixture.pool, "dies%d", step));

        dies_after = step % 2;
        steps_left = step / 2;
        survived = log_in(user, PASSWORD) == ANSHIN_LOGIN_OK && !died;
        steps_left = -1;
        deaths += died;
        died = 0;
        if (anshin_imported_scheme(hash_of(user)) != NULL) {
            kept++;
        }
        if (log_in(user, PASSWORD) != ANSHIN_LOGIN_OK || strncmp(hash_of(user), "$argon2id$", 10) != 0) {
            break;
        }
    }
    ok(survived && deaths > 4 && kept > 0 && kept <= deaths,
       "IMP-2: of a login that dies at any step (%d) the hash stays (%d) or is replaced; the next one lets in", deaths,
       kept);
}

/* --- what else ends it -------------------------------------------------------------------------------------------- */

static void test_drop(void)
{
    const char *user = give("drop");
    anshin_invitation_t invitation;
    anshin_reauthentication_t proof;
    anshin_account_t account;

    ok(anshin_reauthentication_check(fixture_op(&fixture), ANSHIN_COUNTER_PASSWORD, user, hash_of(user),
                                     apr_pstrdup(fixture.pool, PASSWORD), &proof) == APR_SUCCESS &&
           proof.right,
       "IMP-2: it proves a person elsewhere as well");
    ok(anshin_account_reset(fixture_op(&fixture), user, &invitation) == APR_SUCCESS, "a reset");
    account = users_account(&fixture, user);
    ok(account.password_hash == NULL && account.password_history == NULL && account.state == ANSHIN_ACCOUNT_PENDING,
       "IMP-2: drops it, and no former password is left of it");
}

static void test_methods(void)
{
    anshin_invitation_t invitation = {.url = NULL};
    anshin_account_t account;

    ok(make("cert", HASH, ANSHIN_METHOD_CERTIFICATE, &invitation) == APR_SUCCESS && invitation.url != NULL,
       "IMP-2: who needs a certificate registers");
    account = users_account(&fixture, "cert");
    ok(account.state == ANSHIN_ACCOUNT_PENDING && account.password_hash == NULL,
       "IMP-2: and has no password until then");
}

static void test_amend(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_imported_t imported;
    anshin_amended_t amended;
    anshin_amend_t amend = {.user = "late", .kind = -1, .method = -1, .imported = &imported};
    const char *code;
    const char *token = users_invite(&fixture, "late", ANSHIN_METHOD_PASSWORD, &code);

    (void)anshin_imported_check(op, &imported, HASH, 0);
    ok(anshin_account_amend(op, &amend, &amended) == APR_SUCCESS && amended.what->nelts == 1 &&
           users_account(&fixture, "late").state == ANSHIN_ACCOUNT_ACTIVE,
       "IMP-2: one who has not registered yet gets a hash in place of it (%s)", token);
    ok(anshin_account_amend(op, &amend, &amended) == APR_SUCCESS && amended.what->nelts == 0,
       "IMP-2: the same once more is no change");
    ok(log_in("late", PASSWORD) == ANSHIN_LOGIN_OK, "IMP-2: and logs in");
    ok(anshin_account_amend(op, &amend, &amended) == ANSHIN_ECONFLICT &&
           strncmp(users_account(&fixture, "late").password_hash, "$argon2id$", 10) == 0,
       "IMP-2: who has a password here keeps it: %s", op->error.text);
}

static void test_modern(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_imported_t imported;

    fixture.contract.preset = ANSHIN_PRESET_MODERN;
    ok(anshin_imported_check(op, &imported, HASH, 0) == ANSHIN_EINVALID && strstr(op->error.text, "--accept-weak"),
       "IMP-2: the preset modern refuses weak ones: %s", op->error.text);
    ok(anshin_imported_check(fixture_op(&fixture), &imported, HASH, 1) == APR_SUCCESS,
       "IMP-2: unless they are accepted");
    fixture.contract.preset = ANSHIN_PRESET_FINANCE;
    op = fixture_op(&fixture);
    ok(anshin_imported_check(op, &imported, HASH, 0) == ANSHIN_EINVALID && strstr(op->error.text, "preset finance"),
       "IMP-2: as does finance: %s", op->error.text);
    fixture.contract.preset = ANSHIN_PRESET_CLASSIC;
}

static void test_forged(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_verdict_t verdict;
    const char *stored = hash_of("again");
    char *forged = apr_pstrdup(fixture.pool, stored);
    anshin_contract_t foreign = fixture.contract;
    const char *text;

    forged[strlen(forged) - 3] ^= 1;
    ok(anshin_imported_compare(op, &verdict, forged, NULL, PASSWORD, NULL) == ANSHIN_EFAULT && !verdict.match,
       "S39: what was changed in the store denies: %s", op->error.text);
    foreign.name = "p-02";
    op->contract = &foreign;
    ok(anshin_imported_open(op, &text, stored) == ANSHIN_EFAULT, "S39: as does one of another contract");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    make_crash_store();
    fixture_open(&fixture, &crash_store, NULL, pool);
    users_contract(&fixture, ANSHIN_PRESET_CLASSIC);
    real = fixture.crypto;
    watched = *real;
    watched.password_verify = watch_ours;
    watched.imported_verify = watch_theirs;
    fixture.env.crypto = &watched;
    test_login();
    test_counts();
    test_toll();
    test_review();
    test_at_once();
    test_death();
    test_drop();
    test_methods();
    test_amend();
    test_modern();
    test_forged();
    test_forged_toll();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

/*
 * Housekeeping (core/admin/housekeeping.h): what is over goes, what is needed stays, secrets with it (S24).
 */
#include "core/account/account.h"
#include "core/account/history.h"
#include "core/account/lockout.h"
#include "core/account/session.h"
#include "core/context/secret.h"
#include "core/mail/mail.h"
#include "unit/tap.h"
#include "unit/housekeeping.h"

#define DAY apr_time_from_sec(86400)
#define MINUTE apr_time_from_sec(60)

static fixture_t fixture;

/* A minute is looked at when it is over. */
static int keep_house_now(void)
{
    anshin_housekeeping_t state = {.due = {0}};

    fixture.now += MINUTE;
    return housekeeping_all(&fixture, &state);
}

static const char *blob(void)
{
    return fixture_blob(&fixture, "test", "x");
}

static void test_pace(void)
{
    anshin_housekeeping_t state = {.due = {0}};
    const char *task = NULL;
    int removed;
    int steps = 0;

    while (anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) == APR_SUCCESS) {
        steps++;
    }
    ok(steps == ANSHIN_HOUSEKEEPING_TASKS, "every task has its turn, then there is nothing to do (%d)", steps);
    fixture.now += apr_time_from_sec(61);
    ok(anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) == APR_SUCCESS &&
           strstr(task, "time") != NULL &&
           anshin_housekeeping_step(fixture_op(&fixture), &state, &task, &removed) == ANSHIN_ENOTFOUND,
       "what holds secrets is looked after every minute");
}

static void test_downloads(void)
{
    anshin_download_t waiting = {.serial = "4a", .created_at = fixture.now, .expires_at = fixture.now + DAY};
    anshin_download_t over = {
        .serial = "4b", .created_at = fixture.now - DAY, .expires_at = fixture.now, .token = "token"};
    anshin_download_t unissued = {.created_at = fixture.now - 2 * DAY, .expires_at = fixture.now - DAY};
    anshin_token_t token = {.kind = 2, .contract = "p-01", .expires_at = fixture.now};

    waiting.password_blob = blob();
    waiting.modern_blob = blob();
    unissued.password_blob = blob();
    over.password_blob = blob();
    over.modern_blob = blob();
    over.compat_blob = blob();
    housekeeping_put(&fixture, &anshin_record_download, "p-01/a/1", &waiting);
    housekeeping_put(&fixture, &anshin_record_download, "p-01/b/1", &over);
    housekeeping_put(&fixture, &anshin_record_download, "gone/c/1", &unissued);
    fixture_put(&fixture, &anshin_record_token, "token", &token);
    ok(fixture_blobs(&fixture) == 6 && keep_house_now() == 1, "one download is over");
    ok(fixture_get(&fixture, &anshin_record_download, "p-01/b/1", &over) == ANSHIN_ENOTFOUND &&
           fixture_get(&fixture, &anshin_record_token, "token", &token) == ANSHIN_ENOTFOUND &&
           fixture_blobs(&fixture) == 3,
       "it goes with its link, and key, file and password are wiped (S24)");
    ok(fixture_count(&fixture, &anshin_record_download) == 2, "what waits, or waits to be issued, stays");
    fixture.now += 30 * DAY;
    ok(keep_house_now() == 2 && fixture_blobs(&fixture) == 0,
       "at last these go, too, whether their contract is declared or not");
}

static void test_tokens(void)
{
    anshin_token_t token = {.kind = 1, .contract = "p-01", .expires_at = fixture.now - ANSHIN_KEEP_TOKEN};
    anshin_token_t fresh = {.kind = 1, .contract = "p-01", .expires_at = fixture.now - ANSHIN_KEEP_TOKEN + 5 * MINUTE};

    housekeeping_put(&fixture, &anshin_record_token, "old", &token);
    housekeeping_put(&fixture, &anshin_record_token, "fresh", &fresh);
    ok(keep_house_now() == 1 && fixture_get(&fixture, &anshin_record_token, "fresh", &fresh) == APR_SUCCESS,
       "links go a while after they have expired, so that the page can still say so");
    fixture.now += 3 * MINUTE;
    ok(keep_house_now() == 0, "what was looked at too early stays until its time has come");
    fixture.now += 2 * MINUTE;
    ok(keep_house_now() == 1 && fixture_count(&fixture, &anshin_record_token) == 0, "and then goes");
}

static void open_session(anshin_session_t *session)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    const anshin_account_t account = {.user = session->user};
    const char *id;

    (void)anshin_session_open(op, txn, &account, session, &id);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    fixture.now += 5 * MINUTE;
}

static void test_sessions(void)
{
    anshin_session_t session = {.user = "u", .terminal = 1};
    anshin_session_t foreign = {.user = "u", .contract = "gone", .created_at = 1, .seen_at = 1};
    anshin_session_list_t list;

    for (int i = 0; i < 3; i++) {
        open_session(&session);
    }
    housekeeping_put(&fixture, &anshin_record_session, "foreign", &foreign);
    ok(keep_house_now() == 0, "sessions in use stay");
    fixture.now += 15 * MINUTE;
    ok(keep_house_now() == 1 && fixture_count(&fixture, &anshin_record_session) == 3 &&
           fixture_get(&fixture, &anshin_record_session_list, "p-01/u", &list) == APR_SUCCESS && list.keys->nelts == 2,
       "one over its idle limit goes, from its user's list as well (S15)");
    fixture.now += 60 * MINUTE;
    ok(keep_house_now() == 2 && fixture_get(&fixture, &anshin_record_session_list, "p-01/u", &list) == ANSHIN_ENOTFOUND,
       "with the last one the list goes");
    ok(fixture_get(&fixture, &anshin_record_session, "foreign", &foreign) == APR_SUCCESS,
       "sessions of a contract that is not declared now are left alone");
}

/* One that is used all the time: it must stay until its absolute limit, and not a day longer. */
static void test_session_in_use(void)
{
    anshin_session_t session = {.user = "v", .terminal = 1};
    anshin_session_list_t list;
    anshin_session_t current;
    int removed = 0;
    const char *key;

    open_session(&session);
    (void)fixture_get(&fixture, &anshin_record_session_list, "p-01/v", &list);
    key = APR_ARRAY_IDX(list.keys, 0, const char *);
    for (int i = 0; i < 70; i++) { /* almost twelve hours */
        fixture.now += 10 * MINUTE;
        if (fixture_get(&fixture, &anshin_record_session, key, &current) == APR_SUCCESS) {
            (void)anshin_session_touch(fixture_op(&fixture), key, &current);
        }
        fixture.now -= MINUTE;
        removed += keep_house_now();
    }
    ok(removed == 0 && fixture_get(&fixture, &anshin_record_session, key, &current) == APR_SUCCESS,
       "a session that is used stays");
    fixture.now += 30 * MINUTE;
    ok(keep_house_now() == 1 && fixture_get(&fixture, &anshin_record_session, key, &current) == ANSHIN_ENOTFOUND,
       "and goes at its absolute limit (S15)");
}

static void test_counters(void)
{
    anshin_counter_t phantom = {.failures = 3, .phantom = 1, .changed_at = fixture.now - ANSHIN_PHANTOM_LIFE};
    anshin_counter_t address = {.failures = 3, .phantom = 1, .changed_at = fixture.now - ANSHIN_KEEP_ADDRESS};

    housekeeping_put(&fixture, &anshin_record_counter, "p-01/nobody/stranger", &phantom);
    housekeeping_put(&fixture, &anshin_record_counter, "p-01/@c0000201/address", &address);
    phantom.changed_at += 5 * MINUTE;
    housekeeping_put(&fixture, &anshin_record_counter, "p-01/a@b/stranger", &phantom);
    ok(keep_house_now() == 2 &&
           fixture_get(&fixture, &anshin_record_counter, "p-01/a@b/stranger", &phantom) == APR_SUCCESS,
       "phantoms and addresses are forgotten when they have not changed for long");
    fixture_delete(&fixture, &anshin_record_counter, "p-01/a@b/stranger");
}

static void test_mail(void)
{
    anshin_mail_t mail = {
        .contract = "p-01", .state = ANSHIN_MAIL_SENT, .created_at = 1, .sent_at = fixture.now - ANSHIN_KEEP_MAIL};
    anshin_mail_t failed = {
        .contract = "p-01", .state = ANSHIN_MAIL_FAILED, .created_at = fixture.now - ANSHIN_KEEP_MAIL};
    anshin_mail_t waiting = {.contract = "p-01", .state = ANSHIN_MAIL_WAITING, .created_at = 1};

    failed.blob = blob();
    waiting.blob = blob();
    housekeeping_put(&fixture, &anshin_record_mail, "sent", &mail);
    mail.state = ANSHIN_MAIL_SPOOLED;
    housekeeping_put(&fixture, &anshin_record_mail, "spooled", &mail);
    housekeeping_put(&fixture, &anshin_record_mail, "failed", &failed);
    housekeeping_put(&fixture, &anshin_record_mail, "waiting", &waiting);
    mail.sent_at += 5 * MINUTE;
    housekeeping_put(&fixture, &anshin_record_mail, "recent", &mail);
    ok(keep_house_now() == 3 && fixture_get(&fixture, &anshin_record_mail, "recent", &mail) == APR_SUCCESS &&
           fixture_blobs(&fixture) == 1,
       "old mail goes, with the text of what failed, and what was spooled as well");
    ok(fixture_get(&fixture, &anshin_record_mail, "waiting", &waiting) == APR_SUCCESS,
       "what waits is never thrown away (MAI-1)");
    waiting.state = ANSHIN_MAIL_FAILED;
    fixture_put(&fixture, &anshin_record_mail, "waiting", &waiting);
    fixture.now += DAY;
    ok(keep_house_now() == 2 && fixture_blobs(&fixture) == 0, "but looked at every day, and gone when it was given up");
}

static void add_history(const char *user, int count)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_LOGIN_OK};

    for (int i = 0; i < count; i++) {
        anshin_op_t *op = fixture_op(&fixture);
        anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

        (void)anshin_history_add(op, txn, user, &entry);
        (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    }
}

static void test_history(void)
{
    anshin_sequence_t series;

    fixture_put(&fixture, &anshin_record_account, "p-01/u", &(anshin_account_t){.contract = "p-01", .user = "u"});
    add_history("u", 3);
    add_history(NULL, 2);
    fixture.now += 300 * DAY;
    add_history("u", 1);
    ok(keep_house_now() == 0 && fixture_count(&fixture, &anshin_record_history) == 6,
       "history within its retention stays");
    fixture.now += 101 * DAY;
    ok(keep_house_now() == 5 && fixture_count(&fixture, &anshin_record_history) == 1,
       "after it all entries go, of users and of unknown ones");
    fixture.now += 300 * DAY;
    ok(keep_house_now() == 1 && fixture_count(&fixture, &anshin_record_history) == 0, "at last the youngest goes");
    add_history("u", 1);
    fixture.now += 401 * DAY;
    ok(keep_house_now() == 1 &&
           fixture_get(&fixture, &anshin_record_sequence, "history/p-01/u", &series) == APR_SUCCESS && series.next == 5,
       "a series that was empty is looked after as well, and numbers go on");
}

/* A retention that is made shorter must not wait until the old one is over. */
static void test_shorter_retention(void)
{
    apr_interval_time_t before = fixture.contract.policy.history_retention;

    add_history("w", 3);
    fixture.contract.policy.history_retention = 60 * DAY;
    fixture.now += 61 * DAY;
    ok(keep_house_now() == 3, "a retention that was made shorter holds for what was there before");
    fixture.contract.policy.history_retention = before;
    add_history("w", 250);
    fixture.now += 390 * DAY;
    add_history("w", 250);
    fixture.now += 11 * DAY;
    ok(keep_house_now() == 250 && keep_house_now() == 0, "a long series goes in one round");
    fixture.contract.policy.history_retention = 60 * DAY;
    fixture.now += 50 * DAY;
    ok(keep_house_now() == 250, "for a long series as well");
    fixture.contract.policy.history_retention = before;
}

/* Retention keeps up with any rate: what an hour of guesses at unknown IDs has left is gone after one round (S37). */
static void test_flood(void)
{
    anshin_sequence_t series;

    add_history(NULL, 10000);
    fixture.now += 401 * DAY;
    add_history(NULL, 10);
    ok(keep_house_now() == 10000 && fixture_count(&fixture, &anshin_record_history) == 10,
       "S37: 10,000 entries that are too old are gone after one round");
    ok(fixture_get(&fixture, &anshin_record_sequence, "history/p-01/", &series) == APR_SUCCESS &&
           series.next - series.first == 10,
       "and the young ones are there");
    series.first = series.next - ANSHIN_HISTORY_MAX;
    fixture_put(&fixture, &anshin_record_sequence, "history/p-01/", &series);
    add_history(NULL, 10);
    ok(fixture_get(&fixture, &anshin_record_sequence, "history/p-01/", &series) == APR_SUCCESS &&
           series.next - series.first == ANSHIN_HISTORY_MAX,
       "S37: a series has a bound of its own, whatever fills it");
    fixture.now += 401 * DAY;
    (void)keep_house_now();
}

/* A phantom's lock is forgotten no sooner than a real one (S-12). */
static void test_phantom_locks(void)
{
    anshin_counter_t locked = {.failures = 5, .phantom = 1, .locked_at = fixture.now, .changed_at = fixture.now};

    housekeeping_put(&fixture, &anshin_record_counter, "p-01/nobody/stranger", &locked);
    fixture.now += 400 * DAY;
    ok(keep_house_now() == 0, "S-12: the lock of an ID that nobody has stays as long as that of somebody's");
    fixture.contract.policy.unlock_after = DAY;
    fixture.now += 30 * DAY;
    ok(keep_house_now() == 1, "S-12: and goes where time opens them");
    fixture.contract.policy.unlock_after = 0;
    locked.locked_at = locked.changed_at = fixture.now - 400 * DAY;
    housekeeping_put(&fixture, &anshin_record_counter, "gone/taro/password", &locked);
    (void)keep_house_now();
    fixture.now += 2 * DAY;
    ok(keep_house_now() == 0 &&
           fixture_get(&fixture, &anshin_record_counter, "gone/taro/password", &locked) == APR_SUCCESS,
       "S-12: that of a contract that is not declared now is left alone");
}

static void test_orphans(void)
{
    anshin_mail_t mail = {.contract = "p-01", .state = ANSHIN_MAIL_WAITING, .created_at = 1};
    anshin_download_t download = {.serial = "4a", .expires_at = apr_time_now() + 900 * DAY};
    anshin_bytes_t data;
    const char *orphan = blob();
    const char *newer = blob();
    const char *field = apr_pstrcat(fixture.pool, "\xc8\x20", newer, NULL); /* tag 200, 32 octets */

    mail.blob = blob();
    mail.later = (anshin_bytes_t){(const unsigned char *)field, strlen(field)};
    download.compat_blob = blob();
    fixture_put(&fixture, &anshin_record_mail, "m", &mail);
    fixture_put(&fixture, &anshin_record_download, "p-01/x/1", &download);
    fixture.now = apr_time_now() + apr_time_from_sec(3500); /* the store's clock is the machine's */
    ok(keep_house_now() == 0, "a blob is given time to find its record");
    fixture.now = apr_time_now() + apr_time_from_sec(3700);
    ok(keep_house_now() >= 1 && fixture_blob_get(&fixture, orphan, &data) == ANSHIN_ENOTFOUND,
       "one that no record names is wiped (S24)");
    ok(fixture_blob_get(&fixture, mail.blob, &data) == APR_SUCCESS &&
           fixture_blob_get(&fixture, download.compat_blob, &data) == APR_SUCCESS,
       "those of mail and downloads stay");
    ok(fixture_blob_get(&fixture, newer, &data) == APR_SUCCESS, "and one that a field of a newer version names");
}

/* Whatever record comes to name a blob one day: its member is found by its name. */
static void test_every_namer(void)
{
    int members = 0;
    int kept = 0;

    for (int i = 0; anshin_record_types[i] != NULL; i++) {
        const anshin_record_type_t *type = anshin_record_types[i];

        for (apr_size_t j = 0; j < type->field_count; j++) {
            void *record = apr_pcalloc(fixture.pool, type->size);
            const char *name = blob();
            anshin_bytes_t data;

            if (strstr(type->fields[j].name, "blob") == NULL) {
                (void)anshin_blob_wipe(fixture.env.store, name, NULL);
                continue;
            }
            memcpy((char *)record + type->fields[j].offset, &name, sizeof(name));
            if (type == &anshin_record_download) {
                ((anshin_download_t *)record)->created_at = apr_time_now();
            }
            fixture_put(&fixture, type, "namer", record);
            fixture.now = apr_time_now() + apr_time_from_sec(3700);
            (void)keep_house_now();
            members++;
            kept += fixture_blob_get(&fixture, name, &data) == APR_SUCCESS;
            fixture_delete(&fixture, type, "namer");
        }
    }
    ok(members >= 6 && kept == members, "what any record names stays (%d of %d members)", kept, members);
}

static void test_requests(void)
{
    anshin_fact_t fact = {.value = "x", .at = fixture.now - ANSHIN_KEEP_REQUEST};

    housekeeping_put(&fixture, &anshin_record_fact, "reissue/p-01/u/3", &fact);
    fixture_put(&fixture, &anshin_record_fact, "installation", &fact);
    ok(keep_house_now() >= 1 &&
           fixture_get(&fixture, &anshin_record_fact, "reissue/p-01/u/3", &fact) == ANSHIN_ENOTFOUND &&
           fixture_get(&fixture, &anshin_record_fact, "installation", &fact) == APR_SUCCESS,
       "when a reissue was mailed is forgotten, other facts are not");
}

static void test_many(void)
{
    anshin_token_t token = {.kind = 1, .contract = "p-01", .expires_at = 1};

    for (int i = 0; i < 1000; i++) {
        housekeeping_put(&fixture, &anshin_record_token, apr_psprintf(fixture.pool, "many%d", i), &token);
    }
    ok(keep_house_now() >= 1000 && fixture_count(&fixture, &anshin_record_token) == 0,
       "more than a step holds is done in several");
}

/* Every kind of record either has its rule, or needs none for the reason that stands here. */
static void test_every_type(void)
{
    static const struct {
        const anshin_record_type_t *type;
        const char *why;
    } without[] = {
        {&anshin_record_terminal, "goes with its user, or is deleted by him"},
        {&anshin_record_address_index, "goes with the last terminal that has the address"},
        {&anshin_record_session_list, "goes with the last session that it names"},
        {&anshin_record_history, "goes by the rule of its series"},
        {&anshin_record_job, "is done, or given up and told of by check and status"},
        {&anshin_record_expiry, "is taken out when its minute is looked at"},
        {&anshin_record_due, "goes with what is due, or is taken when its time has come"},
        {&anshin_record_places, "the newest networks of a user, goes with the user"},
        {&anshin_record_clock, "one for the store"},
        {&anshin_record_revoked, "goes as soon as the worker has it for the list of revoked certificates"},
        {&anshin_record_crl, "one list for a CA, replaced by the next"},
        {&anshin_record_ocsp, "is made anew or forgotten by the worker's responder, when it is due"},
        {&anshin_record_audit_event, "goes when the worker has chained it"},
        {&anshin_record_audit_series, "one for an account: the count of its events stays, as they do"},
        {&anshin_record_audit_anchor, "one for a segment of the trail, goes when that is retired"},
    };
    int types = 0;

    for (; anshin_record_types[types] != NULL; types++) {
        const anshin_record_type_t *type = anshin_record_types[types];
        const char *why = NULL;
        int rules = 0;

        for (int i = 0; anshin_expiry_rules[i] != NULL; i++) {
            rules += anshin_expiry_rules[i]->type == type;
        }
        for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
            why = without[i].type == type ? without[i].why : why;
        }
        ok(rules == (why == NULL), "%s: %s", type->name, why != NULL ? why : "has its rule");
    }
    ok(types >= 17, "%d types were looked at", types);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    fixture.now = apr_time_now();
    test_pace();
    test_every_type();
    test_downloads();
    test_tokens();
    test_sessions();
    test_session_in_use();
    test_counters();
    test_mail();
    test_history();
    test_shorter_retention();
    test_flood();
    test_phantom_locks();
    test_orphans();
    test_every_namer();
    test_requests();
    test_many();
    apr_pool_destroy(pool);
    return done();
}

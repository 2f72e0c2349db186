/*
 * Housekeeping (core/housekeeping.h): what is over goes, what is needed stays, secrets with it (S24).
 */
#include "core/account.h"
#include "core/history.h"
#include "core/housekeeping.h"
#include "core/lockout.h"
#include "core/mail.h"
#include "core/secret.h"
#include "core/session.h"
#include "tap.h"
#include "world.h"

#define DAY apr_time_from_sec(86400)

static world_t world;

/* Everything that is due now; how much went. */
static int keep_house(anshin_housekeeping_t *state)
{
    const char *task;
    int removed;
    int all = 0;
    apr_status_t status;

    while ((status = anshin_housekeeping_step(world_op(&world), state, &task, &removed)) == APR_SUCCESS) {
        all += removed;
    }
    return status == ANSHIN_ENOTFOUND ? all : -1;
}

static int keep_house_now(void)
{
    anshin_housekeeping_t state = {{0}, 0};

    return keep_house(&state);
}

static const char *blob(void)
{
    const char *name = NULL;

    (void)anshin_secret_blob_put(world_op(&world), &name, "test", "x", 1);
    return name;
}

static void test_pace(void)
{
    anshin_housekeeping_t state = {{0}, 0};
    const char *task = NULL;
    int removed;
    int steps = 0;

    while (anshin_housekeeping_step(world_op(&world), &state, &task, &removed) == APR_SUCCESS) {
        steps++;
    }
    ok(steps == ANSHIN_HOUSEKEEPING_TASKS, "every task has its turn, then there is nothing to do (%d)", steps);
    world.now += apr_time_from_sec(61);
    ok(anshin_housekeeping_step(world_op(&world), &state, &task, &removed) == APR_SUCCESS &&
           same_text(task, "downloads") &&
           anshin_housekeeping_step(world_op(&world), &state, &task, &removed) == ANSHIN_ENOTFOUND,
       "what holds secrets is looked after every minute");
}

static void test_downloads(void)
{
    anshin_download_t waiting = {.serial = "4a", .created_at = world.now, .expires_at = world.now + DAY};
    anshin_download_t over = {.serial = "4b", .created_at = world.now - DAY, .expires_at = world.now, .token = "token"};
    anshin_download_t unissued = {.created_at = world.now - 2 * DAY, .expires_at = world.now - DAY};
    anshin_token_t token = {.kind = 2, .contract = "p-01", .expires_at = world.now};

    waiting.password_blob = blob();
    waiting.modern_blob = blob();
    unissued.password_blob = blob();
    over.password_blob = blob();
    over.modern_blob = blob();
    over.compat_blob = blob();
    world_put(&world, &anshin_record_download, "p-01/a/1", &waiting);
    world_put(&world, &anshin_record_download, "p-01/b/1", &over);
    world_put(&world, &anshin_record_download, "gone/c/1", &unissued);
    world_put(&world, &anshin_record_token, "token", &token);
    ok(world_blobs(&world) == 6 && keep_house_now() == 1, "one download is over");
    ok(world_get(&world, &anshin_record_download, "p-01/b/1", &over) == ANSHIN_ENOTFOUND &&
           world_get(&world, &anshin_record_token, "token", &token) == ANSHIN_ENOTFOUND && world_blobs(&world) == 3,
       "it goes with its link, and key, file and password are wiped (S24)");
    ok(world_count(&world, &anshin_record_download) == 2, "what waits, or waits to be issued, stays");
    world.now += 30 * DAY;
    ok(keep_house_now() == 2 && world_blobs(&world) == 0,
       "at last these go, too, whether their contract is declared or not");
}

static void test_tokens(void)
{
    anshin_token_t token = {.kind = 1, .contract = "p-01", .expires_at = world.now - ANSHIN_KEEP_TOKEN};
    anshin_token_t fresh = {.kind = 1, .contract = "p-01", .expires_at = world.now - ANSHIN_KEEP_TOKEN + 1};

    world_put(&world, &anshin_record_token, "old", &token);
    world_put(&world, &anshin_record_token, "fresh", &fresh);
    ok(keep_house_now() == 1 && world_get(&world, &anshin_record_token, "fresh", &fresh) == APR_SUCCESS,
       "links go a while after they have expired, so that the page can still say so");
    world_delete(&world, &anshin_record_token, "fresh");
}

static void test_sessions(void)
{
    anshin_session_t session = {.user = "u", .terminal = 1};
    anshin_session_t foreign = {.user = "u", .contract = "gone", .created_at = 1, .seen_at = 1};
    anshin_session_list_t list;
    const char *id;

    for (int i = 0; i < 3; i++) {
        anshin_op_t *op = world_op(&world);
        anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);

        (void)anshin_session_open(op, txn, &session, &id);
        (void)anshin_txn_commit(txn, ANSHIN_LAZY);
        world.now += apr_time_from_sec(10);
    }
    world_put(&world, &anshin_record_session, "foreign", &foreign);
    ok(keep_house_now() == 0, "sessions in use stay");
    world.now += apr_time_from_sec(1800 - 25);
    ok(keep_house_now() == 1 && world_count(&world, &anshin_record_session) == 3 &&
           world_get(&world, &anshin_record_session_list, "p-01/u", &list) == APR_SUCCESS && list.keys->nelts == 2,
       "one over its idle limit goes, from its user's list as well (S15)");
    world.now += apr_time_from_sec(3600);
    ok(keep_house_now() == 2 && world_get(&world, &anshin_record_session_list, "p-01/u", &list) == ANSHIN_ENOTFOUND,
       "with the last one the list goes");
    ok(world_get(&world, &anshin_record_session, "foreign", &foreign) == APR_SUCCESS,
       "sessions of a contract that is not declared now are left alone");
}

static void test_counters(void)
{
    anshin_counter_t phantom = {.failures = 3, .phantom = 1, .changed_at = world.now - ANSHIN_PHANTOM_LIFE};
    anshin_counter_t account = {.failures = 3, .changed_at = world.now - 10 * ANSHIN_PHANTOM_LIFE};
    anshin_counter_t address = {.failures = 3, .phantom = 1, .changed_at = world.now - ANSHIN_KEEP_ADDRESS};

    world_put(&world, &anshin_record_counter, "p-01/nobody/stranger", &phantom);
    world_put(&world, &anshin_record_counter, "p-01/u/password", &account);
    world_put(&world, &anshin_record_counter, "p-01/@c0000201/address", &address);
    phantom.changed_at++;
    world_put(&world, &anshin_record_counter, "p-01/a@b/stranger", &phantom);
    ok(keep_house_now() == 2 && world_get(&world, &anshin_record_counter, "p-01/u/password", &account) == APR_SUCCESS &&
           world_get(&world, &anshin_record_counter, "p-01/a@b/stranger", &phantom) == APR_SUCCESS,
       "phantoms and addresses are forgotten, an account's failures never (LCK-1)");
    world_delete(&world, &anshin_record_counter, "p-01/a@b/stranger");
}

static void test_mail(void)
{
    anshin_mail_t mail = {
        .contract = "p-01", .state = ANSHIN_MAIL_SENT, .created_at = 1, .sent_at = world.now - ANSHIN_KEEP_MAIL};
    anshin_mail_t failed = {
        .contract = "p-01", .state = ANSHIN_MAIL_FAILED, .created_at = world.now - ANSHIN_KEEP_MAIL};
    anshin_mail_t waiting = {.contract = "p-01", .state = ANSHIN_MAIL_WAITING, .created_at = 1};

    failed.blob = blob();
    waiting.blob = blob();
    world_put(&world, &anshin_record_mail, "sent", &mail);
    world_put(&world, &anshin_record_mail, "failed", &failed);
    world_put(&world, &anshin_record_mail, "waiting", &waiting);
    mail.sent_at++;
    world_put(&world, &anshin_record_mail, "recent", &mail);
    ok(keep_house_now() == 2 && world_get(&world, &anshin_record_mail, "recent", &mail) == APR_SUCCESS &&
           world_blobs(&world) == 1,
       "old mail goes, with the text of what failed");
    ok(world_get(&world, &anshin_record_mail, "waiting", &waiting) == APR_SUCCESS,
       "what waits is never thrown away (MAI-1)");
    world_delete(&world, &anshin_record_mail, "recent");
}

static void add_history(const char *user, int count)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_LOGIN_OK};

    for (int i = 0; i < count; i++) {
        anshin_op_t *op = world_op(&world);
        anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);

        (void)anshin_history_add(op, txn, user, &entry);
        (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    }
}

static void test_history(void)
{
    anshin_housekeeping_t state = {{0}, 0};
    int removed = 0;

    add_history("u", 3);
    add_history(NULL, 2);
    world.now += 300 * DAY;
    add_history("u", 1);
    for (int i = 0; i < 16; i++, world.now += apr_time_from_sec(3600)) {
        removed += keep_house(&state);
    }
    ok(removed == 0 && world_count(&world, &anshin_record_history) == 6, "history within its retention stays");
    world.now += 101 * DAY;
    for (int i = 0; i < 16; i++, world.now += apr_time_from_sec(3600)) {
        removed += keep_house(&state);
    }
    ok(removed == 5 && world_count(&world, &anshin_record_history) == 1,
       "after it all entries go, of users and of unknown ones, within sixteen hours (%d)", removed);
}

static void test_orphans(void)
{
    anshin_mail_t mail = {.contract = "p-01", .state = ANSHIN_MAIL_WAITING, .created_at = 1};
    anshin_download_t download = {.serial = "4a", .expires_at = apr_time_now() + 900 * DAY};
    anshin_bytes_t data;
    anshin_op_t *op;
    const char *orphan = blob();

    mail.blob = blob();
    download.compat_blob = blob();
    world_put(&world, &anshin_record_mail, "m", &mail);
    world_put(&world, &anshin_record_download, "p-01/x/1", &download);
    world.now = apr_time_now() + apr_time_from_sec(3500); /* the store's clock is the machine's */
    ok(keep_house_now() == 0, "a blob is given time to find its record");
    world.now = apr_time_now() + apr_time_from_sec(3700);
    op = world_op(&world);
    ok(keep_house_now() >= 1 &&
           anshin_blob_get(&data, world.env.store, orphan, &op->error, op->pool) == ANSHIN_ENOTFOUND,
       "one that no record names is wiped (S24)");
    ok(anshin_blob_get(&data, world.env.store, mail.blob, &op->error, op->pool) == APR_SUCCESS &&
           anshin_blob_get(&data, world.env.store, download.compat_blob, &op->error, op->pool) == APR_SUCCESS,
       "those of mail and downloads stay");
}

/* Whatever record comes to name a blob one day: its member is found by its name. */
static void test_every_namer(void)
{
    int members = 0;
    int kept = 0;

    for (int i = 0; anshin_record_types[i] != NULL; i++) {
        const anshin_record_type_t *type = anshin_record_types[i];

        for (apr_size_t j = 0; j < type->field_count; j++) {
            void *record = apr_pcalloc(world.pool, type->size);
            const char *name = blob();
            anshin_bytes_t data;

            if (strstr(type->fields[j].name, "blob") == NULL) {
                (void)anshin_blob_wipe(world.env.store, name, NULL);
                continue;
            }
            memcpy((char *)record + type->fields[j].offset, &name, sizeof(name));
            if (type == &anshin_record_download) {
                ((anshin_download_t *)record)->created_at = apr_time_now();
            }
            world_put(&world, type, "namer", record);
            world.now = apr_time_now() + apr_time_from_sec(3700);
            (void)keep_house_now();
            members++;
            kept += anshin_blob_get(&data, world.env.store, name, NULL, world.pool) == APR_SUCCESS;
            world_delete(&world, type, "namer");
        }
    }
    ok(members >= 6 && kept == members, "what any record names stays (%d of %d members)", kept, members);
}

static void test_requests(void)
{
    anshin_fact_t fact = {.value = "x", .at = world.now - ANSHIN_KEEP_REQUEST};

    world_put(&world, &anshin_record_fact, "reissue/p-01/u/3", &fact);
    world_put(&world, &anshin_record_fact, "installation", &fact);
    ok(keep_house_now() >= 1 && world_get(&world, &anshin_record_fact, "reissue/p-01/u/3", &fact) == ANSHIN_ENOTFOUND &&
           world_get(&world, &anshin_record_fact, "installation", &fact) == APR_SUCCESS,
       "when a reissue was mailed is forgotten, other facts are not");
}

static void test_many(void)
{
    anshin_token_t token = {.kind = 1, .contract = "p-01", .expires_at = 1};

    for (int i = 0; i < 1000; i++) {
        world_put(&world, &anshin_record_token, apr_psprintf(world.pool, "many%d", i), &token);
    }
    ok(keep_house_now() >= 1000 && world_count(&world, &anshin_record_token) == 0,
       "more than a step holds is done in several");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world_open(&world, &anshin_store_mem, NULL, pool);
    world.now = apr_time_now();
    test_pace();
    test_downloads();
    test_tokens();
    test_sessions();
    test_counters();
    test_mail();
    test_history();
    test_orphans();
    test_every_namer();
    test_requests();
    test_many();
    apr_pool_destroy(pool);
    return done();
}

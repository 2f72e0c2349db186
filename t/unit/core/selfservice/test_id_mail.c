/* core/selfservice/id_mail.c, core/account/address_index.c, core/admin/index_addresses.c: user IDs by mail, for who has
 * forgotten them (HLP-23), and the index that finds them by an address. */
#include "core/account/address_index.h"
#include "core/admin/amend.h"
#include "core/admin/erase.h"
#include "core/admin/index_addresses.h"
#include "core/selfservice/id_mail.h"
#include "unit/issued.h"

static fixture_t fixture;

static void add(const char *user, const char *address)
{
    const anshin_account_new_t spec = {
        .user = user, .address = address, .method = ANSHIN_METHOD_PASSWORD, .terminal_kind = ANSHIN_TERMINAL_PC};
    anshin_invitation_t invitation;
    anshin_op_t *op = fixture_op(&fixture);

    if (anshin_account_create(op, &spec, &invitation) != APR_SUCCESS) {
        printf("# create %s: %s %s\n", user, op->error.id, op->error.text);
        exit(1);
    }
}

static int mails(void)
{
    return fixture_count(&fixture, &anshin_record_mail);
}

static void request(const char *address)
{
    anshin_op_t *op = fixture_op(&fixture);

    if (anshin_reissue_request(op, ANSHIN_REISSUE_ID, "", address) != APR_SUCCESS) {
        printf("# request: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
}

/* The mail that a request brings; NULL: none. */
static const char *asked(const char *address)
{
    int before = mails();

    fixture.now += apr_time_from_sec(1); /* the newest mail is told by its time */
    request(address);
    (void)issued_work(&fixture, ISSUED_SENT);
    return mails() == before + 1 ? users_mailed_text(&fixture, "user-ids") : NULL;
}

/* The same, after the pause that the one before has begun. */
static const char *asked_later(const char *address)
{
    fixture.now += ANSHIN_ID_PAUSE;
    return asked(address);
}

/* Whom an address leads to. */
static apr_status_t first(const char *address)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    const char *user;
    apr_status_t status = anshin_id_mail_first(op, txn, address, &user);

    anshin_txn_abort(txn);
    return status;
}

/* A line of the mail that is this. */
static int tells(const char *mail, const char *user)
{
    return mail != NULL && strstr(mail, apr_pstrcat(fixture.pool, "\n", user, "\n", NULL)) != NULL;
}

/* How many entries an address has; -1: no record. */
static int entries(const char *address)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_READ);
    anshin_address_index_t index;
    apr_status_t status = anshin_address_index_get(op, txn, address, &index);

    anshin_txn_abort(txn);
    return status == APR_SUCCESS ? index.terminals->nelts : -1;
}

static void test_told(void)
{
    const char *mail;

    add("hanako", "Hanako@example.jp");
    add("taro", "taro@example.jp");
    add("jiro", "taro@example.jp");
    ok(entries("hanako@EXAMPLE.jp") == 1 && entries("taro@example.jp") == 2 && entries("nobody@example.jp") == -1,
       "HLP-23: a terminal is found by its address from the start");
    mail = asked(" hanako@EXAMPLE.jp ");
    ok(tells(mail, "hanako") && !tells(mail, "taro") && !tells(mail, "jiro"),
       "HLP-23: an address in any case: a mail with the ID of whoever has it");
    ok(mail != NULL && strstr(mail, "https://login.example/anshin/login\n") != NULL, "and with the way to the login");
    mail = asked("taro@example.jp");
    ok(tells(mail, "taro") && tells(mail, "jiro") && !tells(mail, "hanako"), "HLP-23: of all who have it");
    ok(mail != NULL && strstr(mail, "このほかにも") == NULL, "no more than there are");
    ok(asked("nobody@example.jp") == NULL && asked("a/b\r\n\"") == NULL && asked("") == NULL,
       "S8: an address that nobody has, nonsense: the same answer and no mail");
    ok(asked("taro@example.jp") == NULL, "asked for again at once: no second mail");
    ok(first("taro@example.jp") == ANSHIN_EDENIED, "S32: and no account is looked at for it");
    ok(asked("hanako@example.jp") == NULL, "nor to another address that has just got one");
    ok(tells(asked_later("taro@example.jp"), "jiro"), "but after a while");
    fixture.contract.policy.functions &= ~(1 << ANSHIN_FUNCTION_USER_ID);
    ok(asked_later("taro@example.jp") == NULL, "not where it is switched off (CON-2)");
    fixture.contract.policy.functions |= 1 << ANSHIN_FUNCTION_USER_ID;
    fixture.contract.policy.mail_links = 0;
    mail = asked_later("taro@example.jp");
    ok(tells(mail, "taro") && strstr(mail, "://") == NULL && strstr(mail, "ブックマーク") != NULL,
       "NOM-1: without links the mail tells the place in words");
    fixture.contract.policy.mail_links = 1;
}

static void test_states(void)
{
    anshin_account_t account;

    (void)anshin_account_lock(fixture_op(&fixture), "jiro", ANSHIN_ACCOUNT_LOCKED);
    ok(tells(asked_later("taro@example.jp"), "jiro"), "a locked user is told: who helps asks for the ID (HLP-22)");
    (void)anshin_account_lock(fixture_op(&fixture), "jiro", ANSHIN_ACCOUNT_DISABLED);
    ok(!tells(asked_later("taro@example.jp"), "jiro"), "one that is disabled is not");
    (void)anshin_account_unlock(fixture_op(&fixture), "jiro");
    account = users_account(&fixture, "jiro");
    account.valid_until = fixture.now - 1;
    fixture_put(&fixture, &anshin_record_account, "p-01/jiro", &account);
    ok(!tells(asked_later("taro@example.jp"), "jiro"), "nor one whose time is over (ATT-1)");
    account.valid_until = 0;
    fixture_put(&fixture, &anshin_record_account, "p-01/jiro", &account);
}

static void test_moves(void)
{
    const anshin_amend_t amend = {
        .user = "jiro", .address = "new@example.jp", .kind = -1, .method = -1, .attributes = {.name = NULL}};
    anshin_amended_t amended;
    anshin_op_t *op = fixture_op(&fixture);

    ok(anshin_account_amend(op, &amend, &amended) == APR_SUCCESS, "an address is changed");
    ok(entries("taro@example.jp") == 1 && entries("new@example.jp") == 1, "HLP-23: the index follows it");
    ok(tells(asked_later("new@example.jp"), "jiro") && !tells(asked("taro@example.jp"), "jiro"),
       "the new address is told, the former one not");
    ok(anshin_account_delete(fixture_op(&fixture), "jiro") == APR_SUCCESS && entries("new@example.jp") == -1,
       "HLP-23: with its user an entry goes, and with the last one the record");
    add("jiro", "other@example.jp");
    ok(asked_later("new@example.jp") == NULL && tells(asked("other@example.jp"), "jiro"),
       "IDN-1: who gets the ID next is found by his own address alone");
}

/* Entries that are not true any more tell nobody anything. */
static void test_stale(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    const char *mail;

    (void)anshin_address_index_add(op, txn, "hanako@example.jp", "taro", 1);
    (void)anshin_address_index_add(op, txn, "hanako@example.jp", "hanako", 9);
    (void)anshin_address_index_add(op, txn, "hanako@example.jp", "nobody", 1);
    (void)anshin_address_index_add(op, txn, "hanako@example.jp", "hanako", 1);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    ok(entries("hanako@example.jp") == 4, "entries of terminals that have gone or moved");
    mail = asked_later("hanako@example.jp");
    ok(tells(mail, "hanako") && !tells(mail, "taro") && !tells(mail, "nobody"), "HLP-23: are looked at, and not told");
}

static void test_bounds(void)
{
    const char *mail, *at;
    int told = 0, sent = 0;

    for (int i = 0; i < ANSHIN_ADDRESS_ENTRIES + 3; i++) {
        add(apr_psprintf(fixture.pool, "many-%03d", i), "many@example.jp");
    }
    ok(entries("many@example.jp") == ANSHIN_ADDRESS_ENTRIES, "S32: an address has a bounded number of entries");
    mail = asked("many@example.jp");
    for (at = mail; at != NULL && (at = strstr(at, "\nmany-")) != NULL; at++) {
        told++;
    }
    ok(told == ANSHIN_IDS_TOLD && strstr(mail, "このほかにも") != NULL,
       "HLP-23: a mail names a bounded number, and says that there are more (%d)", told);
    fixture.now += apr_time_from_sec(86400);
    for (int i = 0; i < ANSHIN_MAILS_A_DAY + 5; i++) {
        sent += asked_later("taro@example.jp") != NULL;
    }
    ok(sent == ANSHIN_MAILS_A_DAY, "S40: and an address gets a bounded number of mails a day (%d)", sent);
}

/* A store of before there was the index. */
static void test_old_store(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    int indexed = -1, terminals = fixture_count(&fixture, &anshin_record_terminal);

    fixture.now += apr_time_from_sec(86400);
    (void)anshin_address_index_remove(op, txn, "hanako@example.jp", "hanako", 1);
    (void)anshin_address_index_forget(op, txn, "p-01/none", "hanako");
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    ok(asked("hanako@example.jp") == NULL, "in an older store nobody is found");
    op = fixture_op(&fixture);
    op->contract = NULL;
    ok(anshin_index_addresses(op, &indexed) == APR_SUCCESS && indexed == terminals,
       "HLP-23: at the worker's start all terminals are looked at (%d)", indexed);
    ok(tells(asked("hanako@example.jp"), "hanako"), "and found then");
    ok(anshin_index_addresses(op, &indexed) == APR_SUCCESS && indexed == 0, "once");
}

static apr_status_t outside(void *baton, const anshin_erased_t *erased)
{
    (void)baton;
    (void)erased;
    return APR_SUCCESS;
}

static apr_status_t hold(void *baton, const char *key, const void *record)
{
    const anshin_address_index_t *index = record;

    (void)key;
    for (int i = 0; i < index->terminals->nelts; i++) {
        *(int *)baton += strncmp(APR_ARRAY_IDX(index->terminals, i, const char *), "gone/", 5) == 0;
    }
    return APR_SUCCESS;
}

static int named_in_index(void)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_READ);
    int named = 0;

    (void)anshin_txn_each(txn, &anshin_record_address_index, "", hold, &named);
    anshin_txn_abort(txn);
    return named;
}

/* Whom a record names, asked of each while somebody is erased. */
static void test_names(void)
{
    static const char *const entries_of[] = {"gone/1", "gone-too/1", "gon/2"};
    anshin_address_index_t index = {.terminals = apr_array_make(fixture.pool, 3, sizeof(const char *))};
    const anshin_op_t *op = fixture_op(&fixture);

    ok(!anshin_address_index_names(op, "p-01/x", &(anshin_address_index_t){.terminals = NULL}, "gone"),
       "IDN-2: a record without entries names nobody");
    for (size_t i = 0; i < sizeof(entries_of) / sizeof(entries_of[0]); i++) {
        APR_ARRAY_PUSH(index.terminals, const char *) = entries_of[i];
    }
    ok(anshin_address_index_names(op, "p-01/x", &index, "gone") &&
           anshin_address_index_names(op, "p-01/x", &index, "gon"),
       "IDN-2: one with entries names whose they are");
    ok(!anshin_address_index_names(op, "p-01/x", &index, "go") &&
           !anshin_address_index_names(op, "p-01/x", &index, "gone-"),
       "and nobody whose ID theirs begin with");
    ok(!anshin_address_index_names(op, "p-011/x", &index, "gone") &&
           !anshin_address_index_names(op, "p-0/x", &index, "gone"),
       "nor one of another contract");
}

/* Of a person who is erased neither index, nor a mail to somebody else of the same address, nor a request keeps any. */
static void test_erased(void)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn;
    anshin_erased_t erased;
    int before;

    add("stays", "both@example.jp");
    add("gone", "both@example.jp");
    ok(tells(asked("both@example.jp"), "gone") && fixture_count(&fixture, &anshin_record_mail) > 0,
       "a mail to one of two names the other too");
    txn = fixture_begin(op, ANSHIN_TXN_WRITE); /* as an older store may have it */
    (void)anshin_account_get(op, txn, "gone", &(anshin_account_t){.user = NULL});
    (void)anshin_address_index_add(op, txn, "former@example.jp", "gone", 7);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
    request("Both@example.jp");
    request("else@example.jp");
    before = fixture_count(&fixture, &anshin_record_job);
    test_names();
    ok(anshin_account_erase(fixture_op(&fixture), "gone", outside, NULL, &erased) == APR_SUCCESS,
       "IDN-2: she is erased");
    ok(fixture_count(&fixture, &anshin_record_job) == before - 1,
       "IDN-2: a request with her address is gone, another's stays");
    ok(strcmp(users_mailed_text(&fixture, "user-ids"), "") == 0 ||
           !tells(users_mailed_text(&fixture, "user-ids"), "gone"),
       "IDN-2: so is the mail");
    ok(named_in_index() == 0 && entries("both@example.jp") == 1 && entries("former@example.jp") == -1,
       "IDN-2: and every entry of hers; of who has the same address it stays");
}

/* Requests wait in the strangers' lane, as many as there is room for (S32, S37). */
static void test_queue(void)
{
    const anshin_due_t full = {.count = 10000};
    anshin_op_t *op = fixture_op(&fixture);
    int blobs;

    request("hanako@example.jp");
    fixture_put(&fixture, &anshin_record_due, "job#strangers/p-01", &full);
    blobs = fixture_blobs(&fixture);
    ok(anshin_reissue_request(op, ANSHIN_REISSUE_ID, "", "hanako@example.jp") == ANSHIN_EBUSY &&
           strcmp(op->error.id, "AN0195") == 0 && fixture_blobs(&fixture) == blobs,
       "S32: with 10,000 requests in their queue one more is refused, and leaves nothing behind");
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    test_told();
    test_states();
    test_moves();
    test_stale();
    test_bounds();
    test_old_store();
    test_erased();
    test_queue();
    apr_pool_destroy(pool);
    return done();
}

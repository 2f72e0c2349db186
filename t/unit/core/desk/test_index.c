/* core/desk/index.c, people.c: search in part finds by the index what it finds by a walk, whatever has happened to the
 * users (ROL-2, ROL-3); on each provider. */
#include "core/desk/find.h"
#include "core/desk/index.h"
#include "store/dbm/store_dbm.h"
#include "unit/helpdesk.h"

#define ROUNDS 30
#define CHANGES 40 /* of a round */
#define USERS 45   /* who may be there: fewer than are shown at most */

static const char *const names[] = {"山田 太郎", "佐藤花子", "髙﨑", "ヤマダ", "ﾔﾏﾀﾞ",     "Ｔａｎａｋａ",
                                    "田",        "李",       NULL,   "O'Neil", "Jean‐Luc", "ｶﾌﾞｼｷ ㈱"};
static const char *const organisations[] = {"山田商事", "株式会社 田中", NULL, "ＡＣＭＥ", "佐藤工業"};
static const char *const parts[] = {"山",     "山田",     "田",   "太",     "yamada", "ヤマダ", "ﾔﾏﾀﾞ",    "ｙ",
                                    "tanaka", "ＴＡＮ",   "Acme", "１",     "u1",     "@",      "u1@ex",   "jp",
                                    "髙",     "株式会社", "㈱",   "jean-l", "o'n",    "u44",    "x.u3@ex", "zz zz",
                                    "李",     "佐藤工",   "p-01", "/",      "3",      "太郎"};

static unsigned drawn = 4711;

static unsigned draw(unsigned below)
{
    drawn = drawn * 1103515245u + 12345u;
    return (drawn >> 16) % below;
}

static const char *user_of(unsigned i)
{
    return apr_psprintf(fixture.pool, "u%u", i);
}

static void put_account(unsigned i)
{
    const anshin_account_t account = {.contract = "p-01",
                                      .user = user_of(i),
                                      .number = "1",
                                      .state = ANSHIN_ACCOUNT_ACTIVE,
                                      .name = names[draw(sizeof(names) / sizeof(names[0]))],
                                      .organisation =
                                          organisations[draw(sizeof(organisations) / sizeof(organisations[0]))]};

    fixture_put(&fixture, &anshin_record_account, apr_pstrcat(fixture.pool, "p-01/", account.user, NULL), &account);
}

static void put_terminal(unsigned i, unsigned number)
{
    const anshin_terminal_t terminal = {.contract = "p-01",
                                        .user = user_of(i),
                                        .number = number,
                                        .address =
                                            apr_psprintf(fixture.pool, "%s.u%u@Example.%s", number % 2 ? "x" : "y",
                                                         draw(USERS), number > 1 ? "JP" : "com")};

    fixture_put(&fixture, &anshin_record_terminal, apr_psprintf(fixture.pool, "p-01/u%u/%u", i, number), &terminal);
}

static void take_away(const anshin_record_type_t *type, const char *key)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(&fixture), ANSHIN_TXN_WRITE);

    (void)anshin_txn_delete(txn, type, key);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

/* One user is new, has another name, organisation or address, one terminal more or less, or is gone, at once or record
 * by record. */
static void change(void)
{
    const unsigned i = draw(USERS);

    switch (draw(6)) {
    case 0:
        take_away(&anshin_record_account, apr_psprintf(fixture.pool, "p-01/u%u", i));
        break;
    case 1:
        take_away(&anshin_record_terminal, apr_psprintf(fixture.pool, "p-01/u%u/%u", i, draw(3) + 1));
        break;
    case 2:
    case 3:
        put_account(i);
        break;
    default:
        put_terminal(i, draw(3) + 1);
    }
}

/* Users, by contract and ID, and whether there are more. */
static const char *found_by(anshin_desk_index_t *index, const anshin_staff_t *staff, const char *part)
{
    const char *text = "";
    anshin_found_t found;
    apr_status_t status;

    fixture.env.desk_index = index;
    status = anshin_desk_find(staff_op(), staff, part, ANSHIN_FIND_TYPING, &found);
    if (status != APR_SUCCESS || found.more) {
        return status != APR_SUCCESS ? anshin_status_name(status) : "more";
    }
    for (int i = 0; i < found.users->nelts; i++) {
        const anshin_found_user_t *user = &APR_ARRAY_IDX(found.users, i, anshin_found_user_t);

        text = apr_pstrcat(fixture.pool, text, i > 0 ? " " : "", user->account.user, user->address != NULL ? "@" : "",
                           NULL);
    }
    return text;
}

static anshin_desk_index_t *new_index(apr_size_t most, apr_pool_t *pool)
{
    anshin_desk_index_t *index;
    anshin_error_t err = {0};

    if (anshin_desk_index_open(&index, &fixture.env, most, &err, pool) != APR_SUCCESS) {
        printf("# index: %s %s\n", err.id, err.text);
        exit(1);
    }
    return index;
}

static void test_same(const char *provider, anshin_desk_index_t *index)
{
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    const anshin_staff_t chief = {
        .contract = &staff_contract, .user = "c", .role = ANSHIN_ROLE_ORGANISATION, .organisation = "ＡＣＭＥ"};
    const anshin_staff_t nobody = {.contract = &other_contract, .user = "n", .role = ANSHIN_ROLE_VIEWER};
    int same = 1;
    int found = 0;

    for (int round = 0; round < ROUNDS && same; round++) {
        for (int i = 0; i < CHANGES; i++) {
            change();
        }
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && same; i++) {
            const char *walked = found_by(NULL, &desk, parts[i]);
            const char *indexed = found_by(index, &desk, parts[i]);
            const char *own = found_by(NULL, &chief, parts[i]);
            const char *own_indexed = found_by(index, &chief, parts[i]);

            same = same_text(walked, indexed) && same_text(own, own_indexed) &&
                   same_text(found_by(index, &nobody, parts[i]), "");
            found += *indexed != '\0';
            if (!same) {
                printf("# %s, round %d: walk '%s' / '%s', index '%s' / '%s'\n", parts[i], round, walked, own, indexed,
                       own_indexed);
            }
        }
    }
    ok(same, "ROL-2: %s: the index finds what a walk finds, after each change", provider);
    ok(found > ROUNDS * 12, "%s: and that is something: %d", provider, found);
}

static void test_form(const char *provider, anshin_desk_index_t *index)
{
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    const anshin_account_t account = {
        .contract = "p-01", .user = "form1", .number = "1", .name = "ﾔﾏﾀﾞ　Ｊｅａｎ‐Ｌｕｃ", .organisation = "㈱髙﨑"};
    const anshin_account_t hidden = {.contract = "p-02", .user = "form2", .number = "1", .name = "ヤマダ"};
    static const char *const typed[] = {"ヤマダ j", "ﾔﾏﾀﾞ", "jean-luc", "ＪＥＡＮ－ＬＵＣ",
                                        "(株)髙",   "㈱",   "FORM",     "髙"};

    apr_size_t before, after, octets;

    fixture_put(&fixture, &anshin_record_account, "p-01/form1", &account);
    fixture_put(&fixture, &anshin_record_account, "p-02/form2", &hidden);
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        ok(strstr(found_by(NULL, &desk, typed[i]), "form1") != NULL, "ADR-2: %s: walked: %s", provider, typed[i]);
        ok(strstr(found_by(index, &desk, typed[i]), "form1") != NULL, "ADR-2: %s: indexed: %s", provider, typed[i]);
    }
    ok(strstr(found_by(index, &desk, "form"), "form2") == NULL, "ROL-3: %s: nobody of a contract that names nobody",
       provider);
    anshin_desk_index_size(index, &before, &octets);
    take_away(&anshin_record_account, "p-01/form1");
    is(found_by(index, &desk, "form1"), "", "who is gone is not found");
    anshin_desk_index_size(index, &after, &octets);
    ok(after == before - 1, "IDN-2: %s: and no longer in memory", provider);
}

/* Many at once, over the ends of journals; then too many for the memory. */
static void test_bounds(const char *provider, anshin_desk_index_t *index, apr_pool_t *pool)
{
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    anshin_desk_index_t *small = new_index(4096, pool);
    apr_size_t users, octets;

    for (unsigned i = 1000; i < 3000; i++) {
        put_account(i);
        put_terminal(i, 1);
    }
    is(found_by(index, &desk, "u2999"), "u2999", "the last of many");
    is(found_by(index, &desk, "u1"), "more", "many are told to be more");
    anshin_desk_index_size(index, &users, &octets);
    ok(users > 2000 && octets / users < 200, "%s: %lu octets for each of %lu users", provider,
       (unsigned long)(octets / users), (unsigned long)users);
    is(found_by(small, &desk, "u2999"), "u2999", "where there is no room for all, it walks");
    anshin_desk_index_size(small, &users, &octets);
    ok(users == 0 && octets == 0, "%s: and holds nothing", provider);
}

static void on(const char *provider, const anshin_store_driver_t *driver, apr_pool_t *parent)
{
    anshin_desk_index_t *index;
    anshin_store_t *store;
    anshin_error_t err = {0};
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    if (anshin_store_open(&store, driver, scratch_directory(pool), &err, pool) != APR_SUCCESS) {
        printf("# store: %s %s\n", err.id, err.text);
        exit(1);
    }
    fixture.env.store = store;
    index = new_index(ANSHIN_DESK_INDEX_MOST, pool);
    anshin_desk_index_want(index);
    test_same(provider, index);
    test_form(provider, index);
    test_bounds(provider, index, pool);
    apr_pool_destroy(pool);
}

static int walks;

static apr_status_t count_each(void *txn, const anshin_record_type_t *type, const char *prefix,
                               anshin_store_each_fn *visit, void *baton)
{
    walks += type == &anshin_record_account;
    return anshin_store_mem.each(txn, type, prefix, visit, baton);
}

/* As PostgreSQL's: it cannot tell what has changed. */
static void test_blind(apr_pool_t *parent)
{
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    anshin_store_driver_t blind = anshin_store_mem;
    anshin_desk_index_t *index;
    anshin_store_t *store;
    anshin_error_t err = {0};
    apr_pool_t *pool;

    blind.changes = NULL;
    blind.each = count_each;
    apr_pool_create(&pool, parent);
    if (anshin_store_open(&store, &blind, scratch_directory(pool), &err, pool) != APR_SUCCESS) {
        printf("# store: %s %s\n", err.id, err.text);
        exit(1);
    }
    fixture.env.store = store;
    put_account(1);
    index = new_index(ANSHIN_DESK_INDEX_MOST, pool);
    is(found_by(index, &desk, "u1"), "u1", "ROL-2: where the store cannot tell its changes, a walk finds who is there");
    walks = 0;
    put_account(12);
    is(found_by(index, &desk, "u1"), "u1", "ROL-2: which serves the next keys that are typed,");
    ok(walks == 0, "without a walk for each of them");
    take_away(&anshin_record_account, "p-01/u1");
    is(found_by(index, &desk, "u1"), "", "who is gone meanwhile is shown to nobody");
    fixture.now += ANSHIN_DESK_INDEX_FRESH;
    is(found_by(index, &desk, "u1"), "u12", "and who has come is found soon");
    ok(walks == 1, "by one walk");
    fixture.now -= 1;
    is(found_by(index, &desk, "u1"), "u12", "a clock that was set back");
    ok(walks == 2, "makes nothing last longer");
    apr_pool_destroy(pool);
}

/* A store that commit 2d05b07 wrote, as after a restore. */
static void test_old_store(apr_pool_t *pool)
{
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    const char *directory = scratch_directory(pool);
    const char *unpack = apr_psprintf(pool, "tar xzpf t/store-2d05b07/state.tar.gz -C %s store", directory);
    anshin_desk_index_t *index;
    anshin_store_t *store;
    anshin_error_t err = {0};
    const char *walked;

    if (system(unpack) != 0 ||
        anshin_store_open(&store, &anshin_store_dbm, apr_pstrcat(pool, directory, "/store", NULL), &err, pool) !=
            APR_SUCCESS) {
        printf("# store: %s %s\n", err.id, err.text);
        exit(1);
    }
    fixture.env.store = store;
    index = new_index(ANSHIN_DESK_INDEX_MOST, pool);
    walked = found_by(NULL, &desk, "example.jp");
    ok(strchr(walked, '@') != NULL && same_text(found_by(index, &desk, "example.jp"), walked),
       "ROL-2: users of an older store are found by their addresses: %s", walked);
    is(found_by(index, &desk, "old-a"), found_by(NULL, &desk, "old-a"), "and by their IDs");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    on("mem", &anshin_store_mem, pool);
    on("dbm", &anshin_store_dbm, pool);
    test_blind(pool);
    test_old_store(pool);
    apr_pool_destroy(pool);
    return done();
}

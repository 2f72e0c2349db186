/* core/desk/list.c: who stands in which list of the help desk, for whom, and how many at most (ROL-2, ROL-3). */
#include "core/desk/list.h"

#include "core/mail/mail.h"
#include "unit/helpdesk.h"

#define INVITED 55 /* who have not registered */

/* Users and what of them, with blanks between, in the order of the list. */
static const char *list(const anshin_staff_t *staff, anshin_desk_list_t which)
{
    const char *text = "";
    apr_array_header_t *rows;
    apr_status_t status = anshin_desk_list(staff_op(), staff, which, &rows);

    for (int i = 0; status == APR_SUCCESS && i < rows->nelts; i++) {
        const anshin_desk_row_t *row = &APR_ARRAY_IDX(rows, i, anshin_desk_row_t);

        text = apr_pstrcat(fixture.pool, text, i > 0 ? " " : "", row->account.user, row->what != NULL ? "=" : "",
                           row->what, NULL);
    }
    return status == APR_SUCCESS ? text : anshin_status_name(status);
}

static void put_certificate(const char *serial, const char *user, const char *account, apr_time_t until,
                            apr_time_t fetched, apr_time_t used)
{
    const anshin_certificate_t certificate = {.contract = "p-01",
                                              .user = user,
                                              .serial = serial,
                                              .account = account,
                                              .state = ANSHIN_CERTIFICATE_ACTIVE,
                                              .issued_at = fixture.now,
                                              .not_after = until,
                                              .fetched_at = fetched,
                                              .used_at = used};

    fixture_put(&fixture, &anshin_record_certificate, serial, &certificate);
}

static void put_failed_mail(const char *key, const char *user, const char *account)
{
    const anshin_mail_t mail = {.contract = "p-01",
                                .user = user,
                                .kind = "certificate-ready",
                                .state = ANSHIN_MAIL_FAILED,
                                .created_at = fixture.now,
                                .account = account};

    fixture_put(&fixture, &anshin_record_mail, key, &mail);
}

static apr_time_t locked_since(const anshin_staff_t *staff, const char *user)
{
    apr_array_header_t *rows;
    apr_status_t status = anshin_desk_list(staff_op(), staff, ANSHIN_DESK_LIST_LOCKED, &rows);

    for (int i = 0; status == APR_SUCCESS && i < rows->nelts; i++) {
        const anshin_desk_row_t *row = &APR_ARRAY_IDX(rows, i, anshin_desk_row_t);

        if (strcmp(row->account.user, user) == 0) {
            return row->at;
        }
    }
    return 0;
}

/* Of many invited, those that wait the longest; nobody else's, however many there are. */
static void test_many(void)
{
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    const anshin_staff_t chief = {
        .contract = &staff_contract, .user = "c", .role = ANSHIN_ROLE_ORGANISATION, .organisation = "山田商事"};
    const int many = 2 * ANSHIN_DESK_ROWS_MAX + 9;
    apr_array_header_t *rows;

    for (int i = 0; i < many; i++) {
        const anshin_account_t account = {.contract = "p-01",
                                          .user = apr_psprintf(fixture.pool, "row%05d", i),
                                          .number = "1",
                                          .created_at = fixture.now - i,
                                          .organisation = "佐藤工業",
                                          .state = ANSHIN_ACCOUNT_PENDING};

        fixture_put(&fixture, &anshin_record_account, apr_pstrcat(fixture.pool, "p-01/", account.user, NULL), &account);
    }
    if (anshin_desk_list(staff_op(), &desk, ANSHIN_DESK_LIST_INVITED, &rows) != APR_SUCCESS || rows->nelts == 0) {
        ok(0, "ROL-2: a list of many");
        return;
    }
    ok(rows->nelts == ANSHIN_DESK_ROWS_MAX + 1, "ROL-2: a list ends, and shows that it does: %d", rows->nelts);
    ok(strncmp(APR_ARRAY_IDX(rows, 0, anshin_desk_row_t).account.user, "many", 4) == 0 &&
           APR_ARRAY_IDX(rows, 60, anshin_desk_row_t).at == fixture.now - many + 6,
       "with those that come first");
    is(list(&chief, ANSHIN_DESK_LIST_INVITED), "", "ROL-3: nobody else's are counted");
}

static void test_lists(void)
{
    const apr_time_t day = apr_time_from_sec(86400);
    const anshin_staff_t desk = {.contract = &staff_contract, .user = "d", .role = ANSHIN_ROLE_VIEWER};
    const anshin_staff_t chief = {
        .contract = &staff_contract, .user = "c", .role = ANSHIN_ROLE_ORGANISATION, .organisation = "山田商事"};
    const char *y1 = account_of("y1").number;
    const char *s1 = account_of("s1").number;
    const anshin_counter_t full = {.failures = 99, .locked_at = fixture.now};
    const anshin_counter_t early = {.failures = 99, .locked_at = fixture.now - day};

    put_certificate("01", "y1", y1, fixture.now + 10 * day, 0, 0);
    put_certificate("02", "s1", s1, fixture.now + 5 * day, fixture.now, 0);
    put_certificate("03", "y1", y1, fixture.now + 41 * day, fixture.now, fixture.now);
    put_certificate("04", "y1", "00000000000000000000000000000000", fixture.now + day, fixture.now, 0);
    put_certificate("05", "s1", s1, fixture.now - day, fixture.now, 0);
    is(list(&desk, ANSHIN_DESK_LIST_EXPIRING), "s1=02 y1=01", "REN-4: what ends soon, the first to end first");
    is(list(&chief, ANSHIN_DESK_LIST_EXPIRING), "y1=01", "ROL-3: of the own organisation, and not of former holders");
    is(list(&desk, ANSHIN_DESK_LIST_UNUSED), "s1=02", "ROL-2: downloaded and never used");
    is(list(&chief, ANSHIN_DESK_LIST_UNUSED), "", "ROL-3: which is another organisation's");
    put_failed_mail("m1", "y1", y1);
    put_failed_mail("m2", "s1", s1);
    put_failed_mail("m3", "s1", "00000000000000000000000000000000");
    is(list(&desk, ANSHIN_DESK_LIST_MAIL_FAILED), "s1=certificate-ready y1=certificate-ready",
       "ROL-2: mail that failed");
    is(list(&chief, ANSHIN_DESK_LIST_MAIL_FAILED), "y1=certificate-ready", "ROL-3: of the own organisation alone");
    is(list(&desk, ANSHIN_DESK_LIST_LOCKED), "", "nobody is locked");
    fixture_put(&fixture, &anshin_record_counter, "p-01/s1/password", &full);
    fixture_put(&fixture, &anshin_record_counter, "p-01/nobody/password", &full);
    (void)anshin_account_lock(command(&fixture.contract), "y1", ANSHIN_ACCOUNT_DISABLED);
    is(list(&desk, ANSHIN_DESK_LIST_LOCKED), "s1 y1",
       "ROL-2: by attempts, and by the operator; IDs of nobody are none");
    is(list(&chief, ANSHIN_DESK_LIST_LOCKED), "y1", "ROL-3: of the own organisation alone");
    fixture_put(&fixture, &anshin_record_counter, "p-01/many07/registration", &full);
    fixture_put(&fixture, &anshin_record_counter, "p-01/many07/lost-device", &early);
    is(list(&desk, ANSHIN_DESK_LIST_LOCKED), "many07 s1 y1", "ROL-2: and whose registration is locked");
    ok(locked_since(&desk, "many07") == fixture.now, "since when that is so, not another counter");
    fixture_delete(&fixture, &anshin_record_counter, "p-01/many07/registration");
    is(list(&desk, ANSHIN_DESK_LIST_LOCKED), "s1 y1",
       "ROL-2: who cannot report a lost device is not kept from a login");
    is(list(&desk, ANSHIN_DESK_LIST_LOST_DEVICE), "many07", "ROL-2: and has a list of his own");
    is(list(&chief, ANSHIN_DESK_LIST_LOST_DEVICE), "", "ROL-3: of the own organisation alone");
    fixture.contract.policy.unlock_after = day / 2;
    is(list(&desk, ANSHIN_DESK_LIST_LOST_DEVICE), "", "LCK-3: nor one whose lock has opened by itself");
    fixture.contract.policy.unlock_after = 0;
    fixture_delete(&fixture, &anshin_record_counter, "p-01/many07/lost-device");
    ok(strncmp(list(&desk, ANSHIN_DESK_LIST_INVITED), "many00 many01", 13) == 0, "ROL-2: who was invited");
    is(list(&desk, ANSHIN_DESK_LISTS), "fault", "there is no other list");
}

/* Two customers of two organisations, and many who are invited. */
static void customers(void)
{
    customer("y1", "山田商事");
    customer("s1", "佐藤工業");
    for (int i = 0; i < INVITED; i++) {
        const anshin_account_t account = {
            .contract = "p-01", .user = apr_psprintf(fixture.pool, "many%02d", i), .state = ANSHIN_ACCOUNT_PENDING};

        fixture_put(&fixture, &anshin_record_account, apr_pstrcat(fixture.pool, "p-01/", account.user, NULL), &account);
    }
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    customers();
    test_lists();
    test_many();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

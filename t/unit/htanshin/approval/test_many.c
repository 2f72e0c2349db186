/* htanshin/approval: a command does something to one user, or was approved for many (ROL-4). */
#include "htanshin/approval/many.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/admin/operator.h"
#include "core/desk/hold.h"
#include "htanshin/approval/hold.h"
#include "unit/helpdesk.h"

static anshin_call_t call;

static void begin(const anshin_contract_t *contract)
{
    memset(&call, 0, sizeof(call));
    call.pool = fixture.pool;
    call.config = &fixture.config;
    call.env = fixture.env;
    call.state_dir = "/";
    call.op = *command(contract);
    call.op.actor.name = "root";
    anshin_many_watch(&call);
}

static int lock(const char *user)
{
    anshin_error_clear(&call.op.error);
    return anshin_account_lock(&call.op, user, ANSHIN_ACCOUNT_LOCKED);
}

static int is_locked(const char *user)
{
    return account_of(user).state == ANSHIN_ACCOUNT_LOCKED;
}

static void unlock_all(void)
{
    anshin_op_t *op = command(&fixture.contract);

    (void)anshin_account_unlock(op, "hanako");
    (void)anshin_account_unlock(op, "taro");
}

static void test_second(void)
{
    begin(&fixture.contract);
    ok(lock("hanako") == APR_SUCCESS && anshin_account_unlock(&call.op, "hanako") == APR_SUCCESS &&
           lock("hanako") == APR_SUCCESS && is_locked("hanako"),
       "ROL-4: a command does to one user whatever it likes");
    ok(lock("taro") == ANSHIN_EDENIED && strcmp(call.op.error.id, "AN1853") == 0 && !is_locked("taro"),
       "ROL-4: whatever verb it is, a second user is refused to a command that nobody has approved");
    anshin_many_watch(&call);
    ok(lock("taro") == ANSHIN_EDENIED, "ROL-4: and when its store was opened anew");
    call.op.dry = 1;
    ok(lock("taro") == APR_SUCCESS && !is_locked("taro"), "but a rehearsal, which does nothing");
    call.op.dry = 0;
    anshin_many_approved(&call);
    ok(lock("taro") == APR_SUCCESS && is_locked("taro"), "ROL-4: it does it to many when it was approved");
    unlock_all();
}

static void test_rehearsed(void)
{
    begin(&fixture.contract);
    call.op.dry = 1;
    (void)lock("hanako");
    call.op.dry = 0;
    ok(lock("taro") == APR_SUCCESS, "who is rehearsed is not the first");
    unlock_all();
}

static void test_free(void)
{
    const int eyes = fixture.contract.policy.four_eyes;

    fixture.contract.policy.four_eyes = 1 << ANSHIN_EYES_BULK_REVOKE;
    begin(&fixture.contract);
    ok(lock("hanako") == APR_SUCCESS && lock("taro") == APR_SUCCESS, "where the contract wants nobody, many are free");
    fixture.contract.policy.four_eyes = eyes;
    unlock_all();
}

/* --- what is read ------------------------------------------------------------------------------------------------ */

static const anshin_command_option_t no_options[] = {{NULL, NULL, NULL, 0}};
static const anshin_command_t added = {"user", "add", "USER|-", 1, 1, no_options, ANSHIN_ACCESS_STORE, NULL, ""};

static int pipe_of(const char *text)
{
    int ends[2] = {-1, -1};

    (void)!pipe(ends);
    (void)!write(ends[1], text, strlen(text));
    (void)close(ends[1]);
    return ends[0];
}

/* The answer to lines that name users; *fd: what is then read. */
static int hold_lines(const char *person, const char *number, const char *text, int *fd)
{
    apr_array_header_t *users = apr_array_make(fixture.pool, 2, sizeof(const char *));
    int status;

    begin(&fixture.contract);
    call.command = &added;
    call.op.actor.person = person;
    call.op.actor.number = number;
    *fd = pipe_of(text);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        APR_ARRAY_PUSH(users, const char *) = apr_pstrmemdup(fixture.pool, line, strcspn(line, ","));
    }
    status = anshin_hold_keep(&call, *fd);
    return status == APR_SUCCESS ? anshin_hold_input(&call, *fd, 0, users) : status;
}

static const char *asked_id(void)
{
    const char *told = strstr(call.op.error.text, "approval give ");

    return told != NULL ? apr_pstrndup(fixture.pool, told + strlen("approval give "), 32) : "";
}

static int give(const char *id)
{
    anshin_approval_t approval;
    anshin_op_t *op = command(&fixture.contract);

    op->actor.name = "root";
    op->actor.person = "ben";
    op->actor.number = "1002";
    return anshin_hold_find(op, id, &approval) == APR_SUCCESS &&
           anshin_hold_decide(op, id, ANSHIN_APPROVAL_APPROVED, &approval) == APR_SUCCESS;
}

static void test_input(void)
{
    const char *text = "m1,m1@example.jp\nm2,m2@example.jp\n";
    char octets[64] = "";
    anshin_approval_t approval = {.count = 0};
    const char *id;
    int fd, status;

    ok(hold_lines("anna", "1001", "m1,m1@example.jp\n", &fd) == APR_SUCCESS,
       "ROL-4: one user who is read does not wait");
    (void)close(fd);
    ok(hold_lines("anna", "1001", text, &fd) == ANSHIN_EDENIED, "ROL-4: two do: %s", call.op.error.text);
    (void)close(fd);
    id = asked_id();
    ok(fixture_get(&fixture, &anshin_record_approval, id, &approval) == APR_SUCCESS && approval.count == 2 &&
           approval.options != NULL && strstr(approval.options, "SHA-256 \"ab87") == approval.options &&
           strlen(approval.options) == 74,
       "ROL-4: with what sha256sum says of it");
    ok(give(id), "another person approves it");
    ok(hold_lines("anna", "1001", "m1,m1@example.jp\nm2,mallory@example.jp\n", &fd) == ANSHIN_EDENIED,
       "ROL-4: it is approved down to each octet");
    (void)close(fd);
    status = hold_lines("anna", "1001", text, &fd);
    ok(status == APR_SUCCESS && read(fd, octets, sizeof(octets) - 1) == (ssize_t)strlen(text) &&
           strcmp(octets, text) == 0,
       "ROL-4: what was approved is what is read, from a copy");
    ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "which no other program gets");
    (void)close(fd);
    anshin_error_clear(&call.op.error);
    ok(lock("hanako") == APR_SUCCESS && lock("taro") == APR_SUCCESS, "ROL-4: and it is done to many");
    unlock_all();
}

/* --- a user's devices -------------------------------------------------------------------------------------------- */

static void add_device(const char *user, const char *serial)
{
    anshin_op_t *op = command(&fixture.contract);
    anshin_account_t account = account_of(user);
    anshin_terminal_t terminal = {.number = account.next_terminal};

    (void)fixture_get(&fixture, &anshin_record_terminal, anshin_terminal_key(op, user, 1), &terminal);
    terminal.number = account.next_terminal++;
    fixture_put(&fixture, &anshin_record_terminal, anshin_terminal_key(op, user, terminal.number), &terminal);
    APR_ARRAY_PUSH(account.terminals, apr_int64_t) = terminal.number;
    fixture_put(&fixture, &anshin_record_account, anshin_account_key(op, user), &account);
    (void)users_certificate(&fixture, user, terminal.number, serial);
}

static int revoke_of(const char *user)
{
    const anshin_command_t *revoke = anshin_commands_cert;
    int status;

    while (strcmp(revoke->verb, "revoke") != 0) {
        revoke++;
    }
    begin(&fixture.contract);
    call.command = revoke;
    for (int i = 0; revoke->options[i].name != NULL; i++) {
        call.values[i] = strcmp(revoke->options[i].name, "user") == 0 ? user : NULL;
    }
    status = revoke->run(&call);
    json_decref(call.result);
    return status;
}

static void test_devices(void)
{
    anshin_certificate_t certificate = {.state = -1};

    (void)users_certificate(&fixture, "hanako", 1, "0a01");
    (void)users_certificate(&fixture, "taro", 1, "0b01");
    add_device("hanako", "0a02");
    ok(revoke_of("taro") == APR_SUCCESS, "ROL-4: cert revoke --user of one device does not wait");
    ok(revoke_of("hanako") == ANSHIN_EDENIED && strcmp(call.op.error.id, "AN1842") == 0,
       "ROL-4: of two devices it does: %s", call.op.error.text);
    (void)fixture_get(&fixture, &anshin_record_certificate, "0a02", &certificate);
    ok(certificate.state == ANSHIN_CERTIFICATE_ACTIVE, "ROL-4: and nothing is done");
}

static void test_unreadable(void)
{
    begin(&fixture.contract);
    ok(anshin_hold_keep(&call, open("/", O_RDONLY)) == ANSHIN_EFAULT, "what cannot be read is a fault");
}

static void test_service(void)
{
    int fd;

    fixture.config.httpd_uid = 1001;
    ok(hold_lines("anna", "1001", "m1,m1@example.jp\nm3,m3@example.jp\n", &fd) == ANSHIN_EDENIED &&
           strcmp(call.op.error.id, "AN1842") == 0,
       "ROL-4: whatever it is called, the account that httpd was started for is nobody's");
    (void)close(fd);
    fixture.config.httpd_uid = -1;
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    contracts(pool);
    fixture.contract.policy.four_eyes = 1 << ANSHIN_EYES_BULK;
    fixture.contract.policy.four_eyes_lifetime = apr_time_from_sec(3600);
    customer("hanako", "A");
    customer("taro", "B");
    test_second();
    test_rehearsed();
    test_free();
    test_input();
    test_devices();
    test_unreadable();
    test_service();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}

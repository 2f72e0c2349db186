/*
 * Files of other systems (htanshin/import/import_formats.h; IMP-2): which users stand in them, and in which line.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "htanshin/import/import_formats.h"
#include "htanshin/import/import_htdbm.h"
#include "unit/tap.h"

static apr_pool_t *pool;

/* "LINE user|address|name|hash " of each, and "LINE!WRONGLINE reason " of one that is wrong. */
static const char *read_call(anshin_call_t *call, anshin_import_format_t format)
{
    const char *all = "";
    anshin_import_source_t source;
    anshin_import_record_t record;
    apr_status_t status;

    call->pool = pool;
    anshin_error_clear(&call->op.error);
    status = anshin_import_source_open(&source, call, format, ANSHIN_IMPORT_UTF8, 0, pool);
    while (status == APR_SUCCESS &&
           (status = anshin_import_source_next(&source, &record, &call->op.error, pool)) == APR_SUCCESS) {
        const char *const *cells = (const char *const *)record.cells->elts;

        all = record.wrong != NULL
                  ? apr_psprintf(pool, "%s%d!%d %s ", all, record.line, record.wrong_line, record.wrong)
                  : apr_psprintf(pool, "%s%d %s|%s|%s|%s ", all, record.line, cells[ANSHIN_IMPORT_USER],
                                 cells[ANSHIN_IMPORT_ADDRESS], cells[ANSHIN_IMPORT_NAME], cells[ANSHIN_IMPORT_HASH]);
    }
    return status == APR_EOF ? all : apr_pstrcat(pool, all, call->op.error.id, NULL);
}

static const char *read_text(anshin_import_format_t format, const char *text)
{
    anshin_call_t call = {.input = memfd_create("import", 0)};
    const char *all;

    (void)!write(call.input, text, strlen(text));
    (void)lseek(call.input, 0, SEEK_SET);
    all = read_call(&call, format);
    (void)close(call.input);
    return all;
}

static void reads(anshin_import_format_t format, const char *text, const char *expected, const char *what)
{
    const char *all = read_text(format, text);

    if (!ok(same_text(all, expected), "IMP-2: %s", what)) {
        printf("# %s\n", all);
    }
}

static void test_htpasswd(void)
{
    reads(ANSHIN_IMPORT_HTPASSWD, "# old\n\na:{SHA}x\nb:$apr1$y:comment: more\r\nc: \n:x\nd\ne:f",
          "3 a|||{SHA}x 4 b|||$apr1$y 5!5 must be USER:HASH 6 |||x 7!7 must be USER:HASH 8 e|||f ",
          "lines of htpasswd, comments, and lines that are none");
}

static void test_ldif(void)
{
    reads(ANSHIN_IMPORT_LDIF,
          "version: 1\n\ndn: ou=x\nou: x\n\n# c\n c2\ndn: uid=a\nUID: a\nmail: a@\n b.example\n"
          "userPassword:: e1\n NIQX14\n\n\ndn: uid=b\nuid;x-y:: Yg==\ncn: B b\no: O\n",
          "8 a|a@b.example||{SHA}x 16 b||B b| ", "entries, folded and encoded values, no LF needed at the end");
    reads(ANSHIN_IMPORT_LDIF,
          "dn: x\nuid: a\nmail:: !!\n\ndn: y\nuid: b\nmail:: AGE=\n\ndn: z\nuid: c\nmail:< file:///etc/passwd\n",
          "1!3 a value is no base64 of text in UTF-8 5!7 a value is no base64 of text in UTF-8 "
          "9!11 a value that lies in another file is not taken ",
          "values that are none");
    reads(ANSHIN_IMPORT_LDIF,
          "dn: x\nuid: a\nnonsense\n\ndn: y\nchangetype: delete\n\ndn: z\nuid: c\nnsAccountLock: TRUE\n",
          "1!3 a line must be NAME: VALUE, begin with # or a space, or be empty "
          "5!6 a change of an entry is not taken: give the entries themselves, as slapcat writes them "
          "8!10 the user is locked there ",
          "lines that are none, changes, users who are locked");
    reads(ANSHIN_IMPORT_LDIF, "dn: x\nuid: a\nuserPassword: b\nuserPassword: c\n\n",
          "1!4 userPassword is there twice: leave the one that is to be taken ", "two passwords");
    reads(ANSHIN_IMPORT_LDIF, " goes on\nuid: a\nnsAccountLock: FALSE\nmail::\nmail: later\n\n", "2 a|later|| ",
          "a line that goes on from nothing, an empty value");
}

static void test_ldif_bounds(void)
{
    char *much = apr_palloc(pool, 200000);
    char *at = much;

    at += sprintf(at, "dn: x\nuid: a\njpegPhoto::");
    for (int i = 0; i < 1000; i++) {
        at += sprintf(at, " %060d\n", i);
    }
    at += sprintf(at, "mail: a@b\n\ndn: y\nuid: b\nmail:");
    for (int i = 0; i < 100; i++) {
        at += sprintf(at, " %060d\n", i);
    }
    at += sprintf(at, "\ndn: z\nuid: c\n");
    reads(ANSHIN_IMPORT_LDIF, much, "1 a|a@b|| 1005!1007 a value is longer than 4096 octets 1108 c||| ",
          "a picture is passed over, a value that would be taken is bounded");
    at = much + sprintf(much, "dn: x\nuid: a\n");
    for (int i = 0; i < 1000; i++) {
        at += sprintf(at, "a: b\n");
    }
    reads(ANSHIN_IMPORT_LDIF, much, "1!1001 the entry has more than 1000 values ", "as is the number of values");
}

static void test_keycloak(void)
{
    reads(
        ANSHIN_IMPORT_KEYCLOAK,
        "[{\"username\":\"a\",\"email\":\"a@b\",\"firstName\":\"A\",\"lastName\":\"B\",\"credentials\":[{\"type\":"
        "\"password\",\"hashedSaltedValue\":\"H\",\"salt\":\"S\",\"hashIterations\":5,\"algorithm\":\"pbkdf2-sha256\"}]}"
        ",{\"username\":\"b\",\"enabled\":false},7]",
        "1 a|a@b|A B|$pbkdf2-sha256$5$S$H 2!2 the user is disabled there 3!3 a user must be an object ",
        "users of Keycloak, as before version 8");
    reads(
        ANSHIN_IMPORT_KEYCLOAK,
        "{\"users\":[{\"username\":\"a\",\"firstName\":\"花子\",\"lastName\":\"鈴木\",\"credentials\":[{\"type\":"
        "\"password\",\"secretData\":\"{\\\"value\\\":\\\"H=\\\",\\\"salt\\\":\\\"S=\\\"}\",\"credentialData\":"
        "{\"hashIterations\":2,\"algorithm\":\"argon2\",\"additionalParameters\":{\"memory\":[\"8\"],\"type\":[\"id\"],"
        "\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}}]}]}",
        "1 a||鈴木 花子|$argon2id$v=19$m=8,t=2,p=1$S$H ", "as since, data as text and as objects");
    reads(ANSHIN_IMPORT_KEYCLOAK,
          "[{\"username\":\"a\",\"requiredActions\":[\"UPDATE_PASSWORD\"],\"credentials\":[{\"type\":\"password\"}]},"
          "{\"username\":\"b\",\"credentials\":[{\"type\":\"password\",\"secretData\":\"x\",\"credentialData\":3},{}]},"
          "{\"username\":\"c\",\"credentials\":[{\"type\":\"password\"},{\"type\":\"password\"}]}]",
          "1 a||| 2 b|||$$0$$ 3!3 there are several credentials of type password: leave the one that is to be taken ",
          "what is temporary is not taken, what is garbled is no hash");
    reads(ANSHIN_IMPORT_KEYCLOAK, "{\"users\":", "AN1297", "what is no JSON");
    reads(ANSHIN_IMPORT_KEYCLOAK, "{\"realm\":\"x\"}", "AN1297", "what has no users");
}

static void test_htdbm(void)
{
    static const char *const names[] = {"t/import/users-sdbm", "t/import/users.db"};
    static const char *const users[] = {"ht-user1", "ht-user3"};
    const char *why = "";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        anshin_call_t call = {.input = -1};
        apr_status_t status = anshin_import_htdbm_find(&call.dbm, names[i], &why, pool);
        const char *all = status == APR_SUCCESS ? read_call(&call, ANSHIN_IMPORT_HTDBM) : why;

        ok(status == APR_SUCCESS && strstr(all, users[i]) != NULL && strstr(all, "comment") == NULL &&
               strstr(all, "!") == NULL,
           "IMP-2: a file of htdbm: %s", all);
    }
    {
        anshin_call_t call = {.input = -1};

        ok(anshin_import_htdbm_find(&call.dbm, "t/import/users.ldif", &why, pool) == ANSHIN_EINVALID &&
               strstr(why, "cannot be opened") != NULL,
           "IMP-2: what is none: %s", why);
        ok(anshin_import_htdbm_find(&call.dbm, "t/import/nowhere", &why, pool) == ANSHIN_EINVALID &&
               strstr(why, "No such file") != NULL,
           "IMP-2: what is not there: %s", why);
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_htpasswd();
    test_ldif();
    test_ldif_bounds();
    test_keycloak();
    test_htdbm();
    apr_pool_destroy(pool);
    return done();
}

/*
 * How a mail leads on (core/mail/mail_way.h): by a link, or by words and a code; and that with AnshinMailLinks off no
 * mail of any kind holds a link, whatever operator and user have written (NOM-1).
 */
#include <apr_file_io.h>

#include "core/base/linkless.h"
#include "core/mail/mail.h"
#include "core/mail/mail_way.h"
#include "unit/users.h"

static fixture_t fixture;

/* --- the way ---------------------------------------------------------------------------------------------------- */

static anshin_token_t token;
static const char *key;

static json_t *way(int links)
{
    anshin_op_t *op = fixture_op(&fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    json_t *data = json_object();
    anshin_account_t account;

    fixture.contract.policy.mail_links = links;
    token = (anshin_token_t){.kind = ANSHIN_TOKEN_DOWNLOAD, .terminal = 1, .expires_at = fixture.now + 60};
    (void)anshin_account_get(op, txn, "way", &account);
    if (anshin_mail_way(op, txn, &account, &token, "/download", data, "download_url", &key) != APR_SUCCESS ||
        anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# way: %s %s\n", op->error.id, op->error.text);
    }
    return data;
}

/* 1: it is the code of the token that was made last. */
static int fits(const char *code, apr_int64_t terminal)
{
    anshin_token_t typed = token;
    anshin_account_t account;
    int equal;

    typed.terminal = terminal;
    (void)fixture_get(&fixture, &anshin_record_account, "p-01/way", &account);
    return anshin_access_is(fixture_op(&fixture), &account, &typed, code, &equal) == APR_SUCCESS && equal;
}

static void test_way(void)
{
    json_t *data = way(1);
    const char *url = json_string_value(json_object_get(data, "download_url"));
    const char *code;

    ok(json_object_size(data) == 1 && url != NULL &&
           strncmp(url, "https://login.example/anshin/download?t=", 40) == 0 && strlen(url) == 40 + ANSHIN_TOKEN_TEXT,
       "by a link: its address and nothing else");
    ok(token.access_mac == NULL && !anshin_access_waits(fixture_op(&fixture), &token), "beside which there is no code");
    json_decref(data);

    data = way(0);
    code = json_string_value(json_object_get(data, "access_code"));
    ok(json_object_size(data) == 1 && code != NULL && strlen(code) == ANSHIN_ACCESS_CHARACTERS + 1 && code[4] == '-' &&
           strspn(code, ANSHIN_ALPHABET_READABLE "-") == strlen(code),
       "by a code: eight signs that cannot be mistaken for each other (NOM-1)");
    ok(fixture_get(&fixture, &anshin_record_token, key, &token) == APR_SUCCESS && token.access_mac != NULL &&
           strstr(token.access_mac, code) == NULL && anshin_access_waits(fixture_op(&fixture), &token),
       "the store has its keyed hash (S9)");
    ok(fits(code, 1) && fits(apr_psprintf(fixture.pool, " \u3000%.4s%s ", code, code + 5), 1),
       "typed as it stands, or not (ADR-2)");
    ok(!fits(code, 2), "it is of this terminal alone");
    ok(!fits(apr_psprintf(fixture.pool, "%s2", code), 1) && !fits("", 1), "another one is none");
    token.failures = ANSHIN_ACCESS_FAILURES;
    ok(!anshin_access_waits(fixture_op(&fixture), &token), "tried too often it is forgotten");
    token.failures = 0;
    fixture.now += apr_time_from_sec(60);
    ok(!anshin_access_waits(fixture_op(&fixture), &token), "so is one whose time is over");
    json_decref(data);
}

static void test_page(void)
{
    json_t *data = json_object();

    fixture.contract.policy.mail_links = 1;
    ok(anshin_mail_way_page(fixture_op(&fixture), data, "renewal_url", "/account") &&
           same_text(json_string_value(json_object_get(data, "renewal_url")), "https://login.example/anshin/account"),
       "to a page: its address");
    fixture.contract.policy.mail_links = 0;
    ok(anshin_mail_way_page(fixture_op(&fixture), data, "help_url", "/help") &&
           anshin_mail_way_page(fixture_op(&fixture), data, "url", "/password") &&
           json_is_true(json_object_get(data, "help_place")) && json_is_true(json_object_get(data, "place")) &&
           json_object_size(data) == 3,
       "or that the mail tells the place in words (NOM-1)");
    json_decref(data);
}

/* --- every mail ------------------------------------------------------------------------------------------------- */

/* A value for every name that a mail has, with links where others than we write them. */
static json_t *everything(int links)
{
    static const char *const said[] = {"account_url",  "reissue_url", "renewal_url", "help_url",
                                       "download_url", "login_url",   "url"};
    json_t *data = json_pack("{s:i, s:s, s:b, s:s, s:s, s:s, s:s, s:i, s:i}", "when", 1795329000, "where", "192.0.2.1",
                             "by_password", 1, "terminal", "1 (https://evil.example/)", "address", "user@mail.example",
                             "name", "u https://evil.example/", "code", "000000", "days", 10, "minutes", 10);

    (void)json_object_set_new(data, "expires_text", json_integer(1795329000));
    (void)json_object_set_new(data, "renewal", json_true());
    (void)json_object_set_new(data, "users", json_pack("[{s:s}]", "id", "hanako.example"));
    fixture.contract.policy.mail_links = links;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        (void)anshin_mail_way_page(fixture_op(&fixture), data, said[i], "/account");
    }
    if (!links) {
        (void)json_object_set_new(data, "access_code", json_string("bcdf-ghjk"));
        (void)json_object_set_new(data, "url", json_string("https://login.example/queued/before"));
    }
    return data;
}

static anshin_mail_text_t rendered(const char *kind, const char *language, int links)
{
    json_t *data = everything(links);
    const anshin_mail_facts_t facts = {kind, "hanako.example", language, "user@mail.example", "login.example", data};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_mail_text_t text = {NULL, NULL, NULL, NULL, NULL, NULL};

    if (anshin_mail_render(op, &facts, &text) != APR_SUCCESS) {
        printf("# %s.%s: %s %s\n", kind, language, op->error.id, op->error.text);
    }
    json_decref(data);
    return text;
}

static int mentions(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

/* Its last line is what phones offer a code by, on the pages of its host alone. */
static int is_bound(const anshin_mail_text_t *text)
{
    static const char last[] = "\n\n@login.example #000000\n";
    size_t length = text->body != NULL ? strlen(text->body) : 0;

    return length > strlen(last) && strcmp(text->body + length - strlen(last), last) == 0;
}

/* Whoever reads it by eye or by program: no scheme, no host name, and the mail is whole. */
static int has_link(const anshin_mail_text_t *text)
{
    return text->body == NULL || anshin_linkless_broken(text->body) || anshin_linkless_broken(text->subject) ||
           mentions(text->body, "login.example") || mentions(text->body, "evil.example") ||
           mentions(text->body, "service.example") || mentions(text->subject, "service.example");
}

static void test_every_mail(void)
{
    apr_dir_t *directory;
    apr_finfo_t info;
    int looked = 0, linked = 0, coded = 0, bound = 0;

    fixture.contract.policy.support = fixture_text(&fixture, "窓口 https://service.example/ 03-1234-5678");
    fixture.contract.policy.mail_signature = fixture_text(&fixture, "会員サイト www.service.example");
    fixture.contract.policy.title = fixture_text(&fixture, "service.example");
    if (apr_dir_open(&directory, "htdocs/mail", fixture.pool) != APR_SUCCESS) {
        ok(0, "htdocs/mail can be read");
        return;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, directory) == APR_SUCCESS) {
        const char *dot = strchr(info.name, '.');
        const char *kind, *language;
        anshin_mail_text_t text;

        if (info.name[0] == '.') {
            continue;
        }
        kind = apr_pstrmemdup(fixture.pool, info.name, (apr_size_t)(dot - info.name));
        language = apr_pstrmemdup(fixture.pool, dot + 1, 2);
        text = rendered(kind, language, 1);
        linked += mentions(text.body, "https://login.example/");
        bound += is_bound(&text);
        text = rendered(kind, language, 0);
        coded += mentions(text.body, "bcdf-ghjk");
        ok(!has_link(&text) &&
               (mentions(text.body, "hanako.example") || strcmp(kind, "test") == 0), /* that is nobody's */
           "NOM-1: %s holds no link", info.name);
        looked++;
    }
    (void)apr_dir_close(directory);
    ok(bound == 4, "a code that a page asks for is bound to the page's host: mails: %d", bound);
    ok(looked >= 50 && linked == 18 && coded == 8, "mails: %d, with links where they are on: %d, with a code: %d",
       looked, linked, coded);
    ok(mentions(rendered("locked", "ja", 0).body, "窓口  03-1234-5678"), "what else the help desk's line says stays");
}

/* Queued while links were on or off, and delivered when it was the other way round. */
static const char *queued(const char *kind, const char *language, const char *name, const char *value, int links)
{
    json_t *data = json_pack("{s:s, s:s, s:s, s:i, s:i, s:s}", name, value, "name", "u", "terminal", "1", "days", 10,
                             "minutes", 10, "registration_code", "rrrr-cccc");
    const anshin_mail_facts_t facts = {kind, "hanako.example", language, "user@mail.example", "login.example", data};
    anshin_op_t *op = fixture_op(&fixture);
    anshin_mail_text_t text = {NULL, NULL, NULL, NULL, NULL, NULL};

    fixture.contract.policy.mail_links = links;
    (void)anshin_mail_render(op, &facts, &text);
    json_decref(data);
    return text.body != NULL ? text.body : "";
}

static void test_switched(void)
{
    static const struct {
        const char *kind, *url;
    } ended[] = {{"certificate-ready", "download_url"},
                 {"password-reissue", "url"},
                 {"certificate-reissue", "url"},
                 {"lost-device", "url"},
                 {"invitation", "url"}},
      known[] = {{"certificate-ends", "renewal_url"},
                 {"certificate-ends", "reissue_url"},
                 {"certificate-withdrawn", "reissue_url"},
                 {"password-ends", "url"},
                 {"user-ids", "login_url"}};
    static const char *const languages[] = {"ja", "en"};
    static const char *const says[] = {"このメールからは", "not lead on"};

    for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
        for (int j = 0; j < 2; j++) {
            const char *text =
                queued(ended[i].kind, languages[j], ended[i].url, "https://login.example/anshin/x?t=abc", 0);
            const char *code = queued(ended[i].kind, languages[j], "access_code", "bcdf-ghjk", 1);

            ok(mentions(text, says[j]) && !mentions(text, "://") && !mentions(text, "rrrr"),
               "NOM-1: %s (%s) that waited for links to be switched off says that it leads on no more", ended[i].kind,
               languages[j]);
            ok(mentions(code, says[j]) && !mentions(code, "bcdf"), "and so it does the other way round");
            ok(!mentions(queued(ended[i].kind, languages[j], ended[i].url, "https://login.example/anshin/x?t=abc", 1),
                         says[j]),
               "but not where nothing was switched");
        }
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const char *text = queued(known[i].kind, "ja", known[i].url, "https://login.example/anshin/account", 0);

        ok(mentions(text, "ブックマーク") && !mentions(text, "://"), "NOM-1: %s names the place in words: %s",
           known[i].kind, known[i].url);
    }
}

static void test_own_template(void)
{
    (void)mkdir(apr_pstrcat(fixture.pool, fixture.directory, "/mail", NULL), 0700);
    fixture.contract.policy.template_dir = fixture.directory;
    fixture_file(&fixture, "mail/locked.ja.mustache", "Subject: x\n\nhttps://{{where}}/ {{user}}\n");
    ok(mentions(rendered("locked", "ja", 1).body, "https://192.0.2.1/"),
       "a template of the contract's own may have a link");
    ok(mentions(rendered("locked", "ja", 0).instead, "AN1412") && !mentions(rendered("locked", "ja", 0).body, "https:"),
       "NOM-1: with links off the installed one is taken, and the log tells why");
    fixture.contract.policy.template_dir = NULL;
}

int main(void)
{
    apr_pool_t *pool = users_open(&fixture);

    (void)users_register(&fixture, "way", ANSHIN_METHOD_PASSWORD);
    test_way();
    test_page();
    test_every_mail();
    test_switched();
    test_own_template();
    apr_pool_destroy(pool);
    return done();
}

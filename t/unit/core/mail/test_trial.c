/*
 * What an operator writes, tried beforehand (core/mail/trial.h): mails, pages and texts that cannot be rendered are
 * told of, each once; the installed ones pass.
 */
#include <apr_file_io.h>

#include "core/mail/trial.h"
#include "unit/tap.h"
#include "unit/fixture.h"

static fixture_t fixture;

typedef struct told_t {
    int count;
    char text[256]; /* the last one's */
} told_t;

static void tell(void *baton, const anshin_contract_t *contract, const anshin_error_t *trouble)
{
    told_t *told = baton;

    told->count += contract == &fixture.contract && trouble->status == ANSHIN_EINVALID;
    apr_cpystrn(told->text, trouble->text, sizeof(told->text));
}

static int found(const char *expected)
{
    told_t told = {0, ""};
    int troubles = anshin_trial_all(&fixture.config, tell, &told, fixture.pool);

    if (troubles != told.count || (expected != NULL && strstr(told.text, expected) == NULL)) {
        printf("# %d troubles, %d told: %s\n", troubles, told.count, told.text);
        return -1;
    }
    return troubles;
}

/* One file that is wrong, and put right again. */
static void try_file(const char *name, const char *content, const char *expected)
{
    fixture_file(&fixture, name, content);
    ok(found(expected) == 1, "%s: %s", name, expected);
    (void)apr_file_remove(apr_pstrcat(fixture.pool, fixture.directory, "/", name, NULL), fixture.pool);
}

static void make(const char *name)
{
    (void)mkdir(apr_pstrcat(fixture.pool, fixture.directory, "/", name, NULL), 0700);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    fixture_open(&fixture, &anshin_store_mem, NULL, pool);
    fixture.config.server.share_dir = "htdocs";
    ok(found(NULL) == 0, "what is installed passes");
    make("own");
    make("own/mail");
    make("own/parts");
    make("own/lang");
    fixture.contract.policy.template_dir = apr_pstrcat(pool, fixture.directory, "/own", NULL);
    fixture.contract.policy.text_dir = apr_pstrcat(pool, fixture.directory, "/own/lang", NULL);
    ok(found(NULL) == 0, "so do empty directories of a contract");

    try_file("own/mail/locked.ja.mustache", "Subject: x\n\n{{/user}}\n", "mail/locked.ja: ");
    try_file("own/mail/locked.en.mustache", "x\n", "does not begin with Subject:");
    try_file("own/mail/locked.en.mustache", "Subject: {{nobody}}\n\nx", "is not one line of text");
    try_file("own/mail/locked.fr.mustache", "Subject: x\n\n\xe9t\xe9\n", "not valid UTF-8");
    try_file("own/mail/locked.en.mustache", "Subject: x\n\n{{> mail/part}}{{#when}}{{where}}{{/when}}{{> no",
             "not closed");
    try_file("own/login.mustache", "{{#a}}", "login.mustache: ");
    try_file("own/parts/menu.mustache", "{{#never}}{{> parts/of}}{{/never}}{{", "parts/menu.mustache: ");
    try_file("own/lang/ja.json", "{\"login\": 1}", "must be a string or an object of texts");

    fixture_file(&fixture, "own/parts/of.mustache", "{{#never}}{{^open}}");
    ok(found("not closed") == 1, "a part by itself");
    fixture_file(&fixture, "own/login.mustache", "{{#never}}{{> parts/of}}{{/never}}");
    ok(found("not closed") == 2, "and where it is included, shown or not");
    fixture_file(&fixture, "own/parts/of.mustache", " {{#list}}\n  {{> parts/of}}\n{{/list}}");
    ok(found(NULL) == 0, "a part that includes itself is none");

    fixture.contract.policy.mail_from = "nobody";
    ok(found("give AnshinMailFrom an address") == 1, "a sender that is none is told of once");
    fixture.contract.policy.mail_from = NULL;
    fixture.contract.portal_origin = "https://localhost:8443";
    ok(found("noreply@localhost") == 1, "so is one that is made of the portal's host");
    fixture.contract.portal_origin = "https://login.example";
    ok(found(NULL) == 0, "another host may be one");
    fixture.config.server.share_dir = fixture.directory;
    ok(found(NULL) > 1, "nothing installed is told of");
    apr_pool_destroy(pool);
    return done();
}

/* core/web/request_class.c: navigations and programs (LOG-1), headers that only we may set (S22, APP-1). */
#include <apr_general.h>

#include <apr_strings.h>

#include "core/web/request_class.h"
#include "unit/memory.h"
#include "unit/tap.h"

static void kinds(void)
{
    static const struct {
        const char *method, *mode, *accept, *with;
        anshin_request_class_t kind;
    } cases[] = {
        {"GET", "navigate", NULL, NULL, ANSHIN_REQUEST_VISIT},
        {"GET", "Navigate", "*/*", NULL, ANSHIN_REQUEST_VISIT},
        {"HEAD", "navigate", NULL, NULL, ANSHIN_REQUEST_VISIT},
        {"POST", "navigate", NULL, NULL, ANSHIN_REQUEST_FORM},
        {"GET", NULL, "text/html,application/xhtml+xml,*/*;q=0.8", NULL, ANSHIN_REQUEST_VISIT},
        {"GET", NULL, "application/xml , Text/HTML;q=0.9", NULL, ANSHIN_REQUEST_VISIT},
        {"POST", NULL, "text/html", NULL, ANSHIN_REQUEST_FORM},
        {"GET", "cors", "text/html", NULL, ANSHIN_REQUEST_API},
        {"GET", "no-cors", "text/html", NULL, ANSHIN_REQUEST_API},
        {"GET", "", "text/html", NULL, ANSHIN_REQUEST_API},
        {"GET", "navigate, cors", "text/html", NULL, ANSHIN_REQUEST_API},
        {"GET", NULL, NULL, NULL, ANSHIN_REQUEST_API},
        {"GET", NULL, "", NULL, ANSHIN_REQUEST_API},
        {"GET", NULL, "*/*", NULL, ANSHIN_REQUEST_API},
        {"GET", NULL, "text/html5", NULL, ANSHIN_REQUEST_API},
        {"GET", NULL, "xtext/html", NULL, ANSHIN_REQUEST_API},
        {"GET", NULL, "application/json;p=\"text/html\"", NULL, ANSHIN_REQUEST_API},
        {"GET", NULL, ",,;,  ,", NULL, ANSHIN_REQUEST_API},
        {"GET", NULL, "text/html", "XMLHttpRequest", ANSHIN_REQUEST_API},
        {"PUT", "navigate", "text/html", NULL, ANSHIN_REQUEST_API},
        {"get", "navigate", "text/html", NULL, ANSHIN_REQUEST_API},
        {"OPTIONS", NULL, "text/html", NULL, ANSHIN_REQUEST_API},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const anshin_request_headers_t headers = {cases[i].method, cases[i].mode, cases[i].accept, cases[i].with};

        ok(anshin_request_class(&headers) == cases[i].kind, "LOG-1: %s, Sec-Fetch-Mode %s, Accept %s is kind %d",
           cases[i].method, cases[i].mode ? cases[i].mode : "-", cases[i].accept ? cases[i].accept : "-",
           (int)cases[i].kind);
    }
}

static void headers(void)
{
    static const char *const reserved[] = {"Anshin-User",       "anshin-user",       "ANSHIN_USER",     "Anshin_User",
                                           "ANSHIN.User",       "anshin-",           "X-Anshin-Method", "x_anshin_x",
                                           "X.ANSHIN-X",        "Remote-User",       "REMOTE_USER",     "X-Remote-User",
                                           "x_remote-user",     "Client-Cert",       "client_cert",     "CLIENT.CERT",
                                           "Client-Cert-Chain", "client_cert_chain", "anshin user"};
    static const char *const free_to_send[] = {"",
                                               "A",
                                               "Anshin",
                                               "AnshinUser",
                                               "Accept",
                                               "Remote",
                                               "Remote-Users",
                                               "Remote-User-Agent",
                                               "RemoteUser",
                                               "X-Anshin",
                                               "X-Remote",
                                               "Client",
                                               "Client-Certs",
                                               "Cookie",
                                               "Authorization",
                                               "Host",
                                               "X-Forwarded-For",
                                               "My-Anshin-User",
                                               "\xef\xbd\x81nshin-user"};

    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        ok(anshin_header_reserved(reserved[i]), "S22, APP-1: \"%s\" is ours alone", reserved[i]);
    }
    for (size_t i = 0; i < sizeof(free_to_send) / sizeof(free_to_send[0]); i++) {
        ok(!anshin_header_own(free_to_send[i]), "S22: nor is it ours anywhere");
        ok(!anshin_header_reserved(free_to_send[i]), "S22: \"%s\" may be sent", free_to_send[i]);
    }
}

/* As long as httpd takes a header: what it costs grows with its length alone. */
static void long_connection(apr_pool_t *pool)
{
    char *sent = apr_palloc(pool, 8191);
    const char *left;
    long before;

    memset(sent, 'a', 8190);
    for (int i = 1; i < 8190; i += 2) {
        sent[i] = ',';
    }
    memcpy(sent + 8190 - 12, ",remote-user", 13);
    before = memory_pages();
    left = anshin_connection_clean(sent, pool);
    ok(strncmp(left, "a, a, a", 7) == 0 && strstr(left, "remote-user") == NULL, "S22: a Connection of 8,190 octets");
    ok(memory_pages() - before < 256, "S32: takes little memory (%ld pages)", memory_pages() - before);
}

/* Connection names what a proxy leaves out (S22). */
static void connection(void)
{
    static const struct {
        const char *sent, *left;
    } cases[] = {
        {"close, Anshin-User", "close"},
        {"anshin_user", ""},
        {"ANSHIN-USER,Keep-Alive ,\tAnshin-Method, x", "Keep-Alive, x"},
        {" , Remote-User ,", ""},
        {"Client-Cert,TE", "TE"},
    };
    static const char *const kept[] = {"", "close", "keep-alive, Upgrade", "Cookie", " ,, "};
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(same_text(anshin_connection_clean(cases[i].sent, pool), cases[i].left),
           "S22: of Connection: %s is left \"%s\"", cases[i].sent, cases[i].left);
    }
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        ok(anshin_connection_clean(kept[i], pool) == kept[i], "Connection: %s stays as it is", kept[i]);
    }
    long_connection(pool);
    apr_terminate();
}

int main(void)
{
    connection();
    kinds();
    headers();
    return done();
}

/*
 * The menu of the pages behind the login, and the way out of their forms.
 */
#include "portal/response/menu.h"

#include <string.h>

/* The page of a menu entry, or one below it. */
static int is_below(const char *path, const char *entry)
{
    apr_size_t length = strlen(entry);

    return strncmp(path, entry, length) == 0 && (path[length] == '\0' || (length > 1 && path[length] == '/'));
}

/* What the entry's page leads to by its buttons is its page, too (U36). */
static int is_current(const char *path, const char *entry)
{
    static const char *const account[] = {"/terminal", "/renewal"};

    for (size_t i = 0; i < sizeof(account) / sizeof(account[0]) && strcmp(entry, "/account") == 0; i++) {
        if (is_below(path, account[i])) {
            return 1;
        }
    }
    return is_below(path, entry);
}

/* 1: something may wait for a second operator (AnshinFourEyes). */
static int has_four_eyes(const anshin_portal_request_t *request)
{
    const apr_array_header_t *contracts = request->op.env->config->contracts;

    for (int i = 0; i < contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);

        if (anshin_config_operates(request->op.contract, contract) &&
            (ANSHIN_HAS(contract->policy.four_eyes, ANSHIN_EYES_BULK) ||
             ANSHIN_HAS(contract->policy.four_eyes, ANSHIN_EYES_BULK_REVOKE))) {
            return 1;
        }
    }
    return 0;
}

/* Of a contract of operators: the lists are below the search by their path alone. */
static void put_desk(anshin_portal_request_t *request, json_t *menu)
{
    const int lists = is_below(request->path, "/desk/list");
    const int waiting = is_below(request->path, "/desk/waiting");

    if (!request->op.contract->policy.staff) {
        return;
    }
    anshin_page_append(request->page, menu,
                       json_pack("{s:s, s:s, s:b}", "url", anshin_portal_request_link(request, "/desk"), "text",
                                 anshin_page_say(request->page, "menu.desk"), "current",
                                 !lists && !waiting && is_below(request->path, "/desk")));
    anshin_page_append(request->page, menu,
                       json_pack("{s:s, s:s, s:b}", "url", anshin_portal_request_link(request, "/desk/list"), "text",
                                 anshin_page_say(request->page, "menu.desk_list"), "current", lists));
    if (has_four_eyes(request)) {
        anshin_page_append(request->page, menu,
                           json_pack("{s:s, s:s, s:b}", "url", anshin_portal_request_link(request, "/desk/waiting"),
                                     "text", anshin_page_say(request->page, "menu.desk_waiting"), "current", waiting));
    }
}

void anshin_menu_put(anshin_portal_request_t *request)
{
    static const struct {
        const char *path;
        const char *key;
        int function; /* -1: always there */
    } entries[] = {{"/", "menu.home", -1},
                   {"/account", "menu.account", ANSHIN_FUNCTION_ACCOUNT},
                   {"/password", "menu.password", ANSHIN_FUNCTION_PASSWORD},
                   {"/question", "menu.question", ANSHIN_FUNCTION_QUESTION},
                   {"/history", "menu.history", ANSHIN_FUNCTION_HISTORY},
                   {"/method", "menu.method", ANSHIN_FUNCTION_METHOD},
                   {"/sessions", "menu.sessions", -1}};
    json_t *menu = json_array();

    put_desk(request, menu);
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].function >= 0 && !ANSHIN_HAS(request->op.contract->policy.functions, entries[i].function)) {
            continue;
        }
        anshin_page_append(request->page, menu,
                           json_pack("{s:s, s:s, s:b}", "url", anshin_portal_request_link(request, entries[i].path),
                                     "text", anshin_page_say(request->page, entries[i].key), "current",
                                     is_current(request->path, entries[i].path)));
    }
    anshin_page_put(request->page, request->page->data, "has_menu", json_true());
    anshin_page_put(request->page, request->page->data, "menu", menu);
}

void anshin_menu_remove(anshin_portal_request_t *request)
{
    json_object_del(request->page->data, "user");
    json_object_del(request->page->data, "has_menu");
    json_object_del(request->page->data, "menu");
    json_object_del(request->page->data, "session_end");
}

const char *anshin_menu_start(const anshin_portal_request_t *request)
{
    return ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_ACCOUNT) ? "/account" : "/";
}

void anshin_menu_cancel(anshin_portal_request_t *request)
{
    anshin_page_text(request->page, "cancel_url", anshin_portal_request_link(request, anshin_menu_start(request)));
}

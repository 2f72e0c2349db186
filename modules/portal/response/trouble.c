/*
 * Troubles: a table of them, each with the steps that mend it; the words stand under help_trouble.NAME. Steps that are
 * done in the person's own system differ by it: this system's are shown, the others' folded away.
 *
 * What the contract has switched off, or has no certificates for, is neither named nor linked (CON-2). Nor are links
 * where its mail has none, or codes where it has links (NOM-1).
 */
#include "portal/response/trouble.h"

#include <apr_strings.h>
#include <string.h>

#include "portal/request/device.h"

#define STEPS_MAX 5
#define ANY (-1)
#define OF(function) (1u << ANSHIN_FUNCTION_##function)

typedef enum way_t {
    NOWHERE,
    TO_ACCOUNT,
    TO_SESSIONS,
    TO_LOGIN,
    TO_PASSWORD,
    TO_CERTIFICATE,
    TO_LOST,
    TO_RESEND,
    TO_USER_ID,
    TO_CODE,
    TO_QR,
    TO_PHONE,
    TO_ADD,
    TO_CHECK,
    TO_IMPORT,
    TO_REMOVE,
    TO_REMEMBERED,
    /* To no page: what is done in the person's own system stands there. */
    IN_UNDO,
    IN_FRESH,
    IN_WHERE,
    IN_REMOVE
} way_t;

/* Pages that steps lead to. */
static const struct {
    const char *path; /* behind the portal's base; NULL: none, but the step is for contracts that have the functions */
    const char *label;
    unsigned functions;    /* OF(...): all of them; 0: always */
    int certificates;      /* only where the contract admits them */
    const char *otherwise; /* what is to be done where one of the functions is off; NULL: the step is left out */
} ways[] = {
    [NOWHERE] = {NULL, NULL, 0, 0, NULL},
    [TO_ACCOUNT] = {"/account", "help.to_account", OF(ACCOUNT), 0, NULL},
    [TO_SESSIONS] = {"/sessions", "help.to_sessions", 0, 0, NULL},
    [TO_LOGIN] = {"/login", "link_invalid.to_login", 0, 0, NULL},
    [TO_PASSWORD] = {"/reissue/password", "help.to_password", OF(PASSWORD_REISSUE), 0, "help.password_ask"},
    [TO_CERTIFICATE] = {"/reissue/certificate", "help.to_certificate", OF(CERTIFICATE_REISSUE), 1,
                        "help.reissue_ask"},
    [TO_LOST] = {"/lost", "help.to_lost", OF(LOST_DEVICE), 1, "help.lost_ask"},
    [TO_RESEND] = {"/resend", "help.to_resend", OF(RESEND), 1, "help.resend_ask"},
    [TO_USER_ID] = {"/user-id", "help.to_user_id", OF(USER_ID), 0, NULL},
    [TO_CODE] = {"/code", "link_invalid.to_code", 0, 0, NULL}, /* of those who have codes */
    [TO_QR] = {NULL, NULL, OF(PHONE), 1, NULL},
    [TO_PHONE] = {"/account", "help.to_account", OF(PHONE) | OF(ACCOUNT), 1, NULL},
    [TO_ADD] = {"/terminal/add", "account.add", OF(TERMINAL_ADD), 0, "help.add_ask"},
    [TO_CHECK] = {"/help/certificate", "help.to_check", 0, 1, NULL},
    [TO_IMPORT] = {"/help/import", "common.help_import", 0, 1, NULL},
    [TO_REMOVE] = {"/help/import#remove", "help_remove.title", 0, 1, NULL},
    [TO_REMEMBERED] = {"/help/trouble?about=remembered", "help.to_remembered", 0, 1, NULL},
    [IN_UNDO] = {NULL, NULL, 0, 1, NULL},
    [IN_FRESH] = {NULL, NULL, 0, 1, NULL},
    [IN_WHERE] = {NULL, NULL, 0, 1, NULL},
    [IN_REMOVE] = {NULL, NULL, 0, 1, NULL},
};

/* The words for each: GROUP.NAME. The first one that fits is this system's. */
typedef struct place_t {
    int device; /* ANSHIN_DEVICE_...; ANY */
    int browser;
    const char *name;
} place_t;

/* Phones close programs, and open windows, each in one way; a computer's browsers differ. */
static const place_t browsers[] = {{ANSHIN_DEVICE_IOS, ANY, "ios"},
                                   {ANSHIN_DEVICE_ANDROID, ANY, "android"},
                                   {ANY, ANSHIN_BROWSER_EDGE, "edge"},
                                   {ANY, ANSHIN_BROWSER_CHROME, "chrome"},
                                   {ANY, ANSHIN_BROWSER_FIREFOX, "firefox"},
                                   {ANSHIN_DEVICE_MAC, ANSHIN_BROWSER_SAFARI, "safari"},
                                   {0, 0, NULL}};

/* Where certificates lie: the system keeps them, but for Firefox on a computer. */
static const place_t stores[] = {{ANSHIN_DEVICE_IOS, ANY, "ios"},
                                 {ANSHIN_DEVICE_ANDROID, ANY, "android"},
                                 {ANY, ANSHIN_BROWSER_FIREFOX, "firefox"},
                                 {ANSHIN_DEVICE_WINDOWS, ANY, "windows"},
                                 {ANSHIN_DEVICE_MAC, ANY, "mac"},
                                 {ANSHIN_DEVICE_LINUX, ANY, "linux"},
                                 {0, 0, NULL}};

static const struct {
    const char *group;
    const place_t *places;
} varieties[] = {
    [IN_UNDO] = {"help_undo", browsers},
    [IN_FRESH] = {"help_fresh", browsers},
    [IN_WHERE] = {"help_where", stores},
    [IN_REMOVE] = {"help_remove", stores},
};

typedef enum group_t { OF_DEVICE, OF_CHOICE, OF_IMPORT, OF_TYPING } group_t;

static const char *const groups[] = {
    [OF_DEVICE] = "help.group_device",
    [OF_CHOICE] = "help.group_choice",
    [OF_IMPORT] = "help.group_import",
    [OF_TYPING] = "help.group_typing",
};

/* Whom a trouble can befall. */
enum { ANYBODY, HOLDERS /* of certificates */, LINKED /* by mail */, CODED };

typedef struct trouble_t {
    const char *name; /* in addresses and texts */
    group_t group;
    int whose;
    struct {
        const char *text; /* help_trouble.NAME.TEXT */
        way_t way;
    } steps[STEPS_MAX + 1];
} trouble_t;

/* clang-format off */
static const trouble_t troubles[] = {
    {"lost", OF_DEVICE, ANYBODY,
     {{"s1", TO_LOST}, {"s2", TO_SESSIONS}, {"s3", TO_CERTIFICATE}, {"s4", TO_PASSWORD}, {"s5", NOWHERE}}},
    {"pc_planned", OF_DEVICE, HOLDERS,
     {{"s1", NOWHERE}, {"s2", TO_ACCOUNT}, {"s3", TO_CERTIFICATE}, {"s4", TO_IMPORT}, {"s5", TO_REMOVE}}},
    {"pc_broken", OF_DEVICE, HOLDERS, {{"s1", TO_CERTIFICATE}, {"s2", TO_IMPORT}}},
    {"windows_account", OF_DEVICE, HOLDERS, {{"s1", NOWHERE}, {"s2", TO_CHECK}, {"s3", TO_CERTIFICATE}}},
    {"several_devices", OF_DEVICE, HOLDERS, {{"s1", TO_ADD}, {"s2", TO_ACCOUNT}, {"s3", NOWHERE}}},

    {"no_dialog", OF_CHOICE, HOLDERS,
     {{"s1", NOWHERE}, {"s2", IN_FRESH}, {"s3", NOWHERE}, {"s4", TO_CHECK}, {"s5", TO_IMPORT}}},
    {"remembered", OF_CHOICE, HOLDERS, {{"s1", IN_UNDO}, {"s2", TO_LOGIN}, {"s3", NOWHERE}}},
    {"several_ids", OF_CHOICE, HOLDERS, {{"s1", NOWHERE}, {"s2", IN_UNDO}, {"s3", TO_LOGIN}, {"s4", NOWHERE}}},
    {"old_listed", OF_CHOICE, HOLDERS, {{"s1", TO_LOGIN}, {"s2", IN_REMOVE}, {"s3", TO_REMEMBERED}}},
    {"expired", OF_CHOICE, HOLDERS, {{"s1", TO_CERTIFICATE}, {"s2", TO_IMPORT}, {"s3", TO_ACCOUNT}}},
    {"renew_which", OF_CHOICE, HOLDERS, {{"s1", TO_ACCOUNT}, {"s2", NOWHERE}, {"s3", TO_CHECK}}},
    {"deleted", OF_CHOICE, HOLDERS, {{"s1", TO_CERTIFICATE}, {"s2", TO_IMPORT}}},
    {"wrong_browser", OF_CHOICE, HOLDERS,
     {{"s1", IN_WHERE}, {"s2", TO_IMPORT}, {"s3", TO_CERTIFICATE}, {"s4", TO_CHECK}}},
    {"remote", OF_CHOICE, HOLDERS, {{"s1", TO_LOGIN}, {"s2", TO_ADD}, {"s3", TO_IMPORT}, {"s4", NOWHERE}}},
    {"other_software", OF_CHOICE, HOLDERS,
     {{"s1", TO_IMPORT}, {"s2", NOWHERE}, {"s3", NOWHERE}, {"s4", IN_REMOVE}}},

    {"import_password", OF_IMPORT, HOLDERS,
     {{"s1", NOWHERE}, {"s2", NOWHERE}, {"s3", TO_IMPORT}, {"s4", TO_CERTIFICATE}}},
    {"download_password", OF_IMPORT, HOLDERS, {{"s1", TO_ACCOUNT}, {"s2", TO_CERTIFICATE}}},
    {"link_ended", OF_IMPORT, LINKED,
     {{"s1", NOWHERE}, {"s2", TO_PASSWORD}, {"s3", TO_RESEND}, {"s4", TO_CERTIFICATE}, {"s5", NOWHERE}}},
    {"code_ended", OF_IMPORT, CODED,
     {{"s1", TO_CODE}, {"s2", TO_PASSWORD}, {"s3", TO_RESEND}, {"s4", TO_CERTIFICATE}, {"s5", NOWHERE}}},
    {"broken_off", OF_IMPORT, ANYBODY,
     {{"s1", NOWHERE}, {"s2", TO_IMPORT}, {"s3", TO_PASSWORD}, {"s4", TO_CERTIFICATE}, {"s5", TO_LOGIN}}},
    {"mail_device", OF_IMPORT, HOLDERS,
     {{"s1", TO_QR}, {"s2", TO_PHONE}, {"s3", NOWHERE}, {"s4", TO_ACCOUNT}, {"s5", TO_CERTIFICATE}}},

    {"mail_missing", OF_TYPING, ANYBODY,
     {{"s1", NOWHERE}, {"s2", TO_RESEND}, {"s3", TO_PASSWORD}, {"s4", TO_CERTIFICATE}, {"s5", TO_ACCOUNT}}},
    {"typed", OF_TYPING, ANYBODY, {{"s1", NOWHERE}, {"s2", NOWHERE}, {"s3", TO_PASSWORD}}},
    {"password_forgotten", OF_TYPING, ANYBODY, {{"s1", TO_PASSWORD}}},
    {"id_forgotten", OF_TYPING, ANYBODY, {{"s1", TO_USER_ID}, {"s2", NOWHERE}, {"s3", TO_CHECK}, {"s4", NOWHERE}}},
    {"locked", OF_TYPING, ANYBODY, {{"s1", TO_LOGIN}, {"s2", NOWHERE}, {"s3", TO_LOST}}},
};
/* clang-format on */

static int admits_certificates(const anshin_portal_request_t *request)
{
    return ANSHIN_HAS(request->op.contract->policy.methods, ANSHIN_METHOD_CERTIFICATE);
}

static int concerns(const anshin_portal_request_t *request, const trouble_t *trouble)
{
    const int links = request->op.contract->policy.mail_links != 0;

    switch (trouble->whose) {
    case HOLDERS:
        return admits_certificates(request);
    case LINKED:
        return links;
    case CODED:
        return !links;
    default:
        return 1;
    }
}

/* NULL: there is none of this name, or it does not concern the contract. */
static const trouble_t *find(const anshin_portal_request_t *request, const char *name)
{
    for (apr_size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        if (strcmp(troubles[i].name, name) == 0) {
            return concerns(request, &troubles[i]) ? &troubles[i] : NULL;
        }
    }
    return NULL;
}

static const char *say(anshin_portal_request_t *request, const trouble_t *trouble, const char *text)
{
    return anshin_page_say(request->page,
                           apr_pstrcat(request->op.pool, "help_trouble.", trouble->name, ".", text, NULL));
}

static json_t *link_to(anshin_portal_request_t *request, const trouble_t *trouble)
{
    const char *path = apr_pstrcat(request->op.pool, "/help/trouble?about=", trouble->name, NULL);

    return json_pack("{s:s, s:s}", "title", say(request, trouble, "title"), "url",
                     anshin_portal_request_link(request, path));
}

void anshin_trouble_put_all(anshin_portal_request_t *request)
{
    json_t *list = json_array();

    for (apr_size_t group = 0; group < sizeof groups / sizeof groups[0]; group++) {
        json_t *links = json_array();

        for (apr_size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
            if (troubles[i].group == group && concerns(request, &troubles[i])) {
                anshin_page_append(request->page, links, link_to(request, &troubles[i]));
            }
        }
        if (json_array_size(links) == 0) {
            json_decref(links);
            continue;
        }
        anshin_page_append(
            request->page, list,
            json_pack("{s:s, s:o}", "title", anshin_page_say(request->page, groups[group]), "troubles", links));
    }
    anshin_page_put(request->page, request->page->page, "groups", list);
}

/* page.answer[].own: this system's; .others: the rest, all of them where it is not known. */
static void put_variety(anshin_portal_request_t *request, json_t *step, way_t way)
{
    const char *user_agent = apr_table_get(request->r->headers_in, "User-Agent");
    const int device = (int)anshin_device_guess(user_agent);
    const int browser = (int)anshin_browser_guess(user_agent);
    json_t *others = json_array();
    int found = 0;

    for (const place_t *place = varieties[way].places; place->name != NULL; place++) {
        const char *key = apr_pstrcat(request->op.pool, varieties[way].group, ".", place->name, NULL);
        const int own = !found && (place->device == ANY || place->device == device) &&
                        (place->browser == ANY || place->browser == browser);

        if (own) {
            anshin_page_put(request->page, step, "own", json_string(anshin_page_say(request->page, key)));
            found = 1;
        } else {
            anshin_page_append(request->page, others, json_pack("{s:s}", "text", anshin_page_say(request->page, key)));
        }
    }
    anshin_page_put(request->page, step, "others", others);
    anshin_page_put(request->page, step, found ? "folded" : "open", json_true());
}

static json_t *step_of(anshin_portal_request_t *request, const trouble_t *trouble, int number)
{
    const way_t way = trouble->steps[number].way;
    json_t *step = json_pack("{s:s}", "text", say(request, trouble, trouble->steps[number].text));

    if (way >= IN_UNDO) {
        put_variety(request, step, way);
    }
    if (ways[way].path != NULL) {
        anshin_page_put(request->page, step, "url", json_string(anshin_portal_request_link(request, ways[way].path)));
        anshin_page_put(request->page, step, "label", json_string(anshin_page_say(request->page, ways[way].label)));
    }
    return step;
}

int anshin_trouble_put_answer(anshin_portal_request_t *request, const char *name)
{
    const trouble_t *trouble = find(request, name);
    json_t *steps;

    if (trouble == NULL) {
        return 0;
    }
    steps = json_array();
    for (int i = 0; trouble->steps[i].text != NULL; i++) {
        const way_t way = trouble->steps[i].way;
        const int on = ((unsigned)request->op.contract->policy.functions & ways[way].functions) == ways[way].functions;

        if (ways[way].certificates && !admits_certificates(request)) {
            continue;
        }
        if (on) {
            anshin_page_append(request->page, steps, step_of(request, trouble, i));
        } else if (ways[way].otherwise != NULL) {
            anshin_page_append(request->page, steps,
                               json_pack("{s:s}", "text", anshin_page_say(request->page, ways[way].otherwise)));
        }
    }
    anshin_page_put(request->page, request->page->data, "title", json_string(say(request, trouble, "title")));
    anshin_page_text(request->page, "lead", say(request, trouble, "lead"));
    anshin_page_put(request->page, request->page->page, "answer", steps);
    return 1;
}

void anshin_trouble_put_some(anshin_portal_request_t *request, const char *const *names)
{
    json_t *links = json_array();

    for (int i = 0; names[i] != NULL; i++) {
        const trouble_t *trouble = find(request, names[i]);

        if (trouble != NULL) {
            anshin_page_append(request->page, links, link_to(request, trouble));
        }
    }
    anshin_page_flag(request->page, "has_troubles", json_array_size(links) > 0);
    anshin_page_put(request->page, request->page->page, "troubles", links);
}

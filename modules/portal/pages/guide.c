/*
 * The guides to the import: a table of steps, each with its drawing; the words stand under help_import.ID.
 */
#include "portal/pages/guide.h"

#include <apr_strings.h>
#include <string.h>

#include "portal/request/origin.h"
#include "portal/request/device.h"

#define STEPS_MAX 5
#define ANY (-1)

typedef struct guide_t {
    const char *id;
    unsigned browsers; /* bits of those that open the file in a way of their own: text ID.in_BROWSER */
    const char *drawings[STEPS_MAX + 1]; /* one a step */
} guide_t;

#define BIT(browser) (1U << ANSHIN_BROWSER_##browser)

static const guide_t guides[] = {
    {"windows", BIT(EDGE) | BIT(CHROME), {"file", "wizard", "password", "wizard", "done"}},
    {"firefox", 0, {"settings", "list", "file", "password", "list"}},
    {"mac", BIT(SAFARI) | BIT(CHROME) | BIT(EDGE), {"file", "keychain", "password", "unlock"}},
    {"mac_profile", 0, {"file", "settings", "wizard", "password", "done"}},
    {"ios", 0, {"phone-file", "phone-settings", "phone-unlock", "password", "done"}},
    {"android", 0, {"phone-file", "phone-settings", "password", "phone-unlock", "choose"}},
    {"linux", 0, {"settings", "list", "file", "password", "list"}},
};

/* The first one that fits. */
static const struct {
    anshin_device_t device;
    int browser;
    int apple;
    const char *id;
} choices[] = {
    {ANSHIN_DEVICE_WINDOWS, ANSHIN_BROWSER_FIREFOX, ANY, "firefox"},
    {ANSHIN_DEVICE_MAC, ANSHIN_BROWSER_FIREFOX, ANY, "firefox"},
    {ANSHIN_DEVICE_LINUX, ANSHIN_BROWSER_FIREFOX, ANY, "firefox"},
    {ANSHIN_DEVICE_WINDOWS, ANY, ANY, "windows"},
    {ANSHIN_DEVICE_MAC, ANY, 1, "mac_profile"},
    {ANSHIN_DEVICE_MAC, ANY, ANY, "mac"},
    {ANSHIN_DEVICE_IOS, ANY, ANY, "ios"},
    {ANSHIN_DEVICE_ANDROID, ANY, ANY, "android"},
    {ANSHIN_DEVICE_LINUX, ANY, ANY, "linux"},
};

/* "": none. */
static const char *own_id(const char *user_agent, int apple)
{
    const anshin_device_t device = anshin_device_guess(user_agent);
    const int browser = (int)anshin_browser_guess(user_agent);

    for (apr_size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (choices[i].device == device && (choices[i].browser == ANY || choices[i].browser == browser) &&
            (choices[i].apple == ANY || choices[i].apple == apple)) {
            return choices[i].id;
        }
    }
    return "";
}

static const char *say(anshin_portal_request_t *request, const guide_t *guide, const char *name)
{
    return anshin_page_say(request->page, apr_pstrcat(request->op.pool, "help_import.", guide->id, ".", name, NULL));
}

/* browser: whose first step it is to be; OTHER: nobody's. */
static json_t *steps_of(anshin_portal_request_t *request, const guide_t *guide, anshin_browser_t browser)
{
    json_t *steps = json_array();

    for (int i = 0; guide->drawings[i] != NULL; i++) {
        const char *name = apr_psprintf(request->op.pool, "s%d", i + 1);

        if (i == 0 && (guide->browsers & (1U << browser))) {
            name = apr_pstrcat(request->op.pool, "in_", anshin_browser_name(browser), NULL);
        }
        anshin_page_append(request->page, steps,
                           json_pack("{s:s, s:s}", "text", say(request, guide, name), "image", guide->drawings[i]));
    }
    return steps;
}

static json_t *guide_of(anshin_portal_request_t *request, const guide_t *guide, anshin_browser_t browser)
{
    return json_pack("{s:s, s:s, s:o}", "id", guide->id, "title", say(request, guide, "title"), "steps",
                     steps_of(request, guide, browser));
}

void anshin_guide_put_try(anshin_portal_request_t *request)
{
    anshin_page_text(request->page, "try_url", anshin_portal_origin_try(request->op.contract, request->op.pool));
}

void anshin_guide_put(anshin_portal_request_t *request, int apple)
{
    const char *user_agent = apr_table_get(request->r->headers_in, "User-Agent");
    const anshin_browser_t browser = anshin_browser_guess(user_agent);
    const char *own = own_id(user_agent, apple);
    json_t *others = json_array();

    for (apr_size_t i = 0; i < sizeof guides / sizeof guides[0]; i++) {
        const guide_t *guide = &guides[i];

        if (strcmp(guide->id, own) == 0) {
            anshin_page_put(request->page, request->page->page, "guide", guide_of(request, guide, browser));
            anshin_page_text(request->page, "guide_device",
                             anshin_page_say(request->page, anshin_device_text(user_agent)));
            anshin_page_text(request->page, "guide_browser", anshin_browser_name(browser));
        } else {
            anshin_page_append(request->page, others, guide_of(request, guide, ANSHIN_BROWSER_OTHER));
        }
    }
    anshin_page_put(request->page, request->page->page, "guides", others);
    anshin_guide_put_try(request);
}

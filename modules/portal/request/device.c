/*
 * Devices and browsers by User-Agent.
 */
#include "portal/request/device.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

/* In this order: iPhones say "like Mac OS X", Android phones say "Linux". The last one fits nothing. */
static const struct mark_t {
    const char *mark;
    anshin_device_t device;
    const char *text;
    const char *name;
} marks[] = {
    {"iPhone", ANSHIN_DEVICE_IOS, "devices.iphone", "iPhone"},
    {"iPad", ANSHIN_DEVICE_IOS, "devices.ipad", "iPad"},
    {"Android", ANSHIN_DEVICE_ANDROID, "devices.android", "Android"},
    {"Windows NT", ANSHIN_DEVICE_WINDOWS, "devices.windows", "Windows"},
    {"Mac OS X", ANSHIN_DEVICE_MAC, "devices.mac", "Mac"},
    {"X11; Linux", ANSHIN_DEVICE_LINUX, "devices.linux", "Linux"},
    {"X11; Ubuntu", ANSHIN_DEVICE_LINUX, "devices.linux", "Linux"},
    {NULL, ANSHIN_DEVICE_OTHER, NULL, NULL},
};

/* In this order: nearly all of them say "Safari", and what is built of Chromium says "Chrome". */
static const struct {
    const char *mark;
    anshin_browser_t browser;
} browsers[] = {
    {"OPR/", ANSHIN_BROWSER_OTHER},     {"SamsungBrowser/", ANSHIN_BROWSER_OTHER},
    {"Edg/", ANSHIN_BROWSER_EDGE},      {"EdgA/", ANSHIN_BROWSER_EDGE},
    {"EdgiOS/", ANSHIN_BROWSER_EDGE},   {"Firefox/", ANSHIN_BROWSER_FIREFOX},
    {"FxiOS/", ANSHIN_BROWSER_FIREFOX}, {"CriOS/", ANSHIN_BROWSER_CHROME},
    {"Chrome/", ANSHIN_BROWSER_CHROME}, {"Chromium/", ANSHIN_BROWSER_CHROME},
    {"Safari/", ANSHIN_BROWSER_SAFARI},
};

static const struct mark_t *find(const char *user_agent)
{
    const struct mark_t *mark = marks;

    while (mark->mark != NULL && (user_agent == NULL || strstr(user_agent, mark->mark) == NULL)) {
        mark++;
    }
    return mark;
}

anshin_device_t anshin_device_guess(const char *user_agent)
{
    return find(user_agent)->device;
}

const char *anshin_device_text(const char *user_agent)
{
    return find(user_agent)->text;
}

anshin_browser_t anshin_browser_guess(const char *user_agent)
{
    for (size_t i = 0; user_agent != NULL && i < sizeof browsers / sizeof browsers[0]; i++) {
        if (strstr(user_agent, browsers[i].mark) != NULL) {
            return browsers[i].browser;
        }
    }
    return ANSHIN_BROWSER_OTHER;
}

const char *anshin_browser_name(anshin_browser_t browser)
{
    static const char *const names[] = {[ANSHIN_BROWSER_OTHER] = NULL,
                                        [ANSHIN_BROWSER_EDGE] = "Edge",
                                        [ANSHIN_BROWSER_CHROME] = "Chrome",
                                        [ANSHIN_BROWSER_FIREFOX] = "Firefox",
                                        [ANSHIN_BROWSER_SAFARI] = "Safari"};

    return names[browser];
}

const char *anshin_device_client(const char *user_agent, apr_pool_t *pool)
{
    const char *browser = anshin_browser_name(anshin_browser_guess(user_agent));
    const char *system = find(user_agent)->name;

    return browser != NULL && system != NULL ? apr_pstrcat(pool, browser, ", ", system, NULL)
           : browser != NULL                 ? browser
                                             : system;
}

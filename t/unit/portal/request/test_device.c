/*
 * Devices by User-Agent: a proposal for people, so that what is unknown is no failure.
 */
#include "portal/request/device.h"
#include "unit/tap.h"

#include <stddef.h>

#include <apr_general.h>

static void browsers(void)
{
    static const struct {
        const char *agent;
        const char *name;
    } cases[] = {
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge"},
        {"Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 EdgA/130.0", "Edge"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 EdgiOS/130.0 Safari/604.1", "Edge"},
        {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "Chrome"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) CriOS/130.0 Mobile Safari/604.1", "Chrome"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) FxiOS/130.0 Mobile Safari/605.1.15", "Firefox"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15", "Safari"},
        {"Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 OPR/115.0", NULL},
        {"Mozilla/5.0 (Linux; Android 14) SamsungBrowser/26.0 Chrome/122.0 Mobile Safari/537.36", NULL},
        {"curl/8.0", NULL},
        {"", NULL},
        {NULL, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *name = anshin_browser_name(anshin_browser_guess(cases[i].agent));

        ok(name == NULL ? cases[i].name == NULL : same_text(name, cases[i].name), "U19: the browser of \"%s\": %s",
           cases[i].agent ? cases[i].agent : "no header", name ? name : "unknown");
    }
}

static void clients(apr_pool_t *pool)
{
    static const struct {
        const char *agent;
        const char *name;
    } cases[] = {
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36", "Chrome, Windows"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari, iPhone"},
        {"Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 OPR/115.0", "Windows"},
        {"Firefox/128.0", "Firefox"},
        {"<script>alert(1)</script>", NULL},
        {NULL, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *name = anshin_device_client(cases[i].agent, pool);

        ok(name == NULL ? cases[i].name == NULL : cases[i].name != NULL && same_text(name, cases[i].name),
           "ACC-4: what the history calls \"%s\": %s", cases[i].agent ? cases[i].agent : "no header",
           name ? name : "nothing");
    }
}

int main(void)
{
    apr_pool_t *pool;
    static const struct {
        const char *agent;
        anshin_device_t device;
    } cases[] = {
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
         ANSHIN_DEVICE_WINDOWS},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15",
         ANSHIN_DEVICE_MAC},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
         ANSHIN_DEVICE_IOS},
        {"Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15", ANSHIN_DEVICE_IOS},
        {"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile", ANSHIN_DEVICE_ANDROID},
        {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", ANSHIN_DEVICE_LINUX},
        {"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", ANSHIN_DEVICE_LINUX},
        {"curl/8.0", ANSHIN_DEVICE_OTHER},
        {"", ANSHIN_DEVICE_OTHER},
        {NULL, ANSHIN_DEVICE_OTHER},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ok(anshin_device_guess(cases[i].agent) == cases[i].device, "the device of \"%s\" (CRT-3, CRT-4)",
           cases[i].agent ? cases[i].agent : "no header");
    }
    ok(same_text(anshin_device_text("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"), "devices.windows") &&
           same_text(anshin_device_text("Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X)"), "devices.ipad") &&
           same_text(anshin_device_text("Mozilla/5.0 (Linux; Android 14; Pixel 8)"), "devices.android") &&
           same_text(anshin_device_text("Mozilla/5.0 (X11; Linux x86_64; rv:128.0)"), "devices.linux") &&
           !anshin_device_text("curl/8.0") && !anshin_device_text(NULL),
       "a label by the system, where it is known (LST-1)");
    browsers();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    clients(pool);
    apr_terminate();
    return done();
}

/*
 * Devices by User-Agent: a proposal for people, so that what is unknown is no failure.
 */
#include "portal/device.h"
#include "tap.h"

#include <stddef.h>

int main(void)
{
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
        {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", ANSHIN_DEVICE_OTHER},
        {"curl/8.0", ANSHIN_DEVICE_OTHER},
        {"", ANSHIN_DEVICE_OTHER},
        {NULL, ANSHIN_DEVICE_OTHER},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ok(anshin_device_guess(cases[i].agent) == cases[i].device, "the device of \"%s\" (CRT-3, CRT-4)",
           cases[i].agent ? cases[i].agent : "no header");
    }
    return done();
}

/*
 * Devices by User-Agent.
 */
#include "portal/device.h"

#include <stddef.h>
#include <string.h>

anshin_device_t anshin_device_guess(const char *user_agent)
{
    /* In this order: iPhones say "like Mac OS X", Android phones say "Linux". */
    static const struct {
        const char *mark;
        anshin_device_t device;
    } marks[] = {
        {"iPhone", ANSHIN_DEVICE_IOS},         {"iPad", ANSHIN_DEVICE_IOS},     {"Android", ANSHIN_DEVICE_ANDROID},
        {"Windows NT", ANSHIN_DEVICE_WINDOWS}, {"Mac OS X", ANSHIN_DEVICE_MAC},
    };
    size_t i;

    for (i = 0; user_agent != NULL && i < sizeof marks / sizeof marks[0]; i++) {
        if (strstr(user_agent, marks[i].mark) != NULL) {
            return marks[i].device;
        }
    }
    return ANSHIN_DEVICE_OTHER;
}

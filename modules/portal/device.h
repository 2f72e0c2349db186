/*
 * What kind of device a browser says it runs on: for proposals only, never for decisions.
 */
#ifndef ANSHIN_PORTAL_DEVICE_H
#define ANSHIN_PORTAL_DEVICE_H

typedef enum anshin_device_t {
    ANSHIN_DEVICE_OTHER,
    ANSHIN_DEVICE_WINDOWS,
    ANSHIN_DEVICE_MAC,
    ANSHIN_DEVICE_IOS,
    ANSHIN_DEVICE_ANDROID
} anshin_device_t;

/* By the User-Agent header; NULL: OTHER. */
anshin_device_t anshin_device_guess(const char *user_agent);

#endif

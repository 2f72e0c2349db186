/*
 * What kind of device a browser says it runs on, and which one it says it is: for proposals only, never for decisions.
 */
#ifndef ANSHIN_PORTAL_DEVICE_H
#define ANSHIN_PORTAL_DEVICE_H

#include <apr_pools.h>

typedef enum anshin_device_t {
    ANSHIN_DEVICE_OTHER,
    ANSHIN_DEVICE_WINDOWS,
    ANSHIN_DEVICE_MAC,
    ANSHIN_DEVICE_IOS,
    ANSHIN_DEVICE_ANDROID,
    ANSHIN_DEVICE_LINUX
} anshin_device_t;

typedef enum anshin_browser_t {
    ANSHIN_BROWSER_OTHER,
    ANSHIN_BROWSER_EDGE,
    ANSHIN_BROWSER_CHROME,
    ANSHIN_BROWSER_FIREFOX,
    ANSHIN_BROWSER_SAFARI
} anshin_browser_t;

/* By the User-Agent header; NULL: OTHER. */
anshin_device_t anshin_device_guess(const char *user_agent);

/* The key of the text that calls it by its system, to be proposed as a label. NULL: nothing is known of it. */
const char *anshin_device_text(const char *user_agent);

/* Which browser it is, since not all of them keep certificates where the system does. NULL: OTHER. */
anshin_browser_t anshin_browser_guess(const char *user_agent);

/* What it is called in every language. NULL: nothing is known of it. */
const char *anshin_browser_name(anshin_browser_t browser);

/* Both by their names, which are the same in every language: "Chrome, Windows"; what is not known is left out. NULL:
 * neither is. In pool. */
const char *anshin_device_client(const char *user_agent, apr_pool_t *pool);

#endif

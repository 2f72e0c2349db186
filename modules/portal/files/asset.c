/*
 * Names of assets: see asset.h.
 *
 * SECURITY: the name comes from the address. It may hold letters, digits, '-', '_', '.' and single '/', no segment
 * begins with '.', so that nothing outside the directory can be named; only types of the table below are served.
 */
#include "portal/files/asset.h"

#include <apr_lib.h>
#include <string.h>

#define NAME_MAX_BYTES 200

static const struct {
    const char *suffix;
    const char *type;
} types[] = {
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static int name_valid(const char *name)
{
    const char *at;

    if (strlen(name) > NAME_MAX_BYTES) {
        return 0;
    }
    for (at = name; *at != '\0'; at++) {
        int first = at == name || at[-1] == '/';

        if (first && (*at == '.' || *at == '/')) {
            return 0;
        }
        if (!apr_isalnum(*at) && strchr("-_./", *at) == NULL) {
            return 0;
        }
    }
    return at > name && at[-1] != '/';
}

const char *anshin_asset_type(const char *name)
{
    const char *suffix = name_valid(name) ? strrchr(name, '.') : NULL;
    apr_size_t i;

    for (i = 0; suffix != NULL && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(suffix, types[i].suffix) == 0) {
            return types[i].type;
        }
    }
    return NULL;
}

/*
 * Names of assets as they come from addresses: none leads out of the directory, none is of a kind that is not ours.
 */
#include <stddef.h>

#include "portal/files/asset.h"
#include "unit/tap.h"

int main(void)
{
    static const struct {
        const char *name;
        const char *type;
    } cases[] = {
        {"style.css", "text/css; charset=utf-8"},
        {"img/logo.svg", "image/svg+xml"},
        {"a-b_c.2.png", "image/png"},
        {"font.woff2", "font/woff2"},
        {"", NULL},
        {"style", NULL},
        {"style.html", NULL},
        {"style.css/", NULL},
        {"/style.css", NULL},
        {"img//logo.svg", NULL},
        {"../style.css", NULL},
        {"img/../style.css", NULL},
        {".style.css", NULL},
        {"img/.css", NULL},
        {"style.css.", NULL},
        {"style.css%00", NULL},
        {"style .css", NULL},
        {"..\\style.css", NULL},
        {"\xe3\x81\x82.css", NULL},
    };
    char longest[206];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(same_text(anshin_asset_type(cases[i].name), cases[i].type), "\"%s\" is %s", cases[i].name,
           cases[i].type ? cases[i].type : "none of ours");
    }
    memset(longest, 'a', sizeof(longest));
    memcpy(longest + 196, ".css", 5);
    ok(anshin_asset_type(longest) != NULL, "a name of 200 octets");
    longest[196] = 'a';
    memcpy(longest + 197, ".css", 5);
    ok(anshin_asset_type(longest) == NULL, "a longer one is refused (S32)");
    return done();
}

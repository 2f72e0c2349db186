/*
 * How the help desk is reached: what operators write there, and what of it can be opened (U22).
 */
#include "core/web/contact.h"

#include <apr_strings.h>

#include "unit/tap.h"

static apr_pool_t *pool;

/* "text", links as "[text|url]". */
static const char *shown(const char *text)
{
    const apr_array_header_t *parts = anshin_contact_parts(text, pool);
    const char *all = "";

    for (int i = 0; i < parts->nelts; i++) {
        const anshin_contact_part_t *part = &APR_ARRAY_IDX(parts, i, anshin_contact_part_t);

        all = part->url != NULL ? apr_pstrcat(pool, all, "[", part->text, "|", part->url, "]", NULL)
                                : apr_pstrcat(pool, all, part->text, NULL);
    }
    return all;
}

static const struct {
    const char *written;
    const char *shown;
} cases[] = {
    {"", ""},
    {"03-0000-0000", "[03-0000-0000|tel:0300000000]"},
    {"Help desk 03-0000-0000", "Help desk [03-0000-0000|tel:0300000000]"},
    {"\xe3\x83\x98\xe3\x83\xab\xe3\x83\x97 0120-000-000\xef\xbc\x88 9:00-17:00\xef\xbc\x89",
     "\xe3\x83\x98\xe3\x83\xab\xe3\x83\x97 [0120-000-000|tel:0120000000]\xef\xbc\x88 9:00-17:00\xef\xbc\x89"},
    {"+81 3 0000 0000, weekdays 09:00-17:00", "[+81 3 0000 0000|tel:+81300000000], weekdays 09:00-17:00"},
    {"(03) 0000-0000", "[(03) 0000-0000|tel:0300000000]"},
    {"03(0000)0000 ext. 12", "[03(0000)0000|tel:0300000000] ext. 12"},
    {"since 2026-11-29", "since 2026-11-29"},
    {"No. 0123-4567", "No. 0123-4567"},
    {"code X03-0000-0000", "code X03-0000-0000"},
    {"0300000000000000000", "0300000000000000000"},
    {"desk@example.jp", "[desk@example.jp|mailto:desk@example.jp]"},
    {"write to desk@example.jp.", "write to [desk@example.jp|mailto:desk@example.jp]."},
    {"a?b%c@example.jp", "[a?b%c@example.jp|mailto:a%3fb%25c@example.jp]"},
    {"<desk@example.jp> or 03-0000-0000",
     "<[desk@example.jp|mailto:desk@example.jp]> or [03-0000-0000|tel:0300000000]"},
    {"https://example.jp/help", "[https://example.jp/help|https://example.jp/help]"},
    {"see https://example.jp/help?a=1&b=2.", "see [https://example.jp/help?a=1&b=2|https://example.jp/help?a=1&b=2]."},
    {"https://example.jp/\xe3\x83\x98", "[https://example.jp/|https://example.jp/]\xe3\x83\x98"},
    {"javascript:alert(1)", "javascript:alert(1)"},
    {"https://", "https://"},
    {"@", "@"},
};

int main(void)
{
    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = shown(cases[i].written);

        ok(strcmp(got, cases[i].shown) == 0, "U22: \"%s\" is %s", cases[i].written, got);
    }
    apr_pool_destroy(pool);
    return done();
}

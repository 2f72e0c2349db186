/*
 * Texts of strangers as the command shows them to operators (S27), three with NUL between. Whatever they hold, nothing
 * reaches the terminal that moves its cursor or turns its direction of writing, and no text passes for a line or a
 * column of ours.
 */
#include "htanshin/result.h"
#include "fuzz.h"

#include <jansson.h>

#include "htanshin/print.h"

#define REPLACEMENT 0xfffd

typedef struct span_t {
    uint32_t first;
    uint32_t last;
} span_t;

/* What no terminal may get, by hand and not by anybody's tables: controls, joiners and other unseen ones, marks and
 * embeddings of direction, separators, surrogates, tags. */
static const span_t hostile[] = {
    {0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},     {0x600, 0x605},     {0x61c, 0x61c},    {0x6dd, 0x6dd},
    {0x70f, 0x70f},   {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x2064},  {0x2066, 0x206f},
    {0xd800, 0xdfff}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f}};

/* The character at *at, which goes on; octets that are no UTF-8 (RFC 3629) do not hold. */
static uint32_t next_character(const char **at)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *octets = (const unsigned char *)*at;
    int more = octets[0] < 0x80 ? 0 : octets[0] < 0xe0 ? 1 : octets[0] < 0xf0 ? 2 : 3;
    uint32_t character = more == 0 ? octets[0] : octets[0] & (0x3fu >> more);

    require(octets[0] < 0x80 || (octets[0] >= 0xc2 && octets[0] <= 0xf4));
    for (int i = 1; i <= more; i++) {
        require((octets[i] & 0xc0) == 0x80);
        character = character << 6 | (octets[i] & 0x3f);
    }
    require(character >= least[more] && character <= 0x10ffff);
    *at += more + 1;
    return character;
}

static void check_harmless(const char *text, int lines)
{
    while (*text != '\0') {
        uint32_t character = next_character(&text);

        for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
            require(character < hostile[i].first || character > hostile[i].last || (lines && character == '\n'));
        }
    }
}

static int count_replaced(const char *text)
{
    int count = 0;

    while (*text != '\0') {
        count += next_character(&text) == REPLACEMENT;
    }
    return count;
}

/* Nothing is lost but what is replaced, and what is clean stays as it is. */
static void check_clean(const char *text, apr_pool_t *pool)
{
    const char *clean = anshin_text_clean(text, pool);

    check_harmless(clean, 0);
    require(strcmp(anshin_text_clean(clean, pool), clean) == 0);
    require(strcmp(clean, text) == 0 || count_replaced(clean) > 0);
    for (; (unsigned char)*text >= 0x20 && (unsigned char)*text < 0x7f; text++, clean++) {
        require(*clean == *text);
    }
    require((*text == '\0') == (*clean == '\0'));
}

static const char *line_of(const char **at, apr_pool_t *pool)
{
    size_t length = strcspn(*at, "\n");
    const char *line = apr_pstrmemdup(pool, *at, length);

    require((*at)[length] == '\n');
    *at += length + 1;
    return line;
}

/* A line for the member, or its own indented lines; then a table of one row. */
static void check_page(const char *page, const char *member, apr_pool_t *pool)
{
    check_harmless(page, 1);
    if (strchr(member, '\n') == NULL) {
        require(strncmp(line_of(&page, pool), "name: ", 6) == 0);
    } else {
        require(strcmp(line_of(&page, pool), "name:") == 0);
        while (*page == ' ' || *page == '\n') {
            line_of(&page, pool);
        }
    }
    require(strcmp(line_of(&page, pool), "rows:") == 0);
    require(strncmp(line_of(&page, pool), "  first", 7) == 0);
    require(strncmp(line_of(&page, pool), "  ", 2) == 0 && *page == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    json_t *object = json_object();
    json_t *row = json_object();
    char *page = NULL;
    size_t length;
    FILE *out = open_memstream(&page, &length);
    char *texts[3];

    fuzz_split(texts, 3, data, size, '\0');
    for (int i = 0; i < 3; i++) {
        check_clean(texts[i], pool);
    }
    anshin_result_text(object, "name", texts[0], pool);
    anshin_result_text(row, "first", texts[1], pool);
    anshin_result_text(row, "second", texts[2], pool);
    json_object_set_new(object, "rows", json_pack("[o]", row));
    anshin_print_text(out, object, pool);
    require(fclose(out) == 0);
    check_page(page, json_string_value(json_object_get(object, "name")), pool);
    json_decref(object);
    free(page);
    return 0;
}

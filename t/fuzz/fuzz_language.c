/*
 * Two lines: the language a browser remembers, and its Accept-Language. The answer is a language that is there, the
 * same whatever the letter case, and what nobody speaks changes nothing.
 */
#include "fuzz.h"

#include <ctype.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/render/text.h"

static anshin_texts_t *texts;
static const char *const codes[] = {"ja", "en", "zh-Hant"};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *dirs[] = {NULL, NULL};

    (void)argc;
    (void)argv;
    dirs[0] = apr_pstrcat(fuzz_root(), fuzz_directory(), "/lang", NULL);
    require(mkdir(dirs[0], 0700) == 0);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        fuzz_file(apr_pstrcat(fuzz_root(), "lang/", codes[i], ".json", NULL), "{\"a\": \"b\"}", 10);
    }
    require(anshin_texts_load(&texts, dirs, NULL, fuzz_root()) == APR_SUCCESS);
    return 0;
}

static char *upper(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *found = NULL;
    const char *chosen;
    char *lines[2];

    fuzz_split(lines, 2, data, size, '\n');
    chosen = anshin_texts_language(texts, lines[0], lines[1]);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        found = strcmp(chosen, codes[i]) == 0 ? codes[i] : found;
        require(strcasecmp(lines[0], codes[i]) != 0 || strcmp(chosen, codes[i]) == 0);
    }
    require(found != NULL);
    require(anshin_texts_language(texts, lines[0], apr_pstrcat(pool, "xx;q=1, ", lines[1], NULL)) == chosen);
    require(anshin_texts_language(texts, lines[0], apr_pstrcat(pool, lines[1], ",xx-YY", NULL)) == chosen);
    require(anshin_texts_language(texts, upper(lines[0]), upper(lines[1])) == chosen);
    /* Nobody gets what was not asked for: the default, or a language that stands in the header. */
    require(strcmp(chosen, "ja") == 0 || strcasecmp(lines[0], chosen) == 0 ||
            strstr(lines[1], upper(apr_pstrdup(pool, chosen))) != NULL);
    return 0;
}

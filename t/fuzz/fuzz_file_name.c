/*
 * Names of files that come from addresses and templates, one text: none leads out of its directory.
 */
#include "core/render/template_dirs.h"
#include "fuzz.h"

#include <sys/stat.h>

#include "core/render/template.h"
#include "portal/files/asset.h"

static const char *shelf; /* where templates may come from; beside it lies secret.mustache */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    shelf = apr_pstrcat(fuzz_root(), fuzz_directory(), "/shelf", NULL);
    require(mkdir(shelf, 0700) == 0 && mkdir(apr_pstrcat(fuzz_root(), shelf, "/parts", NULL), 0700) == 0);
    fuzz_file("shelf/page.mustache", "page", 4);
    fuzz_file("shelf/parts/head.mustache", "head", 4);
    fuzz_file("secret.mustache", "secret", 6);
    return 0;
}

static void check_plain(const char *name)
{
    require(name[0] != '/' && name[0] != '.' && name[0] != '\0');
    require(strstr(name, "..") == NULL || strstr(name, "/..") == NULL);
    require(strstr(name, "//") == NULL && strstr(name, "/.") == NULL && name[strlen(name) - 1] != '/');
    require(strlen(name) <= 200);
    for (; *name != '\0'; name++) {
        require(*name > ' ' && *name < 0x7f && strchr("\\%:*?\"<>|&;$'", *name) == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *const dirs[] = {shelf, NULL};
    anshin_template_dirs_t templates = {dirs, ".mustache"};
    const char *name = fuzz_text(data, size);
    const char *source = NULL;
    anshin_error_t err;
    apr_status_t status;

    if (anshin_asset_type(name) != NULL) {
        check_plain(name);
    }
    anshin_error_clear(&err);
    status = anshin_template_from_dirs(&templates, name, &source, &err, pool);
    if (status == APR_SUCCESS) {
        check_plain(name);
        require(strcmp(source, strcmp(name, "page") == 0 ? "page" : "head") == 0);
        require(strcmp(name, "page") == 0 || strcmp(name, "parts/head") == 0);
    } else {
        require(status == ANSHIN_ENOTFOUND && err.text[0] == '\0');
    }
    return 0;
}

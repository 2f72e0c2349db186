/*
 * The snapshot of the configuration, octet by octet. What loads keeps every bound of its options and can be written and
 * read again as the same.
 */
#include "fuzz.h"

#include <sys/stat.h>

#include "runtime/config_file.h"
#include "core/base/unicode.h"
#include "core/config/config_json.h"
#include "core/config/key_reference.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    (void)fuzz_directory();
    return 0;
}

static void check_text(const anshin_option_t *option, const char *text)
{
    if (text == NULL) {
        return;
    }
    require((apr_int64_t)strlen(text) >= option->minimum && (apr_int64_t)strlen(text) <= option->maximum);
    for (; *text != '\0'; text++) {
        require((unsigned char)*text >= 0x20 && *text != 0x7f);
    }
}

static int count_words(const char *words)
{
    int count = 0;

    for (; *words != '\0'; words += *words == ' ') {
        words += strcspn(words, " ");
        count++;
    }
    return count;
}

static void check_option(const void *structure, const anshin_option_t *option)
{
    const void *member = (const char *)structure + option->offset;
    const apr_array_header_t *list;
    const char *text;
    apr_int64_t number;

    switch (option->kind) {
    case ANSHIN_OPTION_NUMBER:
        number = *(const int *)member;
        require(number >= option->minimum && number <= option->maximum);
        break;
    case ANSHIN_OPTION_FLAG:
        require(*(const int *)member == 0 || *(const int *)member == 1);
        break;
    case ANSHIN_OPTION_SPAN:
        number = apr_time_sec(*(const apr_interval_time_t *)member);
        require(number >= option->minimum && number <= option->maximum);
        break;
    case ANSHIN_OPTION_SPANS:
        list = *(apr_array_header_t *const *)member;
        require(list == NULL || (list->nelts > 0 && list->nelts <= ANSHIN_SPANS_MAX));
        for (int i = 0; list != NULL && i < list->nelts; i++) {
            number = apr_time_sec(APR_ARRAY_IDX(list, i, apr_interval_time_t));
            require(number >= option->minimum && number <= option->maximum);
        }
        break;
    case ANSHIN_OPTION_CHOICE:
        require(*(const int *)member >= 0 && *(const int *)member < count_words(option->words));
        break;
    case ANSHIN_OPTION_SET:
        require((*(const int *)member & ~((1 << count_words(option->words)) - 1)) == 0);
        break;
    case ANSHIN_OPTION_TEXT:
        check_text(option, *(const char *const *)member);
        break;
    case ANSHIN_OPTION_TEXTS:
        list = *(apr_array_header_t *const *)member;
        for (int i = 0; list != NULL && i < list->nelts; i++) {
            check_text(option, APR_ARRAY_IDX(list, i, const char *));
        }
        break;
    case ANSHIN_OPTION_LOCAL:
        list = *(apr_array_header_t *const *)member;
        require(list == NULL || list->nelts % 2 == 1);
        for (int i = 0; list != NULL && i < list->nelts; i += 2) {
            number = (apr_int64_t)anshin_unicode_length(APR_ARRAY_IDX(list, i, const char *));
            require(number >= option->minimum && number <= option->maximum);
        }
        break;
    case ANSHIN_OPTION_PATH:
        require(*(const char *const *)member == NULL || **(const char *const *)member == '/');
        break;
    case ANSHIN_OPTION_KEY:
        text = *(const char *const *)member;
        require(text == NULL || *text == '/' || anshin_key_is_on_token(text));
        break;
    }
}

static void check_options(const void *structure, const anshin_option_t *options)
{
    for (const anshin_option_t *option = options; option->directive != NULL; option++) {
        check_option(structure, option);
    }
}

/* Of what goes into pages, cookies and headers. */
static void check_contract(const anshin_contract_t *contract)
{
    require(anshin_contract_name_valid(contract->name));
    require(strcmp(contract->name, "flow") != 0 && strcmp(contract->name, "browser") != 0);
    require(strncmp(contract->portal_origin, "https://", 8) == 0);
    require(strcspn(contract->portal_origin + 8, "/\\@?#\"'<> ") == strlen(contract->portal_origin + 8));
    require(strcspn(contract->portal_base, "\\@?#\"'<> %") == strlen(contract->portal_base));
    require(contract->portal_base[0] == '\0' || contract->portal_base[0] == '/');
    require(strstr(contract->portal_base, "//") == NULL && strstr(contract->portal_base, "/../") == NULL);
    require(strcspn(contract->policy.site_url, "\\\"'<> ") == strlen(contract->policy.site_url));
    require(contract->policy.password_min <= contract->policy.password_max);
    require(ANSHIN_HAS(contract->policy.methods, contract->policy.default_method));
}

static apr_status_t load(anshin_config_t **config, const void *data, size_t size, apr_pool_t *pool)
{
    anshin_error_t err;
    apr_status_t status;

    require(chmod(fuzz_file("config.json", data, size), 0640) == 0);
    anshin_error_clear(&err);
    status = anshin_config_file_read(config, fuzz_directory(), &err, pool);
    require(status == APR_SUCCESS || (status == ANSHIN_EINVALID && err.text[0] != '\0'));
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    anshin_config_t *config;
    anshin_config_t *again;
    json_t *first;
    json_t *second;
    char *text;

    if (load(&config, data, size, pool) != APR_SUCCESS) {
        return 0;
    }
    check_options(&config->server, anshin_server_options);
    for (int i = 0; i < config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, const anshin_contract_t *);

        check_options(&contract->policy, anshin_policy_options);
        check_contract(contract);
        require(anshin_config_contract(config, contract->name) == contract);
    }
    first = anshin_config_to_json(config, pool);
    text = json_dumps(first, 0);
    require(text != NULL && load(&again, text, strlen(text), pool) == APR_SUCCESS);
    second = anshin_config_to_json(again, pool);
    require(json_equal(first, second));
    json_decref(first);
    json_decref(second);
    free(text);
    return 0;
}

/*
 * An expression of AnshinCertificateName: one that is taken gives a name of 1 to 64 characters for any user, and what is
 * not taken is named.
 */
#include "fuzz.h"

#include "core/base/unicode.h"
#include "core/config/certificate_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *expression = fuzz_text(data, size);
    const char *error = anshin_certificate_name_error(expression, pool);
    const anshin_name_facts_t facts = {"p-01-usr001", 12, "\xe8\x96\xac\xe5\xb1\x80", apr_time_from_sec(1800000000), 2};
    const char *name;

    if (error != NULL) {
        require(*error != '\0');
        return 0;
    }
    name = anshin_certificate_name(expression, &facts, pool);
    require(anshin_unicode_printable(name) && anshin_unicode_length(name) >= 1);
    require(anshin_unicode_length(name) <= ANSHIN_CERTIFICATE_NAME_MAX && strstr(name, "p-01-usr") != NULL);
    (void)anshin_certificate_name_tells(expression, pool);
    return 0;
}

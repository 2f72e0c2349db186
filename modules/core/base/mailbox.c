/*
 * A mailbox as an operator writes it: see mailbox.h.
 */
#include "core/base/mailbox.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/address.h"
#include "core/base/unicode.h"

static const char *trimmed(char *text)
{
    apr_size_t end;

    while (*text == ' ') {
        text++;
    }
    for (end = strlen(text); end > 0 && text[end - 1] == ' '; end--) {
        text[end - 1] = '\0';
    }
    return text;
}

int anshin_mailbox_parse(anshin_mailbox_t *mailbox, const char *text, apr_pool_t *pool)
{
    const char *open = text != NULL ? strrchr(text, '<') : NULL;
    apr_size_t length = text != NULL ? strlen(text) : 0;

    *mailbox = (anshin_mailbox_t){"", "", ""};
    if (text == NULL || open == text || !anshin_unicode_clean(text)) {
        return 0; /* brackets without a name are a slip */
    }
    mailbox->address = text;
    if (open != NULL && text[length - 1] == '>') {
        mailbox->name = trimmed(apr_pstrmemdup(pool, text, (apr_size_t)(open - text)));
        mailbox->address = apr_pstrmemdup(pool, open + 1, length - (apr_size_t)(open - text) - 2);
    }
    if (!anshin_address_valid(mailbox->address)) {
        return 0;
    }
    mailbox->domain = strrchr(mailbox->address, '@') + 1;
    return 1;
}

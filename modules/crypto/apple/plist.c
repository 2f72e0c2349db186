/*
 * Property lists in XML: see plist.h.
 *
 * SECURITY: texts come from users and operators. What is markup in XML is escaped here, in the one place that writes
 * texts, and what no XML can hold is refused.
 */
#include "crypto/apple/plist.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/base/unicode.h"

#define LINE 57 /* octets, 76 characters of base64 */

static const char *const kinds[] = {[ANSHIN_PLIST_DICT] = "dict", [ANSHIN_PLIST_ARRAY] = "array"};

static void put(anshin_plist_t *plist, const char *text)
{
    int length = (int)strlen(text);

    plist->failed |= BIO_write(plist->out, text, length) != length;
}

static void put_key(anshin_plist_t *plist, const char *key)
{
    put(plist, "<key>");
    put(plist, key);
    put(plist, "</key>\n");
}

void anshin_plist_begin(anshin_plist_t *plist, BIO *out)
{
    *plist = (anshin_plist_t){.out = out};
    put(plist, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
               "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
               "<plist version=\"1.0\">\n<dict>\n");
}

/* U+FFFE and U+FFFF are characters to us, and none to XML. */
static int is_xml(const char *text)
{
    return strlen(text) <= INT_MAX && anshin_unicode_clean(text) && strstr(text, "\xef\xbf\xbe") == NULL &&
           strstr(text, "\xef\xbf\xbf") == NULL;
}

void anshin_plist_string(anshin_plist_t *plist, const char *key, const char *text)
{
    if (!is_xml(text)) {
        plist->failed = 1;
        return;
    }
    put_key(plist, key);
    put(plist, "<string>");
    while (*text != '\0') {
        size_t plain = strcspn(text, "&<>");

        plist->failed |= plain > 0 && BIO_write(plist->out, text, (int)plain) != (int)plain;
        text += plain;
        if (*text != '\0') {
            put(plist, *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : "&gt;");
            text++;
        }
    }
    put(plist, "</string>\n");
}

void anshin_plist_integer(anshin_plist_t *plist, const char *key, int number)
{
    put_key(plist, key);
    plist->failed |= BIO_printf(plist->out, "<integer>%d</integer>\n", number) <= 0;
}

void anshin_plist_flag(anshin_plist_t *plist, const char *key, int on)
{
    put_key(plist, key);
    put(plist, on ? "<true/>\n" : "<false/>\n");
}

void anshin_plist_data(anshin_plist_t *plist, const char *key, const anshin_bytes_t *octets)
{
    unsigned char line[(LINE + 2) / 3 * 4 + 1];

    put_key(plist, key);
    put(plist, "<data>\n");
    for (apr_size_t at = 0; at < octets->length; at += LINE) {
        apr_size_t left = octets->length - at;

        (void)EVP_EncodeBlock(line, octets->data + at, (int)(left < LINE ? left : LINE));
        put(plist, (const char *)line);
        put(plist, "\n");
    }
    put(plist, "</data>\n");
    OPENSSL_cleanse(line, sizeof(line));
}

void anshin_plist_open(anshin_plist_t *plist, const char *key, anshin_plist_kind_t kind)
{
    if (key != NULL) {
        put_key(plist, key);
    }
    put(plist, "<");
    put(plist, kinds[kind]);
    put(plist, ">\n");
}

void anshin_plist_close(anshin_plist_t *plist, anshin_plist_kind_t kind)
{
    put(plist, "</");
    put(plist, kinds[kind]);
    put(plist, ">\n");
}

int anshin_plist_end(anshin_plist_t *plist)
{
    put(plist, "</dict>\n</plist>\n");
    return !plist->failed;
}

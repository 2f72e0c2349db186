/*
 * AnshinStore: see store_address.h.
 */
#include "core/config/store_address.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define NODE_MAX 32     /* as server.def has it, */
#define ADDRESS_MAX 200 /* and of AnshinStore */

static const char server[] = "pgsql:";

/* The option, however it is spelt: libpq passes over all of these before '='. What is called so otherwise, a file or a
 * service, is none. */
static int has_option(const char *address, const char *name)
{
    for (const char *at = strstr(address, name); at != NULL; at = strstr(at + 1, name)) {
        if (at[strlen(name) + strspn(at + strlen(name), " \t\r\n\v\f")] == '=') {
            return 1;
        }
    }
    return 0;
}

/* %XX of a URI as the octet that it stands for: libpq decodes names of options, too. */
static const char *decoded(const char *address, char text[ADDRESS_MAX + 1])
{
    char *end = text;

    while (*address != '\0' && end < text + ADDRESS_MAX) {
        const int is_octet = address[0] == '%' && apr_isxdigit(address[1]) && apr_isxdigit(address[2]);
        const char octet[3] = {address[1], is_octet ? address[2] : '\0', '\0'};

        *end++ = (char)(is_octet ? strtol(octet, NULL, 16) : *address);
        address += is_octet ? 3 : 1;
    }
    *end = '\0';
    return text;
}

/* In a string of words, or in a URI: "password" before '=', or between ':' and '@'. */
static int has_password(const char *address)
{
    const char *at = strstr(address, "://");
    const char *end = at != NULL ? strchr(at + 3, '@') : NULL;
    const char *colon = end != NULL ? memchr(at + 3, ':', (size_t)(end - at - 3)) : NULL;
    char plain[ADDRESS_MAX + 1];

    return colon != NULL || has_option(address, "password") || has_option(decoded(address, plain), "password");
}

apr_status_t anshin_store_address_read(anshin_store_kind_t *kind, const char **address, const char *text,
                                       anshin_error_t *err)
{
    *address = NULL;
    *kind = strcmp(text, "dbm:gdbm") == 0 ? ANSHIN_STORE_GDBM : ANSHIN_STORE_DBM;
    if (*kind == ANSHIN_STORE_GDBM || strcmp(text, "dbm") == 0) {
        return APR_SUCCESS;
    }
    if (strncmp(text, server, sizeof(server) - 1) != 0 || text[sizeof(server) - 1] == '\0' ||
        strlen(text) > ADDRESS_MAX) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1796",
                           "AnshinStore: must be dbm, dbm:gdbm or pgsql:CONNECTION, for example pgsql:service=anshin");
    }
    *kind = ANSHIN_STORE_PGSQL;
    *address = text + sizeof(server) - 1;
    return has_password(*address)
               ? anshin_fail(err, ANSHIN_EINVALID, "AN1797",
                             "AnshinStore: no password may stand here, which others can read; write it into a file, "
                             "and name that by AnshinStorePassword")
               : APR_SUCCESS;
}

static int names_node(char sign)
{
    return apr_isalnum(sign) || sign == '-' || sign == '.';
}

apr_status_t anshin_node_name_check(const char *name, anshin_error_t *err)
{
    for (const char *at = name; *at != '\0'; at++) {
        if (!names_node(*at)) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN1870",
                               "AnshinNode: \"%s\" cannot name a machine; use a-z, A-Z, 0-9, '-' and '.'", name);
        }
    }
    return APR_SUCCESS;
}

const char *anshin_node_name_of(const char *host, apr_pool_t *pool)
{
    char *name = apr_pstrndup(pool, host[0] != '\0' ? host : "localhost", NODE_MAX);

    for (char *at = name; *at != '\0'; at++) {
        *at = names_node(*at) ? *at : '-';
    }
    return name;
}

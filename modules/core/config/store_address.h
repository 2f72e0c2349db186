/*
 * What AnshinStore names: a provider, and where its store is.
 */
#ifndef ANSHIN_CORE_CONFIG_STORE_ADDRESS_H
#define ANSHIN_CORE_CONFIG_STORE_ADDRESS_H

#include "core/base/anshin.h"

typedef enum anshin_store_kind_t { ANSHIN_STORE_DBM, ANSHIN_STORE_GDBM, ANSHIN_STORE_PGSQL } anshin_store_kind_t;

/* address: of ANSHIN_STORE_PGSQL, the connection string, which points into text; else NULL. ANSHIN_EINVALID: no
 * provider of ours, no address, or one that holds a password: everybody may read the configuration. The error never
 * quotes it. */
apr_status_t anshin_store_address_read(anshin_store_kind_t *kind, const char **address, const char *text,
                                       anshin_error_t *err);

/* ANSHIN_EINVALID: cannot name a node. */
apr_status_t anshin_node_name_check(const char *name, anshin_error_t *err);

/* The name of a host as that of a node: what does not belong there is '-', and it is cut. */
const char *anshin_node_name_of(const char *host, apr_pool_t *pool);

#endif

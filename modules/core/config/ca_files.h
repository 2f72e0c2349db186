/*
 * Which CAs an installation has, by its configuration, and where their files are (ca_line.h, CAS-1, CAS-2).
 */
#ifndef ANSHIN_CORE_CONFIG_CA_FILES_H
#define ANSHIN_CORE_CONFIG_CA_FILES_H

#include "core/config/config.h"

/* One CA of a line. */
typedef struct anshin_ca_files_t {
    const char *name;
    const char *certificate; /* path of a PEM file */
    const char *key;         /* path, or a pkcs11: URI */
    const char *request;     /* for its certificate, where another CA signs that */
    const char *rollover;    /* the roll-over file of its line */
    int generation;
    int issues; /* 1: new certificates are its */
} anshin_ca_files_t;

/* The files of a generation, whether or not there is one yet; contract NULL, or one without a CA of its own: of the
 * server's line. In pool, as all below. */
anshin_ca_files_t anshin_ca_files(const anshin_config_t *config, const anshin_contract_t *contract, int generation,
                                  apr_pool_t *pool);

/* The roll-over file of the line. */
const char *anshin_ca_rollover_file(const anshin_config_t *config, const anshin_contract_t *contract, apr_pool_t *pool);

/* The CAs (of anshin_ca_files_t) that certificates of a contract may be of, the oldest first; NULL as above. */
apr_array_header_t *anshin_ca_of_contract(const anshin_config_t *config, const anshin_contract_t *contract,
                                          apr_pool_t *pool);

/* The one that issues for it. */
anshin_ca_files_t anshin_ca_issuer(const anshin_config_t *config, const anshin_contract_t *contract, apr_pool_t *pool);

/* All of the contracts that admit certificates, each once, the server's first; its alone where none does. */
apr_array_header_t *anshin_ca_all(const anshin_config_t *config, apr_pool_t *pool);

/* Names that can be told apart, and keys for all certificates. APR_SUCCESS; ANSHIN_EINVALID names the directive. */
apr_status_t anshin_ca_check(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool);

/* Where the CRL of this CA of the contract can be had: AnshinCRLURL; else below AnshinCAURL; else NULL. */
const char *anshin_ca_crl_url(const anshin_contract_t *contract, const char *name, apr_pool_t *pool);

#endif

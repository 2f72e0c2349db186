/*
 * httpd's directives, and the configuration made of them. Linked into mod_anshin_auth alone, which hands the result on
 * (env.h).
 *
 * Directives of the server and of contracts are rows of core/config/server.def and core/config/policy.def; three more
 * are written out: `<AnshinContract NAME [classic|modern|finance]>`, `AnshinUse NAME|none` and
 * `AnshinSharedCache on|off`.
 * Whatever can be known to be wrong stops `configtest`, with file, line, value and what is allowed.
 */
#ifndef ANSHIN_AUTH_CONFIG_H
#define ANSHIN_AUTH_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <stdatomic.h>

#include "core/context/op.h"
#include "crypto/pki/x509.h"
#include "crypto/tls/tls_facts.h"
#include "auth/config/proxies.h"

/* The word of AnshinUse for a place that no contract serves; no contract can be called so. */
#define ANSHIN_USE_NONE "none"

/* One AnshinUse, or one contract named by `Require anshin contract`. */
typedef struct anshin_use_t {
    const char *name;
    const char *file; /* where it is written, for messages */
    int line;
    const anshin_contract_t *contract; /* found by anshin_config_check(); NULL: none */
} anshin_use_t;

/* What Require lines say of a place, read by restricted.c; the later the stronger where they are joined by "or". */
enum { ANSHIN_NOTHING_SAID, ANSHIN_RESTRICTED, ANSHIN_OPEN };

/* What a place has of its own. */
typedef struct anshin_place_t {
    anshin_use_t *use;     /* its AnshinUse, or NULL */
    int shared_cache;      /* AnshinSharedCache */
    int shared_cache_said; /* 1: it was said here */
    int restricted;        /* what its Require lines say, in place of those around it */
    int restricted_too;    /* 1: and those of the place around it as well (AuthMerging And) */
} anshin_place_t;

/* What the main server has once. Read-only after child_init but for told_forwarded. */
typedef struct anshin_main_t {
    anshin_server_t given;         /* server options as directives gave them */
    apr_array_header_t *contracts; /* of anshin_contract_t *, in order */
    anshin_contract_t *open;       /* whose container is being read, or NULL */
    anshin_config_t *config;       /* the effective configuration; NULL: none of our directives was used */
    const anshin_contract_t *sole; /* the one that serves where no AnshinUse is, when there is just one */
    anshin_trust_t *trust;         /* CAs of client certificates; NULL: no contract wants them, or see trust_missing */
    apr_array_header_t *cert_headers; /* of const char *: names of AnshinClientCertHeader, of all hosts */
    int believes;                     /* 1: some host believes a proxy */
    int trust_missing;                /* 1: contracts want them, but the CA certificate could not be read (logged) */
    atomic_int told_forwarded;        /* anshin_trusted_proxy_look() has warned in this process */
    struct anshin_process_t *process; /* auth/process/process.c: store and keys of this process, from child_init on */
    const char *broken; /* why nobody is let in until the next start, with its id (process/start.c); NULL: nothing */
    gid_t group;        /* of the state directory, which children take (auth/process/child.c) */
    int ready;          /* our last post_config has run, and there is a group to take */
    int keeps;          /* this process is a child that has kept what it needs for that */
} anshin_main_t;

/* What each virtual host has. */
typedef struct anshin_site_t {
    anshin_main_t *main;        /* of the main server; NULL on a virtual host while the configuration is being read */
    int used;                   /* a directive of ours was read here */
    anshin_use_t *use;          /* its own AnshinUse, or that of the main server, or NULL */
    apr_array_header_t *places; /* of anshin_use_t *: those of its sections, and contracts named by its Require lines */
    anshin_server_t *given;     /* of a virtual host: server options that it has of its own, or NULL */
    const anshin_proxies_t *proxies; /* set by anshin_config_check(), as the following */
    anshin_tls_facts_t *tls;         /* what it would agree to; NULL: no TLS, or not known (yet) */
    int serves;
    int asks;
} anshin_site_t;

/* What httpd makes and merges the records with, for the module structure. */
void *anshin_site_create(apr_pool_t *pool, server_rec *server);
void *anshin_site_merge(apr_pool_t *pool, void *base, void *add);
void *anshin_place_create(apr_pool_t *pool, char *path);
void *anshin_place_merge(apr_pool_t *pool, void *base, void *add);

/* The records of a server. Never NULL once the configuration was read. */
anshin_site_t *anshin_site_of(const server_rec *server);

/* The contract that serves the place of a request; NULL: none. */
const anshin_contract_t *anshin_contract_of(const request_rec *r);

/* 1 where AnshinSharedCache is on: what the site says is for shared caches is meant so. */
int anshin_place_shares(const request_rec *r);

/* 1 when a contract serves the virtual host or a place of it. */
int anshin_site_serves(const anshin_site_t *site);

/* 1 when such a contract admits certificates, so that TLS clients of the virtual host are asked for one. The only
 * contract of a server, which serves where no AnshinUse is, asks where a place of ours is written (neighbours.h). */
int anshin_site_asks(const anshin_site_t *site);

/* Hook check_config: make the effective configuration of all that was read, and check it whole. OK, or
 * HTTP_INTERNAL_SERVER_ERROR when the cause has been logged. */
int anshin_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);

/* Hook test_config: with -D DUMP_ANSHIN print the effective configuration as JSON, as in the snapshot. */
void anshin_config_dump(apr_pool_t *pconf, server_rec *server);

#endif

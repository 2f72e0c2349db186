/*
 * What a virtual host of mod_ssl would agree to: read off its SSL_CTX, which knows what directives, defaults, OpenSSL's
 * configuration and its security level come to in the end.
 */
#ifndef ANSHIN_CRYPTO_TLS_FACTS_H
#define ANSHIN_CRYPTO_TLS_FACTS_H

#include "core/base/anshin.h"

struct ssl_ctx_st;

typedef struct anshin_tls_facts_t {
    int old_versions;  /* 1: TLS of before 1.2 */
    int tls13;         /* 1: TLS 1.3 */
    const char *weak;  /* a cipher of fewer than 128 bits, or without encryption or authentication; NULL: none */
    const char *fixed; /* one without forward secrecy that a certificate of this host goes with; NULL: none */
    int unsafe;        /* 1: renegotiation without RFC 5746 */
    apr_time_t ends;   /* the first end of its certificates; 0: it has none that can be read */
    apr_time_t soon;   /* from when on that is soon: with a third of its life left, or with 30 days */
} anshin_tls_facts_t;

/* Look, at start (mod_ssl's hook init_server); the SSL_CTX is left as it is. Texts are in pool. APR_SUCCESS, or
 * ANSHIN_EFAULT: nothing is known of it. */
apr_status_t anshin_tls_facts(anshin_tls_facts_t *facts, struct ssl_ctx_st *ctx, apr_pool_t *pool);

#endif

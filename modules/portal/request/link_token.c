/*
 * The token of a link: see link_token.h. It waits in the request's own place for the handler.
 */
#include "portal/request/link_token.h"

#include "portal/request/portal.h"

static const anshin_link_token_t none;

const anshin_link_token_t *anshin_link_token_of(const request_rec *r)
{
    const anshin_link_token_t *kept = ap_get_module_config(r->request_config, &anshin_portal_module);

    return kept != &none ? kept : NULL;
}

void anshin_link_token_none(request_rec *r)
{
    ap_set_module_config(r->request_config, &anshin_portal_module, (void *)(uintptr_t)&none);
}

int anshin_link_token_is_none(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &anshin_portal_module) == &none;
}

int anshin_link_token_looked(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &anshin_portal_module) != NULL;
}

anshin_link_token_t *anshin_link_token_make(request_rec *r)
{
    anshin_link_token_t *kept = apr_pcalloc(r->pool, sizeof(*kept));

    kept->args = r->args;
    ap_set_module_config(r->request_config, &anshin_portal_module, kept);
    return kept;
}

const char *anshin_link_token_get(const request_rec *r)
{
    const anshin_link_token_t *kept = anshin_link_token_of(r);

    return kept == NULL ? NULL : kept->token;
}

const char *anshin_link_token_args(const request_rec *r)
{
    const anshin_link_token_t *kept = anshin_link_token_of(r);

    return kept == NULL ? r->args : kept->args;
}

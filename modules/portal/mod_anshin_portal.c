/*
 * mod_anshin_portal: the pages of Anshin Login, as httpd's handler "anshin".
 *
 * All directives are mod_anshin_auth's, which also owns store and keys; this module draws and asks. Loaded without it,
 * every request is answered with 503.
 */
#include <httpd.h>

#include <apr_optional.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_protocol.h>
#include <http_request.h>

#include "http/env.h"
#include "portal/dispatch.h"
#include "portal/link_hide.h"
#include "portal/files/ocsp.h"
#include "portal/request/portal.h"
#include "portal/request/texts.h"

static void register_hooks(apr_pool_t *pool)
{
    static const char *const after_auth[] = {"mod_anshin_auth.c", NULL};
    static const char *const before_logs[] = {"mod_log_forensic.c", "mod_log_config.c", NULL};

    (void)pool;
    APR_REGISTER_OPTIONAL_FN(anshin_portal_page);
    ap_hook_child_init(anshin_portal_texts_load, after_auth, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(anshin_link_hide_join, after_auth, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(anshin_link_hide, NULL, before_logs, APR_HOOK_REALLY_FIRST);
    ap_hook_log_transaction(anshin_link_hide, NULL, before_logs, APR_HOOK_REALLY_FIRST);
    ap_hook_pre_translate_name(anshin_ocsp_shorten, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(anshin_portal_handle, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(anshin_portal) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0};

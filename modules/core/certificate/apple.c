/*
 * What an Apple profile shall say: see apple.h.
 */
#include "core/certificate/apple.h"

#include <apr_strings.h>

#include "core/config/certificate_subject.h"
#include "core/render/text.h"

/* A contract's own texts may be broken; the profile is good without. */
static const char *describe(const anshin_op_t *op, const char *language, const char *title)
{
    const char *const places[] = {apr_pstrcat(op->pool, op->env->config->server.share_dir, "/lang", NULL),
                                  op->contract->policy.text_dir, NULL};
    const char *text = NULL;
    anshin_texts_t *texts;
    anshin_error_t ignored;
    json_t *data = json_pack("{s:s}", "title", title);

    anshin_error_clear(&ignored);
    if (data != NULL && anshin_texts_load(&texts, places, &ignored, op->pool) == APR_SUCCESS) {
        language = anshin_texts_language(texts, language != NULL ? language : op->contract->policy.language, NULL);
        text = anshin_texts_render(texts, language, "apple_profile.description", data, op->pool);
    }
    json_decref(data);
    return text;
}

const anshin_apple_order_t *anshin_apple_order(anshin_op_t *op, const anshin_account_t *account, apr_int64_t terminal)
{
    const anshin_contract_t *contract = op->contract;
    const anshin_policy_t *policy = &contract->policy;
    const char *organization;
    anshin_apple_order_t *order;

    if (op->env->config->server.apple_certificate == NULL) {
        return NULL;
    }
    order = apr_palloc(op->pool, sizeof(*order));
    order->portal = apr_pstrcat(op->pool, contract->portal_origin, contract->portal_base, NULL);
    order->terminal = anshin_terminal_key(op, account->user, terminal);
    order->title = anshin_contract_title(contract, account->language);
    organization = anshin_certificate_subject(policy->certificate_organization, account->organisation, op->pool);
    order->organization = organization != NULL ? organization : order->title;
    order->description = describe(op, account->language, order->title);
    return order;
}

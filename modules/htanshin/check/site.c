/*
 * htanshin check: what the operator has configured, see site.h.
 */
#include "htanshin/check/site.h"

#include <apr_strings.h>

#include "core/mail/trial.h"
#include "htanshin/check/problem.h"
#include "htanshin/values.h"

/* NSS refuses a PKCS#12 file with such a key (SEC_ERROR_PKCS12_UNABLE_TO_IMPORT_KEY, tried), and with it Firefox and
 * Chromium on Linux; so does Apple's SecPKCS12Import (owntracks/ios issue 639); Windows calls the algorithm invalid
 * (rustls-platform-verifier issue 195). */
static void check_keys(anshin_call_t *call)
{
    for (int i = 0; i < call->config->contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(call->config->contracts, i, const anshin_contract_t *);

        if (contract->policy.key_type == ANSHIN_KEY_ED25519) {
            (void)anshin_check_find(
                call, ANSHIN_FINDING_KEY_TYPE,
                apr_psprintf(call->pool,
                             "contract %s: Firefox cannot import a certificate with a key of type ed25519, nor can "
                             "Chromium on Linux, Windows, macOS and iOS",
                             contract->name));
        }
    }
}

static void check_inside(anshin_call_t *call)
{
    if (call->config->inside != NULL) {
        (void)anshin_check_find(
            call, ANSHIN_FINDING_INSIDE,
            apr_psprintf(call->pool, "httpd has %s: what these run can read store, keys and mail of Anshin Login",
                         call->config->inside));
    }
}

static void check_carrier(anshin_call_t *call)
{
    if (call->config->server.mail_command == NULL && call->config->server.mail_spool == NULL) {
        (void)anshin_check_find(call, ANSHIN_FINDING_MAIL_CARRIER,
                                apr_psprintf(call->pool, "nobody carries mail on: it lies in %s",
                                             anshin_config_spool(call->config, call->pool)));
    }
}

static void tell_text(void *baton, const anshin_contract_t *contract, const anshin_error_t *trouble)
{
    (void)contract;
    (void)anshin_check_find(baton, ANSHIN_FINDING_TEXTS, trouble->text);
}

/* --- what httpd saw of its own configuration --------------------------------------------------------------------- */

static void tell_end(anshin_call_t *call, const anshin_sighting_t *seen)
{
    apr_time_t now = apr_time_now();
    int over = seen->time < now;

    if (seen->from < now) {
        (void)anshin_check_find(call, over ? ANSHIN_FINDING_TLS_ENDED : ANSHIN_FINDING_TLS_ENDS,
                                apr_psprintf(call->pool, "%s: the TLS certificate %s on %s", seen->at,
                                             over ? "ended" : "ends", anshin_time_text(seen->time, call->pool)));
    }
}

static void check_sightings(anshin_call_t *call)
{
    const apr_array_header_t *sightings = call->config->sightings;

    for (int i = 0; i < sightings->nelts; i++) {
        const anshin_sighting_t *seen = &APR_ARRAY_IDX(sightings, i, anshin_sighting_t);

        if (seen->time != 0) {
            tell_end(call, seen);
        } else {
            (void)anshin_check_find(call, seen->finding,
                                    apr_pstrcat(call->pool, seen->at, ": ", anshin_finding(seen->finding)->what, NULL));
        }
    }
}

void anshin_check_site(anshin_call_t *call)
{
    check_keys(call);
    check_inside(call);
    check_carrier(call);
    (void)anshin_trial_all(call->config, tell_text, call, call->pool);
    check_sightings(call);
}

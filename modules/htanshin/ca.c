/*
 * htanshin ca: a CA of the installation's own, for those who have none.
 *
 * SECURITY. Runs as the signer's user (identity.c), who therefore owns the key; the modules and the worker can read the
 * certificate, and nobody but the signer the key.
 */
#include <string.h>

#include <apr_strings.h>

#include "crypto/ca.h"
#include "htanshin/command.h"
#include "htanshin/print.h"

#define NAME_DEFAULT "Anshin Login CA"
#define DAYS_DEFAULT 3650
#define DAYS_MAX 10950 /* thirty years */

static const char *const key_words[] = {"p256", "rsa2048", "rsa3072", "ed25519", NULL}; /* anshin_key_type_t */

static apr_status_t read_wanted(anshin_call_t *call, anshin_ca_wanted_t *wanted)
{
    const char *name = anshin_call_value(call, "name");
    int key_type;
    int days;
    apr_status_t status = anshin_call_word(call, "key", key_words, ANSHIN_KEY_P256, &key_type);

    if (status != APR_SUCCESS ||
        (status = anshin_call_number(call, "days", 1, DAYS_MAX, DAYS_DEFAULT, &days)) != APR_SUCCESS) {
        return status;
    }
    wanted->key_type = (anshin_key_type_t)key_type;
    wanted->common_name = name != NULL ? name : NAME_DEFAULT;
    wanted->organization = anshin_call_value(call, "organization");
    wanted->country = anshin_call_value(call, "country");
    wanted->not_before = apr_time_now();
    wanted->not_after = wanted->not_before + apr_time_from_sec((apr_time_t)days * 86400);
    return APR_SUCCESS;
}

static apr_status_t ca_create(anshin_call_t *call)
{
    const char *directory = apr_pstrcat(call->pool, call->state_dir, "/ca", NULL);
    const char *certificate = apr_pstrcat(call->pool, directory, "/ca.crt", NULL);
    const char *key = apr_pstrcat(call->pool, directory, "/ca.key", NULL);
    anshin_ca_wanted_t wanted = {0};
    apr_status_t status = read_wanted(call, &wanted);

    if (status != APR_SUCCESS ||
        (status = anshin_ca_create(certificate, key, &wanted, &call->op.error, call->pool)) != APR_SUCCESS) {
        return status;
    }
    call->result = json_object();
    anshin_result_text(call->result, "certificate", certificate, call->pool);
    anshin_result_text(call->result, "key", key, call->pool);
    anshin_result_text(call->result, "name", wanted.common_name, call->pool);
    anshin_result_time(call->result, "not_after", wanted.not_after, call->pool);
    return APR_SUCCESS;
}

/* What create made; a CA of the operator's own lies elsewhere and is not ours to sign. */
static apr_status_t ca_mend(anshin_call_t *call)
{
    const char *certificate = apr_pstrcat(call->pool, call->state_dir, "/ca/ca.crt", NULL);
    const char *key = apr_pstrcat(call->pool, call->state_dir, "/ca/ca.key", NULL);
    apr_status_t status = anshin_ca_mend(certificate, key, &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "certificate", certificate, call->pool);
    }
    return status;
}

static const anshin_command_option_t mend_options[] = {
    {"signer-user", "USER", "Who owns the key, where root calls: the AnshinSignerUser; anshin-signer when not given.",
     0},
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t create_options[] = {
    {"name", "CN", "Common name of the CA; \"" NAME_DEFAULT "\" when not given.", 0},
    {"organization", "O", "Organization in its subject.", 0},
    {"country", "C", "Country in its subject, two letters.", 0},
    {"key", "TYPE", "p256, rsa2048, rsa3072 or ed25519; p256 when not given.", 0},
    {"days", "N", "Validity; ten years when not given.", 0},
    {"signer-user", "USER",
     "Who shall own the key, where root calls: the AnshinSignerUser; anshin-signer when not given.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_ca[] = {
    {"ca", "create", "", 0, 0, create_options, ANSHIN_ACCESS_SIGNER, ca_create,
     "Make a CA of one's own, self-signed, in STATE_DIR/ca; httpd is started after that."},
    {"ca", "mend", "", 0, 0, mend_options, ANSHIN_ACCESS_SIGNER, ca_mend,
     "Sign the certificate of STATE_DIR/ca anew where check says that strict readers refuse it: same key, name and "
     "dates, so that certificates stay valid. Restart httpd after that."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

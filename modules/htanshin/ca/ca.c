/*
 * htanshin ca: a CA of the installation's own, for those who have none, or below a company's (CAS-3).
 *
 * SECURITY. Runs as the signer's user (identity.c), who therefore owns the key; the modules and the worker can read the
 * certificate, and nobody but the signer the key. A passphrase or PIN comes from the program that the operator names
 * and never from the command line.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "core/config/ca_files.h"
#include "crypto/pki/ca_import.h"
#include "htanshin/ca/ca_lock.h"
#include "htanshin/ca/ca_told.h"
#include "htanshin/ca/rollover.h"
#include "htanshin/command.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

#define NAME_DEFAULT "Anshin Login CA"
#define DAYS_DEFAULT 3650
#define DAYS_MAX 10950 /* thirty years */
#define PEM_MAX 65536

static apr_status_t read_wanted(anshin_call_t *call, anshin_ca_wanted_t *wanted)
{
    const char *name = anshin_call_value(call, "name");
    int key_type;
    int days;
    apr_status_t status = anshin_call_word(call, "key", anshin_key_type_words, ANSHIN_KEY_P256, &key_type);

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

/* STATE_DIR/ca/NAME. */
static const char *ca_file(const anshin_call_t *call, const char *name)
{
    return apr_pstrcat(call->pool, call->state_dir, "/ca/", name, NULL);
}

/* The key by --use-key and --passphrase; else the file of that name. An operator asks for each try of a PIN. */
static anshin_ca_key_source_t read_key(const anshin_call_t *call, const char *name)
{
    const char *on_token = anshin_call_value(call, "use-key");

    return (anshin_ca_key_source_t){.key = on_token != NULL ? on_token : ca_file(call, name),
                                    .program = anshin_call_value(call, "passphrase"),
                                    .by_operator = 1};
}

/* What is asked for, while nobody else changes the CAs. */
static apr_status_t begin(anshin_call_t *call, anshin_ca_wanted_t *wanted)
{
    apr_status_t status = read_wanted(call, wanted);

    status = status == APR_SUCCESS ? anshin_ca_lock(call) : status;
    return status == APR_SUCCESS ? anshin_ca_hear(call) : status;
}

static apr_status_t ca_create(anshin_call_t *call)
{
    const char *certificate = ca_file(call, "ca.crt");
    anshin_ca_key_source_t key = read_key(call, "ca.key");
    anshin_ca_wanted_t wanted = {0};
    apr_status_t status = begin(call, &wanted);

    if (status == APR_SUCCESS && anshin_call_value(call, "next") != NULL) {
        return anshin_rollover_create(call, &wanted);
    }
    if (status != APR_SUCCESS ||
        (status = anshin_ca_create(certificate, &key, &wanted, &call->op.error, call->pool)) != APR_SUCCESS ||
        (status = anshin_ca_tell(call, ANSHIN_ACT_CA_CREATED, ANSHIN_CA_NAME, NULL, NULL)) != APR_SUCCESS) {
        return status;
    }
    call->result = json_object();
    anshin_result_text(call->result, "certificate", certificate, call->pool);
    anshin_result_text(call->result, "key", key.key, call->pool);
    anshin_result_text(call->result, "name", wanted.common_name, call->pool);
    anshin_result_time(call->result, "not_after", wanted.not_after, call->pool);
    return APR_SUCCESS;
}

/* What create made; a CA of the operator's own lies elsewhere and is not ours to sign. */
static apr_status_t ca_mend(anshin_call_t *call)
{
    const char *certificate = ca_file(call, "ca.crt");
    apr_status_t status = anshin_ca_lock(call);

    status = status == APR_SUCCESS ? anshin_ca_hear(call) : status;
    if (status == APR_SUCCESS) {
        status = anshin_ca_mend(certificate, ca_file(call, "ca.key"), &call->op.error, call->pool);
    }
    status = status == APR_SUCCESS ? anshin_ca_tell(call, ANSHIN_ACT_CA_MENDED, ANSHIN_CA_NAME, NULL, NULL) : status;
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "certificate", certificate, call->pool);
    }
    return status;
}

static apr_status_t ca_request(anshin_call_t *call)
{
    const char *request = ca_file(call, "ca.csr");
    anshin_ca_key_source_t key = read_key(call, "ca.key");
    anshin_ca_wanted_t wanted = {0};
    apr_status_t status = begin(call, &wanted);

    if (status == APR_SUCCESS && anshin_call_value(call, "next") != NULL) {
        return anshin_rollover_request(call, &wanted);
    }
    if (status != APR_SUCCESS ||
        (status = anshin_ca_request(request, &key, &wanted, &call->op.error, call->pool)) != APR_SUCCESS ||
        (status = anshin_ca_tell(call, ANSHIN_ACT_CA_REQUESTED, ANSHIN_CA_NAME, NULL, NULL)) != APR_SUCCESS) {
        return status;
    }
    call->result = json_object();
    anshin_result_text(call->result, "request", request, call->pool);
    anshin_result_text(call->result, "key", key.key, call->pool);
    anshin_result_text(call->result, "name", wanted.common_name, call->pool);
    return APR_SUCCESS;
}

/* FILE, or "-": standard input, for a file that the signer's user may not read. */
static apr_status_t read_pem(anshin_call_t *call, anshin_bytes_t *pem)
{
    const char *name = call->operands[0];
    unsigned char *text = apr_palloc(call->pool, PEM_MAX + 1);
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    int whole = file != NULL;

    if (whole) {
        *pem = (anshin_bytes_t){text, fread(text, 1, PEM_MAX + 1, file)};
        whole = !ferror(file) && pem->length <= PEM_MAX;
    }
    if (file != NULL && file != stdin) {
        (void)fclose(file);
    }
    return whole ? APR_SUCCESS
                 : anshin_fail(
                       &call->op.error, ANSHIN_EINVALID, "AN1270",
                       "%s: cannot be read by the signer's user, or has more than %d octets; try: ca import - <%s",
                       name, PEM_MAX, name);
}

/* The CA of STATE/ca, of which there is no other yet, or which has this key and name. */
static apr_status_t import_first(anshin_call_t *call, const anshin_bytes_t *pem, anshin_ca_imported_t *imported)
{
    const char *certificate = ca_file(call, "ca.crt");
    anshin_ca_key_source_t key = read_key(call, "ca.key");
    apr_status_t status = anshin_ca_import(imported, certificate, &key, pem, &call->op.error, call->pool);

    status = status == APR_SUCCESS ? anshin_ca_tell(call, ANSHIN_ACT_CA_IMPORTED, ANSHIN_CA_NAME, NULL, NULL) : status;
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "certificate", certificate, call->pool);
    }
    return status;
}

static apr_status_t ca_import(anshin_call_t *call)
{
    anshin_ca_imported_t imported = {.chain = 0};
    anshin_bytes_t pem;
    apr_status_t status = read_pem(call, &pem);

    if (status == APR_SUCCESS) {
        status = anshin_ca_lock(call);
    }
    status = status == APR_SUCCESS ? anshin_ca_hear(call) : status;
    if (status == APR_SUCCESS) {
        status =
            (anshin_call_value(call, "next") != NULL ? anshin_rollover_import : import_first)(call, &pem, &imported);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_result_text(call->result, "subject", imported.subject, call->pool);
    anshin_result_text(call->result, "issuer", imported.issuer, call->pool);
    anshin_result_time(call->result, "not_after", imported.not_after, call->pool);
    anshin_result_number(call->result, "above", imported.chain);
    return APR_SUCCESS;
}

static apr_status_t ca_try_key(anshin_call_t *call)
{
    anshin_ca_key_source_t key = read_key(call, "ca.key");
    apr_status_t status = anshin_ca_try_key(ca_file(call, "ca.crt"), &key, &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "key", key.key, call->pool);
        anshin_result_flag(call->result, "signs", 1);
    }
    return status;
}

/* --- the table -------------------------------------------------------------------------------------------------- */

/* Options of every command that opens a CA's key. */
#define KEY_OPTIONS                                                                                                    \
    {"use-key", "URI", "The key is on a token: its pkcs11: URI, as in AnshinCAKey.", 0},                               \
        {"passphrase", "PROGRAM", "Program that prints the passphrase of the key, or the PIN, as AnshinCAPassphrase.", \
         0},                                                                                                           \
    {                                                                                                                  \
        "signer-user", "USER",                                                                                         \
            "Who owns the key, where root calls: the AnshinSignerUser; anshin-signer when not given.", 0               \
    }

static const anshin_command_option_t mend_options[] = {
    {"signer-user", "USER", "Who owns the key, where root calls: the AnshinSignerUser; anshin-signer when not given.",
     0},
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t request_options[] = {
    {"name", "CN", "Common name of the CA; \"" NAME_DEFAULT "\" when not given.", 0},
    {"organization", "O", "Organization in its subject.", 0},
    {"country", "C", "Country in its subject, two letters.", 0},
    {"key", "TYPE", "Of a key that is made: p256, p384, rsa2048, rsa3072, rsa4096 or ed25519; p256 when not given.", 0},
    {"next", NULL, "For the CA that shall follow, as with ca create; with --contract, of the contract's own.", 0},
    KEY_OPTIONS,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t import_options[] = {
    {"next", NULL, "It is the CA that shall follow, for which ca request --next has asked.", 0},
    KEY_OPTIONS,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t key_options[] = {
    KEY_OPTIONS,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t create_options[] = {
    {"name", "CN", "Common name of the CA; \"" NAME_DEFAULT "\" when not given.", 0},
    {"organization", "O", "Organization in its subject.", 0},
    {"country", "C", "Country in its subject, two letters.", 0},
    {"key", "TYPE", "p256, p384, rsa2048, rsa3072, rsa4096 or ed25519; p256 when not given.", 0},
    {"days", "N", "Validity; ten years when not given.", 0},
    {"next", NULL,
     "Make the CA that shall follow: beside the one that issues, as ca-2.crt and ca-2.key for instance, trusted once "
     "httpd was reloaded. With --contract, of the contract's own.",
     0},
    KEY_OPTIONS,
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_ca[] = {
    {"ca", "create", "", 0, 0, create_options, ANSHIN_ACCESS_SIGNER, ca_create,
     "Make a CA of one's own, self-signed, in STATE_DIR/ca; httpd is started after that. With --use-key the key is on "
     "its token already."},
    {"ca", "mend", "", 0, 0, mend_options, ANSHIN_ACCESS_SIGNER, ca_mend,
     "Sign the CA certificate anew; where check says that strict readers refuse that of STATE_DIR/ca. Same key, name "
     "and dates, so that certificates stay valid. Restart httpd after that."},
    {"ca", "request", "", 0, 0, request_options, ANSHIN_ACCESS_SIGNER, ca_request,
     "Write a request for a CA certificate; STATE_DIR/ca/ca.csr, for a company's own CA to sign. A key that is not "
     "there is made."},
    {"ca", "import", "FILE", 1, 1, import_options, ANSHIN_ACCESS_SIGNER, ca_import,
     "Take the certificate that the company's CA has made; with those above it, out of a PEM file (- for the standard "
     "input), each checked. Httpd is restarted after that."},
    {"ca", "try-key", "", 0, 0, key_options, ANSHIN_ACCESS_SIGNER, ca_try_key,
     "Open the CA's key once as the signer would, and sign with it; uses up one try of a token's PIN if it is wrong."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};

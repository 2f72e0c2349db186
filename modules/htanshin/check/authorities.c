/*
 * htanshin check: the CAs of the installation, see authorities.h.
 */
#include "htanshin/check/authorities.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "core/certificate/issuer.h"
#include "core/certificate/unusable.h"
#include "core/config/ca_files.h"
#include "crypto/apple/apple_certificate.h"
#include "crypto/pki/ca.h"
#include "crypto/pki/trust.h"
#include "htanshin/check/problem.h"
#include "htanshin/values.h"
#include "runtime/config_file.h"

/* Each CA of those contracts that admit certificates. */
static void each_ca(anshin_call_t *call, void (*look)(anshin_call_t *call, const anshin_ca_files_t *files))
{
    const apr_array_header_t *cas = anshin_ca_all(call->config, call->pool);

    for (int i = 0; anshin_config_admits(call->config, ANSHIN_METHOD_CERTIFICATE) && i < cas->nelts; i++) {
        look(call, &APR_ARRAY_IDX(cas, i, anshin_ca_files_t));
    }
}

static void look_whether_there(anshin_call_t *call, const anshin_ca_files_t *files)
{
    const char *file = files->certificate;

    if (access(file, R_OK) != 0) {
        (void)anshin_check_find(call, ANSHIN_FINDING_CA_MISSING,
                                apr_psprintf(call->pool,
                                             "the CA certificate %s: %s; who needs a certificate is not let in", file,
                                             strerror(errno)));
    }
}

/* 0: its certificate cannot be read, which is told elsewhere. */
static int find_ca(const anshin_call_t *call, const anshin_ca_files_t *files, anshin_trust_ca_t *ca)
{
    anshin_trust_t *trust;
    apr_array_header_t *found;
    anshin_error_t ignored;

    anshin_error_clear(&ignored);
    if (anshin_trust_load(&trust, files->certificate, &found, &ignored, call->pool) != APR_SUCCESS) {
        return 0;
    }
    *ca = APR_ARRAY_IDX(found, 0, anshin_trust_ca_t);
    return 1;
}

/* What it issued ends with it. Whoever issues is told of a year ahead, since what is issued from then on ends with
 * it; an older one when it has ended. */
static void look_at_end(anshin_call_t *call, const anshin_ca_files_t *files)
{
    anshin_finding_id_t finding;
    anshin_trust_ca_t ca;
    apr_time_t end;
    int over;

    if (!find_ca(call, files, &ca)) {
        return;
    }
    end = ca.end;
    over = end < apr_time_now();
    if (!over && (!files->issues || end >= apr_time_now() + anshin_issuer_reminders[0])) {
        return;
    }
    finding = over && files->issues ? ANSHIN_FINDING_CA_ENDED : ANSHIN_FINDING_CA_ENDS;
    (void)anshin_check_find_with(call, finding,
                                 apr_psprintf(call->pool, "the CA certificate %s %s on %s%s", files->certificate,
                                              over ? "ended" : "ends", anshin_time_text(end, call->pool),
                                              !over           ? ", and with it every certificate that it issues"
                                              : files->issues ? ": nobody gets in by certificate"
                                                              : ""),
                                 files->issues ? anshin_finding(finding)->remedy
                                               : apr_psprintf(call->pool, "htanshin ca retire %s", files->name));
}

/* httpd reads the files of a CA when it starts, and writes its configuration down after that. */
static int is_unread(anshin_call_t *call, const char *file)
{
    const char *config = apr_pstrcat(call->pool, call->state_dir, "/" ANSHIN_CONFIG_FILE, NULL);
    apr_finfo_t found, started;

    return apr_stat(&found, file, APR_FINFO_CTIME, call->pool) == APR_SUCCESS &&
           apr_stat(&started, config, APR_FINFO_CTIME, call->pool) == APR_SUCCESS && found.ctime > started.ctime;
}

static void look_whether_read(anshin_call_t *call, const anshin_ca_files_t *files)
{
    if (is_unread(call, files->certificate)) {
        (void)anshin_check_find(
            call, ANSHIN_FINDING_CA_UNREAD,
            apr_psprintf(call->pool,
                         "the CA certificate %s was put there after httpd was started, which does not use it",
                         files->certificate));
    }
    if (files->issues && is_unread(call, files->rollover)) {
        (void)anshin_check_find(call, ANSHIN_FINDING_CA_UNREAD,
                                apr_psprintf(call->pool,
                                             "the roll-over of the CA %s went on after httpd was started, which goes "
                                             "by what was before",
                                             files->name));
    }
}

/* One that is not there, or not to be read, was told already. */
static void check_encoding(anshin_call_t *call)
{
    const char *file = call->config->server.ca_certificate;
    anshin_error_t ignored;
    int strict;

    anshin_error_clear(&ignored);
    if (anshin_ca_is_strict(&strict, file, &ignored, call->pool) == APR_SUCCESS && !strict) {
        (void)anshin_check_find(
            call, ANSHIN_FINDING_CA_ENCODING,
            apr_psprintf(call->pool, "%s is not encoded in DER: programs written in Go, Rust or Python refuse it",
                         file));
    }
}

/* --- what Apple profiles are signed with -------------------------------------------------------------------------- */

/* NULL: none are made. */
static const char *apple_certificate(const anshin_call_t *call)
{
    return anshin_config_admits(call->config, ANSHIN_METHOD_CERTIFICATE) ? call->config->server.apple_certificate
                                                                         : NULL;
}

/* What its file tells of it, in err; of one that only the signer may read, nothing. */
static void look_at_apple(anshin_call_t *call, const char *file, anshin_error_t *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    anshin_apple_validity_t validity;

    anshin_error_clear(err);
    if (fd < 0 && errno == ENOENT) {
        (void)anshin_fail(err, ANSHIN_ENOTFOUND, "AN1351", "%s: %s", file, strerror(errno));
    } else if (fd >= 0 && anshin_apple_validity(&validity, fd, file, err, call->pool) == APR_SUCCESS) {
        (void)anshin_apple_in_time(&validity, apr_time_now(), ANSHIN_APPLE_ENDS_SOON, err, call->pool);
    }
}

static void tell_apple(anshin_call_t *call, const char *why, const char *remedy)
{
    (void)anshin_check_find_with(call, ANSHIN_FINDING_APPLE,
                                 apr_pstrcat(call->pool, "profiles for Apple devices: ", why, NULL), remedy);
}

static void check_apple(anshin_call_t *call)
{
    const char *file = apple_certificate(call);
    anshin_error_t err;

    if (file == NULL) {
        return;
    }
    look_at_apple(call, file, &err);
    if (err.status != APR_SUCCESS) {
        tell_apple(call, err.text,
                   err.status == ANSHIN_ENOTFOUND ? "put it there, and reload httpd"
                                                  : anshin_finding(ANSHIN_FINDING_APPLE)->remedy);
    }
    if (is_unread(call, file)) {
        (void)anshin_check_find_with(
            call, ANSHIN_FINDING_APPLE,
            apr_psprintf(call->pool, "%s was put there after httpd was started, whose signer does not use it", file),
            "reload httpd");
    }
}

/* What the signer has said of it, unless its file tells, or it is about a file of before. */
static void tell_unusable_apple(anshin_call_t *call, anshin_op_t *op)
{
    const char *file = apple_certificate(call);
    const char *why = "";
    anshin_error_t err;

    if (file == NULL || anshin_unusable_noted(op, NULL, &why) != APR_SUCCESS || *why == '\0') {
        return;
    }
    look_at_apple(call, file, &err);
    if (err.status == APR_SUCCESS && !is_unread(call, file)) {
        tell_apple(call, why,
                   "give the signer a certificate for signatures and its own key (operator's guide, \"iPhone, iPad and "
                   "Mac\"); then reload httpd");
    }
}

/* --- addresses in certificates ----------------------------------------------------------------------------------- */

static const char *crl_url(const anshin_contract_t *contract)
{
    return contract->policy.crl_url;
}

static int ends_in(const char *text, const char *end)
{
    apr_size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* NULL: our own responder, which answers for every CA; what AnshinCAURL gives is. */
static const char *ocsp_url(const anshin_contract_t *contract)
{
    const char *url = contract->policy.ocsp_url;

    return url == NULL || ends_in(url, "/ca/ocsp") || (contract->policy.ca_url != NULL && ends_in(url, "/ocsp")) ? NULL
                                                                                                                 : url;
}

/* An address that an operator may have given for more than one CA. */
static const struct {
    const char *directive;
    const char *(*read)(const anshin_contract_t *contract);
    const char *why;
    const char *remedy;
} addresses[] = {
    {"AnshinCRLURL", crl_url, "but a list of revoked certificates is of one CA",
     "AnshinCAURL in its place, which gives each CA an address of its own"},
    {"AnshinOCSPURL", ocsp_url, "so whoever answers there must answer for each of them",
     "AnshinCAURL in its place, or PORTAL/ca/ocsp as the address, which answers for all of them"},
};

static int is_at(const anshin_contract_t *contract, int which, const char *url)
{
    const char *its = addresses[which].read(contract);

    return ANSHIN_HAS(contract->policy.methods, ANSHIN_METHOD_CERTIFICATE) && its != NULL && strcmp(its, url) == 0;
}

/* The names of the CAs in whose certificates it stands; *count: how many. */
static const char *names_at(const anshin_call_t *call, int which, const char *url, int *count)
{
    const apr_array_header_t *contracts = call->config->contracts;
    const char *names = ",";

    *count = 0;
    for (int i = 0; i < contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        const apr_array_header_t *cas = anshin_ca_of_contract(call->config, contract, call->pool);

        for (int j = 0; is_at(contract, which, url) && j < cas->nelts; j++) {
            const char *name = apr_pstrcat(call->pool, " ", APR_ARRAY_IDX(cas, j, anshin_ca_files_t).name, ",", NULL);

            if (strstr(names, name) == NULL) {
                names = apr_pstrcat(call->pool, names, name, NULL);
                (*count)++;
            }
        }
    }
    return names;
}

/* Told once, of the first contract that has it. */
static void check_address(anshin_call_t *call, int which, const char *url)
{
    int count;
    const char *names = names_at(call, which, url, &count);

    if (count > 1) {
        (void)anshin_check_find_with(call, ANSHIN_FINDING_CA_ADDRESS,
                                     apr_psprintf(call->pool, "%s %s stands in certificates of several CAs (%.*s), %s",
                                                  addresses[which].directive, url, (int)strlen(names) - 3, names + 2,
                                                  addresses[which].why),
                                     addresses[which].remedy);
    }
}

static void check_addresses(anshin_call_t *call)
{
    const apr_array_header_t *contracts = call->config->contracts;

    for (int which = 0; which < 2; which++) {
        for (int i = 0; i < contracts->nelts; i++) {
            const char *url = addresses[which].read(APR_ARRAY_IDX(contracts, i, const anshin_contract_t *));
            int first = url != NULL;

            for (int j = 0; first && j < i; j++) {
                first = !is_at(APR_ARRAY_IDX(contracts, j, const anshin_contract_t *), which, url);
            }
            if (first) {
                check_address(call, which, url);
            }
        }
    }
}

void anshin_check_ca(anshin_call_t *call)
{
    each_ca(call, look_whether_there);
    check_encoding(call);
    each_ca(call, look_at_end);
    each_ca(call, look_whether_read);
    check_addresses(call);
    check_apple(call);
}

void anshin_check_ca_stopped(anshin_call_t *call, anshin_op_t *op)
{
    const apr_array_header_t *cas = anshin_ca_all(call->config, call->pool);

    for (int i = 0; i < cas->nelts; i++) {
        const anshin_ca_files_t *files = &APR_ARRAY_IDX(cas, i, anshin_ca_files_t);
        anshin_trust_ca_t ca;
        apr_time_t at = 0;

        if (files->issues && find_ca(call, files, &ca) && anshin_issuer_stopped(op, NULL, ca.id, &at) == APR_SUCCESS &&
            at != 0) {
            (void)anshin_check_find(
                call, ANSHIN_FINDING_CA_COMPROMISED,
                apr_psprintf(call->pool,
                             "certificates are not issued: the CA %s was declared compromised on %s, and whoever asks "
                             "for one waits",
                             files->name, anshin_time_text(at, call->pool)));
        }
    }
}

static void tell_unusable_ca(anshin_call_t *call, anshin_op_t *op, const anshin_ca_files_t *files)
{
    const char *why = "";

    if (access(files->certificate, R_OK) == 0 && !is_unread(call, files->certificate) &&
        anshin_unusable_noted(op, files->name, &why) == APR_SUCCESS && *why != '\0') {
        (void)anshin_check_find(
            call, files->issues ? ANSHIN_FINDING_CA_UNUSABLE : ANSHIN_FINDING_CRL_UNUSABLE,
            apr_psprintf(call->pool, "the CA %s %s: %s", files->name,
                         files->issues ? "issues no certificate, and writes no CRL" : "writes no CRL", why));
    }
}

void anshin_check_ca_unusable(anshin_call_t *call, anshin_op_t *op)
{
    const apr_array_header_t *cas = anshin_ca_all(call->config, call->pool);

    for (int i = 0; anshin_config_admits(call->config, ANSHIN_METHOD_CERTIFICATE) && i < cas->nelts; i++) {
        tell_unusable_ca(call, op, &APR_ARRAY_IDX(cas, i, anshin_ca_files_t));
    }
    tell_unusable_apple(call, op);
}

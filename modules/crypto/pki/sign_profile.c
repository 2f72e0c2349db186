/*
 * The profile of a user's certificate: see sign_profile.h.
 *
 * SECURITY: what stands here decides what a CA key that programs of ours hold can be used for. It reads the certificate
 * itself, not the request, so that a slip in the code that builds it cannot make a CA or a server certificate of it.
 */
#include "crypto/pki/sign_profile.h"

#include <string.h>

#include <openssl/err.h>

#include "core/base/address.h"

static const struct {
    anshin_certificate_use_t use;
    int nid;
} uses_of[] = {
    {ANSHIN_USE_CLIENT, NID_client_auth}, /* RFC 5280 4.2.1.12, as the next one */
    {ANSHIN_USE_MAIL, NID_email_protect},        {ANSHIN_USE_SMARTCARD, NID_ms_smartcard_login},
    {ANSHIN_USE_KERBEROS, NID_pkInitClientAuth}, /* RFC 4556 3.2.2 */
    {ANSHIN_USE_IPSEC, NID_ipsec_IKE},           /* RFC 4945 5.1.3.12 */
};
#define USES (sizeof(uses_of) / sizeof(*uses_of))

static const struct {
    int nid;
    int critical;
    int is_required;
} extensions[] = {
    {NID_authority_key_identifier, 0, 1},
    {NID_subject_key_identifier, 0, 1},
    {NID_key_usage, 1, 1},
    {NID_subject_alt_name, 0, 0},
    {NID_basic_constraints, 1, 1},
    {NID_ext_key_usage, 0, 1},
    {NID_crl_distribution_points, 0, 0},
    {NID_info_access, 0, 0},
};
#define EXTENSIONS (sizeof(extensions) / sizeof(*extensions))

int anshin_profile_uses_valid(int uses)
{
    int known = 0;

    for (apr_size_t i = 0; i < USES; i++) {
        known |= 1 << uses_of[i].use;
    }
    return (uses & ~known) == 0 && ANSHIN_HAS(uses, ANSHIN_USE_CLIENT);
}

int anshin_profile_add_uses(X509 *certificate, int uses)
{
    EXTENDED_KEY_USAGE *list = EXTENDED_KEY_USAGE_new();
    int added = list != NULL;

    for (apr_size_t i = 0; i < USES && added; i++) {
        /* OBJ_nid2obj() gives a static object: nothing of it is freed. */
        added = !ANSHIN_HAS(uses, uses_of[i].use) || sk_ASN1_OBJECT_push(list, OBJ_nid2obj(uses_of[i].nid)) > 0;
    }
    added = added && X509_add1_ext_i2d(certificate, NID_ext_key_usage, list, 0, X509V3_ADD_DEFAULT) == 1;
    EXTENDED_KEY_USAGE_free(list);
    return added;
}

/* --- the last look ---------------------------------------------------------------------------------------------- */

static int has_extensions(const X509 *certificate)
{
    int found[EXTENSIONS] = {0};
    int good = 1;

    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        apr_size_t at = 0;

        while (at < EXTENSIONS && extensions[at].nid != nid) {
            at++;
        }
        if (at == EXTENSIONS || X509_EXTENSION_get_critical(extension) != extensions[at].critical) {
            return 0;
        }
        found[at]++;
    }
    for (apr_size_t at = 0; at < EXTENSIONS; at++) {
        good = good && found[at] <= 1 && found[at] >= extensions[at].is_required;
    }
    return good;
}

static int has_constraints(const X509 *certificate)
{
    BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
    int good = constraints != NULL && !constraints->ca && constraints->pathlen == NULL;

    BASIC_CONSTRAINTS_free(constraints);
    return good;
}

static int has_key_usage(const X509 *certificate)
{
    ASN1_BIT_STRING *usage = X509_get_ext_d2i(certificate, NID_key_usage, NULL, NULL);
    int good =
        usage != NULL && ASN1_STRING_length(usage) == 1 && ASN1_STRING_get0_data(usage)[0] == KU_DIGITAL_SIGNATURE;

    ASN1_BIT_STRING_free(usage);
    return good;
}

static int bit_of(int nid)
{
    for (apr_size_t i = 0; i < USES; i++) {
        if (uses_of[i].nid == nid) {
            return 1 << uses_of[i].use;
        }
    }
    return 0;
}

static int has_uses(const X509 *certificate)
{
    EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    int uses = 0;
    int good = list != NULL;

    for (int i = 0; good && i < sk_ASN1_OBJECT_num(list); i++) {
        int bit = bit_of(OBJ_obj2nid(sk_ASN1_OBJECT_value(list, i)));

        good = bit != 0 && (uses & bit) == 0;
        uses |= bit;
    }
    EXTENDED_KEY_USAGE_free(list);
    return good && anshin_profile_uses_valid(uses);
}

static int is_mail(const GENERAL_NAME *name)
{
    const char *text;

    if (name->type != GEN_EMAIL) {
        return 0;
    }
    text = (const char *)ASN1_STRING_get0_data(name->d.rfc822Name); /* OpenSSL ends it with NUL */
    return strlen(text) == (apr_size_t)ASN1_STRING_length(name->d.rfc822Name) && anshin_address_valid(text);
}

static int has_alt_names(const X509 *certificate)
{
    GENERAL_NAMES *names;
    int good;

    if (X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0) {
        return 1;
    }
    names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    good = sk_GENERAL_NAME_num(names) > 0;
    for (int i = 0; good && i < sk_GENERAL_NAME_num(names); i++) {
        good = is_mail(sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
    return good;
}

static int has_version(const X509 *certificate)
{
    return X509_get_version(certificate) == X509_VERSION_3;
}

static const struct {
    int (*holds)(const X509 *certificate);
    const char *rule;
} rules[] = {
    {has_version, "version 3"},
    {has_extensions, "only extensions of the list, once, critical where it says so"},
    {has_constraints, "no CA"},
    {has_key_usage, "key usage digitalSignature alone"},
    {has_uses, "extended key usages of the list, clientAuth among them"},
    {has_alt_names, "alternative names that are mail addresses"},
};

const char *anshin_profile_broken(const X509 *certificate)
{
    const char *broken = NULL;

    for (apr_size_t i = 0; i < sizeof(rules) / sizeof(*rules) && broken == NULL; i++) {
        broken = rules[i].holds(certificate) ? NULL : rules[i].rule;
    }
    ERR_clear_error();
    return broken;
}

/*
 * Keys on tokens: see token.h.
 *
 * SECURITY: a PKCS#11 module is foreign code beside the key's use; only one that nobody but root and we can change is
 * loaded, and by its path alone (libp11's own engine would take one from the environment). The PIN goes to one token.
 * Tokens lock themselves after a few wrong PINs: one is tried once, and none at all while the token remembers a wrong
 * one, but for an operator who asks for it.
 */
#include "crypto/pki/token.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libp11.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "core/config/key_reference.h"
#include "crypto/cause.h"
#include "crypto/passphrase.h"

/* PKCS#11 2.40, 5.1: what C_Login answers to a PIN that it does not like. */
enum { PIN_INCORRECT = 0xa0, PIN_LOCKED = 0xa4 };

typedef struct token_t {
    PKCS11_CTX *context;
    PKCS11_SLOT *slots;
    unsigned int count;
    int loaded;
} token_t;

static apr_status_t end(void *data)
{
    token_t *token = data;

    if (token->slots != NULL) {
        PKCS11_release_all_slots(token->context, token->slots, token->count);
    }
    if (token->loaded) {
        PKCS11_CTX_unload(token->context);
    }
    PKCS11_CTX_free(token->context);
    return APR_SUCCESS;
}

static apr_status_t fault(anshin_error_t *err, const char *what)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());

    anshin_fail(err, ANSHIN_EFAULT, "AN1267", "AnshinCAKey: %.100s: %s", what, text != NULL ? text : "no reason given");
    return anshin_openssl_forget(ANSHIN_EFAULT);
}

static apr_status_t check_module(const char *module, anshin_error_t *err)
{
    struct stat seen;

    if (stat(module, &seen) == 0 && S_ISREG(seen.st_mode) && (seen.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
        (seen.st_uid == 0 || seen.st_uid == geteuid())) {
        return APR_SUCCESS;
    }
    return anshin_fail(err, ANSHIN_EINVALID, "AN1265",
                       "AnshinCAKey: the PKCS#11 module %.120s must be there, belong to root, and be written by nobody "
                       "else",
                       module);
}

static apr_status_t load(token_t *token, const char *module, anshin_error_t *err, apr_pool_t *pool)
{
    token->context = PKCS11_CTX_new();
    if (token->context == NULL) {
        return fault(err, module);
    }
    apr_pool_cleanup_register(pool, token, end, apr_pool_cleanup_null);
    token->loaded = PKCS11_CTX_load(token->context, module) == 0;
    if (!token->loaded || PKCS11_enumerate_slots(token->context, &token->slots, &token->count) != 0) {
        return fault(err, module);
    }
    return APR_SUCCESS;
}

static int is_named(const char *wanted, const char *given)
{
    return wanted == NULL || (given != NULL && strcmp(wanted, given) == 0);
}

static apr_status_t find_slot(PKCS11_SLOT **slot, const token_t *token, const anshin_token_uri_t *uri,
                              anshin_error_t *err)
{
    PKCS11_SLOT *first = NULL;
    int several = 0;

    for (unsigned int i = 0; i < token->count; i++) {
        const PKCS11_TOKEN *at = token->slots[i].token;

        if (at != NULL && at->initialized && is_named(uri->token, at->label) && is_named(uri->serial, at->serialnr)) {
            several |= first != NULL;
            first = &token->slots[i];
        }
    }
    if (first == NULL || several) {
        anshin_fail(err, ANSHIN_EFAULT, "AN1268",
                    "AnshinCAKey: %s token \"%.60s\" is there; %s, or correct token= and serial=",
                    several ? "more than one" : "no", uri->token != NULL ? uri->token : uri->serial,
                    several ? "take one away" : "put it in");
        return ANSHIN_EFAULT;
    }
    *slot = first;
    return APR_SUCCESS;
}

/* What the token says of tries before this one. */
static apr_status_t check_tries(const PKCS11_TOKEN *token, int by_operator, anshin_error_t *err)
{
    if (!token->userPinLocked && !token->userPinFinalTry && (!token->userPinCountLow || by_operator)) {
        return APR_SUCCESS;
    }
    return anshin_fail(
        err, ANSHIN_EDENIED, "AN1269", "AnshinCAKey: token \"%.60s\" %s", token->label,
        token->userPinLocked ? "is locked after wrong PINs; unlock it by its own means"
        : token->userPinFinalTry
            ? "has one try of a PIN left; log in once by its own means"
            : "has got a wrong PIN before, so none is tried; correct what AnshinCAPassphrase prints, then "
              "run htanshin ca try-key");
}

/* The reason that OpenSSL's queue has, once a login failed. */
static apr_status_t tell_login(const PKCS11_TOKEN *token, anshin_error_t *err)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    int reason = ERR_GET_REASON(ERR_peek_error());
    int by_pin = reason >= PIN_INCORRECT && reason <= PIN_LOCKED;

    anshin_fail(
        err, by_pin ? ANSHIN_EDENIED : ANSHIN_EFAULT, "AN1271", "AnshinCAKey: token \"%.60s\" does not let us in: %s%s",
        token->label, text != NULL ? text : "no reason given",
        by_pin ? "; it is not tried again, since tokens lock after a few: correct what AnshinCAPassphrase prints" : "");
    return anshin_openssl_forget(by_pin ? ANSHIN_EDENIED : ANSHIN_EFAULT);
}

static apr_status_t log_in(PKCS11_SLOT *slot, const anshin_ca_key_source_t *source, anshin_error_t *err)
{
    const PKCS11_TOKEN *token = slot->token;
    char pin[ANSHIN_PASSPHRASE_MAX + 1] = "";
    int by_keypad = token->secureLogin && source->program == NULL;
    apr_status_t status;

    if (!token->loginRequired) {
        return APR_SUCCESS;
    }
    status = check_tries(token, source->by_operator, err);
    if (status == APR_SUCCESS && !by_keypad && source->program == NULL) {
        status = anshin_fail(err, ANSHIN_EINVALID, "AN1272",
                             "AnshinCAKey: token \"%.60s\" wants a PIN; name a program that prints it by "
                             "AnshinCAPassphrase",
                             token->label);
    }
    if (status == APR_SUCCESS && !by_keypad) {
        status = anshin_passphrase_ask(pin, source->program, source->key, err);
    }
    if (status == APR_SUCCESS && PKCS11_login(slot, 0, by_keypad ? NULL : pin) != 0) {
        status = tell_login(token, err);
    }
    OPENSSL_cleanse(pin, sizeof(pin));
    return status;
}

static apr_status_t find_key(EVP_PKEY **key, PKCS11_TOKEN *token, const anshin_token_uri_t *uri, anshin_error_t *err)
{
    PKCS11_KEY *keys = NULL;
    PKCS11_KEY *found = NULL;
    unsigned int count = 0;
    int matches = 0;

    if (PKCS11_enumerate_keys(token, &keys, &count) != 0) {
        return fault(err, token->label);
    }
    for (unsigned int i = 0; i < count; i++) {
        if (is_named(uri->object, keys[i].label) &&
            (uri->id.length == 0 ||
             (uri->id.length == keys[i].id_len && memcmp(uri->id.data, keys[i].id, keys[i].id_len) == 0))) {
            found = &keys[i];
            matches++;
        }
    }
    if (matches != 1) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1273",
                           "AnshinCAKey: token \"%.60s\" has %s private key of that name; correct object= and id=",
                           token->label, matches == 0 ? "no" : "more than one");
    }
    *key = PKCS11_get_private_key(found);
    return *key != NULL ? APR_SUCCESS : fault(err, token->label);
}

apr_status_t anshin_token_open(EVP_PKEY **key, const anshin_ca_key_source_t *source, anshin_error_t *err,
                               apr_pool_t *pool)
{
    token_t *token = apr_pcalloc(pool, sizeof(*token));
    anshin_token_uri_t uri;
    PKCS11_SLOT *slot = NULL;
    apr_status_t status = anshin_token_uri_read(&uri, source->key, "AnshinCAKey", err, pool);

    if (status == APR_SUCCESS) {
        status = check_module(uri.module, err);
    }
    if (status == APR_SUCCESS) {
        status = load(token, uri.module, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = find_slot(&slot, token, &uri, err);
    }
    if (status == APR_SUCCESS) {
        status = log_in(slot, source, err);
    }
    return status == APR_SUCCESS ? find_key(key, slot->token, &uri, err) : status;
}

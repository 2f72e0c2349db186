/*
 * What is told of a private key that the signer holds, so that it can be opened: of a CA, or for Apple profiles.
 */
#ifndef ANSHIN_CRYPTO_CA_KEY_SOURCE_H
#define ANSHIN_CRYPTO_CA_KEY_SOURCE_H

typedef struct anshin_ca_key_source_t {
    const char *key;       /* AnshinCAKey: path of a PEM file, or a pkcs11: URI */
    const char *program;   /* AnshinCAPassphrase: asked for the passphrase or the PIN, where there is one; NULL: none */
    int by_operator;       /* 1: somebody has asked for this one try, though the token remembers a wrong PIN */
    const char *directive; /* what to call it in errors; NULL: AnshinCAKey */
} anshin_ca_key_source_t;

#endif

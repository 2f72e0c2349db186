/*
 * The id of a CA: see ca_id.h.
 */
#include "crypto/pki/ca_id.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

int anshin_ca_id(char id[ANSHIN_CA_ID_LENGTH + 1], const struct x509_st *certificate)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    int done = length > 0 && EVP_Digest(der, (size_t)length, digest, NULL, EVP_sha256(), NULL);

    OPENSSL_free(der);
    for (int i = 0; done && i < ANSHIN_CA_ID_LENGTH; i++) {
        id[i] = digits[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
    }
    id[done ? ANSHIN_CA_ID_LENGTH : 0] = '\0';
    return done;
}

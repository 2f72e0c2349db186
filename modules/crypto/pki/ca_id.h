/*
 * The id of a CA: of its key, so that a certificate that was signed anew for the same key (anshin_ca_mend()) is still
 * the same CA. For modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_CA_ID_H
#define ANSHIN_CRYPTO_CA_ID_H

#include "core/config/ca_line.h"

struct x509_st;

/* The first ANSHIN_CA_ID_LENGTH digits of the SHA-256 of the SubjectPublicKeyInfo (RFC 5280 4.1), hexadecimal. 0: it
 * could not be computed. */
int anshin_ca_id(char id[ANSHIN_CA_ID_LENGTH + 1], const struct x509_st *certificate);

#endif

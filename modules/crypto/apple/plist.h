/*
 * Property lists in XML (Apple's PropertyList-1.0.dtd), written from the top to the end. For crypto/apple.
 */
#ifndef ANSHIN_CRYPTO_PLIST_H
#define ANSHIN_CRYPTO_PLIST_H

#include <openssl/bio.h>

#include "core/base/anshin.h"

typedef struct anshin_plist_t {
    BIO *out;
    int failed; /* a text that XML cannot hold, or no memory: what was written is good for nothing */
} anshin_plist_t;

typedef enum anshin_plist_kind_t { ANSHIN_PLIST_DICT, ANSHIN_PLIST_ARRAY } anshin_plist_kind_t;

/* Begin a list that is written into out, whose top is a dictionary. */
void anshin_plist_begin(anshin_plist_t *plist, BIO *out);

/* An entry of the dictionary that is open; key: letters. A text is UTF-8 without control characters (XML 1.0, 2.2). */
void anshin_plist_string(anshin_plist_t *plist, const char *key, const char *text);
void anshin_plist_integer(anshin_plist_t *plist, const char *key, int number);
void anshin_plist_flag(anshin_plist_t *plist, const char *key, int on);
void anshin_plist_data(anshin_plist_t *plist, const char *key, const anshin_bytes_t *octets);

/* Open a dictionary or an array in what is open; key NULL: in an array. Close it: of the same kind. */
void anshin_plist_open(anshin_plist_t *plist, const char *key, anshin_plist_kind_t kind);
void anshin_plist_close(anshin_plist_t *plist, anshin_plist_kind_t kind);

/* 1: the whole was written. */
int anshin_plist_end(anshin_plist_t *plist);

#endif

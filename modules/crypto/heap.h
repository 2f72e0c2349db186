/*
 * A heap that keeps nothing of what was freed: for a process that makes other people's keys.
 */
#ifndef ANSHIN_CRYPTO_HEAP_H
#define ANSHIN_CRYPTO_HEAP_H

/* From now on OpenSSL and jansson overwrite every block that they free, or leave behind when it grows: both free
 * encodings of keys and texts of mail that nobody can wipe from outside (EVP_PKEY2PKCS8, json_decref). To be called
 * once, before either was used. 1, or 0: OpenSSL has allocated already. */
int anshin_heap_wipes(void);

#endif

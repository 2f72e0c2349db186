/*
 * A passphrase, or a token's PIN, from a program that the operator names (AnshinCAPassphrase).
 */
#ifndef ANSHIN_CRYPTO_PASSPHRASE_H
#define ANSHIN_CRYPTO_PASSPHRASE_H

#include "core/base/anshin.h"

#define ANSHIN_PASSPHRASE_MAX 1023 /* octets */

/* Run program (absolute path) with one argument, which tells what the passphrase is for, and take the first line that
 * it prints; the rest is not looked at. It gets neither our environment nor our descriptors, and what it complains of
 * goes nowhere, since that might hold the passphrase. It may ask somebody: it has ten minutes. The caller wipes
 * passphrase, all of it. APR_SUCCESS; ANSHIN_EFAULT (it cannot be run, fails, takes too long, prints nothing or too
 * much; the error names the program and never what it printed). For single-threaded times. */
apr_status_t anshin_passphrase_ask(char passphrase[ANSHIN_PASSPHRASE_MAX + 1], const char *program, const char *purpose,
                                   anshin_error_t *err);

#endif

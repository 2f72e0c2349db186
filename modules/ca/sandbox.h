/*
 * No system calls but those that the signer needs (S30).
 */
#ifndef ANSHIN_CA_SANDBOX_H
#define ANSHIN_CA_SANDBOX_H

#include "core/base/anshin.h"

/* From now on: no file is opened, no socket, no other program or process begun, no other process looked into; each
 * is refused with EPERM (seccomp(2); on x86-64 and AArch64, elsewhere nothing happens). reads_files 1: files are still
 * opened for reading, which some modules of tokens need whenever they sign. anshin_process_confine() comes first.
 * APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_process_sandbox(int reads_files, anshin_error_t *err);

#endif

/*
 * What the signer was given and cannot use: noted by the worker, for whoever must not read keys (htanshin check).
 */
#ifndef ANSHIN_CORE_CERTIFICATE_UNUSABLE_H
#define ANSHIN_CORE_CERTIFICATE_UNUSABLE_H

#include "core/context/op.h"

/* Note why a CA, by its name (core/config/ca_files.h), cannot be used; ca NULL: why no Apple profiles can be signed.
 * why "": nothing hinders. Writes only what was not noted yet, not durably. op needs no contract, here and below.
 * APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_unusable_note(anshin_op_t *op, const char *ca, const char *why);

/* What was noted last. *why: in op->pool; "": nothing hinders, or nobody has noted anything. Answers as above. */
apr_status_t anshin_unusable_noted(anshin_op_t *op, const char *ca, const char **why);

#endif

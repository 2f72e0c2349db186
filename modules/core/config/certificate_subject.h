/*
 * Organisation and unit in a certificate's subject, as expressions of the operator's (AnshinCertificateOrganization,
 * AnshinCertificateUnit; CAS-1, ATT-1): text in which %{organisation} is that of the account.
 */
#ifndef ANSHIN_CORE_CONFIG_CERTIFICATE_SUBJECT_H
#define ANSHIN_CORE_CONFIG_CERTIFICATE_SUBJECT_H

#include "core/base/anshin.h"

#define ANSHIN_CERTIFICATE_SUBJECT_MAX 64 /* characters: ub-organization-name and its like, RFC 5280 A.1 */

/* What is wrong with an expression (NULL: none is given), in pool; NULL: nothing. bound: how RFC 5280 A.1 calls the
 * limit that it has, "ub-organization-name" for instance. */
const char *anshin_certificate_subject_error(const char *expression, const char *bound, apr_pool_t *pool);

/* The text by an expression in which nothing is wrong, of at most 64 characters; what is too long loses its end. NULL:
 * the certificate says nothing there, since none is given, or the account has no organisation and it names one. In
 * pool. */
const char *anshin_certificate_subject(const char *expression, const char *organisation, apr_pool_t *pool);

#endif

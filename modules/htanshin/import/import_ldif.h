/*
 * Entries of LDIF (RFC 2849), as slapcat and ldapsearch -LLL write them: each with a uid is a user. Private to this
 * folder.
 *
 * uid, mail, displayName (or cn), o, preferredLanguage and userPassword are taken, the first value of each; of several
 * passwords none is. An entry that is locked there (nsAccountLock, pwdAccountLockedTime) is refused.
 */
#ifndef ANSHIN_HTANSHIN_IMPORT_IMPORT_LDIF_H
#define ANSHIN_HTANSHIN_IMPORT_IMPORT_LDIF_H

#include "htanshin/import/import_columns.h"

#define ANSHIN_IMPORT_LDIF_VALUE_MAX 4096 /* octets of a value that is taken, as it stands there */

/* The next one, of anshin_import_text_t. Answers of anshin_import_text_next(). */
apr_status_t anshin_import_ldif_next(void *reader, anshin_import_record_t *record, anshin_error_t *err,
                                     apr_pool_t *pool);

#endif

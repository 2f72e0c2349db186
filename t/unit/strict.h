/*
 * What we encode, read by a strict reader that is not OpenSSL (t/tools/strict.py): what one library writes and reads
 * back may still be no DER.
 */
#ifndef ANSHIN_UNIT_STRICT_H
#define ANSHIN_UNIT_STRICT_H

#include <stdio.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "core/base/anshin.h"

/* kind: certificate, crl, ocsp. 1: every octet of it was understood. */
static inline int strictly_readable(const char *kind, const void *der, apr_size_t length, const char *scratch,
                                    apr_pool_t *ptemp)
{
    const char *path = apr_pstrcat(ptemp, scratch, "/strict.der", NULL);
    FILE *file = fopen(path, "wb");
    int written = file != NULL && fwrite(der, 1, length, file) == length;

    if (file == NULL || fclose(file) != 0 || !written) {
        return 0;
    }
    /* NOLINTNEXTLINE(cert-env33-c): a shell is what is wanted */
    return system(apr_psprintf(
               ptemp, "python3 t/tools/strict.py %s '%s' >'%s.out' 2>&1 || { sed 's/^/# /' '%s.out'; exit 1; }", kind,
               path, path, path)) == 0;
}

#endif

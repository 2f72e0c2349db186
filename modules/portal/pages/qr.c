/*
 * QR codes: see qr.h.
 */
#include "portal/pages/qr.h"

#include <apr_strings.h>
#include <httpd.h>
#include <qrencode.h>

#define QUIET_ZONE 4 /* modules around a QR code (ISO/IEC 18004) */

const char *anshin_qr_svg(const char *text, const char *label, apr_pool_t *pool)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    int size = code ? code->width + 2 * QUIET_ZONE : 0;
    apr_array_header_t *parts = apr_array_make(pool, 512, sizeof(const char *));

    if (!code) {
        return NULL;
    }
    APR_ARRAY_PUSH(parts, const char *) =
        apr_psprintf(pool,
                     "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"%s\" "
                     "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" shape-rendering=\"crispEdges\">"
                     "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
                     ap_escape_html(pool, label), size, size, size * 5, size * 5, size, size);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++) {
            if (code->data[y * code->width + x] & 1) {
                APR_ARRAY_PUSH(parts, const char *) =
                    apr_psprintf(pool, "M%d %dh1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
        }
    }
    APR_ARRAY_PUSH(parts, const char *) = "\"/></svg>";
    QRcode_free(code);
    return apr_array_pstrcat(pool, parts, 0);
}

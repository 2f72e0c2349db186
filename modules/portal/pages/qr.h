/*
 * QR codes as pictures of a page.
 */
#ifndef ANSHIN_PORTAL_QR_H
#define ANSHIN_PORTAL_QR_H

#include <apr_pools.h>

/* The QR code of a text as an SVG of one path, whose name for those who do not see it is label; in pool. NULL: it
 * cannot be made. */
const char *anshin_qr_svg(const char *text, const char *label, apr_pool_t *pool);

#endif

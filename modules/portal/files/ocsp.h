/*
 * The OCSP responder over HTTP, at PORTAL/ca/ocsp (CRT-6, CRT-9; RFC 6960 appendix A, RFC 5019).
 */
#ifndef ANSHIN_PORTAL_OCSP_H
#define ANSHIN_PORTAL_OCSP_H

#include "http/env.h"

#define ANSHIN_OCSP_NAME "ocsp" /* behind PORTAL/ca/ */

/* Hook pre_translate_name: a request in the address is base64, whose '/' comes as %2F. httpd would answer 404 for that
 * (AllowEncodedSlashes Off), so it goes out of the path, and stays in unparsed_uri. DECLINED. */
int anshin_ocsp_shorten(request_rec *r);

/* GET or POST; state has env and contract. name: behind PORTAL/ca/, ANSHIN_OCSP_NAME or what begins with it and '/'.
 * Answers like an httpd handler. */
int anshin_ocsp_serve(request_rec *r, const anshin_request_state_t *state, const char *name);

#endif

/*
 * What every answer of ours carries (S19), and the answer that is nothing else.
 */
#ifndef ANSHIN_HTTP_PAGE_HEADERS_H
#define ANSHIN_HTTP_PAGE_HEADERS_H

#include <httpd.h>

/* 303 (RFC 9110 15.4.4) to a path of this site or an https URL, without body; OK. */
int anshin_page_redirect(request_rec *r, const char *location);

/* The headers of S19 for an answer of ours. form_target: a further origin that forms may lead to by a redirect, or
 * NULL. */
void anshin_page_headers(request_rec *r, const char *form_target);

/* Behind it: this answer may be shown in a frame of its own site. For pages on which nothing can be done. */
void anshin_page_headers_framed(request_rec *r);

/* After those: the page's own script may ask this site (and no other). */
void anshin_page_headers_connecting(request_rec *r);

/* The same for an answer that everybody gets alike; control: its Cache-Control. */
void anshin_page_headers_cached(request_rec *r, const char *control);

/* In r->notes of an answer that nothing may keep, whatever the site says of caches (S34). */
#define ANSHIN_NOTE_NO_STORE "anshin-no-store"

#endif

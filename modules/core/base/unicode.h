/*
 * Unicode: what is well-formed, and normalisation of what people type (UAX 15, UAX 29 case folding), through utf8proc.
 */
#ifndef ANSHIN_CORE_BASE_UNICODE_H
#define ANSHIN_CORE_BASE_UNICODE_H

#include "core/base/anshin.h"

/* NFKC, with case folding when fold is 1; in pool, the intermediate copy is wiped. NULL when text is not valid UTF-8 or
 * holds control characters. */
char *anshin_unicode_nfkc(const char *text, int fold, apr_pool_t *pool);

/* NFC: canonical composition alone, which changes nothing that can be seen. Answers of anshin_unicode_nfkc(). */
char *anshin_unicode_nfc(const char *text, apr_pool_t *pool);

/* The one rule for what people type or paste as ID, address, code or answer (ADR-2); passwords are none of it. NFKC,
 * with case folding when fold is 1; every kind of space, tab and line end is a plain space; every hyphen, dash and
 * minus is '-', and so is the long vowel sign of Japanese keyboards where it does not follow kana or kanji; what
 * cannot be seen (soft hyphens, zero-width spaces, marks of byte order and direction, variation selectors) is gone.
 * The intermediate copies are wiped. NULL when text is not valid UTF-8 or holds other control characters. */
char *anshin_unicode_typed(const char *text, int fold, apr_pool_t *pool);

/* In place: without the plain spaces around it. */
char *anshin_unicode_trim(char *text);

/* 1 when text is valid UTF-8, each character of which can be seen or is a space, and the first of which stands by
 * itself: none controls, formats, joins the text before, belongs to private use, or is none at all. */
int anshin_unicode_printable(const char *text);

/* 1 when text is valid UTF-8. */
int anshin_unicode_valid(const char *text);

/* 1 when text is valid UTF-8 without control characters (tab included). */
int anshin_unicode_clean(const char *text);

/* 1 when valid UTF-8 has a character of kana, or of kanji, which count as Japanese: in a page of another language such
 * a text needs its own. */
int anshin_unicode_japanese(const char *text);

/* The octets of the longest beginning of valid UTF-8 that has at most max of them and ends behind a character. */
apr_size_t anshin_unicode_cut(const char *text, apr_size_t max);

/* Number of code points of valid UTF-8. */
apr_size_t anshin_unicode_length(const char *text);

#endif

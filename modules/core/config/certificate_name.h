/*
 * The name of a certificate (its CN) as an expression of the operator's (AnshinCertificateName, LST-1).
 *
 * Text with %{user}, %{terminal}, %{label} and %{issued:FORMAT}, FORMAT made of text and %Y %m %d %H %M; %% is a
 * percent sign. The parser is ours: strftime() knows no names and has conversions that depend on the locale, httpd's
 * own expressions need httpd, and the template engine of pages escapes for HTML.
 */
#ifndef ANSHIN_CORE_CONFIG_CERTIFICATE_NAME_H
#define ANSHIN_CORE_CONFIG_CERTIFICATE_NAME_H

#include "core/base/anshin.h"

#define ANSHIN_CERTIFICATE_NAME_MAX 64 /* characters: ub-common-name, RFC 5280 A.1 */

typedef struct anshin_name_facts_t {
    const char *user;
    apr_int64_t terminal;
    const char *label; /* NULL: none */
    apr_time_t issued; /* told in the zone of this machine, as all times are */
    apr_int64_t
        count; /* how often the terminal has had this name, this time counted: "#2" and so on from the second on,
                          where the expression says when it was issued */
} anshin_name_facts_t;

/* What is wrong with an expression, in pool; NULL: nothing. */
const char *anshin_certificate_name_error(const char *expression, apr_pool_t *pool);

/* The name by an expression in which nothing is wrong: 1 to 64 characters, one line. What is too long loses the end of
 * the user's part. An expression that says when it was issued and names no terminal has the terminal's number behind
 * the user, from the second terminal on. In pool. */
const char *anshin_certificate_name(const char *expression, const anshin_name_facts_t *facts, apr_pool_t *pool);

/* 1 when a terminal's old and new certificate have different names, whatever their time: it says when it was issued. */
int anshin_certificate_name_tells(const char *expression, apr_pool_t *pool);

#endif

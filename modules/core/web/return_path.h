/*
 * The place a login leads back to (LOG-1, S26): a path of this site, sealed into the login page's address so that
 * nobody but us can name one.
 */
#ifndef ANSHIN_CORE_WEB_RETURN_PATH_H
#define ANSHIN_CORE_WEB_RETURN_PATH_H

#include "core/context/op.h"

/* Longest path with its query that is led back to, in bytes; a longer one leads to the contract's site URL. */
#define ANSHIN_RETURN_MAX 5500 /* sealed, it fits httpd's LimitRequestLine */

/* 1 when path is a path of this site that a browser cannot read as anything else: starts with one '/', no second '/' or
 * '\' behind it, only visible ASCII (no spaces, controls, backslash, quotes or angle brackets: what a browser sends of
 * them as it is, anshin_return_seal() encodes), no fragment, at most ANSHIN_RETURN_MAX bytes. */
int anshin_return_path_valid(const char *path);

/* The path with its query that a Referer header names on this host (the Host header); NULL: none, or another's. */
const char *anshin_return_of_referer(const char *referer, const char *host);

/* Seal a path for op->contract: base64url text for the query ("return=TEXT"). What may not stand in one is
 * percent-encoded first, which is the same address. APR_SUCCESS; ANSHIN_EINVALID (not such a path, or too long even
 * so); ANSHIN_EFAULT. */
apr_status_t anshin_return_seal(anshin_op_t *op, const char *path, const char **text);

/* The reverse, checked again. APR_SUCCESS; ANSHIN_EDENIED (not ours, changed, or of another contract); ANSHIN_EFAULT.
 */
apr_status_t anshin_return_unseal(anshin_op_t *op, const char *text, const char **path);

#endif

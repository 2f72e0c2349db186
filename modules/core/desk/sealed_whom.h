/*
 * Whom an address of the help desk is about (who=...), so that no log, history of a browser or Referer tells: it names
 * contract, ID and number of an account as signs that say nothing outside.
 *
 * The same user always gets the same signs, so that a page can be compared with its next version, and who reads a log
 * sees that somebody was looked at twice. They are good for every operator of the contract, who may send the address to
 * a colleague; whether that one may look is asked as ever (staff.h).
 *
 * The construction is a synthetic initialisation vector (as RFC 5297), with HMAC-SHA-256 for both of its parts: the tag
 * is an HMAC of the text, and the text is covered by HMACs of tag and counter, so that two texts share a cover only
 * where their tags are the same. What was not made by us is known by its tag.
 */
#ifndef ANSHIN_CORE_DESK_SEALED_WHOM_H
#define ANSHIN_CORE_DESK_SEALED_WHOM_H

#include "core/desk/desk_user.h"

/* For addresses of op's contract, the operators': base64url, in op's pool. number may be NULL. APR_SUCCESS,
 * ANSHIN_EFAULT. */
apr_status_t anshin_whom_seal(anshin_op_t *op, const anshin_desk_whom_t *whom, const char **text);

/* The reverse. APR_SUCCESS; ANSHIN_EDENIED: text, which may be anything or NULL, was not made so for this contract, or
 * does not name three things; then whom is nobody (its number is NULL). ANSHIN_EFAULT: the same. */
apr_status_t anshin_whom_unseal(anshin_op_t *op, const char *text, anshin_desk_whom_t *whom);

#endif

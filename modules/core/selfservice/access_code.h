/*
 * Codes of mails without links (NOM-1): who types one gets a link of his own, from which all goes on as behind one that
 * was mailed. How codes are made: core/mail/mail_way.h.
 *
 * What was asked for in a browser (reissue, lost device) counts there alone: that browser was given the token of the
 * link when it asked, and the code lets the token count. A code that is read over a shoulder opens nothing elsewhere.
 * The mail of a download nobody has asked for in a browser, and it is meant for a device that need not have been there:
 * the user ID goes with its code. What that opens asks for the download password, as the link's page does.
 *
 * Wrong ones count against the address that they come from, and against the codes that they could have been, never
 * against an account or a download. Unknown users, codes that are over and wrong ones are one answer at one cost (S8).
 */
#ifndef ANSHIN_CORE_SELFSERVICE_ACCESS_CODE_H
#define ANSHIN_CORE_SELFSERVICE_ACCESS_CODE_H

#include "core/selfservice/reissue.h"

#define ANSHIN_ACCESS_TYPED_MAX 128 /* bytes */

/* The code of a reissue, in the browser that asked for it, for a user ID as it was typed there; token: what that
 * browser was given. *right: 1, the token leads on from now on, and the code nowhere any more; sent twice it is right
 * twice.
 * APR_SUCCESS; ANSHIN_EDENIED (this address must wait, LCK-4), ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_access_asked(anshin_op_t *op, anshin_reissue_kind_t kind, const char *user, const char *token,
                                 const char *code, int *right);

/* The code of a download, with the user ID as typed. *right: 1, and *token leads to it; it works as long as the mail
 * said, as the link would, and each time it is typed the token of the time before leads nowhere. Same answers. */
apr_status_t anshin_access_download(anshin_op_t *op, const char *user, const char *code, const char **token,
                                    int *right);

#endif

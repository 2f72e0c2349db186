/*
 * A member's download on the phone: see core/certificate/phone.h.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_PHONE_H
#define ANSHIN_CORE_SELFSERVICE_PHONE_H

#include "core/account/member.h"
#include "core/certificate/phone.h"

/* Make a link for a QR code, of one terminal: durable. The session must be fresh (anshin_member_fresh()), since the
 * link takes the place of the mailbox. ANSHIN_EDENIED (session ended or not fresh), ANSHIN_ENOTFOUND (nothing waits
 * there, or the contract has it switched off), ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_member_phone(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                 anshin_phone_t *phone);

#endif

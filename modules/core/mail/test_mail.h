/*
 * A mail that only shows whether mail arrives (ADM-1, htanshin check --mail): queued and delivered as any other, to an
 * address that needs to be nobody's.
 */
#ifndef ANSHIN_CORE_MAIL_TEST_MAIL_H
#define ANSHIN_CORE_MAIL_TEST_MAIL_H

#include "core/mail/mail.h"

/* The address of one, as it was typed. APR_SUCCESS, ANSHIN_EINVALID. */
apr_status_t anshin_test_mail_address(const char *typed, const char **address, anshin_error_t *err, apr_pool_t *pool);

/* Queue one of op's contract. *id: of its record, in op's pool. APR_SUCCESS; ANSHIN_EINVALID: no mail address;
 * ANSHIN_EDENIED: the address has got so many today; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_test_mail_add(anshin_op_t *op, const char *address, const char **id);

/* What has become of it. APR_SUCCESS, ANSHIN_ENOTFOUND, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_test_mail_look(anshin_op_t *op, const char *id, anshin_mail_t *mail);

/* It need not go out any more: unless it was delivered, or is just now (*in_hand 1: a worker has it), nothing of it is
 * left, and its job finds nothing to do. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_test_mail_give_up(anshin_op_t *op, const char *id, int *in_hand);

/* 1: it is one of these, and to nobody. */
int anshin_test_mail_is(const anshin_mail_t *mail);

#endif

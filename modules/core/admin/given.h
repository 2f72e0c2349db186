/*
 * What an operator gives for a user, by the rules of the user's own pages. Each takes what was typed, gives its normal
 * form, and answers APR_SUCCESS, or ANSHIN_EINVALID with field and rule in op->error.
 */
#ifndef ANSHIN_CORE_ADMIN_GIVEN_H
#define ANSHIN_CORE_ADMIN_GIVEN_H

#include "core/context/op.h"

/* In op's pool. */
apr_status_t anshin_given_address(anshin_op_t *op, const char *typed, const char **address);
apr_status_t anshin_given_label(anshin_op_t *op, const char *typed, const char **label);

/* One that the contract admits; of methods and of kinds of terminals. */
apr_status_t anshin_given_method(anshin_op_t *op, apr_int64_t method);
apr_status_t anshin_given_kind(anshin_op_t *op, apr_int64_t kind);

/* One that there are texts in. */
apr_status_t anshin_given_language(anshin_op_t *op, const char *language);

#endif

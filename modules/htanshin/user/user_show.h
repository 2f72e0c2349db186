/*
 * Everything of one user that an operator may see, and what is told once. Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_USER_SHOW_H
#define ANSHIN_HTANSHIN_USER_SHOW_H

#include "core/admin/operator.h"
#include "htanshin/command.h"

/* *result: a new JSON object. user is canonical. Answers of anshin_account_get(). */
apr_status_t anshin_user_show(anshin_call_t *call, const char *user, json_t **result);

/* What is told of an invitation. New reference. */
json_t *anshin_user_invitation(const anshin_call_t *call, const char *user, const anshin_invitation_t *invitation);

#endif

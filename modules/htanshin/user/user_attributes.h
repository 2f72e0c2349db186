/*
 * Attributes of a user on the command line, and in answers (ATT-1). Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_USER_USER_ATTRIBUTES_H
#define ANSHIN_HTANSHIN_USER_USER_ATTRIBUTES_H

#include "core/account/attributes.h"
#include "htanshin/command.h"

/* Rows of options, for each command that takes them. */
#define ANSHIN_ATTRIBUTE_OPTIONS                                                                                      \
    {"name", "NAME", "Name of the user, by which mails address the user; at most 64 characters.", 0},                 \
        {"organisation", "NAME", "Organisation of the user, at most 64 characters.", 0},                              \
        {"groups", "GROUP,...",                                                                                       \
         "All groups that the user is in: names of at most 32 of a-z 0-9 . _ -, with commas between them.", 0},       \
        {"memo", "TEXT", "For operators, at most 500 characters; the user does not see it.", 0},                      \
        {"role", "ROLE", "Of an operator (AnshinStaff on): none, viewer, helpdesk, admin or organisation.", 0},       \
        {"valid-from", "TIME", "Before it the user is as one that is disabled: 2027-04-01, or 2027-04-01T09:00.", 0}, \
    {                                                                                                                 \
        "valid-until", "TIME", "After it as well; of a day, its end.", 0                                              \
    }

/* Read them. APR_SUCCESS; ANSHIN_EINVALID: a time is none. */
apr_status_t anshin_user_attributes(anshin_call_t *call, anshin_attributes_t *attributes);

/* A day or a time as those options take it, in the zone of this machine where it says none; last: of a day its last
 * second, else its first. 0: it is none. */
int anshin_user_time(const char *text, int last, apr_time_t *time);

/* Put what an account has into an object. */
void anshin_user_put_attributes(json_t *object, const anshin_account_t *account, apr_pool_t *pool);

/* The groups of an account as an array. New reference. */
json_t *anshin_user_groups(const anshin_account_t *account);

#endif

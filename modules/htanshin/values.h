/*
 * What the command line gave: values of options, and what they narrow a list to.
 */
#ifndef ANSHIN_HTANSHIN_VALUES_H
#define ANSHIN_HTANSHIN_VALUES_H

#include "core/base/words.h"
#include "htanshin/command.h"

/* The value of an option of this command, NULL when it is not given. */
const char *anshin_call_value(const anshin_call_t *call, const char *name);

/* The value of an option as a number from minimum to maximum; absent when it is not given. APR_SUCCESS or
 * ANSHIN_EINVALID. */
apr_status_t anshin_call_number(anshin_call_t *call, const char *name, int minimum, int maximum, int absent,
                                int *number);

/* The value of an option as a time, "40d" for instance, of at most so many seconds; 0 when it is not given. APR_SUCCESS
 * or ANSHIN_EINVALID. */
apr_status_t anshin_call_span(anshin_call_t *call, const char *name, apr_int64_t maximum, apr_interval_time_t *span);

/* The value of an option as one of these words; absent when it is not given. APR_SUCCESS or ANSHIN_EINVALID, which
 * names the words. */
apr_status_t anshin_call_word(anshin_call_t *call, const char *name, const anshin_word_t *words, int absent,
                              int *value);

/* The canonical form of a user ID given by the operator. APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_call_user(anshin_call_t *call, const char *typed, const char **user);

/* The value of --organisation, which is given, in normal form. APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_call_organisation(anshin_call_t *call, const char **organisation);

/* What --user and --state narrow a list to. */
typedef struct anshin_filter_t {
    const char *user; /* NULL: any */
    int state;        /* -1: any */
} anshin_filter_t;

/* Read both; states: the words of --state. APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_call_filter(anshin_call_t *call, const anshin_word_t *states, anshin_filter_t *filter);

/* 1 when a record of that user (may be NULL) and state passes. */
int anshin_filter_admits(const anshin_filter_t *filter, const char *user, apr_int64_t state);

#endif

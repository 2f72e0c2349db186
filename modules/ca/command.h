/*
 * Delivery of a message into a command, at least once (MAI-1).
 */
#ifndef ANSHIN_CA_COMMAND_H
#define ANSHIN_CA_COMMAND_H

#include "ca/delivery.h"

#define ANSHIN_COMMAND_WAIT apr_time_from_sec(60)

/* 1 when the command line can be used: a program by its absolute path, and arguments; quotes as in a shell, no
 * shell. */
int anshin_command_valid(const char *command, apr_pool_t *pool);

/* Run it with the message on its standard input and nothing of our environment. APR_SUCCESS: it took all and ended
 * with 0. ANSHIN_EFAULT: anything else, with what it said last on its standard error; after wait it is killed. The
 * process must ignore SIGPIPE. Thread safe. */
apr_status_t anshin_command_run(const char *command, const anshin_message_t *message, apr_interval_time_t wait,
                                anshin_error_t *err, apr_pool_t *pool);

#endif

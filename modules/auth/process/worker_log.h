/*
 * What the CA worker says, written to the error log by a process of its own.
 */
#ifndef ANSHIN_AUTH_WORKER_LOG_H
#define ANSHIN_AUTH_WORKER_LOG_H

#include <httpd.h>

/* In a process just forked from httpd's first one. After a pause of so many seconds it writes what comes in, line by
 * line, to the server's error log, until nobody can write any more. */
void anshin_worker_log_run(int in, int pause, server_rec *server) __attribute__((noreturn));

#endif

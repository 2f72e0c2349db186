/*
 * The state of the system for people.
 */
#ifndef ANSHIN_CORE_STATUS_STATUS_TEXT_H
#define ANSHIN_CORE_STATUS_STATUS_TEXT_H

#include "core/status/status.h"

/* In pool. The first line is that of a monitoring plugin: the word, what is wrong, and numbers behind a '|'. */
const char *anshin_status_text(const anshin_status_t *status, apr_pool_t *pool);

#endif

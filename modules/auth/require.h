/*
 * `Require anshin ...`.
 */
#ifndef ANSHIN_AUTH_REQUIRE_H
#define ANSHIN_AUTH_REQUIRE_H

#include <httpd.h>

/* Once, when httpd registers hooks; pool: pconf. */
void anshin_require_register(apr_pool_t *pool);

#endif

/*
 * mod_anshin_auth: who is let in. The module, for what httpd keeps of it.
 */
#ifndef ANSHIN_AUTH_AUTH_H
#define ANSHIN_AUTH_AUTH_H

#include <httpd.h>
#include <http_config.h>

extern module AP_MODULE_DECLARE_DATA anshin_auth_module;

#endif

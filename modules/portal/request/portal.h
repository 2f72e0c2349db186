/*
 * mod_anshin_portal: the pages that people see. The module, for what httpd keeps of it.
 */
#ifndef ANSHIN_PORTAL_PORTAL_H
#define ANSHIN_PORTAL_PORTAL_H

#include <httpd.h>

#include <http_config.h>

extern module AP_MODULE_DECLARE_DATA anshin_portal_module;

#endif

/*
 * Does this httpd serve the portals that its contracts name? A link in a mail leads where AnshinPortalURL says,
 * whether or not anybody answers there.
 */
#ifndef ANSHIN_AUTH_SERVED_H
#define ANSHIN_AUTH_SERVED_H

#include <httpd.h>

#include "core/config/config.h"

/* Warn (AN1131, AN1132) of each contract whose portal URL has the name and port of no virtual host here, or no place
 * with SetHandler anshin there. Nothing is refused: a proxy in front may be what has that name; where
 * AnshinTrustedProxy names one, this is not called. For hook check_config. It is among the configuration's sightings as
 * well. */
void anshin_served_check(const anshin_config_t *config, server_rec *servers, apr_pool_t *ptemp);

#endif

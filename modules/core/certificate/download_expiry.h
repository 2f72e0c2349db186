/*
 * When a download is over, and what goes with it.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_DOWNLOAD_EXPIRY_H
#define ANSHIN_CORE_CERTIFICATE_DOWNLOAD_EXPIRY_H

#include "core/context/expiry.h"

extern const anshin_expiry_rule_t anshin_download_expiry;

#endif

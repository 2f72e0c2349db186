/*
 * Where a flow stands: the page of each of its stages.
 */
#ifndef ANSHIN_PORTAL_FLOW_PLACE_H
#define ANSHIN_PORTAL_FLOW_PLACE_H

#include "core/context/flow.h"

/* The path of the page behind the portal's base; NULL: it stands nowhere. */
const char *anshin_flow_place(const anshin_flow_t *flow);

#endif

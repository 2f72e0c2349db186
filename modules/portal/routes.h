/*
 * The portal's routes: one table. A new page costs a template, its texts in both languages, a handler with its line in
 * pages/pages.h, and a row; one that has a flow also its place in response/flow_place.c.
 */
#ifndef ANSHIN_PORTAL_ROUTES_H
#define ANSHIN_PORTAL_ROUTES_H

#include "core/context/flow.h"
#include "portal/pages/pages.h"

enum {
    ANSHIN_ROUTE_SESSION = 1,  /* only for those who are logged in; others go to the login and come back */
    ANSHIN_ROUTE_LINK = 2,     /* links lead here: ?t=TOKEN begins its flow */
    ANSHIN_ROUTE_FRESH = 4,    /* with SESSION: the password must have been checked recently (S12) */
    ANSHIN_ROUTE_BEGINS = 16,  /* the page may be opened without its flow, and its handler begins one */
    ANSHIN_ROUTE_QUERY = 8,    /* the way back from login or re-authentication keeps the query */
    ANSHIN_ROUTE_LINKED = 32,  /* only where mail has links (AnshinMailLinks) */
    ANSHIN_ROUTE_CODED = 64,   /* only where it has none, but codes (NOM-1) */
    ANSHIN_ROUTE_DIRECT = 128, /* answers its POST directly, since it asks for a secret as well; what it keeps waits for
                                 a login alone (U14) */
    ANSHIN_ROUTE_STAFF = 512,  /* of the help desk: with SESSION, only at a contract of operators, for who has a role */
    ANSHIN_ROUTE_ROWS = 1024,  /* its form has rows to tick, and more fields than others for that */
    ANSHIN_ROUTE_WATCH = 256   /* its GET is no use of the session, whose idle time goes on */
};

/* A page that goes with one of several functions is there as long as one of them is on. */
#define ANSHIN_SWITCH(name) (1u << ANSHIN_FUNCTION_##name)

typedef struct anshin_route_t {
    const char *path;     /* behind the portal's base */
    anshin_page_fn *get;  /* GET and HEAD; changes nothing (S10) */
    anshin_page_fn *post; /* NULL: 405 */
    unsigned flags;
    anshin_flow_kind_t flow;        /* ANSHIN_FLOW_NONE, or the flow that the page belongs to and the */
    anshin_flow_stage_t stage_from; /* first and last stage in which it may be used (S29): whoever is */
    anshin_flow_stage_t stage_to;   /* elsewhere in it is led to where he is */
    unsigned function;              /* ANSHIN_SWITCH() of what the contract may switch off (CON-2); 0: always on */
    const char *const *kept; /* the fields that the page shows again after a login that came between, and after */
                             /* an error, about which its GET complains once more (FLO-2); NULL: it answers its */
                             /* POST directly, and nothing waits */
} anshin_route_t;

/* The row of a path behind a portal's base, NULL: none. */
const anshin_route_t *anshin_route_find(const char *path);

/* 1: the contract has that page; what is switched off is as if it did not exist (CON-2). */
int anshin_route_on(const anshin_route_t *route, const anshin_policy_t *policy);

#endif

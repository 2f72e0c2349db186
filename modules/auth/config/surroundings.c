/*
 * What httpd's own configuration has: see surroundings.h.
 */
#include "auth/config/surroundings.h"

#include <ap_listen.h>

#include "auth/config/config.h"
#include "auth/config/look_host.h"
#include "auth/config/look_open.h"
#include "auth/config/neighbours.h"

static int has_port(const server_rec *server, apr_port_t port)
{
    for (const server_addr_rec *address = server->addrs; address != NULL; address = address->next) {
        if (address->host_port == port || address->host_port == 0) {
            return 1;
        }
    }
    return 0;
}

/* The main server answers where httpd listens and no virtual host does. */
static int is_reached(const server_rec *server)
{
    if (server->is_virtual) {
        return 1;
    }
    for (const ap_listen_rec *listener = ap_listeners; listener != NULL; listener = listener->next) {
        int taken = 0;

        for (const server_rec *host = server->next; host != NULL && !taken; host = host->next) {
            taken = has_port(host, listener->bind_addr->port);
        }
        if (!taken) {
            return 1;
        }
    }
    return 0;
}

void anshin_surroundings_look(server_rec *servers, apr_pool_t *ptemp)
{
    const anshin_config_t *config = anshin_site_of(servers)->main->config;
    apr_array_header_t *reached = apr_array_make(ptemp, 8, sizeof(server_rec *));

    for (server_rec *server = servers; server != NULL; server = server->next) {
        if (is_reached(server)) {
            APR_ARRAY_PUSH(reached, server_rec *) = server;
        }
    }
    anshin_look_server(servers, config->sightings, ptemp);
    for (int i = 0; i < reached->nelts; i++) {
        server_rec *server = APR_ARRAY_IDX(reached, i, server_rec *);

        anshin_look_neighbour(server, config->sightings, ptemp);
        if (anshin_site_serves(anshin_site_of(server)) && anshin_neighbours_place(server)) {
            anshin_look_host(server, config->sightings, ptemp);
        }
    }
    anshin_look_open(reached, config->server.state_dir, config->sightings, ptemp);
}

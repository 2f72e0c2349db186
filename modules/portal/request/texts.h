/*
 * The texts of the contracts, loaded at the start of a process and only read afterwards.
 */
#ifndef ANSHIN_PORTAL_TEXTS_H
#define ANSHIN_PORTAL_TEXTS_H

#include <httpd.h>

#include "core/config/config.h"
#include "core/render/text.h"

/* Hook child_init: load those of every contract. */
void anshin_portal_texts_load(apr_pool_t *pool, server_rec *s);

/* The texts of a contract; NULL when they could not be loaded (told to the log then). */
const anshin_texts_t *anshin_portal_texts(const anshin_contract_t *contract);

#endif

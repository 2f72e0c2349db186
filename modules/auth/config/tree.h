/*
 * The tree of the configuration as httpd has read it (ap_conftree): includes, macros and conditions have become plain
 * lines. For lines of other modules, whose records are their own.
 */
#ifndef ANSHIN_AUTH_TREE_H
#define ANSHIN_AUTH_TREE_H

#include <httpd.h>
#include <http_config.h>

/* 1 ends the search at this line. */
typedef int anshin_tree_test_t(const ap_directive_t *line, void *baton);

/* The first line that holds for this host, its own or one for all hosts, and that the test is true of; NULL: none. */
const ap_directive_t *anshin_tree_find(const server_rec *server, anshin_tree_test_t *test, void *baton);

/* 1 when the line is this directive. */
int anshin_tree_is(const ap_directive_t *line, const char *directive);

/* 1 when the line stands in the <VirtualHost> of this host; 0: of another, or in none. */
int anshin_tree_is_own(const ap_directive_t *line, const server_rec *server);

/* The nearest section around a line that says what it holds for, by the beginning of its name ("<Location"); NULL: it
 * stands in none. */
const ap_directive_t *anshin_tree_section(const ap_directive_t *line, const char *beginning);

/* What a section holds for, as it stands in the configuration: without its '>', quoted as it is. */
const char *anshin_tree_arguments(const ap_directive_t *section, apr_pool_t *ptemp);

/* Does a section of <Location> or <LocationMatch> hold for a path, or one of <Directory> for a file's? */
int anshin_tree_covers(const ap_directive_t *section, const char *path, apr_pool_t *ptemp);

/* 1 when path is base, or lies below it. */
int anshin_tree_below(const char *path, const char *base);

/* "host www.example.jp:443", in pool. */
const char *anshin_tree_host(const server_rec *server, apr_pool_t *pool);

/* "host www.example.jp:443, line 12 of FILE", in pool. */
const char *anshin_tree_at(const server_rec *server, const ap_directive_t *line, apr_pool_t *pool);

#endif

/*
 * What is protected on one host and open on another: see look_open.h.
 *
 * Pages are what a path leads to, a directory or the URL of a back end (DocumentRoot, Alias, ProxyPass). What is
 * protected by a section of one host is looked for among what the other hosts serve.
 *
 * Hosts may be hundreds, all with the same pages: so each host's lines are read once, what it makes of pages is judged
 * once, and one open place is told of once, however many hosts protect what it shows.
 */
#include "auth/config/look_open.h"

#include <apr_file_info.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>

#include "auth/config/config.h"
#include "auth/config/tree.h"

/* What a path leads to. */
typedef struct mount_t {
    const char *path;
    const char *target;
} mount_t;

typedef struct host_t {
    const server_rec *server;
    apr_array_header_t *mounts; /* of mount_t */
    apr_array_header_t *lines;  /* of const ap_directive_t *: what may close a path */
    apr_hash_t *judged;         /* of place_t, by path and pages */
} host_t;

typedef struct search_t {
    apr_array_header_t *hosts; /* of host_t */
    apr_array_header_t *sightings;
    apr_pool_t *ptemp;
    apr_pool_t *scratch; /* of one host that is looked at for one place */
} search_t;

/* --- what a host serves --- */

typedef struct reading_t {
    host_t *host;
    apr_pool_t *ptemp;
} reading_t;

/* Without '/' at its end, but for the root. */
static const char *trimmed(const char *path, apr_pool_t *ptemp)
{
    apr_size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return apr_pstrmemdup(ptemp, path, length);
}

static int is_mount(const ap_directive_t *line)
{
    return anshin_tree_is(line, "Alias") || anshin_tree_is(line, "ScriptAlias") || anshin_tree_is(line, "ProxyPass");
}

static int read_mount(const ap_directive_t *line, void *baton)
{
    const reading_t *reading = baton;
    const ap_directive_t *section = anshin_tree_section(line, "<Location");
    const char *args = line->args;
    const char *path, *target;

    if (!is_mount(line)) {
        return 0;
    }
    path = ap_getword_conf(reading->ptemp, &args);
    target = ap_getword_conf(reading->ptemp, &args);
    if (section != NULL) { /* there it is the target alone */
        target = path;
        args = anshin_tree_arguments(section, reading->ptemp);
        path = ap_getword_conf(reading->ptemp, &args);
    }
    if (path[0] == '/' && target[0] != '\0') {
        APR_ARRAY_PUSH(reading->host->mounts, mount_t) =
            (mount_t){trimmed(path, reading->ptemp), trimmed(target, reading->ptemp)};
    }
    return 0;
}

/* The one that a path is served by: the longest. */
static const mount_t *mount_of(const host_t *host, const char *path)
{
    const mount_t *found = NULL;

    for (int i = 0; i < host->mounts->nelts; i++) {
        const mount_t *mount = &APR_ARRAY_IDX(host->mounts, i, mount_t);

        if (anshin_tree_below(path, mount->path) && (found == NULL || strlen(mount->path) > strlen(found->path))) {
            found = mount;
        }
    }
    return found;
}

/* base with what path has beyond above, which it lies below. */
static const char *moved(const char *path, const char *above, const char *base, apr_pool_t *ptemp)
{
    const char *rest = path + (strcmp(above, "/") == 0 ? 0 : strlen(above));

    rest = strcmp(rest, "/") == 0 ? "" : rest;
    return strcmp(base, "/") == 0 ? (*rest != '\0' ? rest : "/") : apr_pstrcat(ptemp, base, rest, NULL);
}

/* --- whether a path is closed --- */

typedef struct door_t {
    const char *path;
    const char *pages; /* what it leads to */
    apr_size_t depth;  /* of the directory that has decided so far */
    int directory_open;
    int closed;
    apr_pool_t *ptemp;
} door_t;

static int is_open_to_all(const ap_directive_t *line)
{
    return anshin_tree_is(line, "Require") && ap_strcasestr(line->args, "all granted") != NULL;
}

static int restricts(const ap_directive_t *line)
{
    return (anshin_tree_is(line, "Require") && !is_open_to_all(line)) ||
           (anshin_tree_is(line, "AuthType") && ap_cstr_casecmp(line->args, "none") != 0) ||
           (anshin_tree_is(line, "Deny") && ap_strcasestr(line->args, "all") != NULL);
}

/* A rewrite that sends elsewhere or refuses may do so with this path; what it does is not to be known. */
static int sends_away(const ap_directive_t *line, const door_t *door)
{
    const char *args = line->args;
    const char *flags = strrchr(line->args, '[');
    const char *word;

    if (anshin_tree_is(line, "RewriteRule")) {
        return flags != NULL && (ap_strcasestr(flags, "R=") != NULL || ap_strcasestr(flags, "R,") != NULL ||
                                 ap_strcasestr(flags, "R]") != NULL || ap_strcasestr(flags, "F") != NULL);
    }
    if (ap_cstr_casecmpn(line->directive, "Redirect", strlen("Redirect")) != 0) {
        return 0;
    }
    word = ap_getword_conf(door->ptemp, &args);
    if (anshin_tree_is(line, "Redirect") && word[0] != '/') {
        word = ap_getword_conf(door->ptemp, &args); /* behind the status */
    }
    return word[0] != '/' || anshin_tree_below(door->path, word) || anshin_tree_section(line, "<Location") != NULL;
}

/* What judge_line() may make something of. */
static int may_close(const ap_directive_t *line)
{
    return anshin_tree_is(line, "Require") || anshin_tree_is(line, "AuthType") || anshin_tree_is(line, "Deny") ||
           anshin_tree_is(line, "RewriteRule") ||
           ap_cstr_casecmpn(line->directive, "Redirect", strlen("Redirect")) == 0;
}

/* The directory nearest to the pages decides. */
static void judge_directory(const ap_directive_t *line, const ap_directive_t *section, door_t *door)
{
    apr_size_t depth = strlen(section->args);

    if (!anshin_tree_covers(section, door->pages, door->ptemp)) {
        return;
    }
    if (anshin_tree_is(line, "AuthType")) {
        door->closed = 1;
    } else if (depth >= door->depth && (restricts(line) || is_open_to_all(line))) {
        door->depth = depth;
        door->directory_open = is_open_to_all(line);
    }
}

static void judge_line(const ap_directive_t *line, door_t *door)
{
    const ap_directive_t *place = anshin_tree_section(line, "<Location");
    const ap_directive_t *directory = anshin_tree_section(line, "<Directory");

    if (sends_away(line, door)) {
        door->closed = 1;
    } else if (place != NULL && restricts(line) && anshin_tree_covers(place, door->path, door->ptemp)) {
        door->closed = 1;
    } else if (directory != NULL) {
        judge_directory(line, directory, door);
    }
}

static int has_htaccess(const char *pages, apr_pool_t *ptemp)
{
    apr_finfo_t found;

    return pages[0] == '/' &&
           apr_stat(&found, apr_pstrcat(ptemp, pages, "/.htaccess", NULL), APR_FINFO_TYPE, ptemp) == APR_SUCCESS;
}

static int judge(const host_t *host, const char *path, const char *pages, apr_pool_t *ptemp)
{
    door_t door = {.path = path, .pages = pages, .directory_open = 1, .ptemp = ptemp};

    for (int i = 0; i < host->lines->nelts && !door.closed; i++) {
        judge_line(APR_ARRAY_IDX(host->lines, i, const ap_directive_t *), &door);
    }
    return door.closed || !door.directory_open || has_htaccess(pages, ptemp);
}

/* A place that a host serves. */
typedef struct place_t {
    const char *path;
    int told;
} place_t;

/* NULL: it is closed. */
static place_t *judged(const search_t *search, const host_t *host, const char *path, const char *pages)
{
    const char *key = apr_pstrcat(search->scratch, path, "\n", pages, NULL);
    place_t *place = apr_hash_get(host->judged, key, APR_HASH_KEY_STRING);

    if (place == NULL) {
        place = apr_pcalloc(search->ptemp, sizeof(*place));
        place->path = judge(host, path, pages, search->scratch) ? NULL : apr_pstrdup(search->ptemp, path);
        apr_hash_set(host->judged, apr_pstrdup(search->ptemp, key), APR_HASH_KEY_STRING, place);
    }
    return place->path != NULL ? place : NULL;
}

/* Where a host serves these pages, or a part of them, to everybody; NULL: it does not. */
static place_t *open_place(const search_t *search, const host_t *host, const char *pages)
{
    for (int i = 0; i < host->mounts->nelts; i++) {
        const mount_t *mount = &APR_ARRAY_IDX(host->mounts, i, mount_t);
        int part = anshin_tree_below(mount->target, pages);
        place_t *place;
        const char *path;

        if (!part && !anshin_tree_below(pages, mount->target)) {
            continue;
        }
        path = part ? mount->path : moved(pages, mount->target, mount->path, search->scratch);
        if (mount_of(host, path) == mount &&
            (place = judged(search, host, path, part ? mount->target : pages)) != NULL) {
            return place;
        }
    }
    return NULL;
}

/* --- reading --- */

static int read_line(const ap_directive_t *line, void *baton)
{
    const reading_t *reading = baton;

    if (may_close(line)) {
        APR_ARRAY_PUSH(reading->host->lines, const ap_directive_t *) = line;
    }
    return read_mount(line, baton);
}

static void read_host(host_t *host, const server_rec *server, apr_pool_t *ptemp)
{
    const core_server_config *core = ap_get_core_module_config(server->module_config);
    reading_t reading = {host, ptemp};

    host->server = server;
    host->mounts = apr_array_make(ptemp, 4, sizeof(mount_t));
    host->lines = apr_array_make(ptemp, 4, sizeof(const ap_directive_t *));
    host->judged = apr_hash_make(ptemp);
    (void)anshin_tree_find(server, read_line, &reading);
    if (core->ap_document_root != NULL) {
        APR_ARRAY_PUSH(host->mounts, mount_t) = (mount_t){"/", trimmed(core->ap_document_root, ptemp)};
    }
}

/* --- what is protected --- */

static int is_loopback(const server_rec *server)
{
    for (const server_addr_rec *address = server->addrs; address != NULL; address = address->next) {
        if (address->virthost == NULL ||
            (strncmp(address->virthost, "127.", 4) != 0 && strncmp(address->virthost, "[::1]", 5) != 0)) {
            return 0;
        }
    }
    return server->addrs != NULL;
}

/* A host for programs of this machine alone is no door for strangers. */
static int compares(const server_rec *protecting, const server_rec *other)
{
    return protecting != other && (!is_loopback(other) || is_loopback(protecting));
}

static void look_elsewhere(const search_t *search, const host_t *protecting, const char *place, const char *pages)
{
    for (int i = 0; i < search->hosts->nelts; i++) {
        const host_t *other = &APR_ARRAY_IDX(search->hosts, i, host_t);
        place_t *open;

        apr_pool_clear(search->scratch);
        open = compares(protecting->server, other->server) ? open_place(search, other, pages) : NULL;

        if (open != NULL && !open->told) {
            open->told = 1;
            anshin_sighting_add(search->sightings, ANSHIN_FINDING_OPEN_ELSEWHERE,
                                apr_psprintf(search->ptemp, "%s, %s, which is %s of %s",
                                             anshin_tree_host(other->server, search->ptemp), open->path, place,
                                             anshin_tree_host(protecting->server, search->ptemp)));
        }
    }
}

static void look_at_path(const search_t *search, const host_t *host, const char *path)
{
    const mount_t *mount = mount_of(host, path);

    if (mount != NULL) {
        look_elsewhere(search, host, path, moved(path, mount->path, mount->target, search->ptemp));
    }
    for (int i = 0; i < host->mounts->nelts; i++) {
        const mount_t *below = &APR_ARRAY_IDX(host->mounts, i, mount_t);

        if (below != mount && anshin_tree_below(below->path, path)) {
            look_elsewhere(search, host, below->path, below->target);
        }
    }
}

typedef struct protecting_t {
    const search_t *search;
    const host_t *host;
} protecting_t;

static int look_at_line(const ap_directive_t *line, void *baton)
{
    const protecting_t *protecting = baton;
    apr_pool_t *ptemp = protecting->search->ptemp;
    const ap_directive_t *section = line->parent;
    const char *args, *place;

    if (!anshin_tree_is(line, "AuthType") || ap_strcasestr(line->args, "anshin") == NULL || section == NULL ||
        !anshin_tree_is_own(line, protecting->host->server)) {
        return 0;
    }
    args = anshin_tree_arguments(section, ptemp);
    place = ap_getword_conf(ptemp, &args);
    if (place[0] == '/' && anshin_tree_is(section, "<Location")) {
        look_at_path(protecting->search, protecting->host, trimmed(place, ptemp));
    } else if (place[0] == '/' && anshin_tree_is(section, "<Directory")) {
        look_elsewhere(protecting->search, protecting->host, place, trimmed(place, ptemp));
    }
    return 0;
}

void anshin_look_open(const apr_array_header_t *hosts, const char *state_dir, apr_array_header_t *sightings,
                      apr_pool_t *ptemp)
{
    search_t search = {apr_array_make(ptemp, hosts->nelts, sizeof(host_t)), sightings, ptemp, NULL};
    const char *key = apr_pstrcat(ptemp, state_dir, "/seal.key", NULL); /* a directory of it may be served: crl */

    apr_pool_create(&search.scratch, ptemp);
    for (int i = 0; i < hosts->nelts; i++) {
        read_host(apr_array_push(search.hosts), APR_ARRAY_IDX(hosts, i, const server_rec *), ptemp);
    }
    for (int i = 0; i < search.hosts->nelts; i++) {
        const host_t *host = &APR_ARRAY_IDX(search.hosts, i, host_t);
        protecting_t protecting = {&search, host};
        const place_t *open = open_place(&search, host, key);

        (void)anshin_tree_find(host->server, look_at_line, &protecting);
        if (open != NULL) {
            anshin_sighting_add(sightings, ANSHIN_FINDING_STATE_SERVED,
                                apr_pstrcat(ptemp, anshin_tree_host(host->server, ptemp), ", ", open->path, NULL));
        }
    }
    apr_pool_destroy(search.scratch);
}

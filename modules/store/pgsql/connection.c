/*
 * A connection to PostgreSQL: see connection.h.
 */
#include "store/pgsql/connection.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/base/waiting.h"
#include "store/pgsql/password.h"

struct anshin_pg_t {
    PGconn *conn;
    pid_t process; /* whose it is */
    apr_time_t made_at;
    apr_time_t used_at;
    apr_time_t patience;
    int lost;
    int warned;
    char prepared[ANSHIN_PG_STATEMENTS];
};

#define USUAL_SOCKET "/var/run/postgresql" /* where nothing else is said */
#define SERVERS_USER "postgres"

static const char options[] = "-c search_path=anshin -c lock_timeout=2s "
                              "-c client_min_messages=warning -c default_transaction_isolation=read\\ committed "
                              "-c standard_conforming_strings=on";

/* libpq's words in one line. */
static const char *words(char *text, apr_size_t size, const char *said)
{
    apr_size_t length;

    apr_cpystrn(text, said != NULL ? said : "", size);
    length = strlen(text);
    while (length > 0 && text[length - 1] == '\n') {
        text[--length] = '\0';
    }
    for (char *at = text; *at != '\0'; at++) {
        *at = (unsigned char)*at < 0x20 ? ' ' : *at;
    }
    return text;
}

/* Until the socket can be read or written, as asked for. 0: not by the deadline. */
static int wait_for(const PGconn *conn, short events, apr_time_t deadline)
{
    for (;;) {
        struct pollfd one = {.fd = PQsocket(conn), .events = events};
        apr_time_t left = deadline - anshin_uptime_now();
        int got = left > 0 ? poll(&one, 1, (int)(left / 1000) + 1) : 0;

        if (got > 0 || (got < 0 && errno != EINTR)) {
            return got > 0;
        }
        if (left <= 0) {
            return 0;
        }
    }
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static void hear(void *baton, const PGresult *result)
{
    anshin_pg_t *pg = baton;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    pg->warned |= severity != NULL && strcmp(severity, "WARNING") == 0;
}

/* What connection string, service and environment say together, as only a connection tells; this one libpq refuses
 * before it goes anywhere, since no gssencmode has that name. With a password libpq makes up no file of one. NULL: no
 * memory. */
static PQconninfoOption *read_told(const char *string, const char *password)
{
    const char *const names[] = {"dbname", "gssencmode", "password", NULL};
    const char *const values[] = {string, "none of them", password, NULL};
    PGconn *conn = PQconnectStartParams(names, values, 1);
    PQconninfoOption *told = conn != NULL ? PQconninfo(conn) : NULL;

    PQfinish(conn);
    return told;
}

/* "": nothing. */
static const char *value_told(const PQconninfoOption *told, const char *name)
{
    for (; told->keyword != NULL; told++) {
        if (strcmp(told->keyword, name) == 0 && told->val != NULL) {
            return told->val;
        }
    }
    return "";
}

/* The part of a list with commas that begins at *at, which goes on to the next; "" behind its end. NULL follows the
 * last: behind a comma is one more, which may be empty. */
static void take_part(const char **at, char *part, size_t size)
{
    const char *list = *at != NULL ? *at : "";
    const size_t length = strcspn(list, ",");

    (void)snprintf(part, size, "%.*s", (int)length, list);
    *at = list[length] == ',' ? list + length + 1 : NULL;
}

/* SECURITY: whoever may write into the directory of a socket can put another one there while the server is away, and
 * would be told the password. requirepeer lets libpq look who answers. */
static apr_status_t judge_socket(const char *directory, const char *peer, anshin_error_t *err)
{
    struct passwd entry;
    struct passwd *owner = NULL;
    char names[4096];
    struct stat seen;
    int safe = *peer != '\0';

    if (!safe && *directory == '/' && stat(directory, &seen) == 0) {
        (void)getpwnam_r(SERVERS_USER, &entry, names, sizeof(names), &owner);
        safe = (seen.st_uid == 0 || (owner != NULL && seen.st_uid == owner->pw_uid)) && (seen.st_mode & S_IWOTH) == 0;
    }
    return safe ? APR_SUCCESS
                : anshin_fail(
                      err, ANSHIN_EFAULT, "AN1931",
                      "store: the directory of PostgreSQL's socket, %.80s, is not root's or postgres's alone, or not "
                      "there: another "
                      "program could answer; write requirepeer=USER, as whom the server runs",
                      directory);
}

/* SECURITY: nothing goes where somebody in between could read, change or answer it; a port of this machine is anybody's
 * while the server is away. Of a list each part counts, hostaddr before host. */
static apr_status_t judge_way(const PQconninfoOption *told, anshin_error_t *err)
{
    const char *hosts = value_told(told, "host");
    const char *addresses = value_told(told, "hostaddr");
    const char *mode = value_told(told, "sslmode");
    const int listed = strchr(hosts, ',') != NULL || strchr(addresses, ',') != NULL;
    char host[256];
    char address[256];
    apr_status_t status;

    do {
        take_part(&hosts, host, sizeof(host));
        take_part(&addresses, address, sizeof(address));
        if (listed && *address == '\0' && *host == '\0') {
            status =
                anshin_fail(err, ANSHIN_EFAULT, "AN1827",
                            "store: a place in the list of PostgreSQL's hosts is empty, by which libpq would go to "
                            "a socket that nobody named; write a host there, or no comma");
        } else if (*address == '\0' && (*host == '\0' || *host == '/' || *host == '@')) {
            status = judge_socket(*host != '\0' ? host : USUAL_SOCKET, value_told(told, "requirepeer"), err);
        } else {
            status = strcmp(mode, "verify-full") == 0
                         ? APR_SUCCESS
                         : anshin_fail(err, ANSHIN_EFAULT, "AN1964",
                                       "store: PostgreSQL is reached over the network (%.60s), and sslmode is %s: "
                                       "anybody in between could be it; write sslmode=verify-full, and its CA as "
                                       "sslrootcert=/FILE",
                                       *address != '\0' ? address : host, mode);
        }
    } while (status == APR_SUCCESS && (hosts != NULL || addresses != NULL));
    return status;
}

/* SECURITY: the password comes from the file that is looked after (runtime/password_file.h) alone: programs of the site
 * run as the user whom libpq's own files must belong to, and could read them. */
static apr_status_t judge_password(const PQconninfoOption *told, const char *string, anshin_error_t *err)
{
    PQconninfoOption *files = read_told(string, "-");
    const int is_told = *value_told(told, "password") != '\0';
    const int found = is_told || files == NULL || *value_told(files, "passfile") != '\0';

    PQconninfoFree(files);
    return !found
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EFAULT, "AN1975",
                             "store: AnshinStore, its service or the environment says %s, which programs of the site "
                             "could read; name the file of the password by AnshinStorePassword alone",
                             is_told ? "password" : "passfile");
}

#define OPTIONS 20
#define NO_FILE "/dev/null/none" /* nor the one in the home of the user */

/* Those of ours count where the operator says nothing of them. */
static int add_unless_told(const PQconninfoOption *told, const char **names, const char **values)
{
    static const char *const ours[][2] = {
        {"connect_timeout", "2"},     {"tcp_user_timeout", "5000"}, {"keepalives", "1"},   {"keepalives_idle", "5"},
        {"keepalives_interval", "2"}, {"keepalives_count", "3"},    {"host", USUAL_SOCKET}};
    int count = 0;

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (*value_told(told, ours[i][0]) == '\0' &&
            (strcmp(ours[i][0], "host") != 0 || *value_told(told, "hostaddr") == '\0')) {
            names[count] = ours[i][0];
            values[count++] = ours[i][1];
        }
    }
    return count;
}

/* PQconnectdbParams() alone goes on to the next host when one does not answer. */
static apr_status_t connect_to(anshin_pg_t *pg, const char *string, const char *password, anshin_error_t *err)
{
    const char *names[OPTIONS] = {"dbname", "options", "client_encoding", "passfile", "password"};
    const char *values[OPTIONS] = {string, options, "UTF8", NO_FILE, *password != '\0' ? password : NULL};
    PQconninfoOption *told = read_told(string, NULL);
    char name[64];
    apr_status_t status = told != NULL ? judge_way(told, err) : APR_SUCCESS;
    char text[160];

    status = told != NULL && status == APR_SUCCESS ? judge_password(told, string, err) : status;
    if (told != NULL && status == APR_SUCCESS) {
        int count = 5 + add_unless_told(told, names + 5, values + 5);

        (void)snprintf(name, sizeof(name), "anshin %s", program_invocation_short_name);
        names[count] = "fallback_application_name";
        values[count++] = name;
        if (*password != '\0' && PQlibVersion() >= 160000) { /* the password itself is told to nobody */
            names[count] = "require_auth";
            values[count] = "scram-sha-256";
        }
        pg->conn = PQconnectdbParams(names, values, 1);
    }
    PQconninfoFree(told);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (pg->conn == NULL || PQstatus(pg->conn) != CONNECTION_OK || PQsetnonblocking(pg->conn, 1) != 0 ||
        PQenterPipelineMode(pg->conn) != 1) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1756", "store: cannot connect to PostgreSQL: %s",
                           words(text, sizeof(text), pg->conn != NULL ? PQerrorMessage(pg->conn) : "no memory"));
    }
    (void)PQsetNoticeReceiver(pg->conn, hear, pg);
    return APR_SUCCESS;
}

/* Of an address, which is allocated anew; *file: its second line, NULL: none. NULL: no memory. */
static char *split(const char *where, const char **file)
{
    char *string = strdup(where);
    char *second = string != NULL ? strchr(string, '\n') : NULL;

    *file = NULL;
    if (second != NULL) {
        *second++ = '\0';
        second[strcspn(second, "\n")] = '\0';
        *file = *second != '\0' ? second : NULL;
    }
    return string;
}

apr_status_t anshin_pg_connect(anshin_pg_t **out, const char *where, anshin_error_t *err)
{
    const char *file;
    char *string = split(where, &file);
    anshin_pg_t *pg = calloc(1, sizeof(*pg));
    char password[ANSHIN_PG_PASSWORD_MAX + 2] = "";
    apr_status_t status;

    *out = NULL;
    if (pg == NULL || string == NULL) {
        free(string);
        free(pg);
        return anshin_fail(err, ANSHIN_EFAULT, "AN1757", "store: no memory for a connection");
    }
    pg->patience = ANSHIN_PG_DEADLINE;
    pg->process = getpid();
    status = file != NULL ? anshin_pg_password_read(password, file, err) : APR_SUCCESS;
    status = status == APR_SUCCESS ? connect_to(pg, string, password, err) : status;
    explicit_bzero(password, sizeof(password));
    free(string);
    if (status != APR_SUCCESS) {
        anshin_pg_close(pg);
        return status;
    }
    pg->made_at = pg->used_at = anshin_uptime_now();
    *out = pg;
    return APR_SUCCESS;
}

void anshin_pg_close(anshin_pg_t *pg)
{
    if (pg != NULL) {
        if (pg->process == getpid()) { /* else it is the parent's, whom a farewell of ours would end */
            PQfinish(pg->conn);
        }
        free(pg);
    }
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static int send_step(anshin_pg_t *pg, const anshin_pg_step_t *step)
{
    const anshin_pg_statement_t *statement = step->statement;
    const char *values[ANSHIN_PG_VALUES];
    int lengths[ANSHIN_PG_VALUES];
    int formats[ANSHIN_PG_VALUES];
    char name[16];

    for (int i = 0; i < step->count; i++) {
        values[i] = step->values[i].data;
        lengths[i] = step->values[i].length;
        formats[i] = step->values[i].length >= 0;
    }
    if (statement->number < 0) {
        return PQsendQueryParams(pg->conn, statement->sql, 0, NULL, NULL, NULL, NULL, 1);
    }
    (void)snprintf(name, sizeof(name), "s%d", statement->number);
    if (!pg->prepared[statement->number]) {
        if (PQsendPrepare(pg->conn, name, statement->sql, 0, NULL) != 1) {
            return 0;
        }
    }
    return PQsendQueryPrepared(pg->conn, name, step->count, values, lengths, formats, 1);
}

/* All that is to be sent goes out, and what comes meanwhile is taken: neither side waits for the other. */
static int flush(anshin_pg_t *pg, apr_time_t deadline)
{
    for (;;) {
        int left = PQflush(pg->conn);

        if (left <= 0) {
            return left == 0;
        }
        if (!wait_for(pg->conn, POLLIN | POLLOUT, deadline) || PQconsumeInput(pg->conn) != 1) {
            return 0;
        }
    }
}

/* The next answer; *there 0: the connection is lost, or it is too late. NULL: the end of one statement's. */
static PGresult *next_result(anshin_pg_t *pg, apr_time_t deadline, int *there)
{
    *there = 0;
    while (PQisBusy(pg->conn)) {
        if (!wait_for(pg->conn, POLLIN, deadline) || PQconsumeInput(pg->conn) != 1) {
            return NULL;
        }
    }
    *there = 1;
    return PQgetResult(pg->conn);
}

/* Nothing was done that would be in the way of doing it again. */
static int is_busy(const char *state)
{
    static const char *const busy[] = {"40P01", "40001", "55P03", "25006", "25P03", "53300"};

    for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++) {
        if (strcmp(state, busy[i]) == 0) {
            return 1;
        }
    }
    return strncmp(state, "57P0", 4) == 0 || strncmp(state, "08", 2) == 0;
}

static apr_status_t refused(anshin_pg_t *pg, const PGresult *result, anshin_error_t *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char text[160];

    state = state != NULL ? state : "08006"; /* without one the connection is gone */
    if (strncmp(state, "57P0", 4) == 0 || strncmp(state, "08", 2) == 0 || strcmp(state, "25P03") == 0) {
        pg->lost = 1;
    }
    return anshin_fail(err, is_busy(state) ? ANSHIN_EBUSY : ANSHIN_EFAULT, "AN1759", "store: PostgreSQL: %s (%s)",
                       words(text, sizeof(text), said != NULL ? said : PQresultErrorMessage(result)), state);
}

static apr_status_t lost(anshin_pg_t *pg, anshin_error_t *err)
{
    const char *said = PQerrorMessage(pg->conn);
    char text[160];

    pg->lost = 1;
    return anshin_fail(
        err, ANSHIN_EBUSY, "AN1760", "store: the connection to PostgreSQL is lost: %s",
        words(text, sizeof(text), *said != '\0' ? said : "no answer in time; a COMMIT waits for a standby, too"));
}

/* The answer of one statement. *status: the first failure. */
static PGresult *answer_of(anshin_pg_t *pg, apr_time_t deadline, apr_status_t *status, anshin_error_t *err)
{
    int there;
    PGresult *result = next_result(pg, deadline, &there);
    PGresult *end = there && result != NULL ? next_result(pg, deadline, &there) : NULL;

    PQclear(end);
    if (!there || result == NULL) {
        *status = *status == APR_SUCCESS ? lost(pg, err) : *status;
        pg->lost = 1; /* whatever failed before */
        PQclear(result);
        return NULL;
    }
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        return result;
    case PGRES_PIPELINE_ABORTED: /* behind one that failed */
        *status = *status == APR_SUCCESS ? lost(pg, err) : *status;
        break;
    default:
        *status = *status == APR_SUCCESS ? refused(pg, result, err) : *status;
        break;
    }
    PQclear(result);
    return NULL;
}

static apr_status_t receive(anshin_pg_t *pg, const anshin_pg_step_t *steps, int count, PGresult **results,
                            const char *prepares, anshin_error_t *err)
{
    const apr_time_t deadline = anshin_uptime_now() + pg->patience;
    apr_status_t status = APR_SUCCESS;
    PGresult *sync;
    int there;

    for (int i = 0; i < count && !pg->lost; i++) {
        PGresult *result;

        if (prepares[i]) {
            result = answer_of(pg, deadline, &status, err);
            pg->prepared[steps[i].statement->number] = result != NULL;
            PQclear(result);
        }
        result = pg->lost ? NULL : answer_of(pg, deadline, &status, err);
        if (results != NULL) {
            results[i] = result;
        } else {
            PQclear(result);
        }
    }
    sync = pg->lost ? NULL : next_result(pg, deadline, &there);
    if (!pg->lost && PQresultStatus(sync) != PGRES_PIPELINE_SYNC) {
        status = status == APR_SUCCESS ? lost(pg, err) : status;
        pg->lost = 1;
    }
    PQclear(sync);
    return status;
}

apr_status_t anshin_pg_run(anshin_pg_t *pg, const anshin_pg_step_t *steps, int count, PGresult **results,
                           anshin_error_t *err)
{
    char *prepares = calloc((size_t)count + 1, 1);
    apr_status_t status;
    int sent = prepares != NULL && !pg->lost;

    if (results != NULL) {
        memset(results, 0, sizeof(results[0]) * (size_t)count);
    }
    pg->warned = 0;
    pg->used_at = anshin_uptime_now();
    for (int i = 0; i < count && sent; i++) {
        const int number = steps[i].statement->number;

        prepares[i] = number >= 0 && !pg->prepared[number];
        sent = send_step(pg, &steps[i]);
        if (sent && number >= 0) {
            pg->prepared[number] = 1; /* for the next step of this run */
        }
    }
    sent = sent && PQpipelineSync(pg->conn) == 1 && flush(pg, pg->used_at + pg->patience);
    status = sent ? receive(pg, steps, count, results, prepares, err) : lost(pg, err);
    free(prepares);
    return status;
}

void anshin_pg_wait(anshin_pg_t *pg, apr_time_t most)
{
    pg->patience = most;
}

int anshin_pg_lost(const anshin_pg_t *pg)
{
    return pg->lost || PQstatus(pg->conn) != CONNECTION_OK;
}

int anshin_pg_warned(const anshin_pg_t *pg)
{
    return pg->warned;
}

apr_time_t anshin_pg_made_at(const anshin_pg_t *pg)
{
    return pg->made_at;
}

apr_time_t anshin_pg_used_at(const anshin_pg_t *pg)
{
    return pg->used_at;
}

apr_int64_t anshin_pg_number(const PGresult *result, int row, int column)
{
    const unsigned char *octets = (const unsigned char *)PQgetvalue(result, row, column);
    apr_uint64_t number = 0;

    if (PQgetisnull(result, row, column) || PQgetlength(result, row, column) != 8) {
        return 0;
    }
    for (int i = 0; i < 8; i++) {
        number = number << 8 | octets[i];
    }
    return (apr_int64_t)number;
}

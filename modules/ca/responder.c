/*
 * The responder: see responder.h.
 *
 * SECURITY: a request comes from anybody, by way of httpd, which is not believed: it is read here once more. Places and
 * time are bounded; whoever comes when all are taken is told to try later, by httpd. It issues nothing, and whoever
 * issues goes first.
 */
#include "ca/responder.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "ca/log.h"
#include "ca/ocsp.h"
#include "core/base/seldom.h"
#include "core/base/waiting.h"
#include "core/certificate/responder.h"
#include "core/config/ca_files.h"

#define PLACES 16                     /* requests in hand, and as many that wait to be let in */
#define ROUND apr_time_from_sec(5)    /* between looks at what is kept */
#define AHEAD apr_time_from_msec(200) /* for an answer that nobody waits for */

typedef struct place_t {
    int fd; /* -1: free */
    apr_time_t until;
} place_t;

struct anshin_responder_t {
    const anshin_work_t *work;
    struct sockaddr_un address;
    int door;
    int end; /* eventfd */
    apr_thread_t *thread;
    place_t places[PLACES];
    apr_time_t next_round;
    anshin_seldom_t told; /* of what fails */
    unsigned char packet[ANSHIN_RESPONDER_PACKET];
};

/* --- answers ---------------------------------------------------------------------------------------------------- */

typedef struct made_t {
    anshin_ocsp_request_t request;
    anshin_ocsp_state_t states[ANSHIN_OCSP_ASKED_MAX];
    anshin_ocsp_response_t response;
    int foreign; /* it is about a CA that is not ours */
} made_t;

/* The answer to made->request, unless that is foreign. */
static apr_status_t make(const anshin_responder_t *responder, anshin_op_t *op, made_t *made, apr_time_t until)
{
    anshin_signer_client_t *signer_client = responder->work->signer_client;
    anshin_reply_ca_t found = {.id = ""};
    anshin_revoked_ca_t ca = {.id = found.id};
    const anshin_ocsp_order_t order = {found.id, &made->request, made->states, until};
    apr_status_t status = anshin_signer_client_issuer(signer_client, &made->request, &ca.name, &found, &op->error);

    made->foreign = status == ANSHIN_ENOTFOUND;
    if (made->foreign) {
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS) {
        status = anshin_ocsp_look_up(op, &made->request, &ca, made->states);
    }
    return status == APR_SUCCESS ? anshin_ocsp_make(&made->response, signer_client, &order, &op->error, op->pool)
                                 : status;
}

/* Once a minute, since strangers cause it, and one CA may answer while another cannot. That the signer is away is told
 * elsewhere. */
static void tell(anshin_responder_t *responder, apr_status_t status, const anshin_error_t *err)
{
    unsigned left_out;

    if (status != APR_SUCCESS && status != ANSHIN_EBUSY &&
        anshin_seldom(&responder->told, 1, apr_time_now(), &left_out)) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1216", "an OCSP answer cannot be made or kept", status, err);
    }
}

static apr_status_t keep(anshin_op_t *op, const made_t *made, int asked, int ahead)
{
    const anshin_ocsp_keep_t order = {&made->request, made->states, &made->response, asked, ahead};

    return ANSHIN_OCSP_KEEPS(&made->request) && made->response.next_update != 0 ? anshin_ocsp_keep(op, &order)
                                                                                : APR_SUCCESS;
}

static anshin_ocsp_response_t refuse(const anshin_op_t *op, apr_status_t status)
{
    return anshin_ocsp_refuse(status == ANSHIN_EBUSY ? ANSHIN_OCSP_TRY_LATER : ANSHIN_OCSP_INTERNAL, op->pool);
}

/* What goes back to httpd, which has refused what is no request already. */
static anshin_ocsp_response_t answer(anshin_responder_t *responder, anshin_op_t *op, const anshin_bytes_t *der,
                                     apr_time_t until)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    made_t made = {.foreign = 0};
    apr_status_t status = crypto->ocsp_read(crypto->ctx, &made.request, der->data, der->length, &op->error, op->pool);

    if (status != APR_SUCCESS) {
        return anshin_ocsp_refuse(ANSHIN_OCSP_MALFORMED, op->pool);
    }
    status = make(responder, op, &made, until);
    if (made.foreign) {
        return anshin_ocsp_refuse(ANSHIN_OCSP_UNAUTHORIZED, op->pool);
    }
    if (status == APR_SUCCESS) {
        tell(responder, keep(op, &made, 1, 0), &op->error); /* one that cannot be kept serves all the same */
        return made.response;
    }
    tell(responder, status, &op->error);
    return refuse(op, status);
}

/* --- places ----------------------------------------------------------------------------------------------------- */

static void leave(place_t *place)
{
    (void)close(place->fd);
    place->fd = -1;
}

/* One that has sent its request; who has waited too long has gone. */
static void serve(anshin_responder_t *responder, place_t *place)
{
    unsigned char request[ANSHIN_OCSP_REQUEST_MAX + 1];
    anshin_ocsp_response_t response;
    anshin_bytes_t der = {request, 0};
    anshin_op_t op;
    apr_pool_t *scratch;
    ssize_t got = recv(place->fd, request, sizeof(request), MSG_DONTWAIT);

    if (got > 0 && anshin_uptime_now() < place->until) {
        apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
        anshin_op_init(&op, responder->work->env, NULL, &anshin_actor_worker, scratch);
        der.length = (apr_size_t)got;
        response = answer(responder, &op, &der, place->until);
        (void)send(place->fd, responder->packet, anshin_responder_pack(responder->packet, &response),
                   MSG_NOSIGNAL | MSG_DONTWAIT);
        apr_pool_destroy(scratch);
    }
    leave(place);
}

static void let_in(anshin_responder_t *responder)
{
    for (int i = 0; i < PLACES; i++) {
        place_t *place = &responder->places[i];

        if (place->fd >= 0) {
            continue;
        }
        place->fd = accept4(responder->door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (place->fd < 0) {
            return;
        }
        place->until = anshin_uptime_now() + ANSHIN_RESPONDER_WAIT;
    }
}

/* --- what is kept ----------------------------------------------------------------------------------------------- */

/* How requests name the CA of a certificate whose answer is made for the first time. ANSHIN_ENOTFOUND: it is none of
 * those that can answer now. */
static apr_status_t find_issuer(const anshin_responder_t *responder, anshin_op_t *op, const char *id,
                                anshin_ocsp_request_t *request)
{
    anshin_signer_client_t *signer_client = responder->work->signer_client;
    const apr_array_header_t *cas = anshin_ca_all(op->env->config, op->pool);
    apr_status_t status = anshin_signer_client_wait(signer_client, 0, &op->error);

    for (int i = 0; status == APR_SUCCESS && request->issuer == NULL && i < cas->nelts; i++) {
        const char *name = APR_ARRAY_IDX(cas, i, anshin_ca_files_t).name;
        anshin_reply_ca_t ca;

        if (anshin_signer_client_ca(signer_client, name, &ca, &op->error) == APR_SUCCESS &&
            anshin_revoked_is_whose(id, &(anshin_revoked_ca_t){name, ca.id})) {
            request->issuer = apr_pstrdup(op->pool, ca.issuers[0]);
        }
    }
    return status == APR_SUCCESS && request->issuer == NULL ? ANSHIN_ENOTFOUND : status;
}

static apr_status_t make_anew(anshin_responder_t *responder, anshin_op_t *op, const anshin_ocsp_aging_t *aging)
{
    made_t made = {.request = aging->request};
    int ahead = aging->request.issuer == NULL;
    int wanted = aging->wanted;
    apr_status_t status = wanted && ahead ? find_issuer(responder, op, aging->ca, &made.request) : APR_SUCCESS;

    if (status == ANSHIN_ENOTFOUND) {
        wanted = 0; /* made when somebody asks, if it can be */
        status = APR_SUCCESS;
    }
    if (status == APR_SUCCESS && wanted) {
        status = make(responder, op, &made, anshin_uptime_now() + AHEAD);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    return wanted && !made.foreign && made.response.next_update != 0 ? keep(op, &made, 0, ahead)
                                                                     : anshin_ocsp_forget(op, &aging->request);
}

/* As many as one look finds; when there are more, the next one follows at once. Whoever asks has his turn between. */
static void go_round(anshin_responder_t *responder)
{
    apr_array_header_t *aging;
    anshin_op_t op;
    apr_pool_t *scratch;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, responder->work->env, NULL, &anshin_actor_worker, scratch);
    status = anshin_ocsp_aging(&op, &aging);
    for (int i = 0; status == APR_SUCCESS && i < aging->nelts; i++) {
        status = make_anew(responder, &op, &APR_ARRAY_IDX(aging, i, anshin_ocsp_aging_t));
    }
    tell(responder, status, &op.error);
    responder->next_round =
        anshin_uptime_now() + (status == APR_SUCCESS && aging->nelts == ANSHIN_OCSP_TAKE ? 0 : ROUND);
    apr_pool_destroy(scratch);
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

enum { END = PLACES, DOOR, SOURCES };

/* What to look at: the door only while there is a place. Milliseconds until something is due. */
static int prepare(const anshin_responder_t *responder, struct pollfd *sources)
{
    apr_time_t next = responder->next_round;
    apr_interval_time_t rest;
    int is_free = 0;

    for (int i = 0; i < PLACES; i++) {
        const place_t *place = &responder->places[i];

        sources[i] = (struct pollfd){.fd = place->fd, .events = POLLIN};
        next = place->fd >= 0 && place->until < next ? place->until : next;
        is_free |= place->fd < 0;
    }
    sources[END] = (struct pollfd){.fd = responder->end, .events = POLLIN};
    sources[DOOR] = (struct pollfd){.fd = is_free ? responder->door : -1, .events = POLLIN};
    rest = next - anshin_uptime_now();
    return rest > 0 ? (int)apr_time_as_msec(rest) + 1 : 0;
}

static void *APR_THREAD_FUNC respond(apr_thread_t *thread, void *data)
{
    anshin_responder_t *responder = data;
    struct pollfd sources[SOURCES];

    (void)thread;
    for (;;) {
        if (poll(sources, SOURCES, prepare(responder, sources)) < 0 && errno != EINTR) {
            return NULL; /* no memory: httpd goes on with what is kept */
        }
        if (sources[END].revents != 0) {
            return NULL;
        }
        for (int i = 0; i < PLACES; i++) {
            place_t *place = &responder->places[i];

            if (place->fd >= 0 && sources[i].revents != 0) {
                serve(responder, place);
            } else if (place->fd >= 0 && anshin_uptime_now() >= place->until) {
                leave(place);
            }
        }
        if (sources[DOOR].revents != 0) {
            let_in(responder);
        }
        if (anshin_uptime_now() >= responder->next_round) {
            go_round(responder);
        }
    }
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static apr_status_t take_down(void *data)
{
    anshin_responder_t *responder = data;

    (void)unlink(responder->address.sun_path);
    (void)close(responder->door);
    (void)close(responder->end);
    for (int i = 0; i < PLACES; i++) {
        if (responder->places[i].fd >= 0) {
            leave(&responder->places[i]);
        }
    }
    return APR_SUCCESS;
}

static apr_status_t open_door(anshin_responder_t *responder)
{
    const char *path = responder->address.sun_path;

    if (!anshin_responder_address(&responder->address, responder->work->env->config->server.state_dir)) {
        errno = ENAMETOOLONG;
        return ANSHIN_EFAULT;
    }
    (void)unlink(path);
    return responder->door >= 0 && responder->end >= 0 &&
                   bind(responder->door, (const struct sockaddr *)&responder->address, sizeof(responder->address)) ==
                       0 &&
                   chmod(path, 0660) == 0 && listen(responder->door, PLACES) == 0
               ? APR_SUCCESS
               : ANSHIN_EFAULT;
}

apr_status_t anshin_responder_start(anshin_responder_t **responder, const anshin_work_t *work, anshin_error_t *err,
                                    apr_pool_t *pool)
{
    anshin_responder_t *made = apr_pcalloc(pool, sizeof(*made));

    *responder = NULL;
    made->work = work;
    for (int i = 0; i < PLACES; i++) {
        made->places[i].fd = -1;
    }
    made->door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    made->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    apr_pool_cleanup_register(pool, made, take_down, apr_pool_cleanup_null);
    if (open_door(made) != APR_SUCCESS || apr_thread_create(&made->thread, NULL, respond, made, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1219", "OCSP: %s: %s", made->address.sun_path, strerror(errno));
    }
    *responder = made;
    return APR_SUCCESS;
}

void anshin_responder_end(anshin_responder_t *responder)
{
    const apr_uint64_t one = 1;
    apr_status_t ended;

    if (responder != NULL && write(responder->end, &one, sizeof(one)) == (ssize_t)sizeof(one)) {
        (void)apr_thread_join(&ended, responder->thread);
    }
}

/*
 * Slots: see slot.h.
 *
 * Between processes a slot is a flock() on a file that each process opened itself (a descriptor inherited over fork
 * would exclude nobody). Between threads it is the flag `held`: threads share the open file, which a lock does not see.
 * The waiting threads of a process stand in two lines. Nobody can be woken by another process, so the first of all
 * looks every few milliseconds; the others sleep until they are the first. The lines are bounded: a thread that waits
 * here answers nobody else, and logins must not take all of them.
 *
 * Between processes the file `known` tells that somebody stands in the first line: whoever does has its process hold a
 * shared lock on it, and strangers take no slot while they could not have it alone.
 */
#include "crypto/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/base/waiting.h"

#define HUGE_PAGE ((apr_size_t)2 * 1024 * 1024)
#define LOOK_EVERY apr_time_from_msec(2) /* of a hash of some 30 ms */

typedef struct entry_t {
    anshin_slot_t slot; /* first: what callers hold */
    int file;
    int held; /* by a thread of this process */
} entry_t;

/* A thread in line; it lies on that thread's stack. */
typedef struct waiter_t {
    struct waiter_t *next;
    const char *who;       /* account or address; NULL: not told */
    pthread_cond_t called; /* a slot is free, or it is the first now */
} waiter_t;

enum { KNOWN, STRANGERS, LINES };

typedef struct line_t {
    waiter_t *first;
    int waiting;
} line_t;

struct anshin_slots_t {
    pid_t process;
    pthread_mutex_t mutex;
    line_t lines[LINES];
    int known_file;              /* the lock of the first line */
    int announced;               /* it is held */
    anshin_slot_limits_t limits; /* the arena's size in whole huge pages */
    int opened;                  /* of the entries */
    entry_t *entries;
};

static apr_status_t close_slots(void *data)
{
    anshin_slots_t *slots = data;

    for (int i = 0; i < slots->opened; i++) {
        entry_t *entry = &slots->entries[i];

        if (entry->slot.arena != NULL) {
            munmap(entry->slot.arena, slots->limits.arena_size);
        }
        close(entry->file);
    }
    close(slots->known_file);
    pthread_mutex_destroy(&slots->mutex);
    return APR_SUCCESS;
}

/* Worker and httpd share it through their group, so it needs its mode whatever the umask; and it may appear only with
 * it, since the others do not wait. 0, or -1 with errno. */
static int make_file(const char *path, apr_pool_t *pool)
{
    const char *fresh = apr_psprintf(pool, "%s.%" APR_PID_T_FMT, path, getpid());
    int file = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
    int made;

    if (file < 0) {
        return -1;
    }
    made = fchmod(file, 0660) == 0 && (link(fresh, path) == 0 || errno == EEXIST);
    close(file);
    unlink(fresh);
    return made ? 0 : -1;
}

static apr_status_t open_file(int *file, const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    *file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (*file < 0 && errno == ENOENT && make_file(path, pool) == 0) {
        *file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    }
    return *file >= 0 ? APR_SUCCESS : anshin_fail(err, ANSHIN_EFAULT, "AN0410", "%s: %s", path, strerror(errno));
}

apr_status_t anshin_slots_open(anshin_slots_t **slots, const char *directory, const anshin_slot_limits_t *limits,
                               anshin_error_t *err, apr_pool_t *pool)
{
    anshin_slots_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status;

    made->process = getpid();
    made->limits = *limits;
    made->limits.arena_size = (limits->arena_size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    made->entries = apr_pcalloc(pool, (apr_size_t)limits->count * sizeof(*made->entries));
    pthread_mutex_init(&made->mutex, NULL);
    status = open_file(&made->known_file, apr_pstrcat(pool, directory, "/known", NULL), err, pool);
    apr_pool_cleanup_register(pool, made, close_slots, apr_pool_cleanup_null);
    if (status != APR_SUCCESS) {
        return status;
    }
    for (int i = 0; i < limits->count; i++) {
        entry_t *entry = &made->entries[i];

        status = open_file(&entry->file, apr_psprintf(pool, "%s/slot.%d", directory, i), err, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
        entry->slot.number = i;
        made->opened++;
    }
    *slots = made;
    return APR_SUCCESS;
}

/* Take any free slot, with the mutex held. ANSHIN_EBUSY: there is none. */
static apr_status_t look(entry_t **taken, anshin_slots_t *slots)
{
    for (int i = 0; i < slots->opened; i++) {
        entry_t *entry = &slots->entries[i];

        if (entry->held) {
            continue;
        }
        if (flock(entry->file, LOCK_EX | LOCK_NB) == 0) {
            entry->held = 1;
            *taken = entry;
            return APR_SUCCESS;
        }
        if (errno != EWOULDBLOCK) {
            return ANSHIN_EFAULT;
        }
    }
    return ANSHIN_EBUSY;
}

/* --- the lines, all with the mutex held --------------------------------------------------------------------------- */

/* Who looks next. */
static waiter_t *first_of_all(const anshin_slots_t *slots)
{
    return slots->lines[KNOWN].first != NULL ? slots->lines[KNOWN].first : slots->lines[STRANGERS].first;
}

/* Tell the other processes whether somebody known waits here. A lock that is not free is tried again. */
static void announce(anshin_slots_t *slots)
{
    int wanted = slots->lines[KNOWN].first != NULL;

    if (wanted != slots->announced && flock(slots->known_file, wanted ? LOCK_SH | LOCK_NB : LOCK_UN) == 0) {
        slots->announced = wanted;
    }
}

/* Does nobody known wait in any process? */
static int strangers_turn(const anshin_slots_t *slots)
{
    if (slots->lines[KNOWN].first != NULL || flock(slots->known_file, LOCK_EX | LOCK_NB) != 0) {
        return 0;
    }
    flock(slots->known_file, LOCK_UN);
    return 1;
}

static int count_of(const line_t *line, const char *who)
{
    int count = 0;

    for (const waiter_t *one = line->first; one != NULL; one = one->next) {
        count += one->who != NULL && strcmp(one->who, who) == 0;
    }
    return count;
}

/* Is there a place? The known may have whatever strangers have not taken, and a quarter in any case. */
static int has_room(const anshin_slots_t *slots, int which, const char *who)
{
    int quarter = slots->limits.line / 4;
    int places = slots->limits.line -
                 (which == STRANGERS ? (slots->limits.line > 1 ? quarter : 0) : slots->lines[STRANGERS].waiting);
    int waiting = slots->lines[which].waiting;

    if (slots->limits.line == 0) {
        return 1;
    }
    if (which == KNOWN) {
        return waiting < (places > quarter ? places : quarter + 1);
    }
    if (waiting >= places) {
        return 0;
    }
    return who == NULL || waiting < slots->limits.line / 2 ||
           count_of(&slots->lines[STRANGERS], who) < (quarter > 2 ? quarter : 2);
}

static void stand_in_line(anshin_slots_t *slots, int which, waiter_t *self)
{
    waiter_t **place = &slots->lines[which].first;

    while (*place != NULL) {
        place = &(*place)->next;
    }
    *place = self;
    slots->lines[which].waiting++;
    announce(slots);
}

/* Whoever is the first then has to look at once: several slots may have come free. */
static void leave_line(anshin_slots_t *slots, int which, const waiter_t *self)
{
    waiter_t **place = &slots->lines[which].first;

    while (*place != self) { /* NOLINT(clang-analyzer-core.NullDereference): who leaves the line stands in it */
        place = &(*place)->next;
    }
    *place = self->next;
    slots->lines[which].waiting--;
    announce(slots);
    if (first_of_all(slots) != NULL) {
        pthread_cond_signal(&first_of_all(slots)->called);
    }
}

static apr_status_t look_from(entry_t **taken, anshin_slots_t *slots, int which)
{
    return which == KNOWN || strangers_turn(slots) ? look(taken, slots) : ANSHIN_EBUSY;
}

static apr_status_t wait_in_line(entry_t **taken, anshin_slots_t *slots, int which, const char *who)
{
    apr_time_t deadline = anshin_uptime_now() + slots->limits.wait;
    apr_status_t status = ANSHIN_EBUSY;
    waiter_t self = {.next = NULL, .who = who};

    pthread_cond_init(&self.called, NULL);
    stand_in_line(slots, which, &self);
    for (;;) {
        int first = first_of_all(slots) == &self;
        apr_time_t now = anshin_uptime_now();

        announce(slots);
        status = first ? look_from(taken, slots, which) : ANSHIN_EBUSY;
        if (status != ANSHIN_EBUSY || now >= deadline) {
            break;
        }
        anshin_condition_wait(&self.called, &slots->mutex,
                              first && now + LOOK_EVERY < deadline ? now + LOOK_EVERY : deadline);
    }
    leave_line(slots, which, &self);
    pthread_cond_destroy(&self.called);
    return status;
}

/* Which line this is, and under which name. */
static int line_of(const anshin_slots_t *slots, const anshin_hash_place_t *place, const char **who)
{
    *who = place != NULL ? place->known : NULL;
    if (place == NULL || (place->known != NULL && count_of(&slots->lines[KNOWN], place->known) == 0)) {
        return KNOWN;
    }
    *who = place->address;
    return STRANGERS;
}

static apr_status_t wait_for(entry_t **taken, anshin_slots_t *slots, const anshin_hash_place_t *place)
{
    const char *who;
    int which;
    apr_status_t status;

    pthread_mutex_lock(&slots->mutex);
    which = line_of(slots, place, &who);
    status = slots->lines[which].first == NULL ? look_from(taken, slots, which) : ANSHIN_EBUSY; /* nobody overtakes */
    if (status == ANSHIN_EBUSY && has_room(slots, which, who)) {
        status = wait_in_line(taken, slots, which, who);
    }
    pthread_mutex_unlock(&slots->mutex);
    return status;
}

int anshin_slots_waiting(anshin_slots_t *slots)
{
    int waiting;

    pthread_mutex_lock(&slots->mutex);
    waiting = slots->lines[KNOWN].waiting + slots->lines[STRANGERS].waiting;
    pthread_mutex_unlock(&slots->mutex);
    return waiting;
}

/* --- slots -------------------------------------------------------------------------------------------------------- */

/* An aligned mapping, which the kernel can back with huge pages: a tenth off the time of a hash, measured. */
static void *map_arena(apr_size_t size)
{
    unsigned char *raw = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    apr_size_t before;

    if (raw == MAP_FAILED) {
        return NULL;
    }
    before = (HUGE_PAGE - (apr_size_t)raw % HUGE_PAGE) % HUGE_PAGE;
    if (before > 0) {
        munmap(raw, before);
    }
    munmap(raw + before + size, HUGE_PAGE - before);
    /* Advice: where the kernel does not take it, all works the same. */
    madvise(raw + before, size, MADV_HUGEPAGE);
    madvise(raw + before, size, MADV_DONTDUMP);
    return raw + before;
}

/* An arena that an idle slot left behind is warm; which slot a process gets is chance. */
static void *idle_arena(anshin_slots_t *slots)
{
    void *arena = NULL;

    pthread_mutex_lock(&slots->mutex);
    for (int i = 0; i < slots->opened && arena == NULL; i++) {
        entry_t *entry = &slots->entries[i];

        if (!entry->held && entry->slot.arena != NULL) {
            arena = entry->slot.arena;
            entry->slot.arena = NULL;
        }
    }
    pthread_mutex_unlock(&slots->mutex);
    return arena;
}

apr_status_t anshin_slot_acquire(anshin_slot_t **slot, anshin_slots_t *slots, const anshin_hash_place_t *place)
{
    entry_t *entry = NULL;
    apr_status_t status;

    if (getpid() != slots->process) {
        return ANSHIN_EFAULT;
    }
    status = wait_for(&entry, slots, place);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (entry->slot.arena == NULL) {
        entry->slot.arena = idle_arena(slots);
    }
    if (entry->slot.arena == NULL) {
        entry->slot.arena = map_arena(slots->limits.arena_size);
    }
    entry->slot.arena_size = slots->limits.arena_size;
    if (entry->slot.arena == NULL) {
        anshin_slot_release(slots, &entry->slot);
        return ANSHIN_EFAULT;
    }
    *slot = &entry->slot;
    return APR_SUCCESS;
}

void anshin_slot_release(anshin_slots_t *slots, anshin_slot_t *slot)
{
    entry_t *entry = (entry_t *)slot;

    if (slot->arena != NULL) {
        /* Stays mapped and warm, but the kernel may have it back under pressure: idle processes hold no memory. */
        madvise(slot->arena, slots->limits.arena_size, MADV_FREE);
    }
    pthread_mutex_lock(&slots->mutex);
    flock(entry->file, LOCK_UN);
    entry->held = 0;
    if (first_of_all(slots) != NULL) {
        pthread_cond_signal(&first_of_all(slots)->called);
    }
    pthread_mutex_unlock(&slots->mutex);
}

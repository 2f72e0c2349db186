/*
 * The line in front of the hash slots: bounded, and in the order of arrival.
 */
#include <pthread.h>
#include <unistd.h>

#include <apr_general.h>

#include "crypto/slot.h"

#include "unit/scratch.h"
#include "unit/tap.h"

#define PEOPLE 5
#define WAIT apr_time_from_sec(60)

static apr_pool_t *pool;

typedef struct person_t {
    anshin_slots_t *slots;
    int *served; /* how many before; guarded by the one slot */
    int place;
    apr_status_t status;
    const anshin_hash_place_t *place_of; /* NULL: known */
} person_t;

static anshin_slots_t *open_slots(int line, apr_interval_time_t wait)
{
    anshin_slots_t *slots = NULL;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_slots_open(&slots, scratch_directory(pool), &(anshin_slot_limits_t){1, 4096, line, wait}, &err, pool) !=
        APR_SUCCESS) {
        printf("# %s\n", err.text);
    }
    return slots;
}

static void *be_served(void *data)
{
    person_t *person = data;
    anshin_slot_t *slot;

    person->status = anshin_slot_acquire(&slot, person->slots, person->place_of);
    if (person->status == APR_SUCCESS) {
        person->place = (*person->served)++;
        anshin_slot_release(person->slots, slot);
    }
    return NULL;
}

static void wait_until_waiting(anshin_slots_t *slots, int count)
{
    while (anshin_slots_waiting(slots) != count) {
        usleep(1000);
    }
}

/* One after another into the line, behind a slot that is taken. */
static void line_up(person_t *users, pthread_t *threads, anshin_slots_t *slots, int *served)
{
    for (int i = 0; i < PEOPLE; i++) {
        users[i] = (person_t){slots, served, -1, APR_EGENERAL, NULL};
        pthread_create(&threads[i], NULL, be_served, &users[i]);
        wait_until_waiting(slots, i + 1);
    }
}

static void test_order(void)
{
    anshin_slots_t *slots = open_slots(PEOPLE + 1, WAIT);
    person_t users[PEOPLE];
    pthread_t threads[PEOPLE];
    anshin_slot_t *slot;
    int served = 0;
    int in_order = 1;

    ok(anshin_slot_acquire(&slot, slots, NULL) == APR_SUCCESS, "the one slot is taken");
    line_up(users, threads, slots, &served);
    anshin_slot_release(slots, slot);
    ok(anshin_slot_acquire(&slot, slots, NULL) == APR_SUCCESS, "and again, by who comes when it is freed");
    ok(served == PEOPLE, "who has waited until all who came before were served: %d", served);
    anshin_slot_release(slots, slot);
    for (int i = 0; i < PEOPLE; i++) {
        pthread_join(threads[i], NULL);
        in_order = in_order && users[i].status == APR_SUCCESS && users[i].place == i;
    }
    ok(in_order, "each in the order of arrival");
    ok(anshin_slots_waiting(slots) == 0, "nobody waits any more");
}

static void test_bound(void)
{
    anshin_slots_t *slots = open_slots(PEOPLE, WAIT);
    person_t users[PEOPLE];
    pthread_t threads[PEOPLE];
    anshin_slot_t *slot;
    anshin_slot_t *none;
    int served = 0;

    ok(anshin_slot_acquire(&slot, slots, NULL) == APR_SUCCESS, "the one slot is taken");
    line_up(users, threads, slots, &served);
    ok(anshin_slot_acquire(&none, slots, NULL) == ANSHIN_EBUSY && anshin_slots_waiting(slots) == PEOPLE && served == 0,
       "S4: a line of %d is full: busy, while they wait on", PEOPLE);
    anshin_slot_release(slots, slot);
    for (int i = 0; i < PEOPLE; i++) {
        pthread_join(threads[i], NULL);
    }
    ok(served == PEOPLE, "they are served");
    ok(anshin_slot_acquire(&slot, slots, NULL) == APR_SUCCESS, "and then anybody is");
    anshin_slot_release(slots, slot);
}

/* The first in line gives up: the next looks from then on. */
static void test_first_leaves(void)
{
    anshin_slots_t *slots = open_slots(0, apr_time_from_msec(200));
    person_t users[PEOPLE];
    pthread_t threads[PEOPLE];
    anshin_slot_t *slot;
    int served = 0;
    int busy = 0;

    ok(anshin_slot_acquire(&slot, slots, NULL) == APR_SUCCESS, "the one slot is taken");
    line_up(users, threads, slots, &served);
    for (int i = 0; i < PEOPLE; i++) {
        pthread_join(threads[i], NULL);
        busy += users[i].status == ANSHIN_EBUSY;
    }
    ok(busy == PEOPLE && served == 0 && anshin_slots_waiting(slots) == 0,
       "none came free in time: all of them are told so, and the line is empty: %d", busy);
    anshin_slot_release(slots, slot);
    ok(anshin_slot_acquire(&slot, slots, NULL) == APR_SUCCESS, "a slot that is freed then can be had");
    anshin_slot_release(slots, slot);
}

/* --- two lines (S37) --- */

static const anshin_hash_place_t here = {NULL, "here"}, there = {NULL, "there"}, taro = {"p-01/taro", "here"};

typedef struct crowd_t {
    person_t users[16];
    pthread_t threads[16];
    int count;
    int *served;
} crowd_t;

/* One more into a line, who stands there when this returns. */
static void join(crowd_t *crowd, anshin_slots_t *slots, const anshin_hash_place_t *place)
{
    person_t *person = &crowd->users[crowd->count];
    int waiting = anshin_slots_waiting(slots);

    *person = (person_t){slots, crowd->served, -1, APR_EGENERAL, place};
    pthread_create(&crowd->threads[crowd->count++], NULL, be_served, person);
    wait_until_waiting(slots, waiting + 1);
}

static void disperse(crowd_t *crowd)
{
    for (int i = 0; i < crowd->count; i++) {
        pthread_join(crowd->threads[i], NULL);
    }
}

static void test_known_first(void)
{
    anshin_slots_t *slots = open_slots(16, WAIT);
    int served = 0;
    crowd_t crowd = {.served = &served};
    anshin_slot_t *slot;

    ok(anshin_slot_acquire(&slot, slots, &here) == APR_SUCCESS, "a stranger has the one slot");
    join(&crowd, slots, &here);
    join(&crowd, slots, &there);
    join(&crowd, slots, &taro);
    join(&crowd, slots, &taro);
    join(&crowd, slots, NULL);
    anshin_slot_release(slots, slot);
    disperse(&crowd);
    ok(crowd.users[2].place == 0 && crowd.users[4].place == 1,
       "S37: who is known is served before all strangers: places %d and %d", crowd.users[2].place,
       crowd.users[4].place);
    ok(crowd.users[3].place == 4, "S37: of one account one attempt, a second waits among strangers: place %d",
       crowd.users[3].place);
}

static void test_address_share(void)
{
    anshin_slots_t *slots = open_slots(16, WAIT);
    int served = 0;
    crowd_t crowd = {.served = &served};
    anshin_slot_t *slot, *none;

    (void)anshin_slot_acquire(&slot, slots, NULL);
    for (int i = 0; i < 8; i++) {
        join(&crowd, slots, &here);
    }
    ok(anshin_slot_acquire(&none, slots, &here) == ANSHIN_EBUSY,
       "S37: an address that has its share of a crowded line gets no more places");
    for (int i = 0; i < 4; i++) {
        join(&crowd, slots, &there);
    }
    ok(anshin_slot_acquire(&none, slots, &there) == ANSHIN_EBUSY && anshin_slots_waiting(slots) == 12,
       "S37: strangers have three quarters of the places");
    join(&crowd, slots, &taro);
    join(&crowd, slots, NULL);
    anshin_slot_release(slots, slot);
    disperse(&crowd);
    ok(crowd.users[12].place == 0 && crowd.users[13].place == 1, "S37: the last quarter is for who is known");
}

/* Another process: its strangers leave the slot to those who are known here. */
static void test_known_elsewhere(void)
{
    const char *directory = scratch_directory(pool);
    const anshin_slot_limits_t limits = {1, 4096, 16, WAIT};
    anshin_slots_t *ours = NULL, *theirs = NULL;
    int served = 0;
    crowd_t strangers = {.served = &served}, known = {.served = &served};
    anshin_error_t err;
    anshin_slot_t *slot;

    anshin_error_clear(&err);
    (void)anshin_slots_open(&ours, directory, &limits, &err, pool);
    (void)anshin_slots_open(&theirs, directory, &limits, &err, pool);
    (void)anshin_slot_acquire(&slot, ours, NULL);
    join(&strangers, theirs, &here);
    join(&strangers, theirs, &there);
    for (int i = 0; i < 3; i++) {
        join(&known, ours, NULL);
    }
    anshin_slot_release(ours, slot);
    disperse(&known);
    disperse(&strangers);
    ok(known.users[0].place + known.users[1].place + known.users[2].place == 3,
       "S37: nor is a stranger of another process served before them");
    ok(anshin_slot_acquire(&slot, theirs, &here) == APR_SUCCESS, "S37: when nobody known waits, anybody is served");
    anshin_slot_release(theirs, slot);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_order();
    test_bound();
    test_first_leaves();
    test_known_first();
    test_address_share();
    test_known_elsewhere();
    apr_pool_destroy(pool);
    return done();
}

/*
 * The line in front of the hash slots: bounded, and in the order of arrival.
 */
#include <pthread.h>
#include <unistd.h>

#include <apr_general.h>

#include "crypto/slot.h"

#include "scratch.h"
#include "tap.h"

#define PEOPLE 5
#define WAIT apr_time_from_sec(60)

static apr_pool_t *pool;

typedef struct person_t {
    anshin_slots_t *slots;
    int *served; /* how many before; guarded by the one slot */
    int place;
    apr_status_t rv;
} person_t;

static anshin_slots_t *open_slots(int line, apr_interval_time_t wait)
{
    anshin_slots_t *slots = NULL;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_slots_open(&slots, scratch_directory(pool), 1, 4096, line, wait, &err, pool) != APR_SUCCESS) {
        printf("# %s\n", err.text);
    }
    return slots;
}

static void *be_served(void *data)
{
    person_t *person = data;
    anshin_slot_t *slot;

    person->rv = anshin_slot_acquire(&slot, person->slots);
    if (person->rv == APR_SUCCESS) {
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
static void line_up(person_t *people, pthread_t *threads, anshin_slots_t *slots, int *served)
{
    for (int i = 0; i < PEOPLE; i++) {
        people[i] = (person_t){slots, served, -1, APR_EGENERAL};
        pthread_create(&threads[i], NULL, be_served, &people[i]);
        wait_until_waiting(slots, i + 1);
    }
}

static void test_order(void)
{
    anshin_slots_t *slots = open_slots(PEOPLE + 1, WAIT);
    person_t people[PEOPLE];
    pthread_t threads[PEOPLE];
    anshin_slot_t *slot;
    int served = 0;
    int in_order = 1;

    ok(anshin_slot_acquire(&slot, slots) == APR_SUCCESS, "the one slot is taken");
    line_up(people, threads, slots, &served);
    anshin_slot_release(slots, slot);
    ok(anshin_slot_acquire(&slot, slots) == APR_SUCCESS, "and again, by who comes when it is freed");
    ok(served == PEOPLE, "who has waited until all who came before were served: %d", served);
    anshin_slot_release(slots, slot);
    for (int i = 0; i < PEOPLE; i++) {
        pthread_join(threads[i], NULL);
        in_order = in_order && people[i].rv == APR_SUCCESS && people[i].place == i;
    }
    ok(in_order, "each in the order of arrival");
    ok(anshin_slots_waiting(slots) == 0, "nobody waits any more");
}

static void test_bound(void)
{
    anshin_slots_t *slots = open_slots(PEOPLE, WAIT);
    person_t people[PEOPLE];
    pthread_t threads[PEOPLE];
    anshin_slot_t *slot;
    anshin_slot_t *none;
    int served = 0;

    ok(anshin_slot_acquire(&slot, slots) == APR_SUCCESS, "the one slot is taken");
    line_up(people, threads, slots, &served);
    ok(anshin_slot_acquire(&none, slots) == ANSHIN_EBUSY && anshin_slots_waiting(slots) == PEOPLE && served == 0,
       "S4: a line of %d is full: busy, while they wait on", PEOPLE);
    anshin_slot_release(slots, slot);
    for (int i = 0; i < PEOPLE; i++) {
        pthread_join(threads[i], NULL);
    }
    ok(served == PEOPLE, "they are served");
    ok(anshin_slot_acquire(&slot, slots) == APR_SUCCESS, "and then anybody is");
    anshin_slot_release(slots, slot);
}

/* The first in line gives up: the next looks from then on. */
static void test_first_leaves(void)
{
    anshin_slots_t *slots = open_slots(0, apr_time_from_msec(200));
    person_t people[PEOPLE];
    pthread_t threads[PEOPLE];
    anshin_slot_t *slot;
    int served = 0;
    int busy = 0;

    ok(anshin_slot_acquire(&slot, slots) == APR_SUCCESS, "the one slot is taken");
    line_up(people, threads, slots, &served);
    for (int i = 0; i < PEOPLE; i++) {
        pthread_join(threads[i], NULL);
        busy += people[i].rv == ANSHIN_EBUSY;
    }
    ok(busy == PEOPLE && served == 0 && anshin_slots_waiting(slots) == 0,
       "none came free in time: all of them are told so, and the line is empty: %d", busy);
    anshin_slot_release(slots, slot);
    ok(anshin_slot_acquire(&slot, slots) == APR_SUCCESS, "a slot that is freed then can be had");
    anshin_slot_release(slots, slot);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_order();
    test_bound();
    test_first_leaves();
    apr_pool_destroy(pool);
    return done();
}

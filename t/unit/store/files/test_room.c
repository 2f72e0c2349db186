/* Memory in large pieces (store/files/room.h): of whatever size, each is one's own and lies as apr_palloc() lays it. */
#include "store/files/room.h"

#include <stdint.h>
#include <string.h>

#include "unit/tap.h"

#define TAKEN 4000

int main(void)
{
    static unsigned char *taken[TAKEN];
    static apr_size_t sizes[TAKEN];
    anshin_room_t room = {.at = NULL};
    int aligned = 1, own = 1, whole = 1;
#ifndef __SANITIZE_ADDRESS__
    char *first;
#endif

    apr_initialize();
    apr_pool_create(&room.pool, NULL);
    for (int i = 0; i < TAKEN; i++) {
        sizes[i] = i % 97 == 0 ? 7000 + (apr_size_t)i * 3 : (apr_size_t)(i * 7 % 200) + 1;
        taken[i] = anshin_room_take(&room, sizes[i]);
        aligned &= (uintptr_t)taken[i] % 8 == 0;
        memset(taken[i], i & 0xff, sizes[i]);
    }
    for (int i = 0; i < TAKEN; i++) {
        for (apr_size_t j = 0; j < sizes[i]; j++) {
            own &= taken[i][j] == (i & 0xff);
        }
    }
    ok(aligned, "each is aligned");
    ok(own, "and nobody else's");
    for (int i = 0; i < 8; i++) {
        const anshin_room_t before = room;

        (void)anshin_room_take(&room, 100000);
        whole &= room.at == before.at && room.left == before.left;
    }
    ok(whole, "what is large is a piece of its own");
#ifndef __SANITIZE_ADDRESS__ /* for which each is a piece of its own */
    (void)anshin_room_take(&room, room.left);
    first = anshin_room_take(&room, 8);
    ok(anshin_room_take(&room, 8) == first + 8,
       "what is small stands side by side, in the next piece when one is full");
#endif
    apr_pool_destroy(room.pool);
    apr_terminate();
    return done();
}

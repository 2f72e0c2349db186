/*
 * Memory in large pieces: see room.h.
 */
#include "store/files/room.h"

#define PIECE 65024 /* with what the pool adds less than 64 KiB */
#ifdef __SANITIZE_ADDRESS__
#define LARGE 0 /* each for itself, so that ASan sees its end */
#else
#define LARGE (PIECE / 8)
#endif
#define ALIGNED ((apr_size_t)8) /* as apr_palloc() does */

void *anshin_room_take(anshin_room_t *room, apr_size_t size)
{
    void *taken;

    size = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
    if (size > LARGE) {
        return apr_palloc(room->pool, size);
    }
    if (size > room->left) {
        room->at = apr_palloc(room->pool, PIECE);
        room->left = PIECE;
    }
    taken = room->at;
    room->at += size;
    room->left -= size;
    return taken;
}

/*
 * What the log is told of the house: see house.h.
 */
#include "ca/watch/house.h"

#include <string.h>

#include <apr_strings.h>

#include "ca/log.h"
#include "crypto/crypto.h"
#include "runtime/io.h"

/* Told once. */
static void look_at_detour(const anshin_store_health_t *trouble, anshin_house_told_t *told)
{
    const char *detour = trouble->detour != NULL ? trouble->detour : "";

    if (detour[0] != '\0' && strcmp(detour, told->detour) != 0) {
        anshin_log(ANSHIN_LOG_ERROR, "AN1170",
                   "a checkpoint met a fault and went another way: %s. Nothing is lost; look at the disk", detour);
    }
    apr_cpystrn(told->detour, detour, sizeof(told->detour));
}

/* Told once, and once when it is over. */
void anshin_house_store(const anshin_store_t *store, anshin_house_told_t *told, apr_pool_t *pool)
{
    anshin_store_health_t trouble;
    const char *why;

    anshin_store_health(&trouble, store, pool);
    look_at_detour(&trouble, told);
    why = trouble.why != NULL ? trouble.why : "";
    if (strcmp(why, told->trouble) == 0) {
        return;
    }
    if (why[0] != '\0') {
        anshin_log(
            ANSHIN_LOG_ERROR, "AN0778",
            "checkpoints fail: %s. The journal grows; it has %d MiB, and with %d nothing can be written any more", why,
            (int)(trouble.length >> 20), (int)(trouble.limit >> 20));
    } else {
        anshin_log(ANSHIN_LOG_NOTICE, "AN0729", "checkpoints work again");
    }
    apr_cpystrn(told->trouble, why, sizeof(told->trouble));
}

/* What runs goes on with the keys that it has, and nobody would know until the next start. */
void anshin_house_keys(const anshin_crypto_t *crypto, anshin_house_told_t *told, apr_pool_t *pool)
{
    const char *why = anshin_crypto_trouble(crypto, pool);

    why = why != NULL ? why : "";
    if (strcmp(why, told->keys) == 0) {
        return;
    }
    if (why[0] != '\0') {
        anshin_log(ANSHIN_LOG_ERROR, "AN1895",
                   "the files of the seal key cannot be read: %s. Put it right before anything is started anew", why);
    } else {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1896", "the files of the seal key can be read again");
    }
    apr_cpystrn(told->keys, why, sizeof(told->keys));
}

/* The same, of the space that is left (B53). */
void anshin_house_space(const char *state_dir, anshin_house_told_t *told)
{
    apr_uint64_t octets = 0;
    int full;

    if (anshin_io_space(state_dir, &octets) != APR_SUCCESS) {
        return;
    }
    full = octets < ANSHIN_IO_SPACE_LOW;
    if (full && !told->full) {
        anshin_log(ANSHIN_LOG_WARNING, "AN1038",
                   "%s: %d MiB are left on its file system; make room, or soon nobody logs in", state_dir,
                   (int)(octets >> 20));
    } else if (!full && told->full) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1039", "%s: there is room again", state_dir);
    }
    told->full = full;
}

/* And of the clock (core/context/agreed.h). */
void anshin_house_clock(const anshin_agreed_t *agreed, anshin_house_told_t *told, apr_pool_t *pool)
{
    int doubted = agreed->by != 0;

    if (doubted && !told->doubted) {
        anshin_log(ANSHIN_LOG_WARNING, "AN1161",
                   "%s. Until %s nothing is removed by it. Set the clock if it is wrong; if it is right, do nothing",
                   anshin_agreed_words(agreed, pool), anshin_time_text(agreed->until, pool));
    } else if (!doubted && told->doubted) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1162", "the clock is believed again");
    }
    told->doubted = doubted;
}

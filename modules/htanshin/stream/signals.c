/*
 * Signals that end a long command: see signals.h.
 */
#include "htanshin/stream/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static void note(int signal)
{
    (void)signal;
    came = 1;
}

void anshin_signals_let(int come)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaddset(&set, signals[i]);
    }
    (void)sigprocmask(come ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

void anshin_signals_catch(void)
{
    struct sigaction action = {.sa_handler = note};
    struct sigaction before;

    sigemptyset(&action.sa_mask);
    anshin_signals_let(0);
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            (void)sigaction(signals[i], &action, NULL);
        }
    }
}

int anshin_signals_came(void)
{
    return came;
}

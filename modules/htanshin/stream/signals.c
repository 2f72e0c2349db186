/*
 * Signals that end a long command: see signals.h.
 */
#include "htanshin/stream/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

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

/* They are let in by the wait itself: one that came just before a wait would not end it. */
int anshin_signals_wait(int fd)
{
    fd_set in;
    sigset_t set;
    int ready;

    (void)sigprocmask(SIG_SETMASK, NULL, &set);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigdelset(&set, signals[i]);
    }
    do {
        FD_ZERO(&in);
        FD_SET(fd, &in);
        ready = pselect(fd + 1, &in, NULL, NULL, NULL, &set);
    } while (ready < 0 && errno == EINTR && !came);
    return ready > 0;
}

/* A terminal gives a line, or what was typed before Ctrl-D. Read once: a second read would wait, and signals with
 * it. */
int anshin_signals_yes(void)
{
    static const char yes[] = {'y', 'e', 's', '\n'};
    char line[16];

    return anshin_signals_wait(STDIN_FILENO) && read(STDIN_FILENO, line, sizeof(line)) == (ssize_t)sizeof(yes) &&
           memcmp(line, yes, sizeof(yes)) == 0;
}

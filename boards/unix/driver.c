// The driver's thread: how it is left alone, and how it wakes the one that runs callbacks.

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#include "board.h"

static sem_t wakes;

__attribute__((constructor)) static void make_wakes(void) {
    sem_init(&wakes, 0, 0);
}

void qth_board_wait(void) {
    while (sem_wait(&wakes) != 0 && errno == EINTR) {
    }
}

void qth_board_wake(void) {
    // One is enough for all that waits.
    int value;
    if (sem_getvalue(&wakes, &value) != 0 || value <= 0) {
        sem_post(&wakes);
    }
}

bool qth_board_start_driver(bool (*start)(void)) {
    // A thread begins with the mask of the one that starts it.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool result = start();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

// The interpreter's thread and the driver's: how one is woken, and how the other is left alone.

#include <pthread.h>
#include <signal.h>

#include "py/mpthread.h"

#include "board.h"

static pthread_t main_thread;

static void nothing(int signal_number) {
    (void)signal_number;
}

// Runs in the thread that becomes the interpreter's: the only one that delivers.
__attribute__((constructor)) static void remember_main_thread(void) {
    main_thread = pthread_self();
    struct sigaction interrupt = { .sa_handler = nothing }; // no SA_RESTART
    sigaction(SIGUSR1, &interrupt, NULL);
}

void qth_board_interrupt(void) {
    pthread_kill(main_thread, SIGUSR1);
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

void __real_mp_thread_gc_others(void);
void __wrap_mp_thread_gc_others(void);

// The collector waits here until each other thread has marked what it holds. The port takes an interrupted wait for a
// finished one, and would free what that thread still uses: an interrupt has to wait.
void __wrap_mp_thread_gc_others(void) {
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
    __real_mp_thread_gc_others();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

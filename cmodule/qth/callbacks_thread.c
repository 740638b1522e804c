// Callbacks in a thread of their own.

#include "py/mpthread.h"
#include "py/runtime.h"

#include "board.h"
#include "callbacks.h"

#if QTH_CALLBACKS_THREAD

#ifndef QTH_CALLBACK_STACK
#define QTH_CALLBACK_STACK (8 * 1024)
#endif

// Changed under the interpreter's lock only.
static volatile enum { NONE,
    RUNS,
    ENDS } state;

static void *run(void *argument) {
    mp_state_thread_t thread;
    mp_thread_init_state(&thread, *(size_t *)argument, NULL, NULL);
    MP_THREAD_GIL_ENTER();
    mp_thread_start();
    while (state == RUNS) {
        qth_deliver();
        qth_board_callbacks();
        MP_THREAD_GIL_EXIT();
        qth_board_wait();
        MP_THREAD_GIL_ENTER();
    }
    state = NONE;
    mp_thread_finish();
    MP_THREAD_GIL_EXIT();
    return NULL;
}

void qth_callbacks_start(void) {
    // Read by the thread before anyone can ask for another one: it starts only once.
    static size_t stack_size;
    if (state == NONE) {
        stack_size = QTH_CALLBACK_STACK;
        mp_thread_create(run, &stack_size, &stack_size);
    }
    state = RUNS;
}

void qth_callbacks_stop(void) {
    if (state == RUNS) {
        state = ENDS;
        qth_board_wake();
    }
}

bool qth_callbacks_run(void) {
    return state != NONE;
}

void qth_callbacks_wake(void) {
    qth_board_wake();
}

#endif

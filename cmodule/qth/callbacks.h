// Where callbacks run: in a thread of their own where the port has threads under a lock of the interpreter, so that a lock of the
// script that a callback wants, or releases, is never held by the thread that it interrupts; else in the interpreter's thread,
// between two bytecodes.
#ifndef QTH_CALLBACKS_H
#define QTH_CALLBACKS_H

#include <stdbool.h>

#include "py/mpconfig.h"

#define QTH_CALLBACKS_THREAD (MICROPY_PY_THREAD && MICROPY_PY_THREAD_GIL)

// Starts the thread unless it runs. Raises OSError where there is none to be had.
void qth_callbacks_start(void);

// Ends the thread, once it has no callback to run: the interpreter goes away.
void qth_callbacks_stop(void);

// The thread runs.
bool qth_callbacks_run(void);

// Something waits: qth_deliver and qth_board_callbacks are called. May be called in every thread.
void qth_callbacks_wake(void);

#endif

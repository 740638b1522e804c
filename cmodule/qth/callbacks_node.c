// Callbacks in the interpreter's thread, between two of its bytecodes.

#include "py/runtime.h"

#include "board.h"
#include "callbacks.h"

#if !QTH_CALLBACKS_THREAD

#if !MICROPY_SCHEDULER_STATIC_NODES
#error "Qth needs MICROPY_ENABLE_SCHEDULER and MICROPY_SCHEDULER_STATIC_NODES, both (1), in the port's configuration"
#endif

// One node for all: it can't be lost, and whatever came meanwhile is run with it.
static mp_sched_node_t node;

static void run(mp_sched_node_t *scheduled) {
    (void)scheduled;
    // An exception that waits for the script comes first; the driver asks again.
    if (MP_STATE_MAIN_THREAD(mp_pending_exception) == MP_OBJ_NULL) {
        qth_deliver();
        qth_board_callbacks();
    }
}

void qth_callbacks_start(void) {
}

void qth_callbacks_stop(void) {
}

bool qth_callbacks_run(void) {
    return false;
}

void qth_callbacks_wake(void) {
    mp_sched_schedule_node(&node, run);
}

#endif

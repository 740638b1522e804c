// A script that ends leaves its threads and its device alive, until all have ended or Ctrl-C comes.

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "handlers.h"
#include "threads.h"

// Milliseconds that a farewell may take before the process ends all the same.
#define FAREWELL_MS (2500)
// Between two looks whether something still lives.
#define LINGER_MS (50)

// Handles what is scheduled; returns false after Ctrl-C.
static bool wait(void) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        return false;
    }
    mp_handle_pending(true);
    board_pause(LINGER_MS * 1000);
    nlr_pop();
    return true;
}

static bool is_alive(void) {
    return board_script_threads() > 0 || (qth_is_ready() && qth_is_started());
}

static void linger(void) {
    mp_hal_set_interrupt_char(CHAR_CTRL_C);
    // Ctrl-C that the script has seen was meant to end it for good.
    bool goes_on = MP_STATE_VM(mp_kbd_exception).traceback_data == NULL;
    while (goes_on && is_alive()) {
        goes_on = wait();
    }
    if (!qth_is_ready()) {
        return;
    }
    qth_stop();
    for (int waited = 0; qth_has_link() && waited < FAREWELL_MS; waited++) {
        board_pause(1000);
    }
}

void __real_mp_thread_deinit(void);
void __wrap_mp_thread_deinit(void);

// main() calls this when the script has ended, by its last line or by an exception, while the interpreter is still whole.
void __wrap_mp_thread_deinit(void) {
    linger();
    __real_mp_thread_deinit();
}

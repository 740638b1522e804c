// A script that ends leaves its device alive: callbacks go on until the module is stopped or Ctrl-C comes.

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "handlers.h"

// Milliseconds that a farewell may take before the process ends all the same.
#define FAREWELL_MS (2500)
// Between two looks while nothing happens; an event ends the wait at once.
#define LINGER_MS (50)

// Handles events and Ctrl-C; returns false after Ctrl-C.
static bool wait_for_events(void) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        return false;
    }
    mp_handle_pending(true);
    mp_hal_delay_us(LINGER_MS * 1000);
    nlr_pop();
    return true;
}

static void linger(void) {
    if (!qth_is_ready()) {
        return;
    }
    mp_hal_set_interrupt_char(CHAR_CTRL_C);
    // Ctrl-C that the script has seen was meant to end it for good.
    bool goes_on = MP_STATE_VM(mp_kbd_exception).traceback_data == NULL;
    while (goes_on && qth_is_started()) {
        goes_on = wait_for_events();
    }
    qth_stop();
    for (int waited = 0; qth_has_link() && waited < FAREWELL_MS; waited++) {
        mp_hal_delay_us(1000);
    }
}

void __real_mp_thread_deinit(void);
void __wrap_mp_thread_deinit(void);

// main() calls this when the script has ended, by its last line or by an exception, while the interpreter is still whole.
void __wrap_mp_thread_deinit(void) {
    linger();
    __real_mp_thread_deinit();
}

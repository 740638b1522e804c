// What makes the unix port a board: it can be reset, and it goes off with its power switch.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include "py/runtime.h"

#include "board.h"

// The power switch starts the firmware again after this exit status; every other one is final.
#define RESET_EXIT_CODE (250)

// Flash, network and clock are the library's own here.
const QthBoard *const qth_board = NULL;

static struct termios terminal_at_start;
static bool has_terminal;

__attribute__((constructor)) static void power_on(void) {
    has_terminal = tcgetattr(STDIN_FILENO, &terminal_at_start) == 0;
    // Set by the power switch, to its process id: without the switch there is no power, even when it was killed.
    const char *power_switch = getenv("QTH_BOARD");
    if (power_switch != NULL) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        long pid = strtol(power_switch, NULL, 10);
        if (pid > 1 && getppid() != pid) {
            // It was killed just before.
            _exit(1);
        }
    }
}

void qth_board_reset(void) {
    if (has_terminal) {
        // The REPL may have it in raw mode, and nothing of the interpreter runs after this.
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal_at_start);
    }
    fflush(NULL);
    _exit(RESET_EXIT_CODE);
}

static mp_obj_t machine_reset(void) {
    qth_before_reset();
    qth_board_reset();
}
MP_DEFINE_CONST_FUN_OBJ_0(board_reset_obj, machine_reset);

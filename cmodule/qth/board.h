// Between the module and its board.
#ifndef QTH_BOARD_H
#define QTH_BOARD_H

#include <stdbool.h>

// By the board: restarts it at once, as a chip's reset line does. On unix the process ends with status 250, and the power
// switch starts the firmware again.
__attribute__((noreturn)) void qth_board_reset(void);

// By the board: ends the system call in which the interpreter's thread sits, if any, so that what is scheduled runs. May be
// called in every thread.
void qth_board_interrupt(void);

// By the board: returns what `start` does, which starts the driver's thread, and sees to it that this thread gets no signals.
bool qth_board_start_driver(bool (*start)(void));

// By the module, for a board to call when its script has ended: delivers callbacks until the module is stopped or Ctrl-C
// comes; returns at once when the module was not started.
void qth_board_linger(void);

#endif

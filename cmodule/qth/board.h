// Between the module and its board.
#ifndef QTH_BOARD_H
#define QTH_BOARD_H

#include <stdbool.h>

#include "qth.h"

// By the board: its flash, network, clock and names, as qth.h describes them; NULL where the library has a host's, as on unix.
extern const QthBoard *const qth_board;

// By the board: restarts it at once, as a chip's reset line does. On unix the process ends with status 250, and the power
// switch starts the firmware again.
__attribute__((noreturn)) void qth_board_reset(void);

// By a board with threads under a lock of the interpreter: returns once qth_board_wake was called since it last returned. That may
// be called in every thread.
void qth_board_wait(void);
void qth_board_wake(void);

// By a board that has callbacks of its own, as of timers: runs those that are due, with events and in the same thread.
void qth_board_callbacks(void);

// By the board: returns what `start` does, which on a host starts the driver's thread, and sees to it that this thread gets no
// signals.
bool qth_board_start_driver(bool (*start)(void));

// By the module, for a board with a table to call every 10 ms or more often, as from a timer's interrupt: has the driver run in the
// interpreter's thread when it is due.
void qth_board_tick(void);

// By the module, for such a board's table: TCP over the port's own module `socket`.
QthOpening qth_sockets_open(uint8_t link, QthText host, uint16_t port);
QthOpening qth_sockets_opening(uint8_t link);
int32_t qth_sockets_send(uint8_t link, QthBytes bytes);
int32_t qth_sockets_receive(uint8_t link, QthBuffer room);
void qth_sockets_close(uint8_t link);

#endif

// The threads of scripts.
#ifndef BOARD_THREADS_H
#define BOARD_THREADS_H

#include <stdbool.h>

#include "py/mpconfig.h"

// Threads that scripts have started and that have neither ended nor been stopped.
int board_script_threads(void);

// Whether this is such a thread.
bool board_thread_runs(mp_uint_t id);

// Ends it, by an exception where it runs or waits. It goes on only where it waits for a lock, until it gets the lock.
void board_thread_stop(mp_uint_t id);

// Lets other threads run for so many microseconds, or until a signal comes.
void board_pause(unsigned microseconds);

#endif

// The threads of scripts.
#ifndef BOARD_THREADS_H
#define BOARD_THREADS_H

// Threads that scripts have started and that have not ended.
int board_script_threads(void);

// Lets other threads run for so many microseconds, or until a signal comes.
void board_pause(unsigned microseconds);

#endif

// The folder /usr of scripts.
#ifndef BOARD_USR_H
#define BOARD_USR_H

#define BOARD_USR "/usr"

// The absolute path that /usr has on this machine; it need not be there. Good until the next call.
const char *board_usr(void);

#endif

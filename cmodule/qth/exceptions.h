// What is done with exceptions that have to end in C.
#ifndef QTH_EXCEPTIONS_H
#define QTH_EXCEPTIONS_H

#include <stdbool.h>

#include "py/obj.h"

// Ctrl-C was meant for the script, which gets it as soon as this is over. False for every other exception.
bool qth_give_back_ctrl_c(mp_obj_t exception);

#endif

// Delivers events to the script's callables, in the interpreter's thread.
#ifndef QTH_DELIVERY_H
#define QTH_DELIVERY_H

#include "qth.h"

// What the library is given to call.
extern const QthHost qth_host;

#endif

// Delivers events to the script's callables.
#ifndef QTH_DELIVERY_H
#define QTH_DELIVERY_H

#include <stdbool.h>

// Makes the device and starts its driver; true also when both are there already.
bool qth_delivery_init(void);

#endif

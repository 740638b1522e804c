// The callables that a script has set, kept alive for the collector.
#ifndef QTH_HANDLERS_H
#define QTH_HANDLERS_H

#include "py/obj.h"

#include "qth.h"

// Qth.init() was called in this interpreter, and succeeded.
bool qth_is_ready(void);

// Makes the table of callables; from then on the module is ready.
void qth_handlers_init(void);

// Has events of this place delivered to a callable.
void qth_handlers_set(size_t place, mp_obj_t callable);

// The callable behind a handle; MP_OBJ_NULL when it is that of an interpreter which is gone.
mp_obj_t qth_handlers_get(uint32_t handle);

#endif

// Arguments of the module's functions: a wrong type raises TypeError, what is only out of range is told to the caller.
#ifndef QTH_ARGUMENTS_H
#define QTH_ARGUMENTS_H

#include "py/obj.h"

#include "qth.h"

// A str.
QthText qth_text_argument(mp_obj_t obj);

// A str, or anything with bytes in it.
QthBytes qth_bytes_argument(mp_obj_t obj);

// An int from 0 to max; -1 for every other int.
int32_t qth_number_argument(mp_obj_t obj, int32_t max);

// Checks that the object can be called, or is None, which stands for no callback.
void qth_callable_argument(mp_obj_t obj);

#endif

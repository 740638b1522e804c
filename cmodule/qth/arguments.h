// Arguments of the module's functions: a wrong type raises TypeError, what is only out of range is told to the caller.
#ifndef QTH_ARGUMENTS_H
#define QTH_ARGUMENTS_H

#include "py/obj.h"

typedef struct _qth_text_t {
    const uint8_t *bytes;
    size_t length;
} qth_text_t;

// A str.
qth_text_t qth_text_argument(mp_obj_t obj);

// A str, or anything with bytes in it.
qth_text_t qth_bytes_argument(mp_obj_t obj);

// An int from 0 to max; -1 for every other int.
int32_t qth_number_argument(mp_obj_t obj, int32_t max);

// Checks that the object can be called.
void qth_callable_argument(mp_obj_t obj);

#endif

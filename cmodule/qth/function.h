// A function of the module whose arguments may be given by name: Qth.setProductInfo(pk="p111xt", ps="V2VUei9ZVWt2SnpL").
#ifndef QTH_FUNCTION_H
#define QTH_FUNCTION_H

#include "py/obj.h"

#define QTH_ARGUMENTS_MAX (4)

typedef struct _qth_function_t {
    mp_obj_base_t base;
    // Gets all arguments in their order, MP_OBJ_NULL for one that was left out.
    mp_obj_t (*call)(const mp_obj_t *args);
    uint8_t required;
    uint8_t count;
    qstr_short_t names[QTH_ARGUMENTS_MAX];
} qth_function_t;

extern const mp_obj_type_t qth_type_function;

// Defines the object of a function with these names of arguments, the first `required` of which can't be left out.
#define QTH_FUNCTION(object, function, required, ...)                                                                 \
    const qth_function_t object = {                                                                                   \
        { &qth_type_function }, function, required, MP_ARRAY_SIZE(((qstr_short_t[]){ __VA_ARGS__ })), { __VA_ARGS__ } \
    }

#endif

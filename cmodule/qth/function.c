// Puts a function's arguments in order, however they were given.

#include "py/runtime.h"

#include "function.h"

static size_t place_of(const qth_function_t *function, mp_obj_t name) {
    for (size_t place = 0; place < function->count; place++) {
        if (MP_OBJ_NEW_QSTR(function->names[place]) == name) {
            return place;
        }
    }
    mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("no argument '%q'"), MP_OBJ_QSTR_VALUE(name));
}

static mp_obj_t function_call(mp_obj_t function_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const qth_function_t *function = MP_OBJ_TO_PTR(function_in);
    mp_obj_t ordered[QTH_ARGUMENTS_MAX] = { MP_OBJ_NULL };
    if (n_args > function->count) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("%d arguments at most, not %d"), (int)function->count, (int)n_args);
    }
    for (size_t i = 0; i < n_args; i++) {
        ordered[i] = args[i];
    }
    for (size_t i = 0; i < n_kw; i++) {
        mp_obj_t name = args[n_args + 2 * i];
        size_t place = place_of(function, name);
        if (ordered[place] != MP_OBJ_NULL) {
            mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("argument '%q' was given twice"), MP_OBJ_QSTR_VALUE(name));
        }
        ordered[place] = args[n_args + 2 * i + 1];
    }
    for (size_t place = 0; place < function->required; place++) {
        if (ordered[place] == MP_OBJ_NULL) {
            mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("argument '%q' is missing"), function->names[place]);
        }
    }
    return function->call(ordered);
}

MP_DEFINE_CONST_OBJ_TYPE(qth_type_function, MP_QSTR_function, MP_TYPE_FLAG_NONE, call, function_call);

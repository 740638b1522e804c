// Text has a method decode(), as in the older MicroPython of QuecPython's modules, where text and bytes share their methods: device
// scripts decode what comes as text already.

#include "py/runtime.h"

static mp_obj_t text_decode(size_t n_args, const mp_obj_t *args) {
    return args[0];
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(text_decode_obj, 1, 3, text_decode);

void __real_mp_load_method(mp_obj_t base, qstr name, mp_obj_t *result);
void __wrap_mp_load_method(mp_obj_t base, qstr name, mp_obj_t *result);

void __wrap_mp_load_method(mp_obj_t base, qstr name, mp_obj_t *result) {
    if (name == MP_QSTR_decode && mp_obj_is_str(base)) {
        result[0] = MP_OBJ_FROM_PTR(&text_decode_obj);
        result[1] = base;
        return;
    }
    __real_mp_load_method(base, name, result);
}

// Exceptions that may not leave the module: their caller is Rust.

#include "py/runtime.h"

#include "exceptions.h"

bool qth_give_back_ctrl_c(mp_obj_t exception) {
    if (!mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exception)), MP_OBJ_FROM_PTR(&mp_type_KeyboardInterrupt))) {
        return false;
    }
    mp_sched_exception(exception);
    return true;
}

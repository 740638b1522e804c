// Arguments of the module's functions.

#include "py/runtime.h"

#include "arguments.h"

QthText qth_text_argument(mp_obj_t obj) {
    if (!mp_obj_is_str(obj)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("expected str, not %s"), mp_obj_get_type_str(obj));
    }
    QthText text;
    text.bytes = (const uint8_t *)mp_obj_str_get_data(obj, &text.length);
    return text;
}

QthBytes qth_bytes_argument(mp_obj_t obj) {
    mp_buffer_info_t buffer;
    if (!mp_get_buffer(obj, &buffer, MP_BUFFER_READ)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("expected str or bytes, not %s"), mp_obj_get_type_str(obj));
    }
    return (QthBytes){ buffer.buf, buffer.len };
}

int32_t qth_number_argument(mp_obj_t obj, int32_t max) {
    if (mp_obj_is_bool(obj)) {
        return mp_obj_is_true(obj);
    }
    if (!mp_obj_is_int(obj)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("expected int, not %s"), mp_obj_get_type_str(obj));
    }
    // Every number that is accepted anywhere is a small int on every port.
    if (!mp_obj_is_small_int(obj)) {
        return -1;
    }
    mp_int_t number = MP_OBJ_SMALL_INT_VALUE(obj);
    return number >= 0 && number <= max ? (int32_t)number : -1;
}

void qth_callable_argument(mp_obj_t obj) {
    if (obj != mp_const_none && !mp_obj_is_callable(obj)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("%s can't be called"), mp_obj_get_type_str(obj));
    }
}

// The module table of Qth.

#include "py/runtime.h"

#include "board.h"

void qth_board_linger(void) {
}

static const mp_rom_map_elem_t qth_module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_Qth) },
};
static MP_DEFINE_CONST_DICT(qth_module_globals, qth_module_globals_table);

const mp_obj_module_t qth_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&qth_module_globals,
};
MP_REGISTER_MODULE(MP_QSTR_Qth, qth_module);

// _firmware: what only the image itself can tell or do for the frozen modules.

#include <stdio.h>
#include <unistd.h>

#include "py/objstr.h"
#include "py/runtime.h"

#include "qth.h"

static MP_DEFINE_STR_OBJ(version_obj, QTH_FIRMWARE_VERSION);

static mp_obj_t power_off(void) {
    qth_before_reset();
    fflush(NULL);
    _exit(0);
}
static MP_DEFINE_CONST_FUN_OBJ_0(power_off_obj, power_off);

static const mp_rom_map_elem_t firmware_module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__firmware) },
    { MP_ROM_QSTR(MP_QSTR_VERSION), MP_ROM_PTR(&version_obj) },
    { MP_ROM_QSTR(MP_QSTR_power_off), MP_ROM_PTR(&power_off_obj) },
};
static MP_DEFINE_CONST_DICT(firmware_module_globals, firmware_module_globals_table);

const mp_obj_module_t firmware_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&firmware_module_globals,
};
MP_REGISTER_MODULE(MP_QSTR__firmware, firmware_module);

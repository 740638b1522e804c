// The unix board: MicroPython's standard unix variant and what a device has besides.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Events of the module are delivered by one static scheduler node: unlike a queue place, it cannot be lost when all are taken.
#define MICROPY_SCHEDULER_STATIC_NODES (1)

// machine.reset(): the unix port has none, board.c adds it.
struct _mp_obj_fun_builtin_fixed_t;
extern const struct _mp_obj_fun_builtin_fixed_t board_reset_obj;
#define MICROPY_PY_MACHINE_EXTRA_GLOBALS { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&board_reset_obj) },

#include "variants/mpconfigvariant_common.h"

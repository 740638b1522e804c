// The callables that a script has set, kept alive for the collector.
//
// One object owns them all. Its finaliser is what a soft reset calls: it stops the device and the delivery.

#include "py/mphal.h"
#include "py/runtime.h"

#include "callbacks.h"
#include "handlers.h"

typedef struct _qth_handlers_obj_t {
    mp_obj_base_t base;
    uint16_t generation;
    mp_obj_t callables[QTH_HANDLERS];
} qth_handlers_obj_t;

MP_REGISTER_ROOT_POINTER(struct _qth_handlers_obj_t *qth_handlers);

// Part of each handle, so that one of an earlier interpreter calls nothing.
static uint16_t generation;

static mp_obj_t handlers_del(mp_obj_t self_in) {
    // A table that lost the race of two threads in init() is collected as well.
    if (MP_STATE_VM(qth_handlers) == MP_OBJ_TO_PTR(self_in)) {
        MP_STATE_VM(qth_handlers) = NULL;
        qth_detach();
        qth_callbacks_stop();
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(handlers_del_obj, handlers_del);

static const mp_rom_map_elem_t handlers_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&handlers_del_obj) },
};
static MP_DEFINE_CONST_DICT(handlers_locals_dict, handlers_locals_dict_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    handlers_type,
    MP_QSTR_Handlers,
    MP_TYPE_FLAG_NONE,
    locals_dict, &handlers_locals_dict);

bool qth_is_ready(void) {
    return MP_STATE_VM(qth_handlers) != NULL;
}

void qth_handlers_init(void) {
    if (qth_is_ready()) {
        return;
    }
    qth_handlers_obj_t *handlers = mp_obj_malloc_with_finaliser(qth_handlers_obj_t, &handlers_type);
    for (size_t i = 0; i < QTH_HANDLERS; i++) {
        handlers->callables[i] = MP_OBJ_NULL;
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (!qth_is_ready()) {
        handlers->generation = ++generation;
        MP_STATE_VM(qth_handlers) = handlers;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

void qth_handlers_set(size_t place, mp_obj_t callable) {
    qth_handlers_obj_t *handlers = MP_STATE_VM(qth_handlers);
    handlers->callables[place] = callable == mp_const_none ? MP_OBJ_NULL : callable;
    qth_set_handler(place, (uint32_t)handlers->generation << 16 | place);
}

mp_obj_t qth_handlers_get(uint32_t handle) {
    qth_handlers_obj_t *handlers = MP_STATE_VM(qth_handlers);
    if (handlers == NULL || handlers->generation != handle >> 16) {
        return MP_OBJ_NULL;
    }
    return handlers->callables[handle & 0xffff];
}

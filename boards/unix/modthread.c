// What QuecPython's _thread has beside MicroPython's own: threads that can be asked for, awaited and stopped; semaphores.

#include <errno.h>
#include <semaphore.h>

#include "py/gc.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "threads.h"

// Between two looks whether a thread has ended.
#define LOOK_US (1000)

static mp_obj_t thread_is_running(mp_obj_t id) {
    return mp_obj_new_bool(board_thread_runs(mp_obj_get_int_truncated(id)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(thread_is_running_obj, thread_is_running);

// stop_thread(id): 0 is the one that calls.
static mp_obj_t stop_thread(mp_obj_t id_in) {
    mp_uint_t id = mp_obj_get_int_truncated(id_in);
    bool is_main = mp_thread_get_state() == &mp_state_ctx.thread;
    if (id == 0 || id == mp_thread_get_id()) {
        if (is_main) {
            mp_raise_ValueError(MP_ERROR_TEXT("the main thread can't be stopped"));
        }
        mp_raise_type(&mp_type_SystemExit);
    }
    board_thread_stop(id);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(stop_thread_obj, stop_thread);

static mp_obj_t join(mp_obj_t id_in) {
    mp_uint_t id = mp_obj_get_int_truncated(id_in);
    if (id == mp_thread_get_id()) {
        mp_raise_ValueError(MP_ERROR_TEXT("a thread can't wait for its own end"));
    }
    while (board_thread_runs(id)) {
        mp_handle_pending(true);
        board_pause(LOOK_US);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(join_obj, join);

static mp_obj_t get_heap_size(void) {
    gc_info_t info;
    gc_info(&info);
    return mp_obj_new_int_from_uint(info.free);
}
static MP_DEFINE_CONST_FUN_OBJ_0(get_heap_size_obj, get_heap_size);

// Locks and semaphores go with the last reference to them.
static mp_obj_t delete_it(mp_obj_t lock) {
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(delete_obj, delete_it);

typedef struct _semaphore_obj_t {
    mp_obj_base_t base;
    sem_t semaphore;
    int most;
} semaphore_obj_t;

// acquire(wait=True): whether it was got.
static mp_obj_t semaphore_acquire(size_t n_args, const mp_obj_t *args) {
    semaphore_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    if (sem_trywait(&self->semaphore) == 0) {
        return mp_const_true;
    }
    if (n_args > 1 && !mp_obj_is_true(args[1])) {
        return mp_const_false;
    }
    int result;
    do {
        mp_handle_pending(true);
        MP_THREAD_GIL_EXIT();
        result = sem_wait(&self->semaphore);
        MP_THREAD_GIL_ENTER();
    } while (result != 0 && errno == EINTR);
    return mp_obj_new_bool(result == 0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(semaphore_acquire_obj, 1, 2, semaphore_acquire);

static int count(semaphore_obj_t *self) {
    int value;
    sem_getvalue(&self->semaphore, &value);
    return value;
}

// release(): False where it has as many as it can.
static mp_obj_t semaphore_release(mp_obj_t self_in) {
    semaphore_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return mp_obj_new_bool(count(self) < self->most && sem_post(&self->semaphore) == 0);
}
static MP_DEFINE_CONST_FUN_OBJ_1(semaphore_release_obj, semaphore_release);

// getCnt(): (the most it can have, what it has).
static mp_obj_t semaphore_get_count(mp_obj_t self_in) {
    semaphore_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t counts[] = { MP_OBJ_NEW_SMALL_INT(self->most), MP_OBJ_NEW_SMALL_INT(count(self)) };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(counts), counts);
}
static MP_DEFINE_CONST_FUN_OBJ_1(semaphore_get_count_obj, semaphore_get_count);

static const mp_rom_map_elem_t semaphore_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR_acquire), MP_ROM_PTR(&semaphore_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&semaphore_release_obj) },
    { MP_ROM_QSTR(MP_QSTR_getCnt), MP_ROM_PTR(&semaphore_get_count_obj) },
};
static MP_DEFINE_CONST_DICT(semaphore_locals_dict, semaphore_locals_dict_table);

static MP_DEFINE_CONST_OBJ_TYPE(semaphore_type, MP_QSTR_semaphore, MP_TYPE_FLAG_NONE, locals_dict, &semaphore_locals_dict);

// allocate_semphore(initcount): that many at the start and at most; 0 is an empty one of at most 1.
static mp_obj_t allocate_semaphore(mp_obj_t initial_in) {
    mp_int_t initial = mp_obj_get_int(initial_in);
    if (initial < 0 || initial > SEM_VALUE_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("a semaphore's count is 0 or more"));
    }
    semaphore_obj_t *self = mp_obj_malloc(semaphore_obj_t, &semaphore_type);
    self->most = initial > 0 ? initial : 1;
    sem_init(&self->semaphore, 0, initial);
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(allocate_semaphore_obj, allocate_semaphore);

static const mp_rom_map_elem_t extras_table[] = {
    { MP_ROM_QSTR(MP_QSTR_threadIsRunning), MP_ROM_PTR(&thread_is_running_obj) },
    { MP_ROM_QSTR(MP_QSTR_stop_thread), MP_ROM_PTR(&stop_thread_obj) },
    { MP_ROM_QSTR(MP_QSTR_join), MP_ROM_PTR(&join_obj) },
    { MP_ROM_QSTR(MP_QSTR_get_heap_size), MP_ROM_PTR(&get_heap_size_obj) },
    // The vendor's spelling, and the usual one.
    { MP_ROM_QSTR(MP_QSTR_allocate_semphore), MP_ROM_PTR(&allocate_semaphore_obj) },
    { MP_ROM_QSTR(MP_QSTR_allocate_semaphore), MP_ROM_PTR(&allocate_semaphore_obj) },
    { MP_ROM_QSTR(MP_QSTR_delete_semphore), MP_ROM_PTR(&delete_obj) },
    { MP_ROM_QSTR(MP_QSTR_delete_semaphore), MP_ROM_PTR(&delete_obj) },
    { MP_ROM_QSTR(MP_QSTR_delete_lock), MP_ROM_PTR(&delete_obj) },
};
static MP_DEFINE_CONST_DICT(extras, extras_table);

void board_thread_attr(mp_obj_t module, qstr name, mp_obj_t *result);

// MicroPython looks here for what its module _thread does not have.
void board_thread_attr(mp_obj_t module, qstr name, mp_obj_t *result) {
    if (result[0] == MP_OBJ_NULL) {
        mp_map_elem_t *found = mp_map_lookup((mp_map_t *)&extras.map, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP);
        if (found != NULL) {
            result[0] = found->value;
        }
    }
}
MP_REGISTER_MODULE_DELEGATION(mp_module_thread, board_thread_attr);

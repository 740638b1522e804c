// osTimer: the timers of the operating system. `import osTimer` gives the class itself, as scripts expect: osTimer().

#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "py/runtime.h"

#include "board.h"
#include "callbacks.h"

// Timers that run at the same time; one more can't be started.
#define MAX_RUNNING (32)

// One running timer. The system's thread that reports an expiry touches nothing but `expired`, and wakes the one for callbacks.
typedef struct _running_t {
    timer_t timer;
    atomic_uint expired; // generation of the timer that expired; 0: none has
    unsigned generation; // changes at each start, so that an expiry on its way when a timer is stopped is not the next one's
    bool used;
    bool repeats;
} running_t;

typedef struct _os_timer_obj_t {
    mp_obj_base_t base;
    int running; // place in `running`, or -1
    unsigned generation;
} os_timer_obj_t;

static running_t running[MAX_RUNNING];

MP_REGISTER_ROOT_POINTER(mp_obj_t os_timer_callbacks[32]);

static mp_obj_t *callback_of(running_t *slot) {
    return &MP_STATE_VM(os_timer_callbacks[slot - running]);
}

static void release(running_t *slot) {
    timer_delete(slot->timer);
    slot->used = false;
    *callback_of(slot) = MP_OBJ_NULL;
}

static void deliver(running_t *slot) {
    if (atomic_exchange(&slot->expired, 0) != slot->generation || !slot->used) {
        return;
    }
    mp_obj_t callback = *callback_of(slot);
    if (!slot->repeats) {
        release(slot);
    }
    mp_call_function_1_protected(callback, mp_const_none);
}

void qth_board_callbacks(void) {
    for (int place = 0; place < MAX_RUNNING; place++) {
        if (atomic_load(&running[place].expired) != 0) {
            deliver(&running[place]);
        }
    }
}

// In a thread of the C library.
static void expire(union sigval value) {
    running_t *slot = &running[value.sival_int % MAX_RUNNING];
    atomic_store(&slot->expired, (unsigned)value.sival_int / MAX_RUNNING);
    qth_callbacks_wake();
}

static mp_obj_t os_timer_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    os_timer_obj_t *self = mp_obj_malloc(os_timer_obj_t, type);
    self->running = -1;
    return MP_OBJ_FROM_PTR(self);
}

static running_t *running_of(os_timer_obj_t *self) {
    if (self->running < 0) {
        return NULL;
    }
    running_t *slot = &running[self->running];
    return slot->used && slot->generation == self->generation ? slot : NULL;
}

// stop(): 0, or -1 when the timer does not run.
static mp_obj_t os_timer_stop(mp_obj_t self_in) {
    running_t *slot = running_of(MP_OBJ_TO_PTR(self_in));
    if (slot == NULL) {
        return MP_OBJ_NEW_SMALL_INT(-1);
    }
    release(slot);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_1(os_timer_stop_obj, os_timer_stop);

// start(milliseconds, repeats, callback): 0, or -1 when it can't be started. A timer that runs starts anew.
static mp_obj_t os_timer_start(size_t n_args, const mp_obj_t *args) {
    os_timer_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_int_t milliseconds = mp_obj_get_int(args[1]);
    bool repeats = mp_obj_is_true(args[2]);
    if (!mp_obj_is_callable(args[3])) {
        mp_raise_TypeError(MP_ERROR_TEXT("callback can't be called"));
    }
    os_timer_stop(args[0]);

    int place = 0;
    while (place < MAX_RUNNING && running[place].used) {
        place++;
    }
    if (place == MAX_RUNNING || milliseconds <= 0) {
        return MP_OBJ_NEW_SMALL_INT(-1);
    }

    qth_callbacks_start();
    running_t *slot = &running[place];
    // 0 means no expiry, and the number must fit into the signal's value beside the place.
    slot->generation = slot->generation % 0xffffff + 1;
    struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = expire };
    event.sigev_value.sival_int = slot->generation * MAX_RUNNING + place;
    struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 };
    struct itimerspec times = { .it_value = time };
    if (repeats) {
        times.it_interval = time;
    }
    if (timer_create(CLOCK_MONOTONIC, &event, &slot->timer) != 0) {
        return MP_OBJ_NEW_SMALL_INT(-1);
    }
    slot->used = true;
    slot->repeats = repeats;
    *callback_of(slot) = args[3];
    self->running = place;
    self->generation = slot->generation;
    timer_settime(slot->timer, 0, &times, NULL);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(os_timer_start_obj, 4, 4, os_timer_start);

static const mp_rom_map_elem_t os_timer_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&os_timer_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&os_timer_stop_obj) },
};
static MP_DEFINE_CONST_DICT(os_timer_locals_dict, os_timer_locals_dict_table);

MP_DEFINE_CONST_OBJ_TYPE(
    os_timer_type,
    MP_QSTR_osTimer,
    MP_TYPE_FLAG_NONE,
    make_new, os_timer_make_new,
    locals_dict, &os_timer_locals_dict);
MP_REGISTER_MODULE(MP_QSTR_osTimer, os_timer_type);

// The unix board: MicroPython's standard unix variant and what a device has besides.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Callbacks have a thread of their own, which threads under one lock allow. The lock is passed on after so many jumps of the
// bytecode: some 50 microseconds of a busy loop. The port's makefile chooses threads without a lock.
#undef MICROPY_PY_THREAD_GIL
#define MICROPY_PY_THREAD_GIL (1)
#define MICROPY_PY_THREAD_RECURSIVE_MUTEX (1)
#define MICROPY_PY_THREAD_GIL_VM_DIVISOR (1024)

// While a script sleeps, other threads run (threads.c).
#define mp_hal_delay_ms(milliseconds) board_delay_ms(milliseconds)
void board_delay_ms(unsigned long milliseconds);

// machine.reset(): the unix port has none, board.c adds it.
struct _mp_obj_fun_builtin_fixed_t;
extern const struct _mp_obj_fun_builtin_fixed_t board_reset_obj;
#define MICROPY_PY_MACHINE_EXTRA_GLOBALS { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&board_reset_obj) },

// Imports find what lies in /usr by the names that it has on a device (imports.c).
#define mp_builtin___import__ board_import

#include "variants/mpconfigvariant_common.h"

// Ctrl-C is raised between two bytecodes: where a signal arrives, the lock may be another thread's.
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)

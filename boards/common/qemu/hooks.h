// Included before everything else: where the interpreter gives the driver its turn.
#ifndef QTH_QEMU_HOOKS_H
#define QTH_QEMU_HOOKS_H

// These boards have no timer's interrupt: a running script looks at the clock at each jump, as the prompt does for each
// character that has not come.
void qth_board_tick(void);
#define MICROPY_VM_HOOK_LOOP qth_board_tick();
#define MICROPY_VM_HOOK_RETURN qth_board_tick();

#endif

// What the two machines have that the port does not use.
#ifndef QTH_QEMU_MACHINE_H
#define QTH_QEMU_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Milliseconds since the machine was switched on.
uint32_t machine_millis(void);

// Reads from a file of the host that runs QEMU; false when that can't be done.
bool machine_read_host_file(const char *name, void *bytes, size_t length);

#endif

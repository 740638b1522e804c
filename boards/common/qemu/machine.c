// The machines' clocks, and semihosting, by which a program asks the host that runs QEMU.

#include <string.h>

#include "machine.h"

#if defined(__riscv)

// Counts at 10 MHz; low and high half (QEMU's machine virt, ACLINT).
#define MTIME ((volatile uint32_t *)0x0200bff8)
#define COUNTS_PER_MILLI (10000)

uint32_t machine_millis(void) {
    uint32_t high, low;
    do {
        high = MTIME[1];
        low = MTIME[0];
    } while (high != MTIME[1]);
    return (uint32_t)(((uint64_t)high << 32 | low) / COUNTS_PER_MILLI);
}

static uintptr_t semihosting(uintptr_t operation, const void *arguments) {
    register uintptr_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = arguments;
    // Three instructions of full length that have to lie together (RISC-V Semihosting, section 2.1).
    __asm__ volatile(
        ".option push\n"
        ".option norvc\n"
        ".balign 16\n"
        "slli zero, zero, 0x1f\n"
        "ebreak\n"
        "srai zero, zero, 7\n"
        ".option pop\n"
        : "+r"(a0)
        : "r"(a1)
        : "memory");
    return a0;
}

#else

// Counts at 100 Hz (Arm's application note 385, FPGA system control).
#define CLK100HZ (*(volatile uint32_t *)0x40028014)

uint32_t machine_millis(void) {
    return CLK100HZ * 10;
}

static uintptr_t semihosting(uintptr_t operation, const void *arguments) {
    register uintptr_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

#endif

// Operations (Semihosting for AArch32 and AArch64, sections 7 and 8).
#define SYS_OPEN (0x01)
#define SYS_CLOSE (0x02)
#define SYS_READ (0x06)
#define MODE_READ_BINARY (1)
#define FAILED ((uintptr_t) - 1)

bool machine_read_host_file(const char *name, void *bytes, size_t length) {
    uintptr_t file = semihosting(SYS_OPEN, (uintptr_t[]){ (uintptr_t)name, MODE_READ_BINARY, strlen(name) });
    if (file == FAILED) {
        return false;
    }
    // The answer is how many bytes are missing.
    bool is_read = semihosting(SYS_READ, (uintptr_t[]){ file, (uintptr_t)bytes, length }) == 0;
    semihosting(SYS_CLOSE, (uintptr_t[]){ file });
    return is_read;
}

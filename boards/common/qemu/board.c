// The board that QEMU plays: flash in memory, measurements that never change, the network of the port's `socket` if it has one.
//
// It starts directly, without a bootloader: it has no slots, and can't upgrade its own firmware.

#include <stdlib.h>
#include <string.h>

#include "py/runtime.h"

#include "board.h"
#include "machine.h"

// Exit status that asks for a start anew, as on unix.
#define RESET_EXIT_CODE (250)

// What the library is built for, unless the board's file `sizes` says otherwise.
#ifndef QTH_ERASE_SIZE
#define QTH_ERASE_SIZE (4096)
#define QTH_WRITE_SIZE (4)
#endif

#define BANK (8192)
#define BANKS (4)

// What a chip would keep. Erased is 0xff; here it is kept inverted, so that memory begins as erased flash.
static uint8_t flash[BANKS * BANK];

static bool flash_read(uint32_t offset, QthBuffer room) {
    for (size_t i = 0; i < room.size; i++) {
        room.bytes[i] = ~flash[offset + i];
    }
    return true;
}

// Writing clears bits and sets none.
static bool flash_write(uint32_t offset, QthBytes bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        flash[offset + i] |= ~bytes.bytes[i];
    }
    return true;
}

static bool flash_erase(uint32_t offset, uint32_t length) {
    memset(flash + offset, 0, length);
    return true;
}

static void random_bytes(QthBuffer room) {
    if (!machine_read_host_file("/dev/urandom", room.bytes, room.size)) {
        // Better to end here than to send secrets that can be guessed.
        mp_printf(&mp_plat_print, "Qth: the host gives no random numbers; QEMU has to run with -semihosting\n");
        exit(1);
    }
}

static size_t name(QthName name, QthBuffer room) {
    static const char *const names[] = {
        [QTH_NAME_MODULE] = "QTH-QEMU",
        // An IMEI of the range for tests.
        [QTH_NAME_DEVICE_KEY] = "860123000000017",
        [QTH_NAME_ICCID] = "",
        // Where QEMU's user networking has its host.
        [QTH_NAME_SERVER] = "mqtt://10.0.2.2:1883",
    };
    size_t length = strlen(names[name]);
    if (length > room.size) {
        return 0;
    }
    memcpy(room.bytes, names[name], length);
    return length;
}

static void measure(QthMeasures *measures) {
    *measures = (QthMeasures){ .battery = 87, .millivolts = 3808, .signal = -71, .free = 0 };
}

static const QthBoard board = {
    .millis = machine_millis,
    .random = random_bytes,
    .name = name,
    .measure = measure,
    .flash = {
        .erase_size = QTH_ERASE_SIZE,
        .write_size = QTH_WRITE_SIZE,
        .records = 0,
        .bank = BANK,
        .banks = BANKS,
        .read = flash_read,
        .write = flash_write,
        .erase = flash_erase,
    },
    .network = {
        .open = qth_sockets_open,
        .opening = qth_sockets_opening,
        .send = qth_sockets_send,
        .receive = qth_sockets_receive,
        .close = qth_sockets_close,
    },
};

const QthBoard *const qth_board = &board;

void qth_board_reset(void) {
    exit(RESET_EXIT_CODE);
    for (;;) {
    }
}

bool qth_board_start_driver(bool (*start)(void)) {
    return start();
}

int __real_uart_rx_chr(void);
int __wrap_uart_rx_chr(void);

// At the prompt.
int __wrap_uart_rx_chr(void) {
    qth_board_tick();
    mp_handle_pending(false);
    return __real_uart_rx_chr();
}

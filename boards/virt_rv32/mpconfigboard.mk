# A 32-bit RISC-V on QEMU's own machine.
include boards/VIRT_RV32/mpconfigboard.mk
include $(BOARD_DIR)/../qemu/board.mk

# The linker's libraries have no variant for the extension zicsr, with which the port compiles.
$(BUILD)/firmware.elf: LDFLAGS += -march=rv32imac

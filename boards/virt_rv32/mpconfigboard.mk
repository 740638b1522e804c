# What make needs beside board.env.
include boards/$(MICROPYTHON_BOARD)/mpconfigboard.mk
include $(BOARD_DIR)/../common/qemu/board.mk

# The linker's libraries have no variant for the extension zicsr, with which the port compiles.
$(BUILD)/firmware.elf: LDFLAGS += -march=rv32imac

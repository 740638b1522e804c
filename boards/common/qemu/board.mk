# What the boards on QEMU have in common.
QEMU_DIR := $(abspath $(BOARD_DIR)/../common/qemu)
FROZEN_MANIFEST ?= $(QEMU_DIR)/manifest.py

# Found by way of USER_C_MODULES.
SRC_C += $(addprefix boards/common/qemu/, $(notdir $(wildcard $(QEMU_DIR)/*.c)))
# Sizes that the library is built with too.
CFLAGS += $(addprefix -D, $(shell . $(abspath $(BOARD_DIR))/board.env && echo "$$SIZES"))
CFLAGS += -DMICROPY_SCHEDULER_STATIC_NODES=1 -include $(QEMU_DIR)/hooks.h

# At the prompt the port waits in this function.
LDFLAGS += -Wl,--wrap=uart_rx_chr

# The module Qth for MicroPython ports that build with Make:
#
#   make -C ports/unix USER_C_MODULES=/path/to/qth QTH_LIB=/path/to/libqth.a QTH_FIRMWARE_VERSION=1.0.0
#
# QTH_LIB is the crate's static library for the port's processor, built with the features ffi and, on a host, std.

ifeq ($(QTH_LIB),)
$(error QTH_LIB must name libqth.a, see `make library`)
endif

QTH_FIRMWARE_VERSION ?= 0.0.0
QTH_MODULE_DIR := $(USERMOD_DIR)/qth

SRC_USERMOD_C += $(wildcard $(QTH_MODULE_DIR)/*.c)
CFLAGS_USERMOD += -I$(QTH_MODULE_DIR) -DQTH_FIRMWARE_VERSION='"$(QTH_FIRMWARE_VERSION)"'
# Ports put this before or after their objects: asked for by name, the library's one object is linked either way.
LDFLAGS_USERMOD += -Wl,-u,qth_init $(QTH_LIB)

# The program is linked again when the library changes, and the version compiled in again when its stamp does.
$(BUILD)/$(patsubst $(USER_C_MODULES)/%,%,$(QTH_MODULE_DIR))/delivery.o: $(QTH_LIB) $(wildcard $(BUILD)/firmware-version)

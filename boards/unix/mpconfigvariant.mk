FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py

# Their sources are submodules, which MicroPython's source archive does not hold.
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_SSL_MBEDTLS = 0

# Where a script ends, linger.c lets the device live on (main calls this function next).
LDFLAGS_EXTRA += -Wl,--wrap=mp_thread_deinit

# The version is compiled in again when its stamp changes.
$(BUILD)/$(VARIANT_DIR)/modfirmware.o: $(wildcard $(BUILD)/firmware-version)

# An interrupt must not end the collector's wait for other threads (driver.c).
LDFLAGS_EXTRA += -Wl,--wrap=mp_thread_gc_others
